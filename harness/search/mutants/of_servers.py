"""The mutants that are a wrong server: one row each."""

from __future__ import annotations

from dataclasses import replace

from fake_api import RULES, Settings
from harness.model.faults import ClockSkew, Pause, RestartServer
from harness.search.mutants import wrong_servers as wrong
from harness.search.mutants import wrong_tries as tries
from harness.search.mutants.mutant import CUT, LONG_CUT, Mutant, one_name, two_queues, weather
from harness.sim.world import Parts
from harness.units import minutes, seconds


def _rules(**rules: object) -> Parts:
    return Parts(rules=replace(RULES, **rules))  # type: ignore[arg-type]


SLEEP = Pause(target="worker-1", at=seconds(40), lasting=seconds(90))
RESTART = RestartServer(at=seconds(40), lasting=seconds(20))
CURIOUS = tries.worker(tries.AsksWithAnothersToken)
SOON_TAKEN_FOR_DEAD = {"scheduler.task_instance_heartbeat_timeout": "60"}
SHORT_LIVED = {"execution_api.jwt_expiration_time": "60"}

SERVERS = (
    Mutant(
        name="job-handed-out-twice",
        about="A job that was handed out is handed out again, and both workers may run it.",
        caught_by="no_task_runs_twice_at_once",
        wrong=_rules(fetch_job=wrong.hands_out_twice, run=wrong.runs_anything),
    ),
    Mutant(
        name="slots-ignored",
        about="A job is handed out whatever its slots are, to a worker that has fewer.",
        caught_by="slots_are_never_exceeded",
        wrong=_rules(fetch_job=wrong.hands_out_too_much),
        scenario=weather(slots=3, task_slots=2),
    ),
    Mutant(
        name="queues-mixed",
        about="Jobs are handed out whatever their queue is.",
        caught_by="jobs_keep_to_their_queues",
        wrong=Parts(state=wrong.MixesQueues),
        edit=two_queues,
    ),
    Mutant(
        name="no-work",
        about="There is never a job for anybody.",
        caught_by="work_was_done",
        wrong=_rules(fetch_job=wrong.never_has_work),
    ),
    Mutant(
        name="job-reports-ignored",
        about="What workers say of their jobs is acknowledged and forgotten.",
        caught_by="every_job_is_accounted_for",
        wrong=_rules(set_job_state=wrong.ignores_job_reports),
    ),
    Mutant(
        name="run-untold",
        about="A task is set to running, and nobody is told.",
        caught_by="only_legal_transitions",
        wrong=_rules(run=wrong.runs_unseen),
    ),
    Mutant(
        name="success-not-stored",
        about="Success is acknowledged and not stored.",
        caught_by="no_success_is_lost",
        wrong=_rules(update_state=wrong.forgets_success),
    ),
    Mutant(
        name="success-undone",
        about="A task is queued again because it succeeded.",
        caught_by="only_legal_transitions",
        wrong=_rules(update_state=wrong.undoes_success),
    ),
    Mutant(
        name="retry-taken-for-success",
        about="A task that is to be tried again counts as one that succeeded.",
        caught_by="reports_match_bodies",
        wrong=_rules(update_state=wrong.takes_retry_for_success),
        scenario=weather(failing_first=4),
    ),
    Mutant(
        name="retry-taken-for-failure",
        about="A task that is to be tried again counts as one that failed.",
        caught_by="every_task_finishes",
        wrong=_rules(update_state=wrong.takes_retry_for_failure),
        scenario=weather(failing_first=4),
    ),
    Mutant(
        name="failure-taken-for-retry",
        about="A task that has failed for good is tried again.",
        caught_by="tries_are_counted",
        wrong=_rules(update_state=wrong.takes_failure_for_retry),
        scenario=weather(failing_first=4, retries=0),
    ),
    Mutant(
        name="retries-not-counted",
        about="A retry is queued under the number of the try before.",
        caught_by="tries_are_counted",
        wrong=_rules(queue_task=wrong.counts_no_retry),
        scenario=weather(failing_first=4),
    ),
    Mutant(
        name="heartbeats-not-noted",
        about="Heartbeats are answered well and not written down: tasks that live are taken for dead.",
        caught_by="every_task_finishes",
        wrong=_rules(heartbeat=wrong.hears_no_heartbeat),
        scenario=weather(tasks=3, lasting=minutes(13), retry_delay=seconds(1)),
    ),
    Mutant(
        name="rerouted-without-fencing",
        about="A task is given to another worker, and the heartbeats of the first are answered well all the same.",
        caught_by="no_task_runs_twice_at_once",
        wrong=_rules(heartbeat=wrong.welcomes_any_heartbeat),
        scenario=weather(
            SLEEP, tasks=3, lasting=minutes(13), retry_delay=minutes(1), options=SOON_TAKEN_FOR_DEAD
        ),
    ),
    Mutant(
        name="earlier-try-unknown",
        about="Heartbeats of a try that was withdrawn are answered as if there had been none.",
        caught_by="withdrawals_are_told",
        wrong=_rules(heartbeat=wrong.knows_no_earlier_try),
        scenario=weather(
            SLEEP, tasks=3, lasting=minutes(13), retry_delay=seconds(1), options=SOON_TAKEN_FOR_DEAD
        ),
    ),
    Mutant(
        name="name-given-twice",
        about="A worker is registered under the name of one that lives.",
        caught_by="one_worker_has_a_name",
        wrong=_rules(register_worker=wrong.registers_anybody),
        scenario=weather(invariants=("every_task_finishes", "work_was_done")),
        edit=one_name,
    ),
    Mutant(
        name="tries-mixed",
        about="Who speaks for an earlier try of a task speaks for the current one.",
        caught_by="reports_match_bodies",
        wrong=Parts(state=wrong.MixesTries),
        scenario=weather(LONG_CUT, slots=4, lasting=minutes(2), retry_delay=seconds(60)),
    ),
    Mutant(
        name="expired-token-accepted",
        about="A task's token is accepted after its expiry.",
        caught_by="tokens_are_checked",
        wrong=_rules(authorize_execution=wrong.takes_expired_task_tokens),
        scenario=weather(CUT, slots=4, lasting=minutes(4), options=SHORT_LIVED),
    ),
    Mutant(
        name="expired-worker-token-accepted",
        about="An edge worker's token is accepted after its expiry.",
        caught_by="tokens_are_checked",
        wrong=_rules(authorize_edge=wrong.takes_expired_worker_tokens),
        scenario=weather(
            ClockSkew(target="worker-1", at=seconds(40), lasting=minutes(2), behind=minutes(10))
        ),
    ),
    Mutant(
        name="another-tasks-token-accepted",
        about="The token of one task opens another.",
        caught_by="tokens_are_checked",
        wrong=Parts(rules=replace(RULES, authorize_execution=wrong.takes_any_tasks_token), scripted=CURIOUS),
        right=Parts(scripted=CURIOUS),
    ),
    Mutant(
        name="log-lost",
        about="Each second piece of a log is acknowledged and not stored.",
        caught_by="logs_are_kept",
        wrong=Parts(state=wrong.LosesLogs),
    ),
    Mutant(
        name="log-doubled",
        about="Each piece of a log is stored twice.",
        caught_by="logs_are_kept",
        wrong=Parts(state=wrong.DoublesLogs),
    ),
    Mutant(
        name="log-reordered",
        about="The pieces of a log are read in another order than they were pushed in.",
        caught_by="logs_are_kept",
        wrong=Parts(state=wrong.ReordersLogs),
    ),
    Mutant(
        name="result-lost",
        about="XComs are acknowledged and not stored.",
        caught_by="results_are_kept",
        wrong=Parts(state=wrong.LosesResults),
    ),
    Mutant(
        name="jobs-lost-on-restart",
        about="The API restarts without the edge jobs that it had.",
        caught_by="only_legal_transitions",
        wrong=Parts(server=wrong.ForgetsJobs),
        scenario=weather(RESTART, lasting=minutes(2)),
    ),
    Mutant(
        name="workers-lost-on-restart",
        about="The API restarts without the edge workers that it had.",
        caught_by="only_legal_transitions",
        wrong=Parts(server=wrong.ForgetsWorkers),
        scenario=weather(RESTART, lasting=minutes(2)),
    ),
    Mutant(
        name="tasks-lost-on-restart",
        about="The API restarts without the task instances that it had.",
        caught_by="every_task_finishes",
        wrong=Parts(server=wrong.ForgetsTasks),
        scenario=weather(RESTART, lasting=minutes(2)),
    ),
    Mutant(
        name="restart-does-not-happen",
        about="The fault that a plan orders strikes nobody.",
        caught_by="every_fault_struck",
        wrong=Parts(server=wrong.RestartsNothing),
        scenario=weather(RESTART),
    ),
    Mutant(
        name="zombie-too-early",
        about="A task that was silent for ten seconds is taken for dead.",
        caught_by="no_task_runs_twice_at_once",
        wrong=Parts(settings=Settings(task_instance_heartbeat_timeout=10)),
        scenario=weather(CUT, slots=4, tasks=3, lasting=seconds(200), retry_delay=seconds(1)),
    ),
)
