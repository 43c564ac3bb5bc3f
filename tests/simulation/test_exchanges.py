"""What the tap on a client's connection reads, records and lets pass, byte by byte."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httptools
import pytest

from harness.model.faults import Aftermath
from harness.toxics.exchanges import HttpTap
from harness.toxics.rules import Does, Rule

FETCH = b"POST /edge_worker/v1/jobs/fetch/worker-1 HTTP/1.1\r\nhost: api\r\ncontent-length: 2\r\n\r\n"
HEAD = b"HEAD /execution/xcoms/d/r/t/key HTTP/1.1\r\nhost: api\r\n\r\n"
HEALTH = b"GET /execution/health HTTP/1.1\r\nhost: api\r\n\r\n"
REPLY = b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nnull"
NO_CONTENT = b"HTTP/1.1 204 No Content\r\n\r\n"
CHUNKED = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n4\r\nnull\r\n0\r\n\r\n"


class Wiretap:
    """Taps of one client under common rules, and what they did. As a wire, it has no bytes of its own to carry."""

    def __init__(self) -> None:
        self.rules: list[Rule] = []
        self.events: list[tuple[str, str, dict[str, Any]]] = []
        self.strikes: list[str] = []
        self.resets = self.calls = 0
        self.received = self.sent = self.apart = b""
        self.hung_up = False
        self._timers: list[tuple[float, Callable[[], None]]] = []
        self._last: HttpTap

    def rule(self, does: Does, **more: Any) -> Rule:
        rule = Rule(a="*", b="api", **{"calls": "*", **more}, does=does, strike=self._strike)
        self.rules.append(rule)
        return rule

    def _strike(self, victim: str, what: str) -> None:
        self.strikes.append(what)

    def tap(self) -> HttpTap:
        self._last = HttpTap(
            source="worker-1",
            target="api",
            rules=self.rules,
            record=lambda kind, name, value: self.events.append((kind, name, value)),
            new_call=self._new_call,
            wire=self,
        )
        return self._last

    def _new_call(self) -> int:
        self.calls += 1
        return self.calls

    def later(self, delay: float, do: Callable[[], None]) -> None:
        self._timers.append((delay, do))

    def pass_time(self) -> list[float]:
        """Let all timers fire; returns how long they were set for."""
        timers, self._timers = self._timers, []
        for _, do in timers:
            do()
        return [delay for delay, _ in timers]

    def reset(self) -> None:
        self.resets += 1

    def receive(self, data: bytes) -> None:
        self.received += self._last.arrival(data)

    def hang_up(self) -> None:
        self.hung_up = self._last.lets_eof_through()

    def send(self, data: bytes) -> None:
        self.sent += data

    def send_apart(self, data: bytes) -> None:
        self.apart += data

    @property
    def told(self) -> list[tuple[str, str]]:
        return [(kind, name) for kind, name, _ in self.events]


@pytest.fixture
def wiretap() -> Wiretap:
    return Wiretap()


@pytest.mark.parametrize("reply", [REPLY, NO_CONTENT, CHUNKED])
def test_calls_follow_each_other_on_one_connection(wiretap: Wiretap, reply: bytes) -> None:
    tap = wiretap.tap()
    for _ in range(2):
        assert tap.departure(HEALTH) == HEALTH
        assert tap.arrival(reply) == reply
    assert wiretap.told == [("invoke", "health"), ("ok", "health")] * 2


def test_a_reply_to_head_ends_with_its_head(wiretap: Wiretap) -> None:
    tap = wiretap.tap()
    tap.departure(HEAD)
    tap.arrival(REPLY.removesuffix(b"null"))
    assert wiretap.told == [("invoke", "xcoms.head"), ("ok", "xcoms.head")]


def test_a_head_in_two_writes_leaves_once_it_is_whole(wiretap: Wiretap) -> None:
    tap = wiretap.tap()
    assert tap.departure(FETCH[:30]) == b""
    assert tap.departure(FETCH[30:] + b"{}") == FETCH + b"{}"


def test_what_is_not_http_passes_whole(wiretap: Wiretap) -> None:
    tap = wiretap.tap()
    assert tap.departure(b"PO") + tap.departure(b"\x00\x01") == b"PO\x00\x01"
    assert tap.arrival(b"hm") == b"hm"
    assert wiretap.events == []


@pytest.mark.parametrize("does", [Does.LOSE_REQUEST, Does.ANSWER])
def test_of_a_struck_request_in_two_writes_nothing_leaves(wiretap: Wiretap, does: Does) -> None:
    wiretap.rule(does)
    tap = wiretap.tap()
    assert tap.departure(FETCH) + tap.departure(b"{}") == b""
    wiretap.pass_time()
    assert (wiretap.resets, bool(wiretap.received)) == (does is Does.LOSE_REQUEST, does is Does.ANSWER)
    assert len(wiretap.strikes) == 1


def test_what_stands_before_the_server_answers_head_without_a_body(wiretap: Wiretap) -> None:
    wiretap.rule(Does.ANSWER)
    wiretap.tap().departure(HEAD)
    wiretap.pass_time()
    assert wiretap.received.endswith(b"\r\n\r\n")


def test_a_reply_before_the_request_is_whole_is_the_reply_to_it(wiretap: Wiretap) -> None:
    tap = wiretap.tap()
    tap.departure(FETCH)
    tap.arrival(REPLY)
    tap.departure(b"{}")
    tap.departure(HEALTH)
    tap.arrival(REPLY)
    assert wiretap.told == [(kind, name) for name in ("jobs.fetch", "health") for kind in ("invoke", "ok")]


def test_what_is_not_http_before_the_request_is_whole_is_an_answer_to_a_call_that_is_told(
    wiretap: Wiretap,
) -> None:
    tap = wiretap.tap()
    tap.departure(FETCH)  # its body is still to come
    tap.arrival(b"this is no reply\r\n")
    assert wiretap.events == [
        ("invoke", "jobs.fetch", {"call": 1, "worker": "worker-1"}),
        ("info", "jobs.fetch", {"call": 1, "reason": "not HTTP"}),
    ]


def test_a_rule_strikes_no_more_often_than_it_may_however_many_calls_are_under_way(wiretap: Wiretap) -> None:
    wiretap.rule(Does.LOSE_REPLY, times=1)
    taps = [wiretap.tap() for _ in range(3)]
    for tap in taps:
        tap.departure(HEALTH)
    assert [tap.arrival(REPLY) for tap in taps] == [b"", REPLY, REPLY]
    wiretap.pass_time()
    assert (len(wiretap.strikes), wiretap.resets) == (1, 1)


def test_a_rule_that_is_gone_when_the_reply_comes_does_not_strike_it(wiretap: Wiretap) -> None:
    rule = wiretap.rule(Does.LOSE_REPLY)
    tap = wiretap.tap()
    tap.departure(HEALTH)
    wiretap.rules.remove(rule)
    assert tap.arrival(REPLY) == REPLY
    assert wiretap.strikes == []


def test_a_rule_strikes_whole_replies(wiretap: Wiretap) -> None:
    struck, spared = wiretap.tap(), wiretap.tap()
    struck.departure(HEALTH)
    spared.departure(HEALTH)
    spared.arrival(REPLY[:20])
    rule = wiretap.rule(Does.LOSE_REPLY, then=Aftermath.SILENCE)
    assert struck.arrival(REPLY[:20]) == b""
    assert spared.arrival(REPLY[20:]) == REPLY[20:]
    wiretap.rules.remove(rule)
    assert struck.arrival(REPLY[20:]) == b""
    assert not struck.lets_eof_through()


def test_a_server_that_hangs_up_without_a_reply_is_seen_to(wiretap: Wiretap) -> None:
    wiretap.rule(Does.LOSE_REPLY)
    tap = wiretap.tap()
    tap.departure(HEALTH)
    assert tap.lets_eof_through()
    assert wiretap.strikes == []


def test_of_two_rules_each_strikes_its_own_side_of_the_server(wiretap: Wiretap) -> None:
    wiretap.rule(Does.LOSE_REPLY, times=1)
    wiretap.rule(Does.LOSE_REQUEST, times=1)
    first, second = wiretap.tap(), wiretap.tap()
    assert first.departure(HEALTH) == b""
    assert second.departure(HEALTH) == HEALTH
    assert second.arrival(REPLY) == b""
    assert wiretap.strikes == ["health: request lost", "health: reply lost"]


def test_a_mistake_of_ours_is_not_taken_for_bad_http(wiretap: Wiretap) -> None:
    tap = wiretap.tap()
    tap.departure(FETCH + b"{}")
    with pytest.raises(httptools.HttpParserCallbackError):
        tap.arrival(b'HTTP/1.1 200 OK\r\ncontent-length: 15\r\n\r\n{"dag_id": "d"}')  # a job needs more names
