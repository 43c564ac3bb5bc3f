"""The Execution API and the Edge API against a model: whatever workers call, in any order, both say and hold the same."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    initialize,
    invariant,
    multiple,
    precondition,
    rule,
)

from harness.model.lifecycle import is_legal
from harness.workers.client import Reply
from tests.properties.stateful.bench import SYSINFO, Bench
from tests.properties.stateful.model import Claim, Model, with_token

NAMES = st.sampled_from(["w1", "w2"])
ENDS = st.sampled_from(["success", "failed", "up_for_retry"])
WAITS = st.sampled_from([17.3, 101.7, 307.1, 613.9])
LOST = st.sampled_from([False, False, True])
EXPIRED = 611.3


class Apis(RuleBasedStateMachine):
    """A model and a fake that are told the same; `claims` are what workers hold, of this try and of earlier ones."""

    claims = Bundle("claims")

    def __init__(self) -> None:
        super().__init__()
        self.bench, self.model = Bench(), Model()
        self.tokens: dict[Claim, str] = {}
        self.ids: dict[tuple[str, int], str] = {}
        self.told = 0
        self.last: Callable[[], None] = lambda: None

    def teardown(self) -> None:
        self.bench.__exit__()

    # -- rules ---------------------------------------------------------------------------------------

    @initialize()
    def begin(self) -> None:
        """Two tasks, and one of two workers is there."""
        for name in ("t1", "t2"):
            self.model.submit(name, self.bench.now)
            self.bench.submit(name)
        self.register("w1")

    @rule(worker=NAMES)
    def register(self, worker: str) -> None:
        self._edge("POST", f"worker/{worker}", _worker("starting"), self.model.register, worker)

    @rule(worker=NAMES, state=st.sampled_from(["idle", "running"]))
    def report(self, worker: str, state: str) -> None:
        self._edge("PATCH", f"worker/{worker}", _worker(state), self.model.report_worker, worker, state)

    @precondition(lambda self: self.model.waiting())
    @rule(target=claims, worker=NAMES, pid=st.integers(1, 2), lost=LOST)
    def claim(self, worker: str, pid: int, lost: bool) -> Any:
        """A worker fetches a job; with `lost`, it never hears of it."""
        before, body = self._jobs(), {"queues": None, "free_concurrency": 8}
        reply = self.bench.edge("POST", f"jobs/fetch/{worker}", body, lost=lost)
        taken = {key for key, state in self._jobs().items() if state != before[key]}
        known = worker in self.model.workers
        assert len(taken) == bool(known and self.model.waiting())
        assert taken <= self.model.waiting()
        claimed = [self.model.handed_out(key, (worker, pid), self.bench.looked_at) for key in taken]
        if reply is None:
            return multiple()
        assert reply.status == (200 if known else 404)
        job = reply.json()
        assert bool(job) == bool(claimed) or not known
        for claim in claimed:
            assert (job["task_id"], job["try_number"]) == (claim.task, claim.number)
            self.tokens[claim] = job["command"]["token"]
            self.ids[claim.task, claim.generation] = job["command"]["ti"]["id"]
        return multiple(*claimed)

    @rule(target=claims, claim=claims, lost=LOST)
    def run(self, claim: Claim, lost: bool) -> Any:
        """The task begins; the reply brings the token for what follows."""
        (host, pid), start = claim.owner, self.bench.utcnow().isoformat()
        body = {"state": "running", "start_date": start, "hostname": host, "unixname": "airflow", "pid": pid}
        return self._task("PATCH", claim, "run", body, self.model.run, lost=lost)

    @rule(target=claims, claim=claims, lost=LOST)
    def beat(self, claim: Claim, lost: bool) -> Any:
        host, pid = claim.owner
        body = {"hostname": host, "pid": pid}
        return self._task("PUT", claim, "heartbeat", body, self.model.beat, lost=lost)

    @rule(target=claims, claim=claims)
    def renew(self, claim: Claim) -> Any:
        """A heartbeat in the last fifth of the token's life."""
        left = claim.token.issued + 500.7 - self.bench.now
        if left > 0:
            self.bench.wait(left)
        return self.beat(claim, lost=False)

    @rule(target=claims, claim=claims)
    def impersonate(self, claim: Claim) -> Claim:
        """Another process on the host has the same token, as when a supervisor was started twice."""
        host, pid = claim.owner
        other = replace(claim, owner=(host, 3 - pid))
        self.tokens[other] = self.tokens[claim]
        return other

    @rule(claim=claims, state=ENDS, lost=LOST)
    def finish(self, claim: Claim, state: str, lost: bool) -> None:
        body = {"state": state, "end_date": self.bench.utcnow().isoformat()}
        self._task("PATCH", claim, "state", body, self.model.finish, state, lost=lost)

    @rule(claim=claims)
    def start_twice(self, claim: Claim) -> None:
        """Two processes of one host go on with the same task, and the first one begins it again."""
        for begun in self.run(claim, lost=False):
            for mine in (self.impersonate(begun), begun):
                self.run(mine, lost=False)
                self.beat(mine, lost=False)

    @rule(claim=claims, state=ENDS)
    def outlive(self, claim: Claim, state: str) -> None:
        """A process goes on when its task has ended: it calls as if it ran."""
        for begun in self.run(claim, lost=False):
            self.finish(begun, state, lost=False)
            self.beat(begun, lost=False)
            self.run(begun, lost=False)

    @rule(claim=claims, state=st.sampled_from(["running", "success", "failed"]))
    def report_job(self, claim: Claim, state: str) -> None:
        """The server takes any state in any order; no worker says that a job runs which has ended."""
        job = self.model.tasks[claim.task].jobs.get(claim.number)
        if job and not is_legal("edge_job", job.state, state):
            return
        path = f"jobs/state/{_key(claim)}/{state}"
        self._edge("PATCH", path, None, self.model.report_job, claim, state)

    @rule(claim=claims)
    def push(self, claim: Claim) -> None:
        """A log chunk is taken, of any try; the same again is refused."""
        chunk = {"log_chunk_time": self.bench.utcnow().isoformat(), "log_chunk_data": "so far, so good\n"}
        statuses = []
        for _ in range(2):
            reply = self.bench.edge("POST", f"logs/push/{_key(claim)}", chunk)
            assert reply is not None
            statuses.append(reply.status)
        assert statuses[1] == 500
        assert statuses[0] in (200, 500)  # 500 where two pushes are at one time

    @rule()
    def duplicate(self) -> None:
        """The last call once more, byte for byte."""
        self.last()

    @rule(seconds=WAITS)
    def wait(self, seconds: float) -> None:
        self.bench.wait(seconds)

    @rule(claim=claims)
    def expire(self, claim: Claim) -> None:
        """A token that was left alone for too long opens nothing any more."""
        left = claim.token.issued + EXPIRED - self.bench.now
        if left > 0:
            self.bench.wait(left)
        assert not claim.token.is_good(self.bench.now)
        self.beat(claim, lost=False)

    @rule(seconds=st.sampled_from([0.0, 31.1, 151.3, 307.1]))
    def sweep(self, seconds: float) -> None:
        if seconds:
            self.bench.wait(seconds)
        self.last = lambda: None
        self.model.sweep(self.bench.now)
        self.bench.sweep()

    # -- invariants ----------------------------------------------------------------------------------

    @invariant()
    def rows_are_as_the_model_has_them(self) -> None:
        state, model = self.bench.state, self.model
        assert {ti.task.task_id: (str(ti.state), ti.try_number) for ti in state.task_instances} == {
            name: (task.state, task.number) for name, task in model.tasks.items()
        }
        assert self._jobs() == {
            (name, number): job.state
            for name, task in model.tasks.items()
            for number, job in task.jobs.items()
        }
        assert {name: str(row.state) for name, row in state.edge_workers.items()} == {
            name: told for name, (told, _) in model.workers.items()
        }

    @invariant()
    def every_change_is_legal(self) -> None:
        for change in self.bench.changes[self.told :]:
            if change.table in ("task_instance", "edge_job", "edge_worker"):
                assert is_legal(change.table, change.old, change.new), change
        self.told = len(self.bench.changes)

    # -- how ---------------------------------------------------------------------------------------

    def _jobs(self) -> dict[tuple[str, int], str]:
        jobs = self.bench.state.edge_jobs.rows
        return {(key.task_id, key.try_number): str(job.state) for key, job in jobs.items()}

    def _edge(self, method: str, path: str, body: Any, expected: Callable[..., int], *about: Any) -> None:
        def call() -> None:
            reply = self.bench.edge(method, path, body)
            assert reply is not None
            assert reply.status == expected(*about, self.bench.looked_at)

        call()
        self.last = call

    def _task(
        self,
        method: str,
        claim: Claim,
        call: str,
        body: Any,
        expected: Callable[..., int],
        *about: Any,
        lost: bool,
    ) -> Any:
        """Call, compare the status, and take a new token where there is to be one."""
        path, token = f"task-instances/{self.ids[claim.task, claim.generation]}/{call}", self.tokens[claim]

        def once(*, lost: bool = False) -> tuple[Reply | None, int]:
            reply = self.bench.execution(method, path, token, body, lost=lost)
            status = expected(claim, *about, self.bench.looked_at)
            assert reply is None or reply.status == status
            return reply, status

        def again() -> None:
            once()

        reply, status = once(lost=lost)
        self.last = again
        if reply is None:
            return multiple()
        now, renewed = self.bench.looked_at, reply.headers.get(b"refreshed-api-token")
        swapped = call == "run" and status == 200 and claim.token.scope == "workload"
        assert (renewed is not None) == (swapped or claim.token.is_renewed(now))
        if renewed is None:
            return multiple()
        held = with_token(claim, now)
        self.tokens[held] = renewed.decode()
        return multiple(held)


def _worker(state: str) -> dict[str, Any]:
    return {"state": state, "jobs_active": 0, "queues": None, "sysinfo": SYSINFO}


def _key(claim: Claim) -> str:
    return f"dag/{claim.task}/run/{claim.number}/-1"


TestApis = Apis.TestCase
TestApis.settings = settings(max_examples=40, stateful_step_count=40, deadline=None)
