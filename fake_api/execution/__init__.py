"""The Execution API: what a running task says and asks."""

from fake_api.execution import connections, health, task_instances, variables, xcoms

# Routes are tried in order, so the busiest come first.
ROUTERS = (
    task_instances.router,
    task_instances.run_router,
    xcoms.router,
    variables.router,
    connections.router,
    health.router,
)
