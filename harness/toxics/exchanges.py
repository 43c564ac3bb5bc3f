"""Reads HTTP/1.1 as it passes the client's end of a connection: what the client asked and what it got.

Bytes pass unchanged unless a rule strikes the call. Without input or output of its own, so that
the simulated network and a relay can both carry it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from functools import partial
from typing import Any, Protocol

import httptools

from harness.model.http_faults import Aftermath, Flaw
from harness.model.operations import understand
from harness.toxics.replies import cut, flawed
from harness.toxics.rules import LET_THROUGH, TO_BODIES, TO_REPLIES, TO_REQUESTS, Does, Rule, strike_first
from harness.toxics.witness import carried, kept, told

Record = Callable[[str, str, dict[str, Any]], None]
"""Called with type (invoke, ok, fail, info), operation name and value of each client event."""

REACTION = 0.002
"""Seconds until what stands in the server's place breaks a connection, closes it or answers."""

_GONE_REQUESTS = frozenset({Does.LOSE_REQUEST, Does.CLOSE_IDLE})
_GONE_REPLIES = frozenset({Does.LOSE_REPLY, Does.CUT_REPLY})


class Wire(Protocol):
    """What a tap can do to its connection, besides letting bytes pass."""

    def later(self, delay: float, do: Callable[[], None]) -> None:
        """Call `do` after so many seconds."""
        ...

    def receive(self, data: bytes) -> None:
        """Bytes arrive at the client's end, as if from the server: the tap sees them again."""
        ...

    def hang_up(self) -> None:
        """The news that the server has closed its end arrives at the client's."""
        ...

    def reset(self) -> None:
        """Both ends lose the connection."""
        ...

    def send(self, data: bytes) -> None:
        """Bytes leave for the server; the tap does not see them."""
        ...

    def send_apart(self, data: bytes) -> None:
        """A request leaves for the server on a connection of its own; nobody reads the reply."""
        ...


class Exchange:
    """One request and its reply. The defaults are those of a call that no rule strikes."""

    call = 0
    sent = False  # the request is whole
    before: Rule | None = None  # what struck the request
    after: Rule | None = None  # what struck the reply
    begun = False  # the reply's fate is decided
    applied = False  # the server applied it, whatever the client is told
    mute = False  # the client gets none of the reply's bytes
    late: bytearray | None = None  # bytes of the reply that wait for their time
    whole: bytearray | None = None  # bytes of the reply that wait for its end
    replied = False
    retry_after: bytes | None = None  # the header of the reply
    hung_up = False  # the server closed its end meanwhile

    def __init__(self, name: str, params: dict[str, str], method: str, path: str, number: int) -> None:
        self.name, self.params, self.method, self.path, self.number = name, params, method, path, number
        self.request = b""  # as sent: as far as a rule needs it
        self.first = b""  # the first bytes of the request, its head among them

    @property
    def head(self) -> bytes:
        """The request line and the headers."""
        return self.first.partition(b"\r\n\r\n")[0]


