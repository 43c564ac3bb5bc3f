"""The mutants that are a wrong scheduler or executor: one row each."""

from __future__ import annotations

from dataclasses import replace

from fake_api import RULES, Settings
from harness.model.faults import LoseReplies
from harness.search.mutants import wrong_schedulers as wrong
from harness.search.mutants.mutant import CRASH, DEATH, FOR_EVER, Mutant, weather
from harness.sim.world import Parts
from harness.units import minutes, seconds

LOST_FETCHES = LoseReplies(a="*", b="api", at=seconds(1), lasting=minutes(2), calls="jobs.fetch", times=4)
LONG = minutes(3)

SCHEDULERS = (
    Mutant(
        name="zombie-never-detected",
        about="No silence of a task is too long.",
        caught_by="every_task_finishes",
        wrong=Parts(settings=Settings(task_instance_heartbeat_timeout=FOR_EVER)),
        scenario=weather(DEATH, lasting=LONG),
    ),
    Mutant(
        name="stuck-never-rescued",
        about="What is stuck in queued stays there.",
        caught_by="every_task_finishes",
        wrong=Parts(settings=Settings(task_queued_timeout=FOR_EVER)),
        scenario=weather(LOST_FETCHES),
    ),
    Mutant(
        name="stuck-fails-at-once",
        about="What is stuck in queued fails, and is not queued again.",
        caught_by="every_task_finishes",
        wrong=Parts(rules=replace(RULES, rescue_stuck_task=wrong.fails_at_once)),
        scenario=weather(LOST_FETCHES),
    ),
    Mutant(
        name="retries-never-queued",
        about="What is to be tried again never is.",
        caught_by="every_task_finishes",
        wrong=Parts(scheduler=wrong.ForgetsRetries),
        scenario=weather(failing_first=4),
    ),
    Mutant(
        name="scheduler-ends",
        about="A task that is to be tried again ends the scheduler.",
        caught_by="the_server_stays_up",
        wrong=Parts(scheduler=wrong.EndsOnRetries),
        scenario=weather(failing_first=4),
    ),
    Mutant(
        name="dead-workers-jobs-kept",
        about="The jobs of a dead worker stay running.",
        caught_by="every_job_is_accounted_for",
        wrong=Parts(rules=replace(RULES, orphan_job=wrong.keeps_jobs)),
        scenario=weather(DEATH, lasting=LONG),
    ),
    Mutant(
        name="dead-workers-name-kept",
        about="A worker that died is never given up, and the name it had is never free again.",
        caught_by="every_worker_rejoins",
        wrong=Parts(rules=replace(RULES, lose_worker=wrong.keeps_workers)),
        scenario=weather(CRASH),
    ),
    Mutant(
        name="sweeps-stop",
        about="The scheduler does nothing any more after a minute.",
        caught_by="every_task_finishes",
        wrong=Parts(scheduler=wrong.StopsSweeping),
        scenario=weather(DEATH, lasting=LONG),
    ),
    Mutant(
        name="executor-unheard",
        about="The scheduler does not listen to what the executor says of tasks.",
        caught_by="every_task_finishes",
        wrong=Parts(scheduler=wrong.IgnoresExecutor),
        scenario=weather(DEATH, lasting=LONG),
    ),
    Mutant(
        name="silent-task-fails",
        about="A task whose heartbeats stop fails for good, however many tries it has left.",
        caught_by="every_task_finishes",
        wrong=Parts(scheduler=wrong.FailsSilentTasks),
        scenario=weather(DEATH, lasting=LONG),
    ),
    Mutant(
        name="silent-task-succeeds",
        about="A task whose heartbeats stop has succeeded.",
        caught_by="reports_match_bodies",
        wrong=Parts(scheduler=wrong.TrustsSilentTasks),
        scenario=weather(DEATH, lasting=LONG),
    ),
    Mutant(
        name="silent-task-queued-as-it-is",
        about="A task whose heartbeats stop is queued again while its try goes on.",
        caught_by="only_legal_transitions",
        wrong=Parts(scheduler=wrong.QueuesSilentTasks),
        scenario=weather(DEATH, lasting=LONG),
    ),
    Mutant(
        name="running-job-queued-again",
        about="A job that a worker has in hand is queued again after twenty seconds.",
        caught_by="only_legal_transitions",
        wrong=Parts(scheduler=wrong.ReroutesQueued),
        scenario=weather(lasting=LONG),
    ),
)
