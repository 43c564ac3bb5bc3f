"""What has ended is reported: to the Execution API, and to the executor."""

from __future__ import annotations

from collections.abc import Iterator
from fnmatch import fnmatchcase

from harness.invariants.registry import Finding, liveness
from harness.invariants.running import NOTICING, SEEN_LATE, Calls
from harness.model.bodies import Body, bodies
from harness.model.faults import Fault, Kill, Pause, RestartServer, Stop
from harness.model.history import Event, History
from harness.model.moments import moment
from harness.model.options import values
from harness.model.plan import Plan
from harness.units import nanoseconds, seconds


@liveness
def every_end_is_reported(history: History, plan: Plan) -> Iterator[Finding]:
    """Whoever runs a try says how it ended, to the Execution API and to the executor, once its body is over.

    However that ended: a process that was killed has to be reported, too. Nobody has to where the server had taken the
    task away before, where the worker died or was told to end, or where its calls were not answered.
    """
    calls, told = Calls(history), _Told(history)
    interval = nanoseconds(seconds(values(plan.options)["workers.min_heartbeat_interval"]))
    over = history[-1].t if len(history) else 0
    for body in bodies(history):
        late = body.ends + NOTICING + 2 * interval
        if body.end is None or late > over or _excused(body, late, calls, told, plan):
            continue
        if missing := told.missing(body, late):
            how = {"ok": "ended well", "fail": "failed", "info": "was killed"}[body.end.type]
            text = (
                f"its body {how} at {moment(body.ends)}, and by {moment(late)} its worker had told {missing}"
            )
            yield Finding(f"{body.task} (try {body.attempt}) on {body.worker}: {text}", body.ordinals)


def _excused(body: Body, late: int, calls: Calls, told: _Told, plan: Plan) -> bool:
    left = calls.left.get(body.ti)
    if left is not None and left.t + SEEN_LATE < body.ends:
        return True
    since = body.begins
    return (
        told.worker_ended(body.worker, since, late)
        or calls.was_deaf(body.worker, since, late)
        or any(_stops(fault, body.worker) and nanoseconds(fault.at) <= late for fault in plan.faults)
    )


def _stops(fault: Fault, worker: str) -> bool:
    """Whether it takes the worker down, or the server to which it would report."""
    if isinstance(fault, RestartServer):
        return True
    return isinstance(fault, (Kill, Stop, Pause)) and fnmatchcase(worker, fault.target)


class _Told:
    """When each worker first told how a try or a job of it ended, and when a worker ended itself."""

    def __init__(self, history: History) -> None:
        self._states: dict[tuple[str, str], Event] = {}
        self._jobs: dict[tuple[str, str, int], Event] = {}
        self._exits: list[Event] = list(history.where(witness="world", f="worker.exit"))
        for event in history.where(witness="client", type="invoke"):
            value = event.value
            if event.f == "ti.state":
                self._states.setdefault((event.process, str(value.get("ti"))), event)
            elif event.f == "jobs.state" and value.get("state") != "running":
                task = f"{value.get('dag')}/{value.get('task')}/{value.get('run')}"
                self._jobs.setdefault((event.process, task, int(value.get("try", 1))), event)

    def missing(self, body: Body, late: int) -> str:
        """Whom nobody had told by then; empty where all was told."""
        state = self._states.get((body.worker, body.ti))
        job = self._jobs.get((body.worker, body.task, body.attempt))
        wanted = (("no state to the Execution API", state), ("the executor nothing", job))
        return " and ".join(text for text, event in wanted if event is None or event.t > late)

    def worker_ended(self, worker: str, since: int, until: int) -> bool:
        """Whether its worker came to an end between the two times."""
        return any(event.process == worker and since <= event.t <= until for event in self._exits)
