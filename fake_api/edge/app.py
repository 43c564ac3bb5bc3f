"""The edge app, to be mounted at /edge_worker, and its OpenAPI document, which says what Airflow's says."""

import json
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute

from fake_api.edge import health, jobs, logs, ui, worker
from fake_api.routing import LeanRoute

TITLE, VERSION = "Airflow Edge Worker API", "0.1.0"
# Routes are tried in order, so the busiest come first.
ROUTERS = (worker.router, jobs.router, logs.router, health.router, ui.router)
#: How persons log in to the public API. The route that gives a token is not among those the fake has.
SECURITY_SCHEMES = {
    "OAuth2PasswordBearer": {
        "type": "oauth2",
        "flows": {"password": {"scopes": {}, "tokenUrl": "/auth/token"}},
    },
    "HTTPBearer": {"type": "http", "scheme": "bearer"},
}


class EdgeApp(FastAPI):
    """Serves the routes as they are, and documents them as they were declared."""

    def openapi(self) -> dict[str, Any]:
        """The OpenAPI document."""
        if self.openapi_schema is None:
            self.openapi_schema = document()
        return self.openapi_schema


def create_edge_app() -> FastAPI:
    """What an edge worker says and asks, and what an administrator of the workers does."""
    routes = [route for router in ROUTERS for route in router.routes]
    return EdgeApp(title=TITLE, version=VERSION, routes=routes, docs_url=None, redoc_url=None)


def document() -> dict[str, Any]:
    """The OpenAPI document, made from the declarations that the lean routes leave aside."""
    declared = [
        APIRoute(route.path, route.endpoint, **route.declared)
        for router in ROUTERS
        for route in router.routes
        if isinstance(route, LeanRoute)
    ]
    made = get_openapi(title=TITLE, version=VERSION, routes=declared)
    made["components"]["securitySchemes"] = SECURITY_SCHEMES
    return _with_a_body_by_fields(made)


def _with_a_body_by_fields(made: dict[str, Any]) -> dict[str, Any]:
    """Airflow declares the body of a job's state field by field, and FastAPI names and shows such a one so."""
    for path, operations in made["paths"].items():
        if path.startswith("/v1/jobs/state/"):
            content = operations["patch"]["requestBody"]["content"]["application/json"]
            content["schema"] = {"$ref": "#/components/schemas/JobStateBody"}
    named: dict[str, Any] = json.loads(json.dumps(made).replace("JobStateBody", "Body_state"))
    return named
