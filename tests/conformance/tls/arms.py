"""Two clients, worker-1 and worker-2, of one API over TLS: on the simulated network, and over real sockets."""

from __future__ import annotations

import asyncio
import re
import ssl
import time
from collections.abc import Awaitable, Callable
from contextlib import ExitStack
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Protocol

import aiohttp
import httpx

from harness.live.wires import LiveWires
from harness.model.faults import Fault
from harness.model.tls_faults import Tls
from harness.nemesis import ACTIONS
from harness.ports import Heal
from harness.rng import Streams
from harness.sim.bridge import run_sync
from harness.sim.http import sim_transport
from harness.sim.patches import edge_swaps, swapped
from harness.sim.streams import Connection, Observer
from harness.sim.tls import TlsEnd
from harness.sim.wires import SimWires
from harness.tls.authority import Authority
from harness.tls.files import Files
from harness.tls.terminator import Terminator
from harness.toxics.links import Links
from harness.workers.edge import require_airflow, sdk_context
from tests.simulation.http_table import Server
from tests.simulation.lab import Lab

PATH = "/execution/health"
PLACES = re.compile(r" \(_ssl\.c:\d+\)|\b(localhost|api)(:\d+)?")


class Api:
    """What all arms have: the server's side of TLS, and what was witnessed."""

    def __init__(self, folder: Path, *, tls: Tls, names: tuple[str, ...], without: tuple[str, ...]) -> None:
        self.authority = Authority(folder, names=names)
        self.terminator = Terminator(self.authority, tls=tls, server="api", without_certificate=without)
        self.tls = tls
        self.strikes: list[tuple[str, str]] = []
        self.refusals: list[str] = []
        self.served: list[str] = []
        self.wires: Any = None
        self.talks: list[_Talk] = []  # connections that are open

    def begin(self, fault: Fault) -> Heal:
        """Apply the fault as the nemesis does."""
        world: Any = SimpleNamespace(network=self.wires)
        return ACTIONS[type(fault)][1](fault, world, lambda *told: self.strikes.append(told))

    def files(self, name: str, *, shows: bool) -> Files:
        """What that worker has on disk."""
        trusted = Files(trusted=self.authority.trusted)
        return self.authority.client(name) if shows and self.tls is Tls.MUTUAL else trusted

    async def closing(self, main: Awaitable[Any]) -> Any:
        """The result of `main`, and every connection closed."""
        try:
            return await main
        finally:
            for talk in self.talks:
                talk.transport.close()
            await asyncio.sleep(0.05)

    def record(self, *, process: str, type: str, f: str, value: dict[str, Any], **_: Any) -> Any:
        if f == "connect":
            self.refusals.append(process)


class Arm(Protocol):
    """One world."""

    api: Api

    def run(self, main: Callable[[], Any]) -> Any:
        """Run the coroutine that `main` makes."""
        ...

    async def aiohttp(self, files: Files, *, name: str) -> str:
        """How a call of that worker by aiohttp ends: its status, or what is raised."""
        ...

    async def httpx(self, files: Files, *, name: str) -> str:
        """The same by httpx."""
        ...

    async def open(
        self, context: ssl.SSLContext | None, *, name: str, heard: list[bytes] | None = None
    ) -> Callable[[], Awaitable[bytes]]:
        """A connection of that worker: each call sends a request on it and gives what comes back.

        `heard` gets what passes the network, as an eavesdropper has it.
        """
        ...


def told(error: Exception) -> str:
    """What the client raised, without places that differ."""
    return PLACES.sub(lambda found: "API" if found[1] else "", f"{type(error).__name__}: {error}")


async def _aiohttp(url: str, files: Files) -> str:
    try:
        async with aiohttp.request("GET", url, ssl=files.context()) as reply:
            return str(reply.status)
    except aiohttp.ClientError as error:
        return told(error)


async def _open(
    api: Api, context: ssl.SSLContext | None, host: str, port: int
) -> Callable[[], Awaitable[bytes]]:
    loop = asyncio.get_running_loop()
    _, talk = await loop.create_connection(_Talk, host, port, ssl=context)
    api.talks.append(talk)
    return talk.call


class _Talk(asyncio.Protocol):
    """Sends a request, and hands over what comes back."""

    def connection_made(self, transport: Any) -> None:
        self.transport = transport
        self.news: asyncio.Queue[bytes] = asyncio.Queue()

    def data_received(self, data: bytes) -> None:
        self.news.put_nowait(data)

    def connection_lost(self, exc: Exception | None) -> None:
        self.news.put_nowait(b"")

    async def call(self) -> bytes:
        self.transport.write(f"GET {PATH} HTTP/1.1\r\nhost: api\r\n\r\n".encode())
        return await asyncio.wait_for(self.news.get(), 25)


