"""Faults on calls in the simulated network: each strikes as it says, heals, and touches nothing else."""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import Callable
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httptools
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.model.faults import Fault, Flaw
from harness.model.tls_faults import Tls
from harness.nemesis import ACTIONS
from harness.sim.tls import TlsEnd
from harness.sim.wires import SimWires
from harness.tls.authority import Authority
from harness.tls.files import Files
from harness.tls.terminator import Terminator
from harness.toxics.replies import cut, flawed
from tests.simulation.http_table import LONG, REPLY, SHORT, TABLE, WHOLE, Outcome, Row, Server, three_calls
from tests.simulation.lab import Lab

ROWS = pytest.mark.parametrize("row", TABLE, ids=lambda row: row.name)


class Talk:
    """Three calls of worker-1 to the API, and what was witnessed."""

    def __init__(
        self,
        fault: Fault | None = None,
        *,
        healed: bool = False,
        reply: bytes = REPLY,
        terminator: Terminator | None = None,
    ) -> None:
        self.strikes: list[tuple[str, str]] = []
        self.served: list[str] = []
        self.events: list[tuple[str, int, str]] = []
        with Lab() as lab:
            wires = SimWires(lab.network, record=self._record, new_call=iter(range(1, 99)).__next__)
            worker, api = lab.network.boot("worker-1"), lab.network.boot("api")
            listen = partial(lab.network.create_server, over_tls=over_tls(terminator) if terminator else None)
            api.context().run(listen, lambda: Server(self.served, reply), "api", 80)
            context = Files(trusted=terminator.authority.trusted).context() if terminator else None
            if fault is not None:
                world: Any = SimpleNamespace(network=wires)
                heal = ACTIONS[type(fault)][1](fault, world, lambda *told: self.strikes.append(told))
                if healed:
                    heal()

            async def main() -> tuple[list[Outcome], list[float]]:
                told = await three_calls(
                    lambda make: lab.loop.create_connection(make, "api", 80, ssl=context)
                )
                await asyncio.sleep(2 * LONG)
                return told

            self.outcomes, self.times = lab.run(main(), on=worker)

    def _record(self, *, type: str, f: str, value: dict[str, Any], **_: Any) -> Any:
        self.events.append((type, value["call"], f))


@ROWS
def test_a_fault_strikes_the_call_it_is_about_and_no_other(row: Row) -> None:
    talk = Talk(row.fault())
    assert talk.outcomes == [WHOLE, row.second, row.third]
    assert "".join(talk.served) == row.served
    assert talk.strikes == [("worker-1", f"variables.get: {row.strike}")]
    assert talk.times[1] >= row.takes


def over_tls(terminator: Terminator) -> Callable[[str, Any], TlsEnd]:
    return lambda client, protocol: TlsEnd(protocol, terminator.session(client))


@ROWS
def test_over_tls_it_strikes_the_same_and_the_client_sees_the_same(row: Row, tmp_path: Path) -> None:
    plain = Talk(row.fault())
    terminator = Terminator(Authority(tmp_path, names=("api",)), tls=Tls.SERVER, server="api")
    talk = Talk(row.fault(), terminator=terminator)
    assert (talk.outcomes, talk.served, talk.strikes) == (plain.outcomes, plain.served, plain.strikes)
    assert talk.events == plain.events


@ROWS
def test_every_call_is_witnessed_from_its_begin_to_its_end(row: Row) -> None:
    events = Talk(row.fault()).events
    begun = [(call, f) for kind, call, f in events if kind == "invoke"]
    assert [f for _, f in begun] == ["health", "variables.get", "variables.get"]
    assert sorted((call, f) for kind, call, f in events if kind != "invoke") == begun
    lost = row.second[0] != "whole" or row.name in ("other-bytes", "half-a-body", "applied")
    assert lost <= (("info", 2, "variables.get") in events)


@ROWS
def test_a_fault_that_has_healed_strikes_nothing_more(row: Row) -> None:
    talk = Talk(row.fault(times=None), healed=True)
    assert (talk.outcomes, talk.served, talk.strikes) == ([WHOLE] * 3, ["1", "2", "3"], [])


@pytest.mark.parametrize(
    "other", [{"a": "worker-2"}, {"b": "scheduler"}, {"calls": "connections.*"}], ids=str
)
@ROWS
def test_a_fault_about_others_touches_no_byte(row: Row, other: dict[str, str]) -> None:
    talk = Talk(row.fault(times=None, **other))
    assert (talk.outcomes, talk.served, talk.strikes) == ([WHOLE] * 3, ["1", "2", "3"], [])


