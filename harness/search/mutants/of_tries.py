"""The mutants that are a worker whose tries of tasks go wrong: one row each."""

from __future__ import annotations

from typing import Any

from harness.model.faults import LoseReplies, ServerErrors
from harness.search.mutants import wrong_tries as wrong
from harness.search.mutants.mutant import CUT, LONG_CUT, Mutant, weather
from harness.sim.world import Parts
from harness.units import minutes, seconds
from harness.workers.scripted_task import ScriptedTask

SOON = seconds(1)
REFUSED_RUNS = ServerErrors(
    a="*", b="api", at=seconds(1), lasting=minutes(2), calls="ti.run", status=409, times=2
)
LOST_REPORT = LoseReplies(a="worker-1", b="api", at=seconds(1), lasting=minutes(1), calls="ti.state", times=1)


def _try(name: str, about: str, caught_by: str, kind: type[ScriptedTask], **weathers: Any) -> Mutant:
    faults = weathers.pop("faults", ())
    return Mutant(
        name=name,
        about=about,
        caught_by=caught_by,
        wrong=Parts(scripted=wrong.worker(kind)),
        scenario=weather(*faults, **weathers),
    )


TRIES = (
    _try(
        "body-never-begun",
        "The worker reports the success of bodies that it never began.",
        "reports_match_bodies",
        wrong.NeverBegins,
    ),
    _try(
        "killed-and-reported-as-success",
        "The worker kills bodies and reports their success.",
        "reports_match_bodies",
        wrong.KillsAndSucceeds,
    ),
    _try(
        "failure-hidden",
        "The worker reports the success of bodies that failed.",
        "reports_match_bodies",
        wrong.HidesFailure,
        failing_first=4,
    ),
    _try(
        "success-hidden",
        "The worker reports the failure of bodies that ended well.",
        "reports_match_bodies",
        wrong.HidesSuccess,
    ),
    _try(
        "success-too-early",
        "The worker reports success while the body goes on.",
        "reports_match_bodies",
        wrong.SucceedsEarly,
    ),
    _try(
        "body-outlives-its-report",
        "Bodies go on when they were reported to have ended.",
        "bodies_run_while_running",
        wrong.SucceedsEarly,
    ),
    _try(
        "body-killed-on-every-try",
        "The worker kills bodies on every try, without a fault.",
        "every_task_finishes",
        wrong.KillsAndFails,
        retry_delay=SOON,
    ),
    _try(
        "body-killed-while-another-is-cut-off",
        "The worker kills bodies on every try, while another worker is cut off.",
        "every_task_finishes",
        wrong.KillsAndFails,
        retry_delay=SOON,
        faults=(CUT,),
    ),
    _try(
        "runs-before-it-asks",
        "The worker runs the body before it asks whether it may.",
        "bodies_run_while_running",
        wrong.RunsBeforeAsking,
    ),
    _try(
        "runs-though-refused",
        "The worker runs the body although it was told that it may not.",
        "bodies_run_while_running",
        wrong.RunsWhenRefused,
        faults=(REFUSED_RUNS,),
    ),
    _try(
        "runs-the-body-twice",
        "The worker runs the body twice in one try.",
        "bodies_run_while_running",
        wrong.RunsTwice,
    ),
    _try(
        "no-heartbeats",
        "No heartbeats are sent while the task runs, so that it is given to another.",
        "no_task_runs_twice_at_once",
        wrong.NeverBeats,
        tasks=3,
        lasting=seconds(800),
        retry_delay=SOON,
    ),
    _try(
        "no-heartbeats-no-news",
        "The body outlives its task, because the worker never asks.",
        "bodies_run_while_running",
        wrong.NeverBeats,
        tasks=3,
        lasting=seconds(800),
    ),
    _try(
        "refused-heartbeats-ignored",
        "The body goes on when its heartbeats are refused.",
        "bodies_run_while_running",
        wrong.HeedsNothing,
        faults=(LONG_CUT,),
        slots=4,
        tasks=3,
        lasting=seconds(800),
    ),
    _try(
        "heartbeats-of-another-process",
        "The worker heartbeats with a process id that is not the try's.",
        "every_task_finishes",
        wrong.BeatsForAnother,
    ),
    _try(
        "refreshed-token-ignored",
        "The worker goes on with its first token when it is given fresh ones.",
        "every_task_finishes",
        wrong.KnowsFirstTokenOnly,
        lasting=seconds(200),
        retry_delay=SOON,
        options={"execution_api.jwt_expiration_time": "60"},
    ),
    _try(
        "execution-token-ignored",
        "The worker goes on with its workload's token when it is given one for the task.",
        "every_task_finishes",
        wrong.KnowsWorkloadTokenOnly,
        retry_delay=SOON,
    ),
    _try(
        "end-never-reported",
        "Tries end without a word of how.",
        "every_task_finishes",
        wrong.SaysNothing,
        retry_delay=SOON,
    ),
    _try(
        "no-retry",
        "The worker reports what fails as failed for good.",
        "every_task_finishes",
        wrong.NeverRetries,
        failing_first=4,
    ),
    _try(
        "repeats-no-call",
        "The first call of a try that is not answered ends it.",
        "tolerable_faults_cost_no_try",
        wrong.TriesOnce,
        faults=(LOST_REPORT,),
    ),
    _try(
        "body-killed-for-want-of-news",
        "The worker kills a body after a minute, as if nobody had been heard of.",
        "bodies_outlive_outages",
        wrong.LosesHeart,
        lasting=seconds(200),
        retry_delay=SOON,
        faults=(CUT,),
    ),
    _try(
        "refreshed-token-refused",
        "The worker goes on with its first token until that is refused.",
        "no_token_is_refused",
        wrong.KnowsFirstTokenOnly,
        lasting=seconds(200),
        retry_delay=SOON,
        options={"execution_api.jwt_expiration_time": "60"},
    ),
    _try(
        "failure-untold",
        "The worker says nothing of a body that failed.",
        "every_end_is_reported",
        wrong.TellsNoFailure,
        failing_first=4,
    ),
    _try(
        "try-never-asked-for",
        "The worker tells the executor of a success and has not so much as asked whether it may begin.",
        "reports_match_bodies",
        wrong.NeverAsks,
    ),
    _try(
        "result-never-stored",
        "The worker reports success without having stored the result.",
        "results_are_kept",
        wrong.KeepsResults,
    ),
)