class SimArm:
    """Each call comes from the node of its worker."""

    def __init__(self, folder: Path, *, tls: Tls, without: tuple[str, ...] = ()) -> None:
        require_airflow()
        self.api = Api(folder, tls=tls, names=("api",), without=without)

    def run(self, main: Callable[[], Any]) -> Any:
        with Lab() as lab:
            self._lab, api = lab, self.api
            calls = iter(range(1, 99))
            api.wires = SimWires(
                lab.network, record=api.record, new_call=calls.__next__, terminator=api.terminator
            )
            server = lab.network.boot("api")
            for name in ("worker-1", "worker-2"):
                lab.network.boot(name)
            server.context().run(
                lambda: lab.network.create_server(lambda: Server(api.served), "api", 443, over_tls=self._end)
            )
            with swapped(edge_swaps(lab.loop, Streams(1), epoch_ns=0, process_class=object)):
                return lab.run(api.closing(main()))

    def _end(self, client: str, protocol: Any) -> TlsEnd:
        session = self.api.terminator.session(client)
        return TlsEnd(protocol, session, refused=lambda error: self.api.terminator.failed(client, error))

    async def _on(self, name: str, work: Any) -> Any:
        context = self._lab.network.hosts[name].context()
        return await asyncio.get_running_loop().create_task(work, context=context)

    async def aiohttp(self, files: Files, *, name: str) -> str:
        return str(await self._on(name, _aiohttp(f"https://api:443{PATH}", files)))

    async def httpx(self, files: Files, *, name: str) -> str:
        def call() -> str:
            with httpx.Client(transport=sim_transport(sdk_context(files))) as client:
                return _httpx(client, f"https://api:443{PATH}")

        return str(await self._on(name, run_sync(call)))

    async def open(
        self, context: ssl.SSLContext | None, *, name: str, heard: list[bytes] | None = None
    ) -> Callable[[], Awaitable[bytes]]:
        if heard is not None:
            network, observe = self._lab.network, self._lab.network.observe

            def overheard(connection: Connection) -> Observer:
                for end in (connection.near, connection.far):
                    _listen(end, heard)
                return observe(connection)

            network.observe = overheard
        opened: Callable[[], Awaitable[bytes]] = await self._on(name, _open(self.api, context, "api", 443))
        return opened


def _listen(end: Any, heard: list[bytes]) -> None:
    """Note each segment that arrives at that end, as the network delivers it."""
    take = end.received

    def received(segment: Any) -> None:
        if isinstance(segment, bytes):
            heard.append(segment)
        take(segment)

    end.received = received


def _httpx(client: httpx.Client, url: str) -> str:
    try:
        return str(client.get(url).status_code)
    except httpx.TransportError as error:
        return told(error)


class LiveArm:
    """Each worker has its relay."""

    def __init__(self, folder: Path, *, tls: Tls, without: tuple[str, ...] = ()) -> None:
        require_airflow()
        self.api = Api(folder, tls=tls, names=("localhost",), without=without)
        self._closing = ExitStack()

    def run(self, main: Callable[[], Any]) -> Any:
        return asyncio.run(self._run(main))

    async def _run(self, main: Callable[[], Any]) -> Any:
        api, calls = self.api, iter(range(1, 99))
        links = Links(Streams(1), delay=0, jitter=0)
        api.wires = LiveWires(
            links,
            now=time.monotonic_ns,
            record=api.record,
            new_call=calls.__next__,
            terminator=api.terminator,
        )
        loop = asyncio.get_running_loop()
        server = await loop.create_server(lambda: Server(api.served), "127.0.0.1", 0)
        for name in ("worker-1", "worker-2"):
            api.wires.open(name, server.sockets[0].getsockname())
        try:
            async with asyncio.timeout(60):
                return await api.closing(main())
        finally:
            self._closing.close()
            api.wires.close()
            server.close()
            await asyncio.sleep(0)

    def _url(self, name: str) -> str:
        return f"https://localhost:{self.api.wires.relays[name].address[1]}{PATH}"

    async def aiohttp(self, files: Files, *, name: str) -> str:
        return await _aiohttp(self._url(name), files)

    async def httpx(self, files: Files, *, name: str) -> str:
        def call() -> str:
            with httpx.Client(verify=sdk_context(files)) as client:
                return _httpx(client, self._url(name))

        return await asyncio.to_thread(call)

    async def open(
        self, context: ssl.SSLContext | None, *, name: str, heard: list[bytes] | None = None
    ) -> Callable[[], Awaitable[bytes]]:
        port = self.api.wires.relays[name].address[1]
        return await _open(
            self.api, context, "localhost", port if heard is None else await self._tapped(port, heard)
        )

    async def _tapped(self, port: int, heard: list[bytes]) -> int:
        """The port of an eavesdropper before that port, who notes what he copies."""

        async def copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            while data := await reader.read(1 << 16):
                heard.append(data)
                writer.write(data)
            writer.close()

        async def stand_between(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            there, back = await asyncio.open_connection("127.0.0.1", port)
            await asyncio.gather(copy(reader, back), copy(there, writer))

        server = await asyncio.start_server(stand_between, "127.0.0.1", 0)
        self._closing.callback(server.close)
        return int(server.sockets[0].getsockname()[1])


ARMS: dict[str, Callable[..., Arm]] = {"sim": SimArm, "live": LiveArm}
