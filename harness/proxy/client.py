"""A thin client of Toxiproxy's API: of the embedded server, or of any other.

Each `Client` has a server of its own, so two of them drive two servers at once. Waiting is bounded. What the server
refuses is raised as `Refused`, with the server's words.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Self
from urllib.parse import quote

import httpx

from harness.errors import UsageError
from harness.proxy.api_errors import ApiError

TIMEOUT = 30.0
"""Seconds until a server that does not answer is given up."""


class Refused(ApiError):
    """The server said no; `status` and `message` are its own."""


class Client:
    """A Toxiproxy server: `Client("http://127.0.0.1:8474")`. A context manager, or `close` it."""

    def __init__(self, url: str) -> None:
        self.url = url
        # no proxies of the environment: the server is a machine under test
        self._http = httpx.Client(base_url=url, timeout=TIMEOUT, trust_env=False)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections to the server."""
        self._http.close()

    def call(self, method: str, path: str, body: Any = None) -> Any:
        """One call. Returns its JSON, or None. Raises Refused, or UsageError when nobody answers."""
        try:
            response = self._http.request(method, path, json=body)
        except httpx.HTTPError as error:
            raise UsageError(f"no Toxiproxy answers at {self.url}: {error}; start one there") from None
        if response.status_code >= 400:
            try:
                message = response.json()["error"]
            except (ValueError, KeyError, TypeError):
                message = response.text.strip() or response.reason_phrase
            raise Refused(response.status_code, message)
        return response.json() if response.content else None

    def version(self) -> str:
        """The server's version."""
        return str(self.call("GET", "/version")["version"])

    def metrics(self) -> str:
        """The server's metrics, as Prometheus reads them."""
        return self._http.get("/metrics").text

    def create(self, name: str, upstream: str, *, listen: str = "127.0.0.1:0", enabled: bool = True) -> Proxy:
        """Make a proxy; without `listen` on any free port."""
        body = {"name": name, "upstream": upstream, "listen": listen, "enabled": enabled}
        return Proxy(self, **_known(self.call("POST", "/proxies", body)))

    def populate(self, *proxies: Mapping[str, Any]) -> list[Proxy]:
        """Make many proxies with one call."""
        made = self.call("POST", "/populate", list(proxies))["proxies"]
        return [Proxy(self, **_known(each)) for each in made or ()]

    def proxies(self) -> dict[str, Proxy]:
        """All proxies by name."""
        found = self.call("GET", "/proxies")
        return {name: Proxy(self, **_known(each)) for name, each in found.items()}

    def proxy(self, name: str) -> Proxy:
        """The proxy of that name."""
        return Proxy(self, **_known(self.call("GET", f"/proxies/{quote(name, safe='')}")))

    def reset(self) -> None:
        """Enable all proxies and take all toxics off."""
        self.call("POST", "/reset")


@dataclass(frozen=True)
class Proxy:
    """A proxy as it was when the server told of it."""

    client: Client
    name: str
    listen: str
    upstream: str
    enabled: bool

    @property
    def address(self) -> tuple[str, int]:
        """Host and port at which it listens."""
        host, _, port = self.listen.rpartition(":")
        return host.strip("[]"), int(port)

    @property
    def _path(self) -> str:
        return f"/proxies/{quote(self.name, safe='')}"

    def toxics(self) -> list[dict[str, Any]]:
        """Its toxics, as the API has them."""
        found: list[dict[str, Any]] = self.client.call("GET", f"{self._path}/toxics")
        return found

    def add(
        self,
        type: str,
        *,
        stream: str = "downstream",
        name: str | None = None,
        toxicity: float = 1.0,
        **attributes: float,
    ) -> str:
        """Add a toxic: `add("latency", latency=100)`. Returns its name."""
        body = {"type": type, "stream": stream, "toxicity": toxicity, "attributes": attributes}
        body |= {"name": name} if name else {}
        return str(self.client.call("POST", f"{self._path}/toxics", body)["name"])

    def change(self, name: str, *, toxicity: float | None = None, **attributes: float) -> None:
        """Change a toxic's attributes, or its toxicity."""
        body = {"attributes": attributes} | ({} if toxicity is None else {"toxicity": toxicity})
        self.client.call("PATCH", f"{self._path}/toxics/{quote(name, safe='')}", body)

    def remove(self, name: str) -> None:
        """Take a toxic off."""
        self.client.call("DELETE", f"{self._path}/toxics/{quote(name, safe='')}")

    @contextmanager
    def with_toxic(self, type: str, **more: Any) -> Iterator[str]:
        """A toxic within the block; takes what `add` takes."""
        name = self.add(type, **more)
        try:
            yield name
        finally:
            self.remove(name)

    @contextmanager
    def down(self) -> Iterator[None]:
        """Within the block it refuses connections, and those there are break."""
        self.disable()
        try:
            yield
        finally:
            self.enable()

    def disable(self) -> None:
        """Refuse connections, and drop those there are."""
        self.client.call("PATCH", self._path, {"enabled": False})

    def enable(self) -> None:
        """Take connections again."""
        self.client.call("PATCH", self._path, {"enabled": True})

    def delete(self) -> None:
        """Remove it from the server."""
        self.client.call("DELETE", self._path)


def _known(document: Mapping[str, Any]) -> dict[str, Any]:
    return {name: document[name] for name in ("name", "listen", "upstream", "enabled")}
