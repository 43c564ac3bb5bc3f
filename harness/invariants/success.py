"""No success is lost: what once succeeded stays so and never runs again."""

from __future__ import annotations

from collections.abc import Iterator

from harness.invariants.registry import Finding, safety, unseen
from harness.model.bodies import task_of
from harness.model.history import Event, History
from harness.model.moments import moment
from harness.model.plan import Plan


@safety
def no_success_is_lost(history: History, plan: Plan) -> Iterator[Finding]:  # noqa: ARG001
    """A success that the server applied, or acknowledged to the client, stays; the task never runs again."""
    known = _Successes()
    for event in history:
        if event.witness == "server" and event.f == "task_instance":
            yield from known.server(event)
        elif event.witness == "client" and event.f == "ti.state":
            known.client(event)
        elif event.witness == "body" and event.type == "invoke":
            yield from known.body(event)
    if not unseen(history):  # or the last row is none of the end
        yield from known.unapplied()


class _Successes:
    """What is known so far, by task."""

    def __init__(self) -> None:
        self._won: dict[str, Event] = {}  # the first sign of success
        self._state: dict[str, Event] = {}  # the last change on the server
        self._tasks: dict[str, str] = {}  # by the id of a task instance
        self._asked: dict[int, str] = {}  # by call: the task instance whose success the client reports
        self._told: set[str] = set()

    def server(self, event: Event) -> Iterator[Finding]:
        task, new = task_of(event), event.value.get("new")
        for which in ("key", "new_id"):
            if event.value.get(which):
                self._tasks[event.value[which]] = task
        self._state[task] = event
        if new == "success":
            self._won.setdefault(task, event)
        elif (won := self._won.get(task)) and task not in self._told:
            self._told.add(task)
            yield Finding(
                f"{task} had succeeded at {moment(won.t)} and became {new or 'nothing'}"
                f" at {moment(event.t)} ({event.value.get('cause')})",
                (won.n, event.n),
            )

    def client(self, event: Event) -> None:
        value = event.value
        call = value.get("call", -1)
        if event.type == "invoke":
            if value.get("state") == "success":
                self._asked[call] = value.get("ti", "")
            return
        ti = self._asked.pop(call, None)
        if event.type == "ok" and ti in self._tasks:
            self._won.setdefault(self._tasks[ti], event)

    def body(self, event: Event) -> Iterator[Finding]:
        task = task_of(event)
        self._tasks[event.value.get("ti", "")] = task
        if won := self._won.get(task):
            yield Finding(
                f"{task} had succeeded at {moment(won.t)} and ran again on {event.process} at {moment(event.t)}",
                (won.n, event.n),
            )

    def unapplied(self) -> Iterator[Finding]:
        """Successes that the client was told of, while the server's row says something else."""
        for task, won in self._won.items():
            state = self._state.get(task)
            if state and task not in self._told and state.value.get("new") != "success":
                yield Finding(
                    f"{task}: {won.process} was told at {moment(won.t)} that it succeeded,"
                    f" the server has it as {state.value.get('new')}",
                    (won.n, state.n),
                )
