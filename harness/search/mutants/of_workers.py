"""The mutants that are a wrong worker: one row each."""

from __future__ import annotations

from dataclasses import replace

from fake_api import RULES, Settings
from harness.model.faults import ServerErrors, Stop
from harness.search.mutants import wrong_workers as wrong
from harness.search.mutants.mutant import CRASH, CUT, FOR_EVER, Mutant, two_queues, weather
from harness.search.mutants.wrong_servers import runs_anything
from harness.sim.world import Parts
from harness.units import minutes, seconds

DRAIN = Stop(target="worker-1", at=seconds(40), drain=True, lasting=minutes(5))
BUSY = ServerErrors(
    a="worker-1",
    b="api",
    at=seconds(40),
    lasting=minutes(1),
    calls="jobs.fetch",
    status=503,
    retry_after=seconds(30),
)

WORKERS = (
    Mutant(
        name="gives-up",
        about="The first call that is not answered ends the worker.",
        caught_by="every_worker_rejoins",
        wrong=Parts(scripted=wrong.GivesUp),
        scenario=weather(CUT),
    ),
    Mutant(
        name="ends-when-registration-is-refused",
        about="A worker that comes back while its name is still taken ends.",
        caught_by="every_worker_rejoins",
        wrong=Parts(scripted=wrong.EndsWhenRefused),
        scenario=weather(CRASH),
    ),
    Mutant(
        name="slots-miscounted",
        about="The worker believes that all its slots are free.",
        caught_by="slots_are_never_exceeded",
        wrong=Parts(scripted=wrong.MiscountsSlots),
    ),
    Mutant(
        name="jobs-counted-for-slots",
        about="The worker takes each job for one slot's worth.",
        caught_by="slots_are_never_exceeded",
        wrong=Parts(scripted=wrong.CountsJobs),
        scenario=weather(slots=4, task_slots=2),
    ),
    Mutant(
        name="job-end-never-reported",
        about="The worker never reports a job's end, and nobody looks after it.",
        caught_by="every_job_is_accounted_for",
        wrong=Parts(scripted=wrong.NeverReports, settings=Settings(task_instance_heartbeat_timeout=FOR_EVER)),
    ),
    Mutant(
        name="stops-fetching",
        about="The worker takes no work any more after a minute, and heartbeats on.",
        caught_by="every_worker_rejoins",
        wrong=Parts(scripted=wrong.StopsFetching),
    ),
    Mutant(
        name="fetches-from-any-queue",
        about="The worker asks for jobs of all queues.",
        caught_by="jobs_keep_to_their_queues",
        wrong=Parts(scripted=wrong.TakesAnyQueue),
        edit=two_queues,
    ),
    Mutant(
        name="runs-jobs-twice",
        about="The worker runs each job that it is handed twice, on a server that lets it.",
        caught_by="bodies_run_while_running",
        wrong=Parts(scripted=wrong.RunsJobsTwice, rules=replace(RULES, run=runs_anything)),
    ),
    Mutant(
        name="drain-kills",
        about="A drained worker ends at once, with all that it runs.",
        caught_by="drained_work_is_finished",
        wrong=Parts(scripted=wrong.KillsWhenDrained),
        scenario=weather(DRAIN, lasting=minutes(2)),
    ),
    Mutant(
        name="drain-ignored",
        about="A drained worker goes on taking jobs.",
        caught_by="drained_work_is_finished",
        wrong=Parts(scripted=wrong.IgnoresDrain),
        scenario=weather(DRAIN, tasks=30),
    ),
    Mutant(
        name="stays-on",
        about="A worker that is told to end goes on.",
        caught_by="stopped_workers_end",
        wrong=Parts(scripted=wrong.StaysOn),
        scenario=weather(Stop(target="worker-1", at=seconds(40))),
    ),
    Mutant(
        name="retry-after-ignored",
        about="The worker comes again sooner than it was told.",
        caught_by="retry_after_is_heeded",
        wrong=Parts(scripted=wrong.KnowsNoPatience),
        scenario=weather(BUSY),
    ),
    Mutant(
        name="log-pushed-twice",
        about="The worker pushes each piece of a log twice, under two times.",
        caught_by="logs_are_kept",
        wrong=Parts(scripted=wrong.DoublesLogs),
    ),
    Mutant(
        name="log-pushed-out-of-order",
        about="The worker pushes the later piece of a log under the earlier time.",
        caught_by="logs_are_kept",
        wrong=Parts(scripted=wrong.ReordersLogs),
    ),
)
