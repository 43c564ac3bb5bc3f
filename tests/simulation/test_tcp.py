"""The simulated network behaves as TCP on Linux does, so far as the two ends can see."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.model.faults import Direction
from harness.ports import Heal
from harness.toxics.links import Impairment, retransmitted_at
from tests.simulation.lab import Echo, Lab, Recorder

SECOND = 10**9


async def _open(lab: Lab, protocol: Recorder) -> Recorder:
    await lab.loop.create_connection(lambda: protocol, "server", 80)
    return protocol


def test_a_connection_takes_one_round_trip_and_an_echo_another(lab: Lab) -> None:
    lab.listen(Echo)

    async def main() -> Recorder:
        client = await _open(lab, Recorder())
        client.transport.write(b"hello")
        await asyncio.sleep(1)
        return client

    client = lab.run(main())
    assert client.received == b"hello"
    assert client.times == pytest.approx([0.002, 0.004])


@given(chunks=st.lists(st.tuples(st.binary(min_size=1, max_size=50), st.floats(0, 2)), max_size=20))
def test_bytes_arrive_once_and_in_order_whatever_is_cut_meanwhile(chunks: list[tuple[bytes, float]]) -> None:
    server = Recorder()

    async def main(lab: Lab) -> None:
        client = await _open(lab, Recorder())
        lab.heal_after(15, lab.cut(Direction.FORTH))
        for data, pause in chunks:
            client.transport.write(data)
            await asyncio.sleep(pause)
        client.transport.close()
        await asyncio.sleep(600)

    with Lab() as lab:
        lab.listen(lambda: server)
        lab.run(main(lab))
    assert server.received == b"".join(data for data, _ in chunks)
    assert server.events[-1] == "lost"


def test_what_is_sent_into_a_cut_comes_with_the_first_retransmission_after_the_heal(lab: Lab) -> None:
    server = Recorder()
    lab.listen(lambda: server)

    async def main() -> None:
        client = await _open(lab, Recorder())
        lab.heal_after(10, lab.cut())
        client.transport.write(b"late")
        await asyncio.sleep(60)

    lab.run(main())
    # 0.2 + 0.4 + 0.8 + 1.6 + 3.2 + 6.4 seconds after it was first sent, and a millisecond on the way
    assert server.times[-1] == pytest.approx(0.002 + 12.6 + 0.001)
    assert set(lab.strikes) == {("client", "nothing passes")}


@given(sent=st.integers(0, 10**12), cut=st.integers(0, 10**12))
def test_a_retransmission_comes_after_the_heal_and_within_twice_the_cut(sent: int, cut: int) -> None:
    at = retransmitted_at(sent, sent + cut)
    assert sent + cut <= at <= sent + 2 * cut + SECOND // 5 or at - (sent + cut) <= 120 * SECOND


def test_tcp_gives_up_on_data_that_stays_unacknowledged(lab: Lab) -> None:
    lab.listen(Echo)

    async def main() -> Recorder:
        client = await _open(lab, Recorder())
        lab.cut()
        client.transport.write(b"anybody?")
        await asyncio.sleep(3600)
        return client

    client = lab.run(main())
    assert client.events == ["made", "lost TimeoutError"]
    assert client.times[-1] == pytest.approx(924.602, abs=0.01)


def test_nobody_answers_a_syn_through_a_cut_and_linux_gives_up_after_127_seconds(lab: Lab) -> None:
    lab.listen(Echo)
    lab.cut()
    with pytest.raises(TimeoutError, match="Connection timed out"):
        lab.run(_open(lab, Recorder()))
    assert lab.loop.time() == 127


def test_a_syn_is_tried_again_and_connects_once_the_cut_is_over(lab: Lab) -> None:
    lab.listen(Echo)
    lab.heal_after(5, lab.cut(Direction.BACK))
    lab.run(_open(lab, Recorder()))
    assert lab.loop.time() == pytest.approx(7.002)


def test_a_port_on_which_nobody_listens_refuses_after_one_round_trip(lab: Lab) -> None:
    with pytest.raises(ConnectionRefusedError):
        lab.run(_open(lab, Recorder()))
    assert lab.loop.time() == pytest.approx(0.002)


def test_a_name_that_nobody_has_is_not_known(lab: Lab) -> None:
    with pytest.raises(socket.gaierror, match="not known"):
        lab.run(lab.loop.create_connection(Recorder, "nowhere", 80))


def test_half_close_leaves_the_other_direction_open(lab: Lab) -> None:
    class SaysGoodbye(Recorder):
        def eof_received(self) -> bool:
            self.transport.write(b"got all")
            self.transport.close()
            return True

    server = SaysGoodbye()
    lab.listen(lambda: server)

    async def main() -> Recorder:
        client = await _open(lab, Recorder())
        client.transport.write(b"all I have")
        client.transport.write_eof()
        await asyncio.sleep(1)
        return client

    client = lab.run(main())
    assert (server.received, client.received) == (b"all I have", b"got all")
    assert client.events == ["made", "data", "eof", "lost"]


def test_a_reset_is_an_error_and_a_close_is_none(lab: Lab) -> None:
    server = Recorder()
    lab.listen(lambda: server)

    async def main(reset: bool) -> list[str]:
        client = await _open(lab, Recorder())
        end = client.transport.reset if reset else client.transport.close
        end()
        await asyncio.sleep(1)
        return client.events

    assert lab.run(main(True)) == ["made", "lost ConnectionResetError"]
    assert server.events == ["made", "lost ConnectionResetError"]
    assert lab.run(main(False)) == ["made", "lost"]
    assert server.events[2:] == ["made", "eof", "lost"]


def test_data_for_a_closed_socket_is_answered_with_a_reset(lab: Lab) -> None:
    server = Recorder()
    lab.listen(lambda: server)

    async def main() -> Recorder:
        client = await _open(lab, Recorder(keep_open=True))
        await asyncio.sleep(0.1)
        server.transport.close()
        await asyncio.sleep(0.1)
        client.transport.write(b"too late")
        await asyncio.sleep(1)
        return client

    assert lab.run(main()).events == ["made", "eof", "lost ConnectionResetError"]


def test_the_peers_of_a_killed_host_see_their_connections_close(lab: Lab) -> None:
    lab.listen(Echo)

    async def main() -> Recorder:
        client = await _open(lab, Recorder())
        await asyncio.sleep(0.1)
        lab.network.kill(lab.server)
        await asyncio.sleep(1)
        return client

    assert lab.run(main()).events == ["made", "eof", "lost"]


def test_a_paused_host_accepts_and_answers_when_it_goes_on(lab: Lab) -> None:
    lab.listen(Echo)

    async def main() -> Recorder:
        lab.loop.halt(lab.server)
        client = await _open(lab, Recorder())
        client.transport.write(b"patience")
        await asyncio.sleep(30)
        assert client.received == b""
        lab.loop.resume(lab.server)
        await asyncio.sleep(1)
        return client

    client = lab.run(main())
    assert client.received == b"patience"
    assert client.times[-1] == pytest.approx(30.003)


def test_a_reader_that_does_not_read_holds_the_writer_back(lab: Lab) -> None:
    class Slow(Recorder):
        def connection_made(self, transport: object) -> None:
            super().connection_made(transport)
            self.transport.pause_reading()

    class Writer(Recorder):
        def pause_writing(self) -> None:
            self._note("paused")

        def resume_writing(self) -> None:
            self._note("resumed")

    server, client = Slow(), Writer()
    lab.listen(lambda: server)

    async def main() -> None:
        await _open(lab, client)
        for _ in range(3):
            client.transport.write(b"x" * 50_000)
            await asyncio.sleep(1)
        server.transport.resume_reading()
        await asyncio.sleep(1)

    lab.run(main())
    assert client.events == ["made", "paused", "resumed"]
    assert len(server.received) == 150_000


def test_streams_of_asyncio_work_unchanged(lab: Lab) -> None:
    lab.listen(Echo)

    async def main() -> bytes:
        reader, writer = await asyncio.open_connection("server", 80)
        writer.write(b"line one\nline two\n")
        await writer.drain()
        writer.write_eof()
        answer = await reader.readline() + await reader.read()
        writer.close()
        return answer

    assert lab.run(main()) == b"line one\nline two\n"


async def _at(moment: float, action: Callable[[], object]) -> None:
    await asyncio.sleep(moment)
    action()
    await asyncio.sleep(60)


def test_a_host_that_dies_while_its_writing_is_paused_is_not_told_to_go_on(lab: Lab) -> None:
    lab.listen(Recorder)

    async def main() -> Heal:
        client = await _open(lab, Paused())
        cut = lab.cut()
        client.transport.write(b"x" * 100_000)
        return cut

    cut = lab.run(main())
    lab.run(_at(1, lambda: lab.network.kill(lab.client)), on=lab.server)
    lab.run(_at(1, cut), on=lab.server)


class Paused(Recorder):
    def pause_writing(self) -> None:
        self._note("pause")


def test_a_client_that_dies_before_its_syn_arrives_leaves_no_connection(lab: Lab) -> None:
    lab.listen(Recorder)
    lab.loop.create_task(_open(lab, Recorder()), context=lab.client.context())
    lab.run(_at(0.0005, lambda: lab.network.kill(lab.client)), on=lab.server)
    assert not lab.network.connections


def test_a_client_cancelled_in_the_moment_it_is_connected_leaves_no_connection(lab: Lab) -> None:
    lab.listen(Recorder)

    async def main() -> None:
        connecting = asyncio.ensure_future(_open(lab, Recorder()))
        # set after the handshake's own timer, so that it runs after it at the same instant
        lab.loop.call_later(0.0015, lab.loop.call_at, 0.002, connecting.cancel)
        with pytest.raises(asyncio.CancelledError):
            await connecting
        await asyncio.sleep(1)

    lab.run(main())
    assert not lab.network.connections


def test_an_answer_to_a_syn_does_not_pass_a_cut(lab: Lab) -> None:
    lab.listen(Recorder)

    async def main() -> Recorder:
        lab.loop.call_later(0.0005, lambda: lab.heal_after(10, lab.cut()))
        return await _open(lab, Recorder())

    assert lab.run(main()).times == pytest.approx([15.002])  # the SYN is sent again after 1, 3, 7 and 15 s


def test_closing_with_nothing_unread_but_the_other_ends_fin_is_no_reset(lab: Lab) -> None:
    server = Recorder()
    lab.listen(lambda: server)

    async def main() -> Recorder:
        client = await _open(lab, Recorder(keep_open=True))
        await asyncio.sleep(1)
        server.transport.pause_reading()
        client.transport.write_eof()
        await asyncio.sleep(1)
        server.transport.close()
        await asyncio.sleep(1)
        return client

    assert lab.run(main()).events == ["made", "eof"]


def test_a_connection_that_the_client_has_closed_cannot_be_reset(lab: Lab) -> None:
    lab.listen(Recorder)

    async def main() -> None:
        client = await _open(lab, Recorder())
        assert len(lab.network.connections_between("client", "server")) == 1
        lab.cut()
        client.transport.close()
        assert lab.network.connections_between("client", "server") == []

    lab.run(main())


def test_what_is_held_back_holds_up_what_comes_after_it(lab: Lab) -> None:
    server = Recorder()
    lab.listen(lambda: server)
    struck: list[str] = []
    held = Impairment(strike=lambda victim, what: struck.append(what), held=0.3, delay=SECOND)

    async def main() -> None:
        client = await _open(lab, Recorder())
        lab.network.links.impair("client", "server", Direction.FORTH, held)
        for number in range(40):
            client.transport.write(bytes([number]))
            await asyncio.sleep(0.1)
        await asyncio.sleep(2)

    lab.run(main())
    assert server.received == bytes(range(40))
    assert 0 < len(struck) < 40
    assert max(server.times) < 0.1 * 40 + 1.1
