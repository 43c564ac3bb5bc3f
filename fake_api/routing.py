"""A route without FastAPI's dependency solver: declared and documented as any other, and much faster.

`APIRoute.get_route_handler` is FastAPI's seam for this. The handler is built once from the declaration: who
may call, the path, query and body parameters, and dependencies, which are plain functions of the request.
An endpoint returns a Reply.
"""

import json
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from dataclasses import dataclass
from types import UnionType
from typing import Annotated, Any, ClassVar, TypeVar, get_args, get_origin
from urllib.parse import parse_qs

from fastapi.params import Param
from fastapi.routing import APIRoute
from pydantic import TypeAdapter, ValidationError
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from fake_api.auth import AuthError
from fake_api.outcome import Reply
from fake_api.wire import InvalidRequestError, ReplyResponse, read_body

#: Where a request carries the state it is about.
STATE = "fake_api.state"

Authorize = Callable[[Scope], None]
Handler = Callable[[Request], Coroutine[Any, Any, Response]]
T = TypeVar("T")


class UnreadableBodyError(Exception):
    """The body is no JSON: answered before all else, even before the token is looked at."""

    def __init__(self, reply: Reply) -> None:
        super().__init__(str(reply.body))
        self.reply = reply


class NotJsonError(Exception):
    """What was wrong has a NaN or an infinity in it, which JSON cannot tell: Airflow answers 500."""


class LeanRoute(APIRoute):
    """One operation. `authorize` raises AuthError or InvalidRequestError when the caller may not have it."""

    authorize: ClassVar[Authorize]
    roles: ClassVar[tuple[str, ...]]

    def __init__(self, path: str, endpoint: Callable[..., Any], **declared: Any) -> None:
        # Every endpoint returns a Reply, which says all: FastAPI has nothing to serialize. What an older version
        # and the OpenAPI document need of the declaration is kept for whoever builds those.
        self.declared = declared | {"response_model": declared.get("response_model") or None}
        super().__init__(path, endpoint, **declared | {"response_model": None, "responses": {}})
        self.app = _served_by(self.get_route_handler())

    def get_route_handler(self) -> Handler:
        """Build the handler once, when the route is declared."""
        authorize, endpoint = type(self).authorize, self.endpoint
        arguments = Arguments.of(self)

        async def handle(request: Request) -> Response:
            try:
                authorize(request.scope)
                reply = await endpoint(**await arguments.read(request))
            except AuthError as error:
                reply = await arguments.unreadable(request) or Reply(error.status, {"detail": error.detail})
            except InvalidRequestError as error:
                reply = _refused(error)
            except UnreadableBodyError as error:
                reply = error.reply
            return ReplyResponse(reply)

        return handle


def _refused(error: InvalidRequestError) -> Reply:
    try:
        json.dumps(error.errors, default=str, allow_nan=False)
    except ValueError as cause:
        raise NotJsonError(str(cause)) from None
    return Reply(422, {"detail": error.errors})


def _served_by(handler: Handler) -> ASGIApp:
    # FastAPI's own wrapper opens two exit stacks for dependencies that clean up; there are none here
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        response = await handler(Request(scope, receive, send))
        await response(scope, receive, send)

    return app


def guarded_by(authorize: Authorize, *roles: str) -> type[LeanRoute]:
    """The route class of a router whose operations all have this guard. `roles` is what is documented of it."""
    return type("GuardedRoute", (LeanRoute,), {"authorize": staticmethod(authorize), "roles": roles})


@dataclass(frozen=True, slots=True)
class Parameter:
    """A declared path, query or body parameter. Plain text needs no adapter; `many` takes each occurrence."""

    name: str
    alias: str
    adapter: TypeAdapter[Any] | None
    required: bool
    default: Any
    many: bool

    @classmethod
    def of(cls, field: Any) -> "Parameter":
        """From FastAPI's own view of the parameter."""
        info = field.field_info
        plain = info.annotation is str and isinstance(info, Param) and not info.metadata
        annotated: Any = Annotated[info.annotation, info]
        adapter: TypeAdapter[Any] | None = None if plain else TypeAdapter(annotated)
        required = info.is_required()
        default = None if required else info.get_default(call_default_factory=True)
        return cls(field.name, field.alias, adapter, required, default, _is_list(info.annotation))


