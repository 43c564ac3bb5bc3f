"""What each fault on calls does to three calls of one client: one table for the simulated network and for the relay.

The first call is `health`, the others are `variables.get`, which the faults are about; each fault may strike once.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple

import httptools

from harness.model.faults import (
    Aftermath,
    CloseIdle,
    CorruptReplies,
    DelayReplies,
    DelayRequests,
    DuplicateRequests,
    Fault,
    Flaw,
    LoseReplies,
    LoseRequests,
    ServerErrors,
    TruncateReplies,
)
from harness.units import minutes, seconds

PATHS = ("/execution/health", "/execution/variables/two", "/execution/variables/three")
HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n"
REPLY = HEAD + b'content-length: 13\r\n\r\n{"value": 12}'
PATIENCE, SHORT, LONG = 1.0, 0.25, 2.0
"""Seconds: how long the client waits for a reply, a delay that it bears, one that it does not."""

Outcome = tuple[str, bytes]
"""How a call ended for the client (whole, closed, reset, silence), and the bytes it got."""

WHOLE: Outcome = ("whole", REPLY)
GONE: dict[Aftermath, str] = {
    Aftermath.RESET: "reset",
    Aftermath.SILENCE: "silence",
    Aftermath.CLOSE: "closed",
}


class Row(NamedTuple):
    """`second` and `third` are how those calls end, `served` the calls as the server gets them, `takes` seconds."""

    name: str
    kind: Callable[..., Fault]
    more: dict[str, Any]
    strike: str
    served: str
    second: Outcome = WHOLE
    third: Outcome = WHOLE
    takes: float = 0.0

    def fault(self, **more: Any) -> Fault:
        aim = {"a": "worker-1", "b": "api", "calls": "variables.*", "times": 1}
        return self.kind(**{**aim, "at": seconds(0), "lasting": minutes(1), **self.more, **more})


def answered(status: str, more: bytes = b"") -> Outcome:
    head = f"HTTP/1.1 {status}\r\ncontent-type: text/plain\r\n".encode() + more
    phrase = status[4:].encode()
    return "whole", head + b"content-length: %d\r\n\r\n%s" % (len(phrase), phrase)


STATUSES = (
    "401 Unauthorized",
    "403 Forbidden",
    "429 Too Many Requests",
    "500 Internal Server Error",
    "502 Bad Gateway",
    "503 Service Unavailable",
    "504 Gateway Timeout",
)
LOST, PLACE = "request lost", "answered in the server's place"
TABLE: tuple[Row, ...] = (
    *(
        Row(f"request-{then}", LoseRequests, {"then": then}, LOST, "13", (GONE[then], b""))
        for then in Aftermath
    ),
    *(
        Row(f"reply-{then}", LoseReplies, {"then": then}, "reply lost", "123", (GONE[then], b""))
        for then in Aftermath
    ),
    *(
        Row(status[:3], ServerErrors, {"status": int(status[:3])}, PLACE, "13", answered(status))
        for status in STATUSES
    ),
    Row(
        "retry-after",
        ServerErrors,
        {"status": 429, "retry_after": seconds(7)},
        PLACE,
        "13",
        answered("429 Too Many Requests", b"retry-after: 7\r\n"),
    ),
    Row(
        "applied",
        ServerErrors,
        {"status": 504, "applied": True},
        f"applied, and {PLACE}",
        "123",
        answered("504 Gateway Timeout"),
    ),
    Row("request-late", DelayRequests, {"delay": seconds(SHORT)}, "request delayed", "123", takes=SHORT),
    Row(
        "request-out-of-order",
        DelayRequests,
        {"delay": seconds(LONG)},
        "request delayed",
        "132",
        ("silence", b""),
    ),
    Row("reply-late", DelayReplies, {"delay": seconds(SHORT)}, "reply delayed", "123", takes=SHORT),
    Row(
        "reply-too-late",
        DelayReplies,
        {"delay": seconds(LONG)},
        "reply delayed",
        "123",
        ("silence", b""),
    ),
    Row("twice", DuplicateRequests, {"delay": seconds(SHORT)}, "request sent twice", "1232"),
    *(
        Row(
            f"cut-{then}",
            TruncateReplies,
            {"keep": 4, "then": then},
            "reply cut short",
            "123",
            (GONE[then], REPLY[:-9]),
        )
        for then in Aftermath
    ),
    Row(
        "other-bytes",
        CorruptReplies,
        {"flaw": Flaw.BYTES},
        "reply corrupted",
        "123",
        ("whole", REPLY[:-13] + b'\x84"value"\xc5 12}'),
    ),
    Row(
        "other-type",
        CorruptReplies,
        {"flaw": Flaw.TYPE},
        "reply corrupted",
        "123",
        ("whole", REPLY.replace(b"application/json", b"text/html")),
    ),
    Row(
        "half-a-body",
        CorruptReplies,
        {"flaw": Flaw.SHORT},
        "reply corrupted",
        "123",
        ("whole", HEAD + b'content-length: 6\r\n\r\n{"valu'),
    ),
    *(
        Row(
            f"idle-{then}",
            CloseIdle,
            {"then": then},
            "the connection it came on was closed",
            "13",
            (GONE[then], b""),
        )
        for then in Aftermath
    ),
    Row("nth", LoseRequests, {"nth": 2}, LOST, "12", third=("reset", b"")),
    Row("header", LoseRequests, {"header": "X-Number: [3-9]"}, LOST, "12", third=("reset", b"")),
    Row("path", LoseRequests, {"calls": "GET */three"}, LOST, "12", third=("reset", b"")),
)


class Server(asyncio.Protocol):
    """Answers each request with the reply, and notes in `served` which it was."""

    def __init__(self, served: list[str], reply: bytes = REPLY) -> None:
        self.served, self.reply = served, reply

    def connection_made(self, transport: Any) -> None:
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        for request in data.split(b"\r\n\r\n")[:-1]:
            self.served.append(request[-1:].decode())
            self.transport.write(self.reply)


class Client(asyncio.Protocol):
    """Asks on one connection for as long as that lasts."""

    def __init__(self) -> None:
        self.end = ""
        self._got, self._parser = b"", httptools.HttpResponseParser(self)
        self._news = asyncio.Event()

    def connection_made(self, transport: Any) -> None:
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self._got += data
        self._parser.feed_data(data)

    def on_message_complete(self) -> None:
        self._news.set()

    def eof_received(self) -> bool:
        self.end = "closed"
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        self.end = self.end or ("reset" if isinstance(exc, ConnectionResetError) else "gone")
        self._news.set()

    async def ask(self, number: int) -> Outcome:
        """How a call ends, and the bytes of the reply."""
        self._got = b""
        self._news.clear()
        path = PATHS[number - 1]
        self.transport.write(f"GET {path} HTTP/1.1\r\nhost: api\r\nx-number: {number}\r\n\r\n".encode())
        try:
            await asyncio.wait_for(self._news.wait(), PATIENCE)
        except TimeoutError:
            self.end = "silence"
            self.transport.close()
        return self.end or "whole", self._got


Connect = Callable[[Callable[[], Client]], Awaitable[tuple[Any, Client]]]


async def three_calls(connect: Connect) -> tuple[list[Outcome], list[float]]:
    """How each of three calls ends, and how many seconds it takes; a connection that ends gives way to a new one."""
    outcomes, times, client = [], [], None
    now = asyncio.get_running_loop().time
    for number in (1, 2, 3):
        if client is None or client.end:
            _, client = await connect(Client)
        begun = now()
        outcomes.append(await client.ask(number))
        times.append(now() - begun)
    assert client is not None
    client.transport.close()
    return outcomes, times
