"""The Edge worker API: what an edge worker says and asks."""

from fake_api.edge import health, jobs, logs, worker

# Routes are tried in order, so the busiest come first.
ROUTERS = (worker.router, jobs.router, logs.router, health.router)
