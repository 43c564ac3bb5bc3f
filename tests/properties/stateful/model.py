"""What the two APIs should do with tasks, jobs and workers, as small as it can be said: no HTTP, no clock, no rows.

Each method is a call or a sweep at the time `now`, in seconds, and returns the status that a caller should be answered.
A task has two tries; its second comes `RETRY_DELAY` after the first has ended.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

RETRIES, RETRY_DELAY = 1, 30
BEAT_TIMEOUT, QUEUED_TIMEOUT, LIVENESS, RESCUES = 300, 600, 150, 2
TOKEN, LEEWAY, LAST_FIFTH = 600, 10, 120
SUCCESS_STAYS, FAILURE_STAYS = 300, 3600
DONE = ("success", "failed", "up_for_retry")
EXECUTING = ("scheduled", "queued", "running")


@dataclass(frozen=True)
class Token:
    """A token: for `run` alone, or for what a running task calls."""

    scope: str
    issued: int

    def is_good(self, now: float) -> bool:
        """Whether it still opens anything."""
        return self.issued + TOKEN > now - LEEWAY

    def is_renewed(self, now: float) -> bool:
        """Whether any reply brings a new one."""
        due = self.issued + TOKEN - int(now) <= LAST_FIFTH
        return self.is_good(now) and due and self.scope == "execution"


@dataclass
class Job:
    """A try that was given to the executor, for the task instance of that `generation`."""

    generation: int
    token: Token
    state: str = "queued"
    updated: float = 0.0


@dataclass
class Task:
    """A task; with each try that ran and is to be repeated it gets another id: its `generation`."""

    state: str = "queued"
    number: int = 1
    generation: int = 0
    owner: tuple[str, int] | None = None
    beat: float = 0.0
    queued: float = 0.0
    retry_at: float = 0.0
    rescues: int = 0
    jobs: dict[int, Job] = field(default_factory=dict)
    tracked: set[int] = field(default_factory=set)


@dataclass(frozen=True)
class Claim:
    """What a worker holds: a try of a task, who it is, and its token."""

    task: str
    number: int
    generation: int
    owner: tuple[str, int]
    token: Token


class Model:
    """All tasks and workers."""

    def __init__(self) -> None:
        self.tasks: dict[str, Task] = {}
        self.workers: dict[str, tuple[str, float]] = {}

    # -- what is called ------------------------------------------------------------------------------

    def submit(self, name: str, now: float) -> None:
        """A new task is queued."""
        self.tasks[name] = Task()
        self._queue(self.tasks[name], now)

    def register(self, worker: str, now: float) -> int:
        """A worker comes, unless one of its name is there."""
        if worker in self.workers and self.workers[worker][0] != "unknown":
            return 409
        self.workers[worker] = ("starting", now)
        return 200

    def report_worker(self, worker: str, state: str, now: float) -> int:
        """A worker's heartbeat."""
        if worker not in self.workers:
            return 404
        self.workers[worker] = (state, now)
        return 200

    def waiting(self) -> set[tuple[str, int]]:
        """The jobs that may be handed out."""
        return {
            (name, number)
            for name, task in self.tasks.items()
            for number, job in task.jobs.items()
            if job.state == "queued"
        }

    def handed_out(self, key: tuple[str, int], owner: tuple[str, int], now: float) -> Claim:
        """That job went to that worker."""
        name, number = key
        job = self.tasks[name].jobs[number]
        job.state, job.updated = "restarting", now
        return Claim(name, number, job.generation, owner, job.token)

    def run(self, claim: Claim, now: float) -> int:
        """The task begins, or its process asks again."""
        if not claim.token.is_good(now):
            return 403
        task = self.tasks[claim.task]
        if task.generation != claim.generation:
            return 404
        again = task.state == "running" and task.owner == claim.owner
        if not again and task.state != "queued":
            return 409
        task.state, task.owner, task.beat, task.rescues = "running", claim.owner, now, 0
        return 200

    def beat(self, claim: Claim, now: float) -> int:
        """A heartbeat: of the process that runs the task, and of no other."""
        if not claim.token.is_good(now) or claim.token.scope == "workload":
            return 403
        task = self.tasks[claim.task]
        if task.generation != claim.generation:
            return 410
        if task.owner != claim.owner or task.state != "running":
            return 409
        task.beat = now
        return 204

    def finish(self, claim: Claim, state: str, now: float) -> int:
        """The task ends; one that may be repeated gets another id."""
        if not claim.token.is_good(now) or claim.token.scope == "workload":
            return 403
        task = self.tasks[claim.task]
        if task.generation != claim.generation:
            return 404
        if task.state == state:
            return 200
        if task.state != "running":
            return 409
        task.state = state
        if state == "up_for_retry":
            self._next(task, now)
        return 204

    def report_job(self, claim: Claim, state: str, now: float) -> int:
        """What the executor is told; of a job that is gone, nothing."""
        job = self.tasks[claim.task].jobs.get(claim.number)
        if job:
            job.state, job.updated = state, now
        return 200

    # -- what the scheduler does ---------------------------------------------------------------------

    def sweep(self, now: float) -> None:
        """One round of the scheduler and its executor."""
        events: dict[str, int] = {}
        for name, task in self.tasks.items():
            if task.state == "running" and task.beat < now - BEAT_TIMEOUT:
                task.tracked.discard(task.number)
                events[name] = task.number
            if task.state == "queued" and task.queued < now - QUEUED_TIMEOUT:
                self._rescue(task)
        for task in self.tasks.values():
            if task.state == "scheduled" or (task.state == "up_for_retry" and task.retry_at <= now):
                self._queue(task, now)
        for name, task in self.tasks.items():
            events.update((name, number) for number in self._executor_says(task, now))
        for worker, (_, heard) in self.workers.items():
            if heard < now - LIVENESS:
                self.workers[worker] = ("unknown", heard)
        for name, number in events.items():
            task = self.tasks[name]
            if number == task.number and task.state in EXECUTING and number not in task.tracked:
                self._fail(task, now)

    def _queue(self, task: Task, now: float) -> None:
        if task.state == "up_for_retry":
            task.number, task.rescues = task.number + 1, 0
        before = task.jobs.get(task.number)
        token = Token("workload", int(now))
        task.jobs[task.number] = Job(task.generation, token, updated=before.updated if before else 0.0)
        task.state, task.queued = "queued", now
        task.tracked.add(task.number)

    def _rescue(self, task: Task) -> None:
        task.tracked.discard(task.number)
        task.jobs.pop(task.number, None)
        task.state = "scheduled" if task.rescues < RESCUES else "failed"
        task.rescues += 1

    def _executor_says(self, task: Task, now: float) -> list[int]:
        """The tries that it is done with, each once."""
        for job in task.jobs.values():
            if job.state == "running" and job.updated < now - BEAT_TIMEOUT:
                job.state = task.state
        done = [number for number, job in task.jobs.items() if number in task.tracked and job.state in DONE]
        known = ("queued", "running", "restarting", "removed")
        task.tracked = {n for n in task.tracked if n in task.jobs and task.jobs[n].state in known}
        for number, job in list(task.jobs.items()):
            stays = SUCCESS_STAYS if job.state == "success" else FAILURE_STAYS
            if job.state in (*DONE, "restarting") and job.updated < now - stays:
                del task.jobs[number]
        return done

    def _fail(self, task: Task, now: float) -> None:
        """By what the executor said: another try, while there is one."""
        ran = task.state == "running"
        task.state = "up_for_retry" if task.number <= RETRIES else "failed"
        if task.state == "up_for_retry":
            self._next(task, now, renamed=ran)

    def _next(self, task: Task, now: float, *, renamed: bool = True) -> None:
        task.retry_at = now + RETRY_DELAY
        task.generation += renamed


def with_token(claim: Claim, now: float) -> Claim:
    """The claim after a reply that brought a new token."""
    return replace(claim, token=Token("execution", int(now)))