class HttpTap:
    """One connection's exchanges: `departure` and `arrival` are told of its bytes, and say which go on."""

    def __init__(
        self,
        *,
        source: str,
        target: str,
        rules: Sequence[Rule],
        record: Record,
        new_call: Callable[[], int],
        wire: Wire,
    ) -> None:
        self.source, self.target, self.rules = source, target, rules
        self.record, self.new_call, self.wire = record, new_call, wire
        self._request = httptools.HttpRequestParser(_RequestEvents(self))
        self._response: Any = None
        self._held = b""
        self._count = 0
        self._gone = self._hanging_up = False
        self.exchange: Exchange | None = None
        self.opened = False  # the request's head is read and its fate decided

    def departure(self, data: bytes) -> bytes:
        """The client sends `data`; returned is what goes on to the server."""
        new, self._held = data, self._held + data
        try:
            self._request.feed_data(new)
        except httptools.HttpParserCallbackError:
            raise  # ours to mend
        except httptools.HttpParserError:
            data, self._held = self._held, b""
            return data  # not HTTP: none of our business
        exchange = self.exchange
        if not self.opened and exchange is None:
            return b""  # the head is not complete: its fate is not known yet
        data, self._held = self._held, b""
        if exchange is None or exchange.before is None:
            return data
        return self._treat(exchange, exchange.before, data)

    def _treat(self, exchange: Exchange, rule: Rule, data: bytes) -> bytes:
        """Bytes of a request that was struck."""
        if rule.does not in LET_THROUGH:
            return b""
        exchange.request += data
        twice = rule.does is Does.DUPLICATE
        if exchange.sent:
            do = self.wire.send_apart if twice else self._send_late
            self.wire.later(rule.delay, partial(do, exchange.request))
        return data if twice else b""

    def _send_late(self, request: bytes) -> None:
        (self.wire.send_apart if self._gone else self.wire.send)(request)

    def arrival(self, data: bytes) -> bytes:
        """The server's `data` reaches the client's host; returned is what the client reads."""
        exchange = self.exchange
        if exchange is None:
            return data
        if not exchange.begun:
            self._decide(exchange)
        if exchange.late is not None:
            exchange.late += data
            return b""
        self._read(exchange, data)
        if exchange.whole is None:
            return b"" if exchange.mute else data
        exchange.whole += data
        return self._changed(exchange, exchange.after) if exchange.replied else b""

    def _decide(self, exchange: Exchange) -> None:
        """The reply's first bytes are here: its fate is decided."""
        exchange.begun = True
        if not self.rules or not (exchange.before is None or exchange.before.does in LET_THROUGH):
            return
        exchange.after = rule = self._strike(exchange, TO_REPLIES)
        if rule is None:
            if any(each.does in TO_BODIES and self._fits(each, exchange) for each in self.rules):
                exchange.whole = bytearray()
        elif rule.does is Does.DELAY_REPLY:
            self._put_off(exchange, b"", rule.delay)
        else:
            exchange.mute = True

    def _fits(self, rule: Rule, exchange: Exchange) -> bool:
        return rule.fits(self.source, self.target, exchange)

    def _read(self, exchange: Exchange, data: bytes) -> None:
        if self._response is None:
            self._response = httptools.HttpResponseParser(_ResponseEvents(self, exchange))
        try:
            self._response.feed_data(data)
        except httptools.HttpParserCallbackError:
            raise  # ours to mend
        except httptools.HttpParserError:
            exchange.replied = True
            if not exchange.sent:  # an answer is to a call that was told of
                self._invoke(exchange, b"")
            self._complete(exchange, "info", {"reason": "not HTTP"})

    def _changed(self, exchange: Exchange, rule: Rule | None) -> bytes:
        """A reply that is whole, as the client gets it."""
        raw, exchange.whole = bytes(exchange.whole or b""), None
        if rule is None:
            return raw
        if rule.does is Does.SPOIL_REPLY:
            return flawed(raw, rule.flaw)
        exchange.mute = True
        return cut(raw, rule.keep)

    def _put_off(self, exchange: Exchange, reply: bytes, delay: float) -> None:
        exchange.late = bytearray(reply)
        self.wire.later(delay, partial(self._hand_over, exchange))

    def _hand_over(self, exchange: Exchange) -> None:
        """What was put off arrives, and with it what came after it."""
        if self._gone or exchange.late is None:
            return
        reply, exchange.late, exchange.mute = bytes(exchange.late), None, False
        self.wire.receive(reply)
        if exchange.hung_up and not self._gone:
            self._hang_up()

    def _hang_up(self) -> None:
        self._hanging_up = True
        self.wire.hang_up()

    def lets_eof_through(self) -> bool:
        """Whether the client hears now that the server has closed its end.

        Not before what is put off, and not at all where a request or reply was lost.
        """
        exchange = self.exchange
        if exchange is None or self._hanging_up:
            return True
        if exchange.late is not None:
            exchange.hung_up = True
            return False
        if exchange.whole is not None:  # a reply that the end of the connection ends
            if not exchange.sent:
                self._invoke(exchange, b"")
            self._complete(exchange, "info", {"reason": "closed by peer"})
            self.wire.receive(self._changed(exchange, None))
            self._hang_up()
            return False
        return not any(
            rule is not None and rule.does in _GONE_REQUESTS | _GONE_REPLIES
            for rule in (exchange.before, exchange.after)
        )

    def lost(self, reason: str) -> None:
        """The client's end is closed: nobody can know what became of a call under way."""
        self._gone = True
        if self.exchange is not None and self.exchange.sent:
            self._complete(self.exchange, "info", {"reason": reason})

    # -- called by the parsers -----------------------------------------------------------------------

    def request_head(self, method: str, path: str) -> None:
        call = understand(method, path)
        self._count += 1
        exchange = Exchange(call.name, call.path, method, path, self._count)
        self.exchange, self.opened = exchange, True
        exchange.first = self._held
        if self.rules:
            exchange.before = self._strike(exchange, TO_REQUESTS)

    def _strike(self, exchange: Exchange, does: Collection[Does], body_size: int = 0) -> Rule | None:
        return strike_first(self.rules, self.source, self.target, exchange, does=does, body_size=body_size)

    def request_end(self, body: bytes) -> None:
        self.opened = False
        exchange = self.exchange
        if exchange is None or exchange.sent:
            return  # the server has answered already: it did not wait for the whole request
        self._invoke(exchange, body)
        rule = exchange.before
        if rule is None or rule.does in LET_THROUGH:
            return
        if rule.does is Does.ANSWER:
            self._put_off(exchange, rule.answer(exchange.method), REACTION)
        else:
            self._end(rule.then)

    def _invoke(self, exchange: Exchange, body: bytes) -> None:
        exchange.sent, exchange.call = True, self.new_call()
        about = {**exchange.params, **carried(exchange.first), **kept(exchange.name, body)}
        value = {"call": exchange.call, **about}
        self.record("invoke", exchange.name, value)

    def _end(self, then: Aftermath) -> None:
        """What becomes of a connection on which something was lost."""
        if then is Aftermath.RESET:
            self.wire.later(REACTION, self.wire.reset)
        elif then is Aftermath.CLOSE:
            self.wire.later(REACTION, self._hang_up)

    def response_end(self, exchange: Exchange, status: int, body: bytes) -> None:
        if not exchange.sent:  # answered before the whole request was sent: none of its body is known
            self._invoke(exchange, b"")
        if exchange.whole is not None:
            exchange.replied = True
            exchange.after = self._strike(exchange, TO_BODIES, len(body))
        rule = exchange.after
        if rule is not None and rule.does in _GONE_REPLIES:
            self._response = None
            self._end(rule.then)
        elif rule is not None and rule.does is Does.EXCHANGE_REPLY and not exchange.applied:
            self._response, exchange.applied = None, True
            self._put_off(exchange, rule.answer(exchange.method), REACTION)
        else:
            self._complete(exchange, *_outcome(exchange, status, body))

    def _complete(self, exchange: Exchange, kind: str, value: dict[str, Any]) -> None:
        self.exchange, self._response = None, None
        self.record(kind, exchange.name, {"call": exchange.call, **value})


