"""What of a History is worth a line in the story: one Note each. Nothing is guessed, all is witnessed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from harness.model.bodies import task_of
from harness.model.history import Event, History
from harness.model.moments import moment
from harness.model.plan import Plan
from harness.model.verdict import Kind, Verdict
from harness.units import nanoseconds, seconds

_SLOW = nanoseconds(seconds(10))
_NOTABLE = frozenset({"up_for_retry", "failed", "skipped", "removed", "restarting", "upstream_failed"})
_TAKEN_BACK = frozenset({"scheduled", "queued"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """Who did `what` at `t`. Notes of the same who and what that lie close together become one line.

    `things` are what is counted, in the singular; `about` is what differs between them; `many` is `what` of several.
    `shared`: also joined across different `who`. `whole`: joined however far apart. `last`: the line stands
    where the last of them does. `kept`: a landmark, which is told however little room there is. `kin`: what it
    does together with others of another `name`, where room is so scarce that they become one line.
    """

    t: int
    who: str
    what: str
    things: str = ""
    about: str = ""
    many: str = ""
    kin: str = ""
    name: str = ""
    shared: bool = False
    whole: bool = False
    last: bool = False
    kept: bool = False


def notes(history: History, plan: Plan, verdict: Verdict) -> Iterator[Note]:
    """The notes of a history, in order. What a counterexample shows is kept; where safety broke there is a note of its own."""
    reader = _Reader(plan)
    handlers: dict[str, Callable[[Event], Iterator[Note]]] = {
        "world": reader.world,
        "nemesis": reader.nemesis,
        "client": reader.client,
        "server": reader.server,
        "body": reader.body,
    }
    shown = {n for found in verdict.counterexamples for n in found.events}
    broken = _broken(verdict)
    for event in history:
        for note in handlers[event.witness](event):
            yield replace(note, kept=True) if event.n in shown else note
        for name in broken.get(event.n, ()):
            yield Note(t=event.t, who=event.process, what=f"✗ {name}", kept=True)


def _broken(verdict: Verdict) -> dict[int, dict[str, None]]:
    """By event: the safety promises that were broken with it."""
    broken: dict[int, dict[str, None]] = {}
    for found in verdict.counterexamples:
        if found.kind is Kind.SAFETY and found.events:
            broken.setdefault(max(found.events), {})[found.invariant] = None
    return broken


class _Reader:
    """Reads one history from its first event to its last; remembers what later events refer to."""

    def __init__(self, plan: Plan) -> None:
        runs = {(task.dag_id, task.run_id) for task in plan.submissions}
        # where dag and run are the same for all, the task's own name says it
        self._short = {task.key: task.task_id for task in plan.submissions} if len(runs) == 1 else {}
        self._faults: dict[int, tuple[str, str]] = {}  # name, and where it is if there are several
        self._several = len(plan.faults) > 1
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
            yield Note(t=event.t, who=who, what=texts.get(act, act), kept=True)
        elif event.f == "task.submit":
            yield Note(
                t=event.t, who=who, things="task", what="submitted", about=self._task(event), whole=True
            )
        elif event.f == "worker.start":
            yield Note(t=event.t, who=who, what="started", about=who, shared=True)
        elif event.f == "worker.exit":
            reason = str(value.get("error") or value.get("reason") or "no reason given")
            yield Note(t=event.t, who=who, what="exited", about=reason, kept=True)
        elif event.f == "server.unseen":
            yield Note(
                t=event.t, who=who, what="nobody sees it any more", about=str(value.get("reason")), kept=True
            )
        elif event.f == "worker.background":
            about = f"{value.get('what')} ({value.get('error')})"
            yield Note(t=event.t, who=who, what="background task died", about=about)

    def nemesis(self, event: Event) -> Iterator[Note]:
        value, t, who = event.value, event.t, event.process
        name = str(value.get("name") or str(value.get("text", "fault")).partition(" ")[0])
        if event.f == "fault.begin":
            where = str(value.get("text", "")).removeprefix(name).strip()
            self._faults[value.get("fault", -1)] = name, where if self._several else ""
            yield Note(
                t=t,
                who=who,
                what=f"{name} begins",
                many=f"{name} begin",
                kin="faults begin",
                name=name,
                about=where,
                kept=True,
            )
        elif event.f == "fault.strike":
            name, where = self._faults.get(value.get("fault", -1), ("fault", ""))
            about = f"{value.get('victim')}, {value.get('what')}"
            yield Note(
                t=t,
                who=who,
                what=f"{name} first strikes",
                many=f"{name} first strike",
                kin="faults first strike",
                name=name,
                about=about,
            )
        elif event.f == "fault.end":
            _, where = self._faults.get(value.get("fault", -1), (name, ""))
            strikes = value.get("strikes", 0)
            about = f"{where}{': ' * bool(where)}{strikes} strike{'' if strikes == 1 else 's'}"
            yield Note(
                t=t,
                who=who,
                what=f"{name} is over",
                many=f"{name} are over",
                kin="faults are over",
                name=name,
                about=about,
                kept=True,
            )

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
            yield Note(
                t=event.t,
                who=event.process,
                what="is heard again",
                many="are heard again",
                about=event.f,
                last=True,
            )
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
        elif event.f == "dag_run" and new in ("success", "failed"):
            yield Note(
                t=event.t, who=event.process, what=f"Dag run {old} → {new}", about=str(value.get("key"))
            )
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
