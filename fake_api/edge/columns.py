"""What the columns of the edge tables hold. PostgreSQL refuses more than SQLite; neither takes half a character.

Airflow: providers/edge3/models/edge_worker.py and edge_logs.py; tried out on PostgreSQL 15 and SQLite.
"""

from datetime import UTC, datetime

from fake_api.database import BIGINT_MAX, INTEGER_MAX, POSTGRESQL
from fake_api.outcome import Outcome, Reply
from fake_api.rows import EdgeWorker
from fake_api.settings import Database
from fake_api.state import State

#: Characters by column. Queues are stored as Python writes the list.
WIDTHS = {"worker_name": 64, "maintenance_comment": 1024, "queues": 256, "team_name": 64}
INTEGERS = ("jobs_active", "concurrency")


class RefusedByDatabaseError(Exception):
    """The database does not take a value: Airflow answers 500 and nothing is stored."""


def store(state: State, outcome: Outcome) -> Reply:
    """Store what a transition decided, if the database takes it. Raises RefusedByDatabaseError."""
    for row in outcome.rows:
        if isinstance(row, EdgeWorker):
            refuse_what_does_not_fit(state.settings.database, row)
    return state.apply(outcome)


def refuse_what_does_not_fit(database: Database, row: EdgeWorker) -> None:
    """Raise RefusedByDatabaseError for a row that the database would not take."""
    texts = {
        "worker_name": row.worker_name,
        "maintenance_comment": row.maintenance_comment,
        "queues": str(list(row.queues)) if row.queues else None,
        "team_name": row.team_name,
    }
    for column, text in texts.items():
        if text is None:
            continue
        refuse_text(database, column, text)
        if database == POSTGRESQL and len(text) > WIDTHS[column]:
            raise RefusedByDatabaseError(
                f"{column} has {len(text)} characters: {WIDTHS[column]} are the most, shorten it"
            )
    for column in INTEGERS:
        refuse_integer(database, column, getattr(row, column) or 0)


def refuse_text(database: Database, column: str, text: str) -> None:
    """Raise RefusedByDatabaseError for half of a surrogate pair, and for a NUL that PostgreSQL would have to store."""
    if database == POSTGRESQL and "\0" in text:
        raise RefusedByDatabaseError(f"{column} has a NUL character: PostgreSQL stores none, leave it out")
    try:
        text.encode()
    except UnicodeEncodeError:
        raise RefusedByDatabaseError(f"{column} has half of a surrogate pair: leave it out") from None


def refuse_integer(database: Database, column: str, number: int) -> None:
    """Raise RefusedByDatabaseError for what is beyond the column, or beyond all that SQLite has."""
    most = INTEGER_MAX if database == POSTGRESQL else BIGINT_MAX
    if not -most - 1 <= number <= most:
        raise RefusedByDatabaseError(f"{column} is beyond {most}: give a smaller number")


def in_utc(column: str, moment: datetime) -> datetime:
    """The moment as it is stored. Raises RefusedByDatabaseError for one without a time zone, or out of the calendar."""
    if moment.tzinfo is None:
        raise RefusedByDatabaseError(f"{column} has no time zone: add one, as in 2026-01-01T00:00:00Z")
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        raise RefusedByDatabaseError(f"{column} lies outside of the calendar in UTC: give another") from None
