"""What the database takes, and what it refuses: PostgreSQL knows how wide a column is, SQLite only how big an integer.

Airflow answers 422 when the database says that a value is wrong (api_fastapi/common/exceptions.py, DataErrorHandler),
and 500 when its driver does not even send it. Nothing is stored then. Widths: airflow/models. Tried out on Airflow 3.3.2
over PostgreSQL 15 with psycopg2, and over SQLite.
"""

import json
import math
from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any, Final, TypeVar

from fake_api.outcome import Outcome
from fake_api.rows import DagRun, TaskInstance
from fake_api.settings import Database

POSTGRESQL: Final = "postgresql"
INTEGER_MAX = 2**31 - 1
BIGINT_MAX = 2**63 - 1
#: Characters by column.
WIDTHS = {
    "hostname": 1000,
    "unixname": 1000,
    "rendered_map_index": 250,
    "next_method": 1000,
    "trigger.classpath": 1000,
    "trigger.queue": 256,
    "run_id": 250,
    "note": 1000,
    "variable.key": 250,
    "xcom.key": 512,
}
T = TypeVar("T")


class ValueRejectedError(Exception):
    """The database does not take a value: Airflow answers 422."""


class DriverError(Exception):
    """The driver of the database does not send a value: Airflow answers 500."""


def refuse_texts(database: Database, **columns: str | None) -> None:
    """Raise DriverError for a NUL, ValueRejectedError for a text wider than its column, as PostgreSQL does."""
    if database != POSTGRESQL:
        return
    for column, text in columns.items():
        name = column.replace("__", ".")
        if text and "\0" in text:
            raise DriverError(f"{name} has a NUL character: PostgreSQL stores none, leave it out")
        if text and len(text) > WIDTHS[name]:
            raise ValueRejectedError(f"{name} has {len(text)} characters: {WIDTHS[name]} are the most")


def refuse_compared(database: Database, *numbers: int | None) -> None:
    """Raise DriverError for a number SQLite cannot compare a column with; PostgreSQL compares any."""
    if database != POSTGRESQL and any(_beyond_bigint(each) for each in numbers if each is not None):
        raise DriverError(f"a number is beyond {BIGINT_MAX}: give a smaller one")


def refuse_rows(database: Database, outcome: Outcome) -> None:
    """Raise DriverError or ValueRejectedError for rows that the database does not take."""
    for row in outcome.rows:
        if isinstance(row, TaskInstance):
            _refuse_task_instance(database, row)
        elif isinstance(row, DagRun):
            refuse_texts(database, run_id=row.run_id, note=row.note)
            jsonb(database, row.conf)


def window(database: Database, rows: Sequence[T], *, limit: int | None = None, offset: int = 0) -> list[T]:
    """LIMIT and OFFSET. To SQLite a limit below zero is none; PostgreSQL wants none below zero.

    Raises DriverError or ValueRejectedError.
    """
    given = [each for each in (limit, offset) if each is not None]
    refuse_compared(database, *given)
    if database == POSTGRESQL and any(each < 0 or _beyond_bigint(each) for each in given):
        raise ValueRejectedError(f"{limit=} {offset=}: neither may be below 0 or beyond {BIGINT_MAX}")
    rest = rows[max(offset, 0) :]
    return list(rest if limit is None or limit < 0 else rest[:limit])


def jsonb(database: Database, value: Any) -> Any:
    """A value as it comes back from a JSONB column. Raises ValueRejectedError for what that does not take."""
    if database != POSTGRESQL:
        return value
    return _jsonb(value)


def refuse_json(database: Database, value: Any) -> None:
    """Raise ValueRejectedError for what a JSON column does not take: NaN and the infinities."""
    if database != POSTGRESQL:
        return
    try:
        json.dumps(value, allow_nan=False)
    except ValueError as error:
        raise ValueRejectedError(str(error)) from None


def _refuse_task_instance(database: Database, row: TaskInstance) -> None:
    if database == POSTGRESQL:
        _refuse_integer(row.pid)
    refuse_compared(database, row.pid)
    refuse_texts(
        database,
        hostname=row.hostname,
        unixname=row.unixname,
        rendered_map_index=row.rendered_map_index,
        next_method=row.next_method,
        trigger__classpath=row.trigger.classpath if row.trigger else None,
        trigger__queue=row.trigger.queue if row.trigger else None,
    )
    jsonb(database, row.next_kwargs)


def _refuse_integer(number: int | None) -> None:
    if number is not None and not -INTEGER_MAX - 1 <= number <= INTEGER_MAX:
        raise ValueRejectedError(f"{number} is beyond {INTEGER_MAX}: give a smaller one")


def _beyond_bigint(number: int) -> bool:
    return not -BIGINT_MAX - 1 <= number <= BIGINT_MAX


def _jsonb(value: Any) -> Any:
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, float):
        return _number(value)
    if isinstance(value, list):
        return [_jsonb(each) for each in value]
    if isinstance(value, dict):
        return dict(zip(_texts(value), map(_jsonb, value.values()), strict=True))
    return value


def _texts(names: Iterable[Any]) -> list[Any]:
    return [_text(each) if isinstance(each, str) else each for each in names]


def _text(text: str) -> str:
    if "\0" in text or any("\ud800" <= each <= "\udfff" for each in text):
        raise ValueRejectedError(f"{text!r} has a NUL or half of a surrogate pair: JSONB stores neither")
    return text


def _number(number: float) -> float | int:
    """What JSONB makes of a float: it keeps decimals, and tells a number written with an exponent without one."""
    if not math.isfinite(number):
        raise ValueRejectedError(f"{number} is no number of JSON")
    return int(Decimal(repr(number))) if "e+" in repr(number) else number
