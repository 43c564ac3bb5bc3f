"""What of a History is worth a line in the story: one Note each. Nothing is guessed, all is witnessed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from harness.model.bodies import task_of
from harness.model.history import Event, History
from harness.model.moments import moment
from harness.model.plan import Plan
from harness.units import nanoseconds, seconds

_SLOW = nanoseconds(seconds(10))
_NOTABLE = frozenset({"up_for_retry", "failed", "skipped", "removed", "restarting", "upstream_failed"})
_TAKEN_BACK = frozenset({"scheduled", "queued"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """Who did `what` at `t`. Notes of the same who and what that lie close together become one line.

    `things` are what is counted, in the singular; `about` is what differs between them. `shared`: also joined across different `who`.
    `whole`: joined however far apart. `last`: the line stands where the last of them does.
    """

    t: int
    who: str
    what: str
    things: str = ""
    about: str = ""
    shared: bool = False
    whole: bool = False
    last: bool = False


def notes(history: History, plan: Plan) -> Iterator[Note]:
    """The notes of a history, in order."""
    reader = _Reader(plan)
    handlers: dict[str, Callable[[Event], Iterator[Note]]] = {
        "world": reader.world,
        "nemesis": reader.nemesis,
        "client": reader.client,
        "server": reader.server,
        "body": reader.body,
    }
    for event in history:
        yield from handlers[event.witness](event)


class _Reader:
    """Reads one history from its first event to its last; remembers what later events refer to."""

    def __init__(self, plan: Plan) -> None:
        runs = {(task.dag_id, task.run_id) for task in plan.submissions}
        # where dag and run are the same for all, the task's own name says it
        self._short = {task.key: task.task_id for task in plan.submissions} if len(runs) == 1 else {}
        self._faults: dict[int, str] = {}  # names
        self._invoked: dict[int, Event] = {}
        self._failing: dict[str, int] = {}  # since when a process hears of nothing but failures
        self._ran: dict[str, str] = {}  # by task: the worker that ran it last
        self._ended_well: set[str] = set()

    def _task(self, event: Event) -> str:
        task = task_of(event)
        return self._short.get(task, task)

    def world(self, event: Event) -> Iterator[Note]:
        value, who = event.value, event.process
        if event.f == "act":
            texts = {
                "storm": "the storm begins",
                "calm": "calm: every fault is healed",
                "end": "the run ends",
            }
            act = str(value.get("act"))
            yield Note(t=event.t, who=who, what=texts.get(act, act))
        elif event.f == "task.submit":
            yield Note(
                t=event.t, who=who, things="task", what="submitted", about=self._task(event), whole=True
            )
        elif event.f == "worker.start":
            yield Note(t=event.t, who=who, what="started", about=who, shared=True)
        elif event.f == "worker.exit":
            reason = str(value.get("error") or value.get("reason") or "no reason given")
            yield Note(t=event.t, who=who, what="exited", about=reason)
        elif event.f == "worker.background":
            about = f"{value.get('what')} ({value.get('error')})"
            yield Note(t=event.t, who=who, what="background task died", about=about)

    def nemesis(self, event: Event) -> Iterator[Note]:
        value = event.value
        name = str(value.get("name") or str(value.get("text", "fault")).partition(" ")[0])
        if event.f == "fault.begin":
            self._faults[value.get("fault", -1)] = name
            about = str(value.get("text", "")).removeprefix(name).strip()
            yield Note(t=event.t, who=event.process, what=f"{name} begins", about=about)
        elif event.f == "fault.strike":
            name = self._faults.get(value.get("fault", -1), "fault")
            about = f"{value.get('victim')}, {value.get('what')}"
            yield Note(t=event.t, who=event.process, what=f"{name} first strikes", about=about)
        elif event.f == "fault.end":
            strikes = value.get("strikes", 0)
            about = f"{strikes} strike{'' if strikes == 1 else 's'}"
            yield Note(t=event.t, who=event.process, what=f"{name} is over", about=about)

    def client(self, event: Event) -> Iterator[Note]:
        if event.type == "invoke":
            self._invoked[event.value.get("call", -1)] = event
            return
        invoked = self._invoked.pop(event.value.get("call", -1), event)
        if event.type != "ok":
            yield self._failure(event)
            return
        since = self._failing.pop(event.process, None)
        if since is not None and event.t - since >= _SLOW:
            yield Note(t=event.t, who=event.process, what="is heard again", about=event.f, last=True)
        if event.t - invoked.t >= _SLOW:
            took = f"{event.f} {moment(event.t - invoked.t)}"
            yield Note(t=event.t, who=event.process, things="call", what="took long", about=took)

    def _failure(self, event: Event) -> Note:
        value = event.value
        reason = value.get("reason") or value.get("status")
        about = f"{event.f} ({reason})"
        if event.f != "connect" and event.type == "fail":
            return Note(t=event.t, who=event.process, things="call", what="refused", about=about)
        self._failing.setdefault(event.process, event.t)
        return Note(t=event.t, who=event.process, things="call", what="failed", about=about)

    def server(self, event: Event) -> Iterator[Note]:
        value = event.value
        old, new = value.get("old"), value.get("new")
        change = f"{old or 'nothing'} → {new or 'gone'} ({value.get('cause')})"
        if event.f == "task_instance":
            if new == "success" and old != new:
                yield Note(
                    t=event.t,
                    who=event.process,
                    things="task",
                    what="succeeded",
                    about=self._task(event),
                    whole=True,
                )
            elif old != new and (new in _NOTABLE or (old == "running" and new in _TAKEN_BACK)):
                yield Note(t=event.t, who=event.process, what=change, about=self._task(event))
        elif event.f == "edge_job":
            if event.process == "scheduler" and old in ("restarting", "running") and old != new:
                yield Note(t=event.t, who=event.process, what=f"job {change}", about=self._task(event))
        elif event.f == "edge_worker" and old != new and (new == "unknown" or event.process == "scheduler"):
            yield Note(t=event.t, who=event.process, what=f"worker {change}", about=str(value.get("key")))

    def body(self, event: Event) -> Iterator[Note]:
        task, worker = self._task(event), event.process
        if event.type == "invoke":
            before = self._ran.get(task)
            self._ran[task] = worker
            if before:
                # a body that had ended well was run for nothing, or runs twice: worth a line of its own
                what = "had ended well and began again" if task in self._ended_well else "began again"
                where = "" if before == worker else f", before on {before}"
                about = f"{task} (try {event.value.get('try')}{where})"
                yield Note(t=event.t, who=worker, things="task", what=what, about=about)
        elif event.type == "ok":
            self._ended_well.add(task)
        elif event.type == "info":
            yield Note(t=event.t, who=worker, things="task", what="killed", about=task)
        elif event.type == "fail":
            yield Note(t=event.t, who=worker, things="task", what="failed as planned", about=task)
