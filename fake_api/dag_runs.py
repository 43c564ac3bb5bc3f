"""The dag run table."""

from collections.abc import Iterator
from datetime import UTC, datetime

from fake_api.rows import DagRun

RunKey = tuple[str, str]
_NEVER = datetime.min.replace(tzinfo=UTC)


class DagRuns:
    """Dag runs by (dag_id, run_id), and which of them nobody started yet."""

    def __init__(self) -> None:
        self.rows: dict[RunKey, DagRun] = {}
        self._queued: dict[RunKey, None] = {}

    def __contains__(self, key: RunKey) -> bool:
        return key in self.rows

    def __getitem__(self, key: RunKey) -> DagRun:
        return self.rows[key]

    def __iter__(self) -> Iterator[DagRun]:
        return iter(self.rows.values())

    def __len__(self) -> int:
        return len(self.rows)

    def get(self, key: RunKey) -> DagRun | None:
        """The run with this name."""
        return self.rows.get(key)

    def queued(self) -> list[DagRun]:
        """A snapshot of the runs that wait to be started, in the order in which they came to wait."""
        return [self.rows[key] for key in self._queued]

    def is_queued(self, key: RunKey) -> bool:
        """Whether this run waits to be started."""
        return key in self._queued

    def put(self, row: DagRun) -> None:
        """Store a row in place of the one with the same name."""
        key = (row.dag_id, row.run_id)
        self.rows[key] = row
        self._queued.pop(key, None)
        if row.state == "queued":
            self._queued[key] = None

    def latest_first(self, dag_id: str, *, before: datetime | None = None) -> list[DagRun]:
        """The runs of a Dag by logical date, those without one last, as SQLite sorts them.

        With `before`, only those of an earlier logical date.
        """
        found = [run for run in self if run.dag_id == dag_id and _is_before(run.logical_date, before)]
        return sorted(found, key=lambda run: run.logical_date or _NEVER, reverse=True)


def _is_before(date: datetime | None, limit: datetime | None) -> bool:
    return limit is None or (date is not None and date < limit)
