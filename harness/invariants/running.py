"""Bodies run while running: not before the server grants it, and no longer than their worker cannot know better."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

from harness.invariants.registry import Finding, safety
from harness.model.bodies import Body, bodies
from harness.model.faults import Pause
from harness.model.history import Event, History
from harness.model.moments import moment
from harness.model.options import values
from harness.model.plan import Plan
from harness.units import nanoseconds, seconds

STOPPING = nanoseconds(seconds(30))
"""How long a worker may take to stop a body that the server withdrew. Airflow: SIGTERM, then SIGKILL after 5 s."""

NOTICING = nanoseconds(seconds(60))
"""How long it may take to hear of that, besides two heartbeat intervals, where all its calls are answered."""

SLOW = nanoseconds(seconds(5))
"""A call that takes longer than this explains as much as one without an answer."""

CONNECTING = nanoseconds(seconds(130))
"""A connection that failed may have been tried for so long: Linux gives up after 127 s."""

SEEN_LATE = nanoseconds(seconds(5))
"""In the live world, a killed body is missed only when somebody looks."""

_WITHDRAWN = (404, 409, 410)
_TO_GO_ON = ("deferred", "up_for_reschedule")

Problem = tuple[str, tuple[int, ...]]
"""What is wrong, and the events that show it besides the body's own."""


@safety
def bodies_run_while_running(history: History, plan: Plan) -> Iterator[Finding]:
    """Each try has one body, begun once `run` was granted and over once its end is reported or its withdrawal known.

    One task instance id is one try: a plan's tasks neither defer nor reschedule. A body may go on after the server
    took its task away for as long as its worker hears nothing of that.
    """
    calls = Calls(history)
    count: Counter[str] = Counter()
    for body in bodies(history):
        count[body.ti] += 1
        problem = (
            _begun(body, calls, count[body.ti]) or _reported(body, calls) or _outlived(body, calls, plan)
        )
        if problem:
            text, events = problem
            yield Finding(
                f"{body.task} (try {body.attempt}) on {body.worker}: {text}", (*body.ordinals, *events)
            )


def _begun(body: Body, calls: Calls, count: int) -> Problem | None:
    if count > 1:
        return f"body {count} of one try began at {moment(body.begins)}", ()
    granted = calls.granted.get((body.worker, body.ti))
    if granted is None:
        return f"its body began at {moment(body.begins)}, and its worker was never granted to run it", ()
    if granted.n > body.begin.n:
        return f"its body began at {moment(body.begins)}, before run was granted at {moment(granted.t)}", (
            granted.n,
        )
    return None


def _reported(body: Body, calls: Calls) -> Problem | None:
    report = calls.reported.get((body.worker, body.ti))
    if report is None or (body.end and body.end.n < report.n):
        return None
    if body.end and body.end.type == "info" and body.ends <= report.t + SEEN_LATE:
        return None
    state = report.value.get("state")
    return (
        f"its end was reported as {state} at {moment(report.t)} and it went on until {moment(body.ends)}",
        (report.n,),
    )


def _outlived(body: Body, calls: Calls, plan: Plan) -> Problem | None:
    left = calls.left.get(body.ti)
    if left is None or body.ends <= left.t or _paused(body.worker, left.t, body.ends, plan):
        return None
    text = f"it went on until {moment(body.ends)}; the server had it as {left.value.get('new')} from {moment(left.t)} on"
    refusal = calls.refused.get((body.worker, body.ti))
    if refusal and body.ends > refusal.t + STOPPING:
        return f"{text} and refused its heartbeat at {moment(refusal.t)}", (left.n, refusal.n)
    interval = values(plan.options)["workers.min_heartbeat_interval"]
    heard = max(left.t, body.begins) + NOTICING + 2 * nanoseconds(seconds(interval))
    if body.ends > heard and not calls.was_deaf(body.worker, left.t, heard):
        return f"{text}, and its worker, whose calls were answered, did not ask", (left.n,)
    return None


def _paused(worker: str, since: int, until: int, plan: Plan) -> bool:
    return any(
        nanoseconds(fault.at) < until and nanoseconds(fault.at + fault.lasting) > since
        for fault in plan.faults
        if isinstance(fault, Pause) and fnmatchcase(worker, fault.target)
    )


@dataclass
class Calls:
    """What clients and server told of each try, by (worker, task instance)."""

    history: History
    granted: dict[tuple[str, str], Event] = field(default_factory=dict)
    reported: dict[tuple[str, str], Event] = field(default_factory=dict)
    refused: dict[tuple[str, str], Event] = field(default_factory=dict)
    left: dict[str, Event] = field(default_factory=dict)  # by task instance: when it was running no more
    silences: defaultdict[str, list[tuple[int, int]]] = field(default_factory=lambda: defaultdict(list))

    def __post_init__(self) -> None:
        for asked, answer in self.history.pairs(witness="client"):
            self._silence(asked, answer)
            self._call(asked, answer)
        for event in self.history.where(witness="client", f="connect"):
            self.silences[event.process].append((event.t - CONNECTING, event.t))
        for event in self.history.where(witness="server", f="task_instance"):
            if event.value.get("old") == "running" and event.value.get("new") not in _TO_GO_ON:
                self.left.setdefault(str(event.value.get("key")), event)

    def _call(self, asked: Event, answer: Event | None) -> None:
        key = asked.process, str(asked.value.get("ti"))
        if asked.f == "ti.state" and asked.value.get("state") not in _TO_GO_ON:
            self.reported.setdefault(key, asked)
        elif answer and asked.f == "ti.run" and answer.type == "ok":
            self.granted.setdefault(key, answer)
        elif answer and asked.f == "ti.heartbeat" and answer.value.get("status") in _WITHDRAWN:
            self.refused.setdefault(key, answer)

    def _silence(self, asked: Event, answer: Event | None) -> None:
        if answer is None:
            self.silences[asked.process].append((asked.t, self.history[-1].t))
        elif answer.type == "info" or answer.t - asked.t > SLOW:
            self.silences[asked.process].append((asked.t, answer.t))

    def was_deaf(self, worker: str, since: int, until: int) -> bool:
        """Whether a call of the worker went without an answer, or was slow, between the two times."""
        return any(begin <= until and since <= end for begin, end in self.silences[worker])
