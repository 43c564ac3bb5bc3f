"""The Execution API: what a running task says and asks. All 55 operations of version 2026-06-30."""

from fake_api.execution import (
    assets,
    connection_tests,
    connections,
    dag_runs,
    health,
    hitl,
    stores,
    task_instance_reads,
    task_instances,
    variables,
    xcoms,
)

# Routes are tried in order, so the busiest come first.
ROUTERS = (
    task_instances.run_router,
    task_instances.router,
    xcoms.router,
    variables.router,
    connections.router,
    health.router,
    task_instance_reads.own_router,
    task_instance_reads.router,
    task_instance_reads.reschedule_router,
    dag_runs.router,
    dag_runs.dags_router,
    assets.router,
    assets.events_router,
    stores.router,
    stores.asset_router,
    hitl.router,
    connection_tests.router,
)
