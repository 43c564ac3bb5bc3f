"""What each call of Toxiproxy's API does (api.go of 2.12)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from harness.proxy import documents
from harness.proxy.api_errors import TOXIC_NOT_FOUND, ApiError
from harness.proxy.collection import Proxies
from harness.proxy.documents import decoded, encoded
from harness.proxy.messages import Response
from harness.proxy.metrics import METRICS_TYPE, exposition
from harness.proxy.proxy import Proxy
from harness.toxics.named import NamedToxic

VERSION = "2.12.0+harness"
"""The API that is spoken, and by whom."""


@dataclass(frozen=True)
class Call:
    """A request as its handler sees it: the names stand in the path. What it asks for raises ApiError."""

    proxies: Proxies
    names: list[str]
    body: bytes

    @property
    def proxy(self) -> Proxy:
        """The proxy that the path names."""
        return self.proxies.get(self.names[0])

    @property
    def toxic(self) -> NamedToxic:
        """The toxic that the path names."""
        found = self.proxy.toxics.get(self.names[1])
        if found is None:
            raise ApiError(*TOXIC_NOT_FOUND)
        return found


def json_response(document: Any, status: int = 200) -> Response:
    """The document as JSON."""
    return Response(status=status, body=encoded(document), content_type="application/json")


async def version(_: Call) -> Response:
    """Which API is spoken, and by whom."""
    text = f'{{"version": "{VERSION}"}}\n'.encode()
    return Response(status=200, body=text, content_type="application/json;charset=utf-8")


async def metrics(call: Call) -> Response:
    """Bytes, for Prometheus."""
    text = await exposition(call.proxies)
    return Response(status=200, body=text.encode(), content_type=METRICS_TYPE)


async def reset(call: Call) -> Response:
    """All proxies enabled, no toxics."""
    await call.proxies.reset()
    return Response(status=204)


async def populate(call: Call) -> Response:
    """Many proxies at once. When one cannot be had, the answer has the error, and those before it."""
    made: list[Proxy] = []
    refusal: dict[str, Any] = {}
    try:
        async for proxy in call.proxies.populate(decoded(call.body, list)):
            made.append(proxy)  # noqa: PERF401 - those before an error count
    except ApiError as error:
        refusal = {"error": error.message, "status": error.status}
    proxies = [documents.proxy_document(proxy) for proxy in made] or None
    return json_response({**refusal, "proxies": proxies}, refusal.get("status", 201))


async def list_proxies(call: Call) -> Response:
    """All proxies by name."""
    body = await documents.encoded_proxies(call.proxies.by_name.values())
    return Response(status=200, body=body, content_type="application/json")


async def create_proxy(call: Call) -> Response:
    """A new proxy."""
    return json_response(documents.proxy_document(await call.proxies.create(decoded(call.body, dict))), 201)


async def show_proxy(call: Call) -> Response:
    """One proxy."""
    return json_response(documents.proxy_document(call.proxy))


async def update_proxy(call: Call) -> Response:
    """Other addresses, or enabled or not."""
    proxy = call.proxy
    await call.proxies.update(proxy, decoded(call.body, dict))
    return json_response(documents.proxy_document(proxy))


async def delete_proxy(call: Call) -> Response:
    """A proxy less."""
    await call.proxies.remove(call.names[0])
    return Response(status=204)


async def list_toxics(call: Call) -> Response:
    """The toxics of a proxy."""
    return json_response(documents.toxics_document(call.proxy))


async def create_toxic(call: Call) -> Response:
    """A new toxic."""
    proxy = call.proxy
    toxic = documents.new_toxic(call.body, proxy.toxics)
    proxy.add(toxic)
    return json_response(documents.toxic_document(toxic))


async def show_toxic(call: Call) -> Response:
    """One toxic."""
    return json_response(documents.toxic_document(call.toxic))


async def update_toxic(call: Call) -> Response:
    """Other attributes or toxicity."""
    updated = documents.updated_toxic(call.toxic, call.body)
    call.proxy.update(updated)
    return json_response(documents.toxic_document(updated))


async def delete_toxic(call: Call) -> Response:
    """A toxic less; live connections are healed before the answer."""
    call.proxy.remove(call.toxic.name)
    return Response(status=204)
