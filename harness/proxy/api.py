"""Toxiproxy's HTTP API: its routes, and what it answers when something is wrong (api.go of 2.12)."""

from __future__ import annotations

import asyncio
import itertools
import re
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field, replace
from urllib.parse import unquote

from harness.proxy import handlers
from harness.proxy.api_errors import ApiError
from harness.proxy.collection import Proxies
from harness.proxy.documents import encoded
from harness.proxy.handlers import Call
from harness.proxy.messages import Request, Response

ANSWER_TIMEOUT = 25.0
"""Seconds after which a request is given up with 503, as upstream does."""

_WHOLE_URL = re.compile(r"^https?://[^/]*(?=/)")
_BAD_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")
_SLASHES = re.compile("//+")

Handler = Callable[[Call], Awaitable[Response]]
Methods = dict[str, Handler]


@dataclass(frozen=True)
class Api:
    """Answers the requests of one server."""

    proxies: Proxies
    _numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    async def handle(self, request: Request) -> Response:
        """One request; whatever goes wrong has an answer."""
        found = _route(request)
        if isinstance(found, Response):
            return found
        handler, names = found
        if request.headers.get("user-agent", "").startswith("Mozilla/"):
            return self._numbered(Response(status=403, body=b"User agent not allowed\n"))
        return self._numbered(await self._answer(request, handler, Call(self.proxies, names, request.body)))

    def _numbered(self, response: Response) -> Response:
        number = f"{next(self._numbers):08x}"
        return replace(response, headers={**response.headers, "X-Toxiproxy-Request-Id": number})

    async def _answer(self, request: Request, handler: Handler, call: Call) -> Response:
        try:
            async with asyncio.timeout(ANSWER_TIMEOUT):
                return await handler(call)
        except ApiError as error:
            return _refusal(error)
        except TimeoutError:
            return Response(status=503)
        except Exception as error:  # noqa: BLE001 — a bug of ours: told, and the client is not left waiting
            context = {"message": f"{request.method} {request.target}", "exception": error}
            asyncio.get_running_loop().call_exception_handler(context)
            return _refusal(ApiError(500, f"internal error: {type(error).__name__}: {error}"))


def _route(request: Request) -> tuple[Handler, list[str]] | Response:
    """What answers it, and the names in its path; or the answer of the router itself."""
    target = _WHOLE_URL.sub("", request.target)
    path, mark, query = target.partition("?")
    if _BAD_ESCAPE.search(path):
        return Response(status=400, body=b"400 Bad Request")
    if "//" in path:
        return Response(status=301, headers={"Location": _SLASHES.sub("/", path) + mark + query})
    methods, names = _find(path.split("/")[1:])
    if methods is None:
        return Response(status=404, body=b"404 page not found\n")
    handler = methods.get(request.method)
    return Response(status=405) if handler is None else (handler, names)


def _find(segments: list[str]) -> tuple[Methods | None, list[str]]:
    for shape, methods in ROUTES.items():
        if len(shape) == len(segments):
            pairs = list(zip(shape, segments, strict=True))
            if all(segment and part in (None, segment) for part, segment in pairs):
                return methods, [unquote(segment) for part, segment in pairs if part is None]
    return None, []


def _refusal(error: ApiError) -> Response:
    # http.Error of Go makes it text/plain, with a line's end
    body = encoded({"error": error.message, "status": error.status}) + b"\n"
    return Response(status=error.status, body=body)


ROUTES: dict[tuple[str | None, ...], Methods] = {
    ("version",): {"GET": handlers.version},
    ("metrics",): {"GET": handlers.metrics},
    ("reset",): {"POST": handlers.reset},
    ("populate",): {"POST": handlers.populate},
    ("proxies",): {"GET": handlers.list_proxies, "POST": handlers.create_proxy},
    ("proxies", None): {
        "GET": handlers.show_proxy,
        "POST": handlers.update_proxy,
        "PATCH": handlers.update_proxy,
        "DELETE": handlers.delete_proxy,
    },
    ("proxies", None, "toxics"): {"GET": handlers.list_toxics, "POST": handlers.create_toxic},
    ("proxies", None, "toxics", None): {
        "GET": handlers.show_toxic,
        "POST": handlers.update_toxic,
        "PATCH": handlers.update_toxic,
        "DELETE": handlers.delete_toxic,
    },
}
"""None stands for a name."""