@pytest.mark.parametrize(
    "row", [row for row in TABLE if row.strike.startswith("reply c")], ids=lambda row: row.name
)
def test_a_reply_without_a_body_cannot_be_spoiled(row: Row) -> None:
    empty = b"HTTP/1.1 204 No Content\r\nserver: uvicorn\r\n\r\n"
    talk = Talk(row.fault(times=None), reply=empty)
    assert (talk.outcomes, talk.strikes) == ([("whole", empty)] * 3, [])


@pytest.mark.parametrize("row", [row for row in TABLE if row.takes], ids=lambda row: row.name)
def test_what_is_late_is_late_by_so_much(row: Row) -> None:
    assert Talk(row.fault()).times[1] == pytest.approx(SHORT, abs=0.01)


class Reading:
    """What an HTTP client makes of a reply."""

    def __init__(self, raw: bytes) -> None:
        self.headers: dict[str, str] = {}
        self.body, self.whole = b"", False
        parser = httptools.HttpResponseParser(self)
        parser.feed_data(raw)
        self.status = parser.get_status_code()

    def on_header(self, name: bytes, value: bytes) -> None:
        self.headers[name.decode()] = value.decode()

    def on_body(self, body: bytes) -> None:
        self.body += body

    def on_message_complete(self) -> None:
        self.whole = True


@st.composite
def replies(draw: st.DrawFn) -> bytes:
    """A reply with a body: of a length, or in chunks; compressed or not."""
    body = draw(st.binary(min_size=1, max_size=200))
    head = b"HTTP/1.1 200 OK\r\nServer: uvicorn\r\nContent-Type: application/json\r\nx-last: 1\r\n"
    if draw(st.booleans()):
        body, head = gzip.compress(body), head + b"content-encoding: gzip\r\n"
    if draw(st.booleans()):
        return head + b"Content-Length: %d\r\n\r\n" % len(body) + body
    sizes = draw(st.lists(st.integers(1, 50), max_size=5))
    framed = b""
    for size in [*sizes, len(body)]:
        if piece := body[:size]:
            framed, body = framed + b"%x\r\n%s\r\n" % (len(piece), piece), body[size:]
    return head + b"Transfer-Encoding: chunked\r\n\r\n" + framed + b"0\r\n\r\n"


@given(replies(), st.data())
def test_a_reply_that_is_cut_is_the_same_as_far_as_it_goes(raw: bytes, data: st.DataObject) -> None:
    body = Reading(raw).body
    keep = data.draw(st.integers(0, len(body) - 1))
    short = cut(raw, keep)
    assert raw.startswith(short)
    assert (Reading(short).body, Reading(short).whole) == (body[:keep], False)


@given(replies())
def test_other_bytes_leave_the_head_the_framing_and_seven_bytes_of_eight(raw: bytes) -> None:
    changed, read = flawed(raw, Flaw.BYTES), Reading(raw)
    now = Reading(changed)
    assert (now.headers, now.whole, len(changed)) == (read.headers, True, len(raw))
    assert now.body == bytes(each ^ 0xFF if not n % 8 else each for n, each in enumerate(read.body))


@given(replies())
def test_another_type_leaves_all_else(raw: bytes) -> None:
    changed = flawed(raw, Flaw.TYPE)
    assert changed == raw.replace(b"application/json", b"text/html")
    assert Reading(changed).headers["Content-Type"] == "text/html"


@given(replies())
def test_half_a_body_is_a_whole_reply(raw: bytes) -> None:
    now, body = Reading(flawed(raw, Flaw.SHORT)), Reading(raw).body
    assert (now.body, now.whole) == (body[: len(body) // 2], True)


@given(replies(), st.data())
def test_whatever_comes_in_whatever_pieces_is_byte_identical_where_nothing_strikes(
    raw: bytes, data: st.DataObject
) -> None:
    cuts = sorted(data.draw(st.lists(st.integers(0, len(raw)), max_size=4)))
    pieces = [raw[a:b] for a, b in zip([0, *cuts], [*cuts, len(raw)], strict=True)]
    row = next(row for row in TABLE if row.name == "half-a-body")
    assert _through_a_tap(pieces, row, nth=2) == raw
    assert _through_a_tap(pieces, row, nth=1) == flawed(raw, Flaw.SHORT)


def _through_a_tap(pieces: list[bytes], row: Row, *, nth: int) -> bytes:
    from tests.simulation.test_exchanges import HEALTH, Wiretap

    wiretap = Wiretap()
    tap = wiretap.tap()
    wires: Any = SimpleNamespace(network=SimpleNamespace(rule=wiretap.rules.append))
    fault = row.fault(nth=nth, calls="health")
    ACTIONS[type(fault)][1](fault, wires, wiretap._strike)
    tap.departure(HEALTH)
    return b"".join(map(tap.arrival, pieces))
