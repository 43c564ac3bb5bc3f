"""The one place where semantics live: pure functions from rows, payload and time to an Outcome.

Routes and sweeps reach them through `Rules`, so that a test can build a server that is wrong on purpose:
`State(rules=replace(RULES, fetch_job=hands_out_twice))`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from fake_api.auth.guards import authorize_edge, authorize_execution
from fake_api.outcome import Outcome
from fake_api.transitions import (
    callbacks,
    connection_tests,
    dag_runs,
    edge_admin,
    edge_jobs,
    edge_workers,
    human_input,
    scheduling,
    task_instances,
    task_states,
    wait_timeouts,
)

Rule = Callable[..., Outcome]


@dataclass(frozen=True, kw_only=True)
class Rules:
    """Every transition by name. A field has the signature of the function it defaults to."""

    # who may call: these raise AuthError, and transitions are not asked
    authorize_execution: Callable[..., Any] = authorize_execution
    authorize_edge: Callable[..., None] = authorize_edge
    # asked for through the Execution API
    run: Rule = task_instances.run
    update_state: Rule = task_states.update_state
    heartbeat: Rule = task_instances.heartbeat
    skip_downstream: Rule = task_instances.skip_downstream
    trigger_dag_run: Rule = dag_runs.trigger_dag_run
    clear_dag_run: Rule = dag_runs.clear_dag_run
    ask_human: Rule = human_input.ask_human
    answer_human: Rule = human_input.answer_human
    take_connection_test: Rule = connection_tests.take_connection_test
    report_connection_test: Rule = connection_tests.report_connection_test
    # asked for through the Edge worker API
    register_worker: Rule = edge_workers.register_worker
    set_worker_state: Rule = edge_workers.set_worker_state
    update_queues: Rule = edge_workers.update_queues
    fetch_job: Rule = edge_jobs.fetch_job
    claim_late: Rule = edge_jobs.claim_late
    set_job_state: Rule = edge_jobs.set_job_state
    # asked for by an administrator of the edge workers
    request_maintenance: Rule = edge_admin.request_maintenance
    change_maintenance_comment: Rule = edge_admin.change_maintenance_comment
    exit_maintenance: Rule = edge_admin.exit_maintenance
    request_shutdown: Rule = edge_admin.request_shutdown
    remove_worker: Rule = edge_admin.remove_worker
    add_worker_queues: Rule = edge_admin.add_worker_queues
    remove_worker_queues: Rule = edge_admin.remove_worker_queues
    set_worker_concurrency: Rule = edge_admin.set_worker_concurrency
    # applied by the triggerer
    resume: Rule = human_input.resume
    # applied by the scheduler
    start_dag_run: Rule = dag_runs.start_dag_run
    time_out_trigger: Rule = wait_timeouts.time_out_trigger
    time_out_input: Rule = wait_timeouts.time_out_input
    queue_task: Rule = scheduling.queue_task
    queue_callback: Rule = callbacks.queue_callback
    report_callback: Rule = callbacks.report_callback
    handle_executor_event: Callable[..., Outcome | None] = scheduling.handle_executor_event
    rescue_stuck_task: Rule = scheduling.rescue_stuck_task
    adopt_task: Rule = scheduling.adopt_task
    reset_task: Rule = scheduling.reset_task
    clear_task: Rule = scheduling.clear_task
    # applied by the EdgeExecutor
    orphan_job: Rule = edge_jobs.orphan_job
    delete_job: Rule = edge_jobs.delete_job
    lose_worker: Rule = edge_workers.lose_worker


#: What Airflow does.
RULES = Rules()
