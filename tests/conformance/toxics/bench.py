"""What a case works with: the control API, a proxy before an upstream, and a clock."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, field
from typing import Any

import httptools

from tests.conformance.toxics.peers import Peer, Upstream


@dataclass
class Answer:
    """What the control API said."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


def error_of(answer: Answer) -> tuple[int, str]:
    """Status and text of a refusal, whose form is checked: Go's http.Error makes it text with a line's end."""
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.body.endswith(b"}\n")
    assert list(answer.json) == ["error", "status"]
    assert answer.json["status"] == answer.status
    return answer.status, answer.json["error"]


class _Replies:
    """What comes back on one connection: `answers`, one after the other."""

    def __init__(self) -> None:
        self.answers: list[Answer] = []
        self.parser = httptools.HttpResponseParser(self)
        self._headers: dict[str, str] | None = None
        self._body = b""

    def on_message_begin(self) -> None:
        self._headers, self._body = {}, b""

    def on_header(self, name: bytes, value: bytes) -> None:
        assert self._headers is not None
        self._headers[name.decode().lower()] = value.decode()

    def on_body(self, body: bytes) -> None:
        self._body += body

    def on_message_complete(self) -> None:
        if self._headers is not None:
            self.answers.append(Answer(self.parser.get_status_code(), self._headers, self._body))
        self._headers = None


@dataclass
class Bench:
    """`slack` is how much later than it should something may happen in this arm, in seconds."""

    control: tuple[str, int]
    upstream_address: str
    listen: tuple[str, int]
    upstream: Upstream
    slack: float
    clients: list[Peer] = field(default_factory=list)

    async def close(self) -> None:
        """Leave no connection behind."""
        for peer in (*self.clients, *self.upstream.peers):
            peer.transport.abort()
        await asyncio.sleep(0)

    async def api(self, method: str, path: str, body: Any = None, *, raw: bytes | None = None) -> Answer:
        """One call of the control API; `raw` is a body that is not JSON."""
        content = raw if raw is not None else b"" if body is None else json.dumps(body).encode()
        head = f"{method} {path} HTTP/1.1\r\nHost: toxiproxy\r\nContent-Length: {len(content)}\r\n"
        (answer,) = await self.exchange(f"{head}Connection: close\r\n\r\n".encode() + content)
        return answer

    async def exchange(self, sent: bytes, *, answers: int = 1) -> list[Answer]:
        """What the control API answers to these bytes: so many answers, or fewer if it closes before."""
        reader, writer = await asyncio.open_connection(*self.control)
        writer.write(sent)
        replies = _Replies()
        async with asyncio.timeout(30):
            while len(replies.answers) < answers and (data := await reader.read(65536)):
                replies.parser.feed_data(data)
        replies.on_message_complete()  # where no length is told, the end of the connection ends an answer
        writer.close()
        await writer.wait_closed()
        return replies.answers

    async def make_proxy(self, name: str = "web", **more: Any) -> None:
        """The proxy that `connect` goes through."""
        listen = f"{self.listen[0]}:{self.listen[1]}"
        body = {"name": name, "listen": listen, "upstream": self.upstream_address, **more}
        answer = await self.api("POST", "/proxies", body)
        assert answer.status == 201, answer.body
        host, _, port = answer.json["listen"].rpartition(":")
        self.listen = host, int(port)

    async def add(self, type: str, *, stream: str = "downstream", toxicity: float = 1.0, **more: Any) -> str:
        """Add a toxic to the proxy `web`; `name` in `more` is its name, the rest attributes."""
        name = more.pop("name", f"{type}_{stream}")
        body = {"type": type, "stream": stream, "toxicity": toxicity, "name": name, "attributes": more}
        answer = await self.api("POST", "/proxies/web/toxics", body)
        assert answer.status == 200, answer.body
        return str(name)

    async def change(self, toxic: str, **attributes: Any) -> None:
        answer = await self.api("PATCH", f"/proxies/web/toxics/{toxic}", {"attributes": attributes})
        assert answer.status == 200, answer.body

    async def remove(self, toxic: str) -> None:
        answer = await self.api("DELETE", f"/proxies/web/toxics/{toxic}")
        assert answer.status == 204, answer.body

    async def connect(self) -> Peer:
        """A client's end of a new connection through the proxy."""
        _, peer = await asyncio.get_running_loop().create_connection(Peer, *self.listen)
        self.clients.append(peer)
        return peer

    async def connected(self) -> tuple[Peer, Peer]:
        """Both ends of a new connection, with nothing said yet."""
        client = await self.connect()
        return client, await self.upstream.peer(len(self.upstream.peers) or 1)

    @property
    def now(self) -> float:
        return asyncio.get_running_loop().time()

    async def round_trip(self, client: Peer, data: bytes = b"ping") -> float:
        """Seconds until what is said has come back."""
        begun, already = self.now, len(client.received)
        client.send(data)
        assert (await client.got(already + len(data)))[already:] == data
        return self.now - begun

    def took(self, seconds: float, expected: float, give_or_take: float = 0.0) -> bool:
        """Whether that is the time expected: no shorter, and longer by what the arm may need."""
        return expected - give_or_take - 0.005 <= seconds <= expected + give_or_take + self.slack
