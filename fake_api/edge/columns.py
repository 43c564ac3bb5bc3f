"""What the columns of the edge tables hold. PostgreSQL refuses more, SQLite takes anything.

Airflow: providers/edge3/models/edge_worker.py and edge_logs.py; tried out on PostgreSQL 15 and SQLite.
"""

from fake_api.outcome import Outcome, Reply
from fake_api.rows import EdgeWorker
from fake_api.state import State

#: Characters by column. Queues are stored as Python writes the list.
WIDTHS = {"worker_name": 64, "maintenance_comment": 1024, "queues": 256, "team_name": 64}
INTEGER_MAX = 2**31 - 1
INTEGERS = ("jobs_active", "concurrency")


class RefusedByDatabaseError(Exception):
    """The database does not take a value: Airflow answers 500 and nothing is stored."""


def store(state: State, outcome: Outcome) -> Reply:
    """Store what a transition decided, if the database takes it. Raises RefusedByDatabaseError."""
    if state.settings.database == "postgresql":
        for row in outcome.rows:
            if isinstance(row, EdgeWorker):
                refuse_what_does_not_fit(row)
    return state.apply(outcome)


def refuse_what_does_not_fit(row: EdgeWorker) -> None:
    """Raise RefusedByDatabaseError for a row that PostgreSQL would not take."""
    texts = {
        "worker_name": row.worker_name,
        "maintenance_comment": row.maintenance_comment,
        "queues": str(list(row.queues)) if row.queues else None,
        "team_name": row.team_name,
    }
    for column, text in texts.items():
        if text is None:
            continue
        refuse_nul(column, text)
        if len(text) > WIDTHS[column]:
            raise RefusedByDatabaseError(
                f"{column} has {len(text)} characters: {WIDTHS[column]} are the most, shorten it"
            )
    for column in INTEGERS:
        if abs(getattr(row, column) or 0) > INTEGER_MAX:
            raise RefusedByDatabaseError(f"{column} is beyond {INTEGER_MAX}: give a smaller number")


def refuse_nul(column: str, text: str) -> None:
    """Raise RefusedByDatabaseError for a text with a NUL in it."""
    if "\0" in text:
        raise RefusedByDatabaseError(f"{column} has a NUL character: PostgreSQL stores none, leave it out")
