"""What a recording says had been there before its first call, as it is put together bit by bit."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from fake_api.names import TaskInstanceState

Json = dict[str, Any]
RunKey = tuple[str, str]
XComKey = tuple[str, str, str, str, int]


@dataclass
class TaskDraft:
    """A task instance. What stays None is filled in when it is seeded."""

    dag_id: str | None = None
    run_id: str | None = None
    task_id: str | None = None
    map_index: int = -1
    state: str | None = "queued"
    stated: bool = False
    archived: bool = False
    retries: int = 0
    try_number: int = 1
    hostname: str = ""
    unixname: str | None = None
    pid: int | None = None
    reschedules: int = 0
    queue: str = "default"
    fields: Json = field(default_factory=dict)

    def is_in(self, state: str | None) -> None:
        """It was in this state, unless an earlier call told of another one, or there is no such state."""
        known = state is None or state in set(TaskInstanceState)
        if known and not self.stated:
            self.state, self.stated = state, True


@dataclass
class Draft:
    """All that had been there, by name; and what administrator and scheduler did before a step."""

    began: datetime
    dags: dict[str, Json] = field(default_factory=dict)
    runs: dict[RunKey, Json] = field(default_factory=dict)
    tasks: dict[str, TaskDraft] = field(default_factory=dict)
    named: dict[tuple[str, str, str, int], TaskDraft] = field(default_factory=dict)
    variables: dict[str, str | None] = field(default_factory=dict)
    connections: dict[str, Json] = field(default_factory=dict)
    xcoms: dict[XComKey, Any] = field(default_factory=dict)
    assets: dict[tuple[str, str], Json] = field(default_factory=dict)
    aliases: dict[str, list[tuple[str, str]]] = field(default_factory=dict)
    events: list[Json] = field(default_factory=list)
    task_store: dict[tuple[str, str], Any] = field(default_factory=dict)
    asset_store: dict[tuple[str, str], Any] = field(default_factory=dict)
    questions: dict[str, Json] = field(default_factory=dict)
    tests: dict[str, Json] = field(default_factory=dict)
    workers: dict[str, Json] = field(default_factory=dict)
    #: What is known of a worker while the steps are read.
    believed: dict[str, Json] = field(default_factory=dict)
    #: Position of a step: what was done to an edge worker right before it, and which job was queued.
    done: dict[int, list[Json]] = field(default_factory=dict)
    queued: dict[int, Json] = field(default_factory=dict)
    #: Position of a step: the jobs that came to be right before it, and the keys of those that went.
    jobs: dict[int, tuple[list[Json], list[tuple[str, ...]]]] = field(default_factory=dict)
    #: Position of a step: the task instances that a user cleared right before it.
    cleared: dict[int, list[str]] = field(default_factory=dict)
    #: Who made a run, by the id in the token; and the user the run was made for.
    makers: dict[RunKey, tuple[str, str | None]] = field(default_factory=dict)
    #: The dates of the last successful run before that of a task instance.
    successes: dict[str, Json] = field(default_factory=dict)
    settings: Json = field(default_factory=dict)
    #: Where the reading is.
    position: int = 0
    fillers: dict[str, int] = field(default_factory=dict)
    #: What was seen, or written by a call, and so says no more about the beginning.
    touched: set[tuple[str, ...]] = field(default_factory=set)

    def first(self, *key: str) -> bool:
        """Whether this is the first time that anything is heard of this thing."""
        new = key not in self.touched
        self.touched.add(key)
        return new

    def task(self, ti_id: str) -> TaskDraft:
        """The task instance with this id, which there was."""
        self.touched.add(("ti", ti_id))
        return self.tasks.setdefault(ti_id, TaskDraft())

    def run(self, dag_id: str, run_id: str, told: Json | None = None) -> None:
        """There was this dag run, as told, unless a call made it."""
        self.dag(dag_id)
        if self.first("run", dag_id, run_id):
            self.runs[dag_id, run_id] = {}
        if (dag_id, run_id) in self.runs:  # an older version of the API tells less of it
            self.runs[dag_id, run_id] = (told or {}) | self.runs[dag_id, run_id]

    def dag(self, dag_id: str, told: Json | None = None) -> None:
        """There was this Dag, as told."""
        if told and not self.dags.get(dag_id):
            self.dags[dag_id] = told
        self.dags.setdefault(dag_id, {})

    def name(self, dag_id: str, run_id: str, task_id: str, map_index: int = -1) -> TaskDraft:
        """The task instance with this name, which there was."""
        self.run(dag_id, run_id)
        return self.named.setdefault(
            (dag_id, run_id, task_id, map_index), TaskDraft(dag_id, run_id, task_id, map_index)
        )
