"""Toxiproxy's HTTP API: its routes, and what it answers when something is wrong (api.go of 2.12)."""

from __future__ import annotations

import asyncio
import itertools
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

Handler = Callable[[Call], Awaitable[Response]]
Methods = dict[str, Handler]


@dataclass(frozen=True)
class Api:
    """Answers the requests of one server."""

    proxies: Proxies
    _numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    async def handle(self, request: Request) -> Response:
        """One request; whatever goes wrong has an answer."""
        try:
            async with asyncio.timeout(ANSWER_TIMEOUT):
                response = await self._route(request)
        except ApiError as error:
            response = _refusal(error)
        except TimeoutError:
            response = Response(status=503)
        except Exception as error:  # noqa: BLE001 — a bug of ours: told, and the client is not left waiting
            context = {"message": f"{request.method} {request.target}", "exception": error}
            asyncio.get_running_loop().call_exception_handler(context)
            response = _refusal(ApiError(500, f"internal error: {type(error).__name__}: {error}"))
        number = f"{next(self._numbers):08x}"
        return replace(response, headers={**response.headers, "X-Toxiproxy-Request-Id": number})

    async def _route(self, request: Request) -> Response:
        path = request.target.partition("?")[0]
        methods, names = _find(path.split("/")[1:])
        if methods is None:
            return Response(status=404, body=b"404 page not found\n")
        if request.headers.get("user-agent", "").startswith("Mozilla/"):
            return Response(status=403, body=b"User agent not allowed\n")
        handler = methods.get(request.method)
        if handler is None:
            return Response(status=405)
        return await handler(Call(self.proxies, names, request.body))


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
