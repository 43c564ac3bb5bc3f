"""What a server promises, tested under load: each broken promise is a failure in Locust's table, and is counted."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable
from random import Random
from typing import Any

from loadtests.calls import Answer, NoAnswer
from loadtests.feeds import Work

Fail = Callable[[str], None]
"""Called with the promise that was broken."""
#: So many breaches of one promise are told in full.
TOLD = 5

ONCE = "a job is handed out once"
WATCHED = "a task that heartbeats in time is not withdrawn"
FENCED = "a token opens its own task alone"
KEPT = "what was acknowledged is kept"


class Promises:
    """Watches one process's users. `fail` is told of each breach."""

    def __init__(self, fail: Fail, *, patience: float) -> None:
        self._fail, self._patience = fail, patience
        self._out: set[tuple[Any, ...]] = set()
        self._tokens: deque[tuple[str, str]] = deque(
            maxlen=8
        )  # task instances with their tokens, to try on others
        self.broken: Counter[str] = Counter()
        self.tested: Counter[str] = Counter()
        self.examples: dict[str, list[str]] = {}

    def _break(self, promise: str, how: str) -> None:
        self.broken[promise] += 1
        if self.broken[promise] <= TOLD:
            self.examples.setdefault(promise, []).append(how)
        self._fail(promise)

    def handed_out(self, job: dict[str, Any] | None) -> None:
        """A fetch was answered."""
        if job is None:
            return
        self.tested[ONCE] += 1
        key = _key(job)
        if key in self._out:
            self._break(ONCE, f"{'/'.join(map(str, key))} was handed out while it runs here")
        self._out.add(key)

    def given_back(self, job: dict[str, Any]) -> None:
        """A worker is done with a job, whatever became of it."""
        self._out.discard(_key(job))

    def withdrawn(self, work: Work, *, silence: float) -> None:
        """A heartbeat was answered that the task must end, after so many seconds without one."""
        self.tested[WATCHED] += 1
        if silence < self._patience:
            self._break(WATCHED, f"{work.task} was withdrawn {silence:.1f} s after its last heartbeat")

    def foreign(self, attempt: Callable[..., Answer], work: Work, token: str) -> None:
        """Heartbeat for the latest other task with this task's token: that must be refused."""
        other = next((ti for ti, _ in reversed(self._tokens) if ti != work.ti), None)
        self._tokens.append((work.ti, token))
        if other is None:
            return
        self.tested[FENCED] += 1
        body = {"hostname": "stranger", "pid": 1}
        try:
            answer = attempt(
                "ti.heartbeat (foreign)", "PUT", f"task-instances/{other}/heartbeat", body, fine=(403,)
            )
        except NoAnswer:
            return
        if answer.status < 300:
            self._break(FENCED, f"the token of {work.ti} was let in to {other}: {answer.status}")

    def read_back(self, attempt: Callable[..., Answer], work: Work, *, state: str, xcom: str | None) -> None:
        """Read what the server acknowledged: the state of a task that has ended, and its XCom."""
        self.tested[KEPT] += 1
        where = f"dag_id={work.dag_id}&run_ids={work.run_id}&task_ids={work.task_id}"
        try:
            told = attempt("ti.states", "GET", f"task-instances/states?{where}").json()
            if xcom is not None:
                path = f"xcoms/{work.dag_id}/{work.run_id}/{work.task_id}/return_value"
                got = attempt("xcoms.get", "GET", path).json()
                if not isinstance(got, dict) or got.get("value") != xcom:
                    self._break(KEPT, f"the XCom of {work.task} is not what was pushed")
        except NoAnswer:
            return
        states = _states(told, work)
        if state not in states:
            self._break(
                KEPT,
                f"{work.task} was acknowledged as {state} and is {', '.join(map(str, states)) or 'gone'}",
            )


def _states(told: Any, work: Work) -> list[Any]:
    runs = told.get("task_states", {}) if isinstance(told, dict) else {}
    run = runs.get(work.run_id, {}) if isinstance(runs, dict) else {}
    names = (work.task_id, f"{work.task_id}_{work.map_index}")
    return [run[name] for name in names if name in run]


def _key(job: dict[str, Any]) -> tuple[Any, ...]:
    return tuple(job[name] for name in ("dag_id", "task_id", "run_id", "map_index", "try_number"))


def drawn(random: Random, share: float) -> bool:
    """Whether this one is in the sample."""
    return random.random() < share
