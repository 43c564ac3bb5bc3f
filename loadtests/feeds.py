"""Where the tasks of a load come from: seeded through POST /admin/seed, triggered as Dag runs, or there already."""

from __future__ import annotations

import itertools
import json
import os
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol
from uuid import uuid4

import gevent
from gevent.lock import BoundedSemaphore

from loadtests.calls import Line, NoAnswer

ADMIN_TOKEN = "HARNESS_ADMIN_TOKEN"  # noqa: S105 - the variable's name
DAG = "load"
#: Task instances in one document; seeding is checked for doubles, which takes longer than linear time.
BATCH = 250
#: Seconds between two looks at what is left.
LOOK = 0.25


class NoWork(Exception):
    """There is no task to be had."""


@dataclass(frozen=True, slots=True)
class Work:
    """One try of a task: its id, the token that starts it, and its names."""

    ti: str
    token: str
    dag_id: str
    task_id: str
    run_id: str
    try_number: int = 1
    map_index: int = -1

    @property
    def task(self) -> str:
        return f"{self.dag_id}/{self.task_id}/{self.run_id}"

    @classmethod
    def of_workload(cls, command: dict[str, Any]) -> Work:
        """From an ExecuteTask workload, as an edge job has it in its `command`."""
        ti = command["ti"]
        return cls(
            ti=ti["id"],
            token=command["token"],
            dag_id=ti["dag_id"],
            task_id=ti["task_id"],
            run_id=ti["run_id"],
            try_number=ti["try_number"],
            map_index=ti.get("map_index") or -1,
        )


class Feed(Protocol):
    """Keeps jobs in the queue of a process, and hands out tasks to users that need no worker."""

    def expect(self, jobs: int) -> None:
        """So many more jobs are wanted at once, or fewer."""
        ...

    def fetched(self) -> None:
        """A job was handed out by the server."""
        ...

    def take(self) -> Work:
        """A task that is queued, for a user without a worker. Raises NoWork."""
        ...

    def run(self) -> None:
        """Keep feeding, for ever."""
        ...


class AdminFeed:
    """Seeds a fake server, in bulk and before anybody waits."""

    def __init__(self, line: Line, queue: str) -> None:
        self._line, self._queue = line, queue
        self._wanted = self._stock = 0
        self._ready: deque[Work] = deque()
        self._seeding = BoundedSemaphore()
        self._numbers = itertools.count()
        self._token = f"Bearer {token}" if (token := os.environ.get(ADMIN_TOKEN)) else ""

    def expect(self, jobs: int) -> None:
        self._wanted += jobs

    def fetched(self) -> None:
        self._stock -= 1

    def take(self) -> Work:
        with self._seeding:  # the others wait for what the first one seeds
            if not self._ready:
                self._ready.extend(self._seed(queue=f"{self._queue}-none", count=BATCH))
            return self._ready.popleft()

    def run(self) -> None:
        while True:
            while self._stock < 2 * self._wanted:
                try:
                    self._stock += len(self._seed(queue=self._queue, count=BATCH))
                except NoWork:
                    break
            gevent.sleep(LOOK)

    def _seed(self, *, queue: str, count: int) -> list[Work]:
        run = f"{self._queue}-{next(self._numbers)}"
        instances = [
            {"dag_id": DAG, "task_id": f"task-{number}", "run_id": run, "queue": queue}
            for number in range(count)
        ]
        try:
            answer = self._line.call(
                "admin.seed", "POST", "/admin/seed", token=self._token, body={"task_instances": instances}
            )
            made = answer.json()["task_instances"] if answer.status == 201 else None
        except (NoAnswer, TypeError, KeyError) as error:
            raise NoWork(f"seeding failed: {error}") from None
        if made is None:
            raise NoWork(f"seeding was refused: {answer.told}")
        return [_seeded(each) for each in made]


def seed_content(line: Line) -> None:
    """The variable and the connection that bodies read. Raises NoAnswer."""
    token = f"Bearer {token}" if (token := os.environ.get(ADMIN_TOKEN)) else ""
    document = {
        "variables": [{"key": "load-variable", "val": "x" * 100}],
        "connections": [{"conn_id": "load-connection", "conn_type": "http", "host": "127.0.0.1"}],
    }
    line.call("admin.seed", "POST", "/admin/seed", token=token, body=document)


def _seeded(each: dict[str, Any]) -> Work:
    names = ("dag_id", "task_id", "run_id", "try_number", "map_index")
    return Work(ti=each["id"], token=each["workload_token"], **{name: each[name] for name in names})


class GivenWork:
    """Jobs are in the queue already; tasks for users without workers stand in a file, shared between the processes."""

    def __init__(self, workloads: str, *, index: int, of: int) -> None:
        self._works = _works(Path(workloads), index=index, of=of) if workloads else iter(())

    def expect(self, jobs: int) -> None:
        """Nothing can be done about it."""

    def fetched(self) -> None:
        """Nothing follows from it."""

    def take(self) -> Work:
        try:
            return next(self._works)
        except StopIteration:
            raise NoWork(
                "no task is left: give more of them with --workloads FILE, or a server with /admin/seed"
            ) from None
        except (ValueError, KeyError, TypeError) as error:
            raise NoWork(f"--workloads holds what is no workload: {error}") from None

    def run(self) -> None:
        """Nothing to do."""


def _works(path: Path, *, index: int, of: int) -> Iterator[Work]:
    with path.open(encoding="utf-8") as file:
        for line in itertools.islice(file, index, None, of):
            yield Work.of_workload(json.loads(line))


def own_queue() -> str:
    """A queue that no other process fetches from."""
    return f"load-{uuid4().hex[:12]}"
