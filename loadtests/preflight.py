"""Looks at a server before any load is put on it: what would fail a thousand times is told once."""

from __future__ import annotations

import json
import os
import time
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit

import gevent
import gevent.socket
from geventhttpclient import HTTPClient
from locust.contrib.fasthttp import FAILURE_EXCEPTIONS

from loadtests.feeds import ADMIN_TOKEN
from loadtests.load import SECRET
from loadtests.tokens import edge_token

USAGE, UNKNOWN = 64, 3
#: Seconds for one look at the server: a first request to a released one can take four.
PATIENCE = 8.0
#: So often one look is tried where connections break, with 1 s between the first two and one more each time.
ATTEMPTS = 3
#: Seconds between two clocks: tokens are refused beyond the leeway, and a look takes a while itself.
SKEW_MOST = 5.0
NOBODY = "harness-load-nobody"


class NotReady(Exception):
    """There is no sense in putting load on this server; `code` is what the process should exit with."""

    def __init__(self, text: str, *, code: int) -> None:
        super().__init__(text)
        self.code = code


class _Broken(NotReady):
    """There was no answer in HTTP; the next one may be."""


@dataclass(frozen=True)
class Server:
    """What there is at a host."""

    host: str
    edge: bool
    admin: bool


def look(host: str, *, secret: str, needs_edge: bool, admin: str = "") -> Server:
    """What there is at that host, and at `admin` beside it. Raises NotReady with one line that says what to change."""
    _resolve(host)
    _check_health(host, _get(host, "/execution/health"))
    _check_clock(host)
    edge = _get(host, "/edge_worker/v1/health").status == 200
    if needs_edge and not edge:
        raise NotReady(
            f"{host} has no Edge API: set [edge] api_enabled there, or run TaskUser, which needs none",
            code=UNKNOWN,
        )
    if edge:
        _check_key(host, secret)
    return Server(host, edge, _is_admin(admin or host))


@dataclass(frozen=True)
class _Reply:
    status: int
    date: str | None
    body: bytes


def _resolve(host: str) -> None:
    url = urlsplit(host)
    if url.scheme not in ("http", "https") or not url.hostname:
        raise NotReady(f"--host {host!r}: give a URL such as http://127.0.0.1:8080", code=USAGE)
    if url.path.strip("/"):
        raise NotReady(
            f"--host {host!r}: give the server's root, without {url.path}; its APIs are looked for there",
            code=USAGE,
        )
    try:
        gevent.socket.getaddrinfo(url.hostname, url.port or 80)
    except (OSError, ValueError) as error:
        raise NotReady(
            f"--host {host}: {url.hostname} is not known ({error}): correct the name", code=USAGE
        ) from None


def _get(host: str, path: str, **more: Any) -> _Reply:
    return _ask(host, "GET", path, **more)


def _ask(host: str, method: str, path: str, **more: Any) -> _Reply:
    """Ask, and again where a connection broke: a storm may be there from the first moment on. Raises NotReady."""
    for again in range(ATTEMPTS - 1):
        with suppress(_Broken):
            return _attempt(host, method, path, **more)
        gevent.sleep(again + 1)
    return _attempt(host, method, path, **more)


def _attempt(host: str, method: str, path: str, *, body: Any = None, token: str = "") -> _Reply:
    client = HTTPClient.from_url(host, connection_timeout=PATIENCE, network_timeout=PATIENCE)
    headers = {"content-type": "application/json"} | ({"authorization": token} if token else {})
    content = b"" if body is None else json.dumps(body).encode()
    try:
        reply = client.request(method, path, body=content, headers=headers)
        date = reply.get("date")
        return _Reply(reply.status_code, str(date) if date else None, bytes(reply.read()))
    except ConnectionRefusedError:
        raise NotReady(
            f"nobody listens at {host}: start the server, or correct --host", code=UNKNOWN
        ) from None
    except TimeoutError:
        raise NotReady(f"{host} did not answer {path} within {PATIENCE:.0f} s", code=UNKNOWN) from None
    except FAILURE_EXCEPTIONS as error:
        kind = type(error).__name__
        raise _Broken(
            f"{host} answers, but not in HTTP: {kind}: {error}; correct --host", code=UNKNOWN
        ) from None
    finally:
        client.close()


def _check_health(host: str, reply: _Reply) -> None:
    try:
        healthy = json.loads(reply.body).get("status") == "healthy"
    except (ValueError, AttributeError):
        healthy = False
    if reply.status != 200 or not healthy:
        said = " ".join(reply.body[:80].decode(errors="replace").split())
        raise NotReady(
            f"{host} is no Execution API: GET /execution/health was answered {reply.status} {said!r}; correct --host",
            code=UNKNOWN,
        )


def _check_clock(host: str) -> None:
    """Twice, as a server that has much to do may say the time of seconds ago."""
    if _skew(host) and (skew := _skew(host)):
        way = "ahead of" if skew > 0 else "behind"
        raise NotReady(
            f"the clock of {host} is {abs(skew):.0f} s {way} the one here ({datetime.now(UTC):%H:%M:%S} UTC): set them "
            "alike, or every token is refused",
            code=UNKNOWN,
        )


def _skew(host: str) -> float:
    """Seconds by which the server's clock is ahead, or behind if below 0; 0 where the way of its reply may explain it."""
    begun = time.time()
    reply = _get(host, "/execution/health")
    try:
        theirs = parsedate_to_datetime(reply.date or "")
    except ValueError:
        return 0.0
    told = (theirs if theirs.tzinfo else theirs.replace(tzinfo=UTC)).timestamp()
    skew = min(0.0, told - begun) + max(0.0, told - time.time())
    return skew if abs(skew) > SKEW_MOST else 0.0


def _check_key(host: str, secret: str) -> None:
    """A worker that nobody knows asks for a job: with the right key it is unknown, with a wrong one forbidden."""
    path = f"jobs/fetch/{NOBODY}"
    token = edge_token(path, secret=secret, lifetime=10)
    body = {"queues": [NOBODY], "free_concurrency": 1}
    reply = _ask(host, "POST", f"/edge_worker/v1/{path}", body=body, token=token)
    if reply.status in (401, 403):
        given = "is not the server's" if os.environ.get(SECRET) else "is not set"
        raise NotReady(
            f"{host} takes none of our tokens: {SECRET} {given}; give the server's own", code=USAGE
        )


def _is_admin(host: str) -> bool:
    token = f"Bearer {given}" if (given := os.environ.get(ADMIN_TOKEN)) else ""
    reply = _ask(host, "POST", "/admin/seed", body={}, token=token)
    if reply.status == 401:
        raise NotReady(f"{host} wants an admin token: set {ADMIN_TOKEN}", code=USAGE)
    return reply.status == 201
