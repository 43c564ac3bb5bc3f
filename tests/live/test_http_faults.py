"""Faults on calls in the relay: the table of the simulated network, over real sockets."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from harness.live.wires import LiveWires
from harness.model.faults import Fault
from harness.model.tls_faults import Tls
from harness.nemesis import ACTIONS
from harness.rng import Streams
from harness.tls.authority import Authority
from harness.tls.files import Files
from harness.tls.terminator import Terminator
from harness.toxics.links import Links
from tests.live.test_relay import until
from tests.simulation.http_table import TABLE, WHOLE, Outcome, Row, Server, three_calls

pytestmark = pytest.mark.live

ROWS = pytest.mark.parametrize("row", TABLE, ids=lambda row: row.name)


class Talk:
    """Three calls of worker-1 to the API through its relay, and what was witnessed."""

    def __init__(
        self, fault: Fault, *, serves: int, healed: bool = False, terminator: Terminator | None = None
    ) -> None:
        self._terminator = terminator
        self.strikes: list[tuple[str, str]] = []
        self.served: list[str] = []
        self.begun: list[str] = []
        self.ended: list[str] = []
        self.outcomes: list[Outcome]
        asyncio.run(self._main(fault, serves, healed))

    async def _main(self, fault: Fault, serves: int, healed: bool) -> None:
        loop = asyncio.get_running_loop()
        calls = iter(range(1, 99))
        links = Links(Streams(1), delay=0, jitter=0)
        wires = LiveWires(
            links,
            now=time.monotonic_ns,
            record=self._record,
            new_call=calls.__next__,
            terminator=self._terminator,
        )
        server = await loop.create_server(lambda: Server(self.served), "127.0.0.1", 0)
        wires.open("worker-1", server.sockets[0].getsockname())
        world: Any = SimpleNamespace(network=wires)
        heal = ACTIONS[type(fault)][1](fault, world, lambda *told: self.strikes.append(told))
        if healed:
            heal()
        tls = Files(trusted=self._terminator.authority.trusted).context() if self._terminator else None
        address = wires.relays["worker-1"].address
        try:
            async with asyncio.timeout(60):
                self.outcomes, _ = await three_calls(
                    lambda make: loop.create_connection(make, *address, ssl=tls)
                )
                await until(lambda: len(self.served) >= serves)
        finally:
            wires.close()
            server.close()
            await asyncio.sleep(0)

    def _record(self, *, type: str, f: str, **_: Any) -> None:
        (self.begun if type == "invoke" else self.ended).append(f)


@ROWS
def test_a_fault_strikes_the_call_it_is_about_and_no_other(row: Row) -> None:
    talk = Talk(row.fault(), serves=len(row.served))
    assert talk.outcomes == [WHOLE, row.second, row.third]
    assert "".join(talk.served) == row.served
    assert talk.strikes == [("worker-1", f"variables.get: {row.strike}")]
    assert talk.begun == talk.ended == ["health", "variables.get", "variables.get"]


@ROWS
def test_over_tls_it_strikes_the_same_and_the_client_sees_the_same(row: Row, tmp_path: Path) -> None:
    terminator = Terminator(Authority(tmp_path, names=("127.0.0.1",)), tls=Tls.SERVER, server="api")
    talk = Talk(row.fault(), serves=len(row.served), terminator=terminator)
    assert talk.outcomes == [WHOLE, row.second, row.third]
    assert "".join(talk.served) == row.served
    assert talk.strikes == [("worker-1", f"variables.get: {row.strike}")]
    assert talk.begun == talk.ended == ["health", "variables.get", "variables.get"]


@ROWS
def test_a_fault_that_has_healed_and_one_about_others_touch_no_byte(row: Row) -> None:
    for healed in (True, False):
        talk = Talk(row.fault(times=None, **({} if healed else {"a": "worker-2"})), serves=3, healed=healed)
        assert (talk.outcomes, talk.served, talk.strikes) == ([WHOLE] * 3, ["1", "2", "3"], [])
