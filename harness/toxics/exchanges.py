"""Reads HTTP/1.1 as it passes the client's end of a connection: what the client asked and what it got.

Bytes pass unchanged unless a rule strikes the call. Without input or output of its own, so that
the simulated network and a proxy can both carry it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Sequence
from typing import Any

import httptools

from harness.model.faults import Aftermath
from harness.model.operations import understand
from harness.toxics.rules import AFTER_THE_SERVER, BEFORE_THE_SERVER, Lost, Rule, strike_first

Record = Callable[[str, str, dict[str, Any]], None]
"""Called with type (invoke, ok, fail, info), operation name and value of each client event."""

_KEPT_OF_REQUEST = {
    "ti.state": ("state",),
    "worker.set_state": ("state", "jobs_active"),
    "worker.register": ("state",),
}


class HttpTap:
    """One connection's exchanges. `reset` breaks the connection; `answer` gives the client bytes."""

    def __init__(
        self,
        *,
        source: str,
        target: str,
        rules: Sequence[Rule],
        record: Record,
        new_call: Callable[[], int],
        reset: Callable[[], None],
        answer: Callable[[bytes], None],
    ) -> None:
        self.source, self.target, self.rules = source, target, rules
        self.record, self.new_call, self.reset, self.answer = record, new_call, reset, answer
        self._request = httptools.HttpRequestParser(_RequestEvents(self))
        self._response: Any = None
        self._held = b""
        self.exchange: Exchange | None = None
        self.opened = False  # the request's head is read and its fate decided

    def departure(self, data: bytes) -> bytes:
        """The client sends `data`; returned is what goes on to the server."""
        new, data, self._held = data, self._held + data, b""
        try:
            self._request.feed_data(new)
        except httptools.HttpParserCallbackError:
            raise  # ours to mend
        except httptools.HttpParserError:
            return data  # not HTTP: none of our business
        if not self.opened and self.exchange is None:
            self._held = data  # the head is not complete: its fate is not known yet
            return b""
        rule = self.exchange.rule if self.exchange is not None else None
        return b"" if rule is not None and rule.does is not Lost.REPLY else data

    def arrival(self, data: bytes) -> bytes:
        """The server's `data` reaches the client's host; returned is what the client reads."""
        exchange = self.exchange
        if exchange is None:
            return data
        if self._response is None:  # its first bytes: the reply's fate is decided
            self._response = httptools.HttpResponseParser(_ResponseEvents(self, exchange))
            exchange.rule = exchange.rule or self._strike(exchange.name, AFTER_THE_SERVER)
        rule = exchange.rule
        try:
            self._response.feed_data(data)
        except httptools.HttpParserCallbackError:
            raise  # ours to mend
        except httptools.HttpParserError:
            if not exchange.sent:  # an answer is to a call that was told of
                self._invoke(exchange, b"")
            self._complete(exchange, "info", {"reason": "not HTTP"})
        return b"" if rule is not None and rule.does is Lost.REPLY else data

    def lets_eof_through(self) -> bool:
        """Where a request or reply was lost, the news that the server closed is lost as well."""
        rule = self.exchange.rule if self.exchange is not None else None
        return rule is None or rule.does is Lost.ANSWERED

    def lost(self, reason: str) -> None:
        """The client's end is closed: nobody can know what became of a call under way."""
        if self.exchange is not None and self.exchange.sent:
            self._complete(self.exchange, "info", {"reason": reason})

    # -- called by the parsers -----------------------------------------------------------------------

    def request_head(self, method: str, path: str) -> None:
        call = understand(method, path)
        rule = self._strike(call.name, BEFORE_THE_SERVER)
        self.exchange, self.opened = Exchange(call.name, call.path, method, rule), True

    def _strike(self, call: str, does: Collection[Lost]) -> Rule | None:
        return strike_first(self.rules, self.source, self.target, call, does=does)

    def request_end(self, body: bytes) -> None:
        self.opened = False
        exchange = self.exchange
        if exchange is None or exchange.sent:
            return  # the server has answered already: it did not wait for the whole request
        self._invoke(exchange, body)
        if exchange.rule is not None and exchange.rule.does is not Lost.REPLY:
            self._lose_request(exchange, exchange.rule)

    def _invoke(self, exchange: Exchange, body: bytes) -> None:
        exchange.sent, exchange.call = True, self.new_call()
        value = {"call": exchange.call, **exchange.path, **_kept(exchange.name, body)}
        self.record("invoke", exchange.name, value)

    def _lose_request(self, exchange: Exchange, rule: Rule) -> None:
        if rule.does is Lost.ANSWERED:
            self.answer(rule.answer(exchange.method))
        elif rule.then is Aftermath.RESET:
            self.reset()

    def response_end(self, exchange: Exchange, status: int, body: bytes) -> None:
        if not exchange.sent:  # answered before the whole request was sent: none of its body is known
            self._invoke(exchange, b"")
        if (rule := exchange.rule) is not None and rule.does is Lost.REPLY:
            self._response = None
            if rule.then is Aftermath.RESET:
                self.reset()
            return
        kind = "ok" if status < 400 else "fail" if status < 500 else "info"
        self._complete(exchange, kind, {"status": status, **_told(exchange.name, status, body)})

    def _complete(self, exchange: Exchange, kind: str, value: dict[str, Any]) -> None:
        self.exchange, self._response = None, None
        self.record(kind, exchange.name, {"call": exchange.call, **value})


class Exchange:
    """One request and its reply."""

    __slots__ = ("call", "method", "name", "path", "rule", "sent")

    def __init__(self, name: str, path: dict[str, str], method: str, rule: Rule | None) -> None:
        self.name, self.path, self.method, self.rule = name, path, method, rule
        self.call, self.sent = 0, False


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

    __slots__ = ("body", "exchange", "tap")

    def __init__(self, tap: HttpTap, exchange: Exchange) -> None:
        self.tap, self.exchange, self.body = tap, exchange, b""

    def on_headers_complete(self) -> None:
        if self.exchange.method == "HEAD":  # its length header speaks of a body that never comes
            self.on_message_complete()

    def on_body(self, body: bytes) -> None:
        self.body += body

    def on_message_complete(self) -> None:
        if self.tap.exchange is self.exchange and self.tap._response is not None:
            self.tap.response_end(self.exchange, self.tap._response.get_status_code(), self.body)


def _kept(name: str, body: bytes) -> dict[str, Any]:
    fields = _KEPT_OF_REQUEST.get(name)
    if not fields:
        return {}
    document = _json(body)
    return {field: document[field] for field in fields if field in document}


def _told(name: str, status: int, body: bytes) -> dict[str, Any]:
    """What a reply tells the client that a reader of the History wants to know."""
    if status >= 400:
        detail = _json(body).get("detail")
        reason = detail.get("reason") if isinstance(detail, dict) else detail
        return {"reason": reason if isinstance(reason, str) else body[:80].decode(errors="replace")}
    if name == "jobs.fetch":
        return _job(_json(body))
    return {"state": _json(body).get("state")} if name == "worker.set_state" else {}


def _job(job: dict[str, Any]) -> dict[str, Any]:
    if not job:
        return {"job": None}
    key = "/".join(str(job[name]) for name in ("dag_id", "task_id", "run_id", "try_number", "map_index"))
    return {"job": key, "ti": job["command"]["ti"]["id"]}


def _json(body: bytes) -> dict[str, Any]:
    try:
        document = json.loads(body)
    except ValueError:
        return {}
    return document if isinstance(document, dict) else {}
