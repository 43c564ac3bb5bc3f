"""The live tables with the few indexes that keep routes and sweeps cheap."""

from bisect import bisect_left, insort
from collections.abc import Iterator, Sequence
from datetime import datetime
from heapq import merge
from uuid import UUID

from fake_api.names import TaskInstanceState
from fake_api.rows import EdgeJob, JobKey, TaskInstance, TaskKey

Rank = tuple[float, datetime, int, JobKey]

#: Comes before every priority weight: callbacks are handed out first, the oldest of them first.
CALLBACKS_FIRST = float("-inf")


class TaskInstances:
    """Task instances by id, by name and by state, and the archived earlier tries by their ids."""

    def __init__(self) -> None:
        self.history: dict[UUID, TaskInstance] = {}
        self.rows: dict[UUID, TaskInstance] = {}
        self._ids: dict[TaskKey, UUID] = {}
        self._by_state: dict[TaskInstanceState | None, dict[UUID, None]] = {}

    def __len__(self) -> int:
        return len(self.rows)

    def __iter__(self) -> Iterator[TaskInstance]:
        return iter(self.rows.values())

    def get(self, ti_id: UUID) -> TaskInstance | None:
        """The live task instance with this id."""
        return self.rows.get(ti_id)

    def find(self, key: TaskKey) -> TaskInstance | None:
        """The live task instance with this name."""
        ti_id = self._ids.get(key)
        return None if ti_id is None else self.rows[ti_id]

    def in_states(self, *states: TaskInstanceState | None) -> list[TaskInstance]:
        """A snapshot, in the order in which they came into each state."""
        return [self.rows[ti_id] for state in states for ti_id in self._by_state.get(state, ())]

    def put(self, row: TaskInstance) -> None:
        """Store a row in place of the one with the same id."""
        old = self.rows.get(row.id)
        self.rows[row.id] = row
        if old is not None and old.state == row.state:
            return
        if old is not None:
            del self._by_state[old.state][row.id]
        self._ids[row.task.primary] = row.id
        self._by_state.setdefault(row.state, {})[row.id] = None

    def archive(self, row: TaskInstance) -> None:
        """Move a try to the history: its id is not live any more."""
        live = self.rows.pop(row.id)
        del self._by_state[live.state][row.id]
        del self._ids[row.task.primary]
        self.history[row.id] = row


class EdgeJobs:
    """Edge jobs by key and by state; the queued ones by queue, in the order they are handed out."""

    def __init__(self) -> None:
        self.rows: dict[JobKey, EdgeJob] = {}
        self._by_state: dict[TaskInstanceState, dict[JobKey, None]] = {}
        self._queued: dict[str, list[Rank]] = {}
        self._ranks: dict[JobKey, Rank] = {}
        self._count = 0

    def __iter__(self) -> Iterator[EdgeJob]:
        return iter(self.rows.values())

    def __len__(self) -> int:
        return len(self.rows)

    def get(self, key: JobKey) -> EdgeJob | None:
        """The job with this key."""
        return self.rows.get(key)

    def in_states(self, *states: TaskInstanceState) -> list[EdgeJob]:
        """A snapshot, in the order in which they came into each state."""
        return [self.rows[key] for state in states for key in self._by_state.get(state, ())]

    def queued(self, queues: Sequence[str] | None) -> Iterator[EdgeJob]:
        """Queued jobs of these queues, of all when there are none.

        Callbacks first, then by priority, the highest first; what is older first among equals.
        """
        names = dict.fromkeys(queues) if queues else list(self._queued)
        waiting = [ranks for name in names if (ranks := self._queued.get(name))]
        for _, _, _, key in waiting[0] if len(waiting) == 1 else merge(*waiting):
            yield self.rows[key]

    def put(self, row: EdgeJob) -> None:
        """Store a row in place of the one with the same key."""
        old = self.rows.get(row.key)
        if old is not None and old.state != row.state:
            del self._by_state[old.state][row.key]
        self._by_state.setdefault(row.state, {})[row.key] = None
        self._unrank(old)
        self.rows[row.key] = row
        if row.state == TaskInstanceState.QUEUED:
            self._count += 1
            order = CALLBACKS_FIRST if row.key.is_callback else -row.priority_weight
            rank = (order, row.queued_dttm, self._count, row.key)
            self._ranks[row.key] = rank
            insort(self._queued.setdefault(row.queue, []), rank)

    def delete(self, key: JobKey) -> None:
        """Remove a row."""
        row = self.rows.pop(key)
        del self._by_state[row.state][key]
        self._unrank(row)

    def _unrank(self, row: EdgeJob | None) -> None:
        if row is not None and (rank := self._ranks.pop(row.key, None)):
            ranks = self._queued[row.queue]
            del ranks[bisect_left(ranks, rank)]
