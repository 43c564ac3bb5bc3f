"""A slice of a mapped task's XComs, by the arithmetic of Airflow, which asks its database for a window of the rows.

It is that of Python's slices only as long as no limit comes out below zero. Airflow: execution_api/routes/xcoms.py,
get_mapped_xcom_by_slice.
"""

from typing import Any, NamedTuple

from fake_api.database import window
from fake_api.settings import Database


class Window(NamedTuple):
    """Which rows are asked for, of those in ascending order or in descending, and with which step."""

    step: int
    descending: bool = False
    limit: int | None = None
    offset: int = 0


def sliced(
    database: Database,
    rows: list[tuple[int, Any]],
    *,
    start: int | None,
    stop: int | None,
    step: int | None,
) -> list[Any]:
    """The values of a slice of `rows`, which are (map index, value).

    Raises DriverError or ValueRejectedError for a window the database does not open.
    """
    asked = _window(start, stop, step or 1, len(rows))
    ordered = sorted(rows, key=lambda row: row[0], reverse=asked.descending)
    found = window(database, ordered, limit=asked.limit, offset=asked.offset)
    return [value for _, value in found][:: asked.step]


def _window(start: int | None, stop: int | None, step: int, count: int) -> Window:
    if start is None:
        return _up_to(stop, step)
    if start >= 0:
        return _from(start, stop, step, count)
    return _from_the_end(start, stop, step, count)


def _up_to(stop: int | None, step: int) -> Window:
    if stop is None:
        return Window(step) if step >= 0 else Window(-step, descending=True)
    if stop >= 0:
        return Window(step, limit=stop) if step >= 0 else Window(step, offset=stop + 1)
    if step < 0:
        return Window(-step, descending=True, limit=-stop - 1)
    return Window(-step, descending=True, offset=-stop)


def _from(start: int, stop: int | None, step: int, count: int) -> Window:
    if stop is None:
        return Window(step, offset=start) if step >= 0 else Window(step, limit=start + 1)
    end = stop + count if stop < 0 else stop
    if step >= 0:
        return Window(step, limit=end - start, offset=start)
    return Window(step, limit=start - end, offset=end + 1)


def _from_the_end(start: int, stop: int | None, step: int, count: int) -> Window:
    if stop is None:
        if step < 0:
            return Window(-step, descending=True, offset=-start - 1)
        return Window(-step, descending=True, limit=-start)
    end = stop - count if stop >= 0 else stop
    if step < 0:
        return Window(-step, descending=True, limit=start - end, offset=-1 - start)
    return Window(-step, descending=True, limit=end - start, offset=-end)