def _outcome(exchange: Exchange, status: int, body: bytes) -> tuple[str, dict[str, Any]]:
    """How a call ended: ok, it took effect; fail, it did not; info, the client cannot know."""
    rule = exchange.after
    if status < 400 and rule is not None and rule.does is Does.SPOIL_REPLY and rule.flaw is not Flaw.TYPE:
        return "info", {"status": status, "reason": "reply corrupted"}
    kind = "ok" if status < 400 else "fail" if status < 500 and not exchange.applied else "info"
    header = exchange.retry_after or b""
    wait = {"retry_after": int(header)} if header.isdigit() else {}
    return kind, {"status": status, **wait, **told(exchange.name, status, body)}


class _RequestEvents:
    """What httptools tells of a request."""

    __slots__ = ("body", "tap", "url")

    def __init__(self, tap: HttpTap) -> None:
        self.tap, self.url, self.body = tap, b"", b""

    def on_url(self, url: bytes) -> None:
        self.url += url

    def on_headers_complete(self) -> None:
        path = self.url.split(b"?", 1)[0].decode("latin-1")
        self.tap.request_head(self.tap._request.get_method().decode(), path)

    def on_body(self, body: bytes) -> None:
        self.body += body

    def on_message_complete(self) -> None:
        body, self.url, self.body = self.body, b"", b""
        self.tap.request_end(body)


class _ResponseEvents:
    """What httptools tells of a response."""

    __slots__ = ("body", "exchange", "retry_after", "tap")

    def __init__(self, tap: HttpTap, exchange: Exchange) -> None:
        self.tap, self.exchange, self.body = tap, exchange, b""
        self.retry_after: bytes | None = None

    def on_header(self, name: bytes, value: bytes) -> None:
        if name.lower() == b"retry-after":
            self.retry_after = value

    def on_headers_complete(self) -> None:
        if self.exchange.method == "HEAD":  # its length header speaks of a body that never comes
            self.on_message_complete()

    def on_body(self, body: bytes) -> None:
        self.body += body

    def on_message_complete(self) -> None:
        if self.tap.exchange is self.exchange and self.tap._response is not None:
            self.exchange.retry_after = self.retry_after
            self.tap.response_end(self.exchange, self.tap._response.get_status_code(), self.body)
