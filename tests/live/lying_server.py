"""A fake API that breaks each promise that a load test watches, or with --garbage talks nonsense to its workers.

Run as a script; it prints its URL.
"""

from __future__ import annotations

import socket
import sys
from typing import Any

import uvicorn

import fake_api

Send = Any


class Liar:
    """Between the fake and its clients: hands every fourth job out twice, lets strangers in, loses states."""

    def __init__(self, app: Any) -> None:
        self._app = app
        self._job: bytes | None = None
        self._heartbeats = self._fetches = 0

    async def __call__(self, scope: Any, receive: Any, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        said: list[dict[str, Any]] = []

        async def hear(message: dict[str, Any]) -> None:
            said.append(message)

        await self._app(scope, receive, hear)
        status, body = said[0]["status"], b"".join(each.get("body", b"") for each in said[1:])
        status, body = self._lie(scope["path"], status, body)
        headers = [(name, value) for name, value in said[0]["headers"] if name not in _OF_THE_BODY]
        if status != 204:
            headers.append((b"content-length", str(len(body)).encode()))
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    def _lie(self, path: str, status: int, body: bytes) -> tuple[int, bytes]:
        if "/jobs/fetch/" in path and status == 200:
            self._fetches += 1
            told = self._job if self._job and self._fetches % 4 == 0 else body
            self._job = body if body != b"null" else self._job
            return status, told
        if path.endswith("/heartbeat"):
            self._heartbeats += 1
            if status == 403:
                return 204, b""
            if self._heartbeats % 20 == 0:
                return 410, b'{"detail":"gone"}'
        if path.endswith("/task-instances/states"):
            return status, body.replace(b'"success"', b'"failed"')
        return status, body


class Babbler:
    """Answers what a first look asks, and all that workers ask afterwards with something else."""

    def __init__(self, app: Any) -> None:
        self._app = app

    async def __call__(self, scope: Any, receive: Any, send: Send) -> None:
        if scope["type"] != "http" or _looked_at(scope["path"]):
            await self._app(scope, receive, send)
            return
        headers = [(b"content-type", b"application/json")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b'{"dag_id": 1}'})


def _looked_at(path: str) -> bool:
    return path.endswith(("/health", "-nobody")) or "/admin/" in path


_OF_THE_BODY = (b"content-length", b"content-encoding")


def main() -> None:
    """Serve on any free port of loopback, for ever."""
    kind = Babbler if "--garbage" in sys.argv else Liar
    app = kind(fake_api.create_app(fake_api.State(), run_sweeps=True, admin=True))
    with socket.create_server(("127.0.0.1", 0)) as listener:
        print(f"a liar listens on http://127.0.0.1:{listener.getsockname()[1]} now", flush=True)
        uvicorn.Server(uvicorn.Config(app, log_level="error")).run(sockets=[listener])


if __name__ == "__main__":
    main()