@dataclass(frozen=True, slots=True)
class Arguments:
    """What an endpoint takes, and how to read it from a request."""

    path: tuple[Parameter, ...]
    query: tuple[Parameter, ...]
    body: Parameter | None
    dependencies: tuple[tuple[str, Callable[[Request], Awaitable[Any]]], ...]

    @classmethod
    def of(cls, route: APIRoute) -> "Arguments":
        """From a route's declaration."""
        declared = route.dependant
        return cls(
            path=tuple(Parameter.of(field) for field in declared.path_params),
            query=tuple(Parameter.of(field) for field in declared.query_params),
            body=Parameter.of(route.body_field) if route.body_field else None,
            dependencies=tuple(
                (each.name, each.call) for each in declared.dependencies if each.name and each.call
            ),
        )

    async def unreadable(self, request: Request) -> Reply | None:
        """What a caller without the right token is told first: that the body is no JSON."""
        if self.body is None or not _is_json(header(request.scope, b"content-type")):
            return None
        try:
            _parsed(await read_body(request.receive) or b"null")
        except UnreadableBodyError as error:
            return error.reply
        return None

    async def read(self, request: Request) -> dict[str, Any]:
        """The keyword arguments of the endpoint.

        Raises UnreadableBodyError, or InvalidRequestError with all that is wrong.
        """
        errors: list[dict[str, Any]] = []
        values = _read_text(self.path, request.scope["path_params"], "path", errors)
        if self.query:
            query = parse_qs(request.scope["query_string"].decode(), keep_blank_values=True)
            values |= _read_text(self.query, query, "query", errors)
        if self.body is not None:
            content_type = header(request.scope, b"content-type")
            body = await read_body(request.receive)
            values[self.body.name] = _read_body(self.body, body, content_type, errors)
        if errors:
            json.dumps(errors, allow_nan=False, default=str)  # Airflow's 422 fails on them too, with a 500
            raise InvalidRequestError(errors)
        for name, call in self.dependencies:
            values[name] = await call(request)
        return values


def _is_list(annotation: Any) -> bool:
    kinds = get_args(annotation) if get_origin(annotation) is UnionType else (annotation,)
    return any(get_origin(kind) is list for kind in kinds)


def header(scope: Scope, name: bytes) -> str | None:
    """The value of a request header by its lower-case name."""
    for each, value in scope["headers"]:
        if each == name:
            text: str = value.decode("latin-1")
            return text
    return None


def _read_text(
    parameters: tuple[Parameter, ...],
    texts: Mapping[str, str | list[str]],
    where: str,
    errors: list[dict[str, Any]],
) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for each in parameters:
        text = texts.get(each.alias)
        if isinstance(text, list) and not each.many:
            text = text[-1]
        if text is None and not each.required:
            values[each.name] = each.default
        elif text is None:
            errors.append(_missing([where, each.alias]))
        elif each.adapter is None:
            values[each.name] = text
        else:
            values[each.name] = _validated(each.adapter, text, [where, each.alias], errors)
    return values


def _read_body(
    parameter: Parameter, body: bytes, content_type: str | None, errors: list[dict[str, Any]]
) -> Any:
    is_json = _is_json(content_type)
    if not body or (is_json and body.strip() == b"null"):
        if parameter.required:
            errors.append(_missing(["body"]))
        return parameter.default
    adapter = parameter.adapter or TypeAdapter(str)
    if not is_json:
        return _validated(adapter, body, ["body"], errors)
    try:
        return adapter.validate_json(body)
    except ValidationError:
        pass
    return _validated(adapter, _parsed(body), ["body"], errors)


def _parsed(body: bytes) -> Any:
    try:
        return json.loads(body)
    except json.JSONDecodeError as error:
        raise UnreadableBodyError(Reply(422, {"detail": [_not_json(error)]})) from None
    except (ValueError, RecursionError):
        raise UnreadableBodyError(Reply(400, {"detail": "There was an error parsing the body"})) from None


def _validated(adapter: TypeAdapter[Any], value: Any, loc: list[str], errors: list[dict[str, Any]]) -> Any:
    try:
        return adapter.validate_python(value, from_attributes=True)
    except ValidationError as error:
        found: list[Any] = error.errors(include_url=False)
        errors.extend(_told(each, loc) for each in found)
        return None


def _told(error: dict[str, Any], loc: list[str]) -> dict[str, Any]:
    told = {**error, "loc": [*loc, *error["loc"]]}
    if isinstance(error.get("ctx", {}).get("error"), Exception):
        # FastAPI's encoder finds nothing in an exception that it could send
        told["ctx"] = {"error": {}}
    return told


def _is_json(content_type: str | None) -> bool:
    kind = (content_type or "").partition(";")[0].strip().lower()
    return kind == "application/json" or (kind.startswith("application/") and kind.endswith("+json"))


def _missing(loc: list[str]) -> dict[str, Any]:
    return {"type": "missing", "loc": loc, "msg": "Field required", "input": None}


def _not_json(error: json.JSONDecodeError) -> dict[str, Any]:
    return {
        "type": "json_invalid",
        "loc": ["body", error.pos],
        "msg": "JSON decode error",
        "input": {},
        "ctx": {"error": error.msg},
    }
