"""The routes of the newest version as Cadwyn wants them: FastAPI's own, with the models of their bodies."""

import functools
import inspect
from collections.abc import Callable
from typing import Annotated, Any

from cadwyn import VersionedAPIRouter
from fastapi import HTTPException, Query, Security
from fastapi.routing import APIRoute
from fastapi.security import HTTPBearer
from pydantic_core import to_jsonable_python
from starlette.requests import Request
from starlette.responses import Response

from fake_api import execution
from fake_api.auth import AuthError
from fake_api.dependencies import CLAIMS, StateDep, everyone
from fake_api.execution import dag_runs
from fake_api.execution.answers import DagRunState
from fake_api.execution.payloads import UtcDatetime
from fake_api.outcome import EMPTY, Reply
from fake_api.routing import Authorize, LeanRoute

#: Only for the document: the guard itself reads the header.
BEARER = HTTPBearer(scheme_name="JWTBearer", auto_error=False)


async def previous_of_dag(
    *,
    dag_id: str,
    logical_date: UtcDatetime,
    stored: StateDep,
    state: Annotated[DagRunState | None, Query()] = None,
) -> Reply:
    """Get the latest run before a date: the path of this until 2026-04-06."""
    return await dag_runs.previous(dag_id=dag_id, logical_date=logical_date, stored=stored, state=state)


def head_router() -> VersionedAPIRouter:
    """All routes, and the one that only exists in older versions."""
    older = dag_runs.guarded("/dag-runs/{dag_id}/previous", previous_of_dag, methods=["GET"])
    newest = [
        route for router in execution.ROUTERS for route in router.routes if isinstance(route, LeanRoute)
    ]
    plain = [_plain(route) for route in (older, *newest)]
    router = VersionedAPIRouter(routes=[*plain])
    router.only_exists_in_older_versions(plain[0].endpoint)
    return router


def _plain(route: LeanRoute) -> APIRoute:
    authorize = type(route).authorize
    guard = [] if authorize is everyone else [Security(_guard(authorize), scopes=route.roles)]
    return APIRoute(
        route.path,
        _answering(route.endpoint),
        **route.declared | {"dependencies": guard, "response_model": route.declared["response_model"]},
    )


def _guard(authorize: Authorize) -> Callable[..., Any]:
    async def guard(request: Request, _: Annotated[Any, Security(BEARER)]) -> None:
        if CLAIMS in request.scope:  # Cadwyn asks twice: once for the version asked for, once for the newest
            return
        try:
            authorize(request.scope)
        except AuthError as error:
            raise HTTPException(error.status, error.detail) from None

    return guard


def _answering(endpoint: Callable[..., Any]) -> Callable[..., Any]:
    """The endpoint, with its Reply taken apart: a body for Cadwyn to convert, or a refusal."""
    declared = inspect.signature(endpoint)
    response = inspect.Parameter("response", inspect.Parameter.KEYWORD_ONLY, annotation=Response)

    @functools.wraps(endpoint)
    async def answer(*, response: Response, **arguments: Any) -> Any:
        reply: Reply = await endpoint(**arguments)
        headers = {name.decode(): value.decode() for name, value in reply.headers}
        if reply.status >= 400:
            raise HTTPException(reply.status, to_jsonable_python(reply.body["detail"]), headers)
        if reply.body is EMPTY and reply.status != 204:
            return Response(status_code=reply.status, headers=headers)
        response.status_code = reply.status
        response.headers.update(headers)
        return None if reply.body is EMPTY else reply.body

    parameters = [*declared.parameters.values(), response]
    answer.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    # FastAPI reads the one, Cadwyn the other
    answer.__annotations__ = {each.name: each.annotation for each in parameters}
    return answer
