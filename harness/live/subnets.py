"""Live hosts in network namespaces: each worker has a network of its own, with one cable to where the relays listen."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from fnmatch import fnmatchcase
from functools import partial
from ipaddress import ip_network
from itertools import count
from pathlib import Path
from typing import TypeVar

from harness.control_plane import HOST
from harness.errors import NotCapable
from harness.live.binding import bound
from harness.live.cables import Cable
from harness.live.name_server import PORT, NameServer
from harness.live.namespaces import Namespace
from harness.model.faults import Direction
from harness.model.plan import Plan
from harness.ports import Heal, Strike
from harness.rng import Streams
from harness.toxics.links import Impairment, Links

T = TypeVar("T")

#: For such networks (RFC 2544): nobody's, and routed nowhere. Each worker's has four addresses of it; the last is nobody's.
_NETWORK = ip_network("198.18.0.0/15")
_NOBODY = str(_NETWORK[-1])
_ENTER = 'mount --bind "$0" /etc/resolv.conf && exec "$@"'


def addresses(number: int) -> tuple[str, str]:
    """Those of the API and of the worker in the network of that number, from 1. Raises IndexError beyond some 32,000."""
    return str(_NETWORK[4 * number + 1]), str(_NETWORK[4 * number + 2])


class Subnet:
    """One worker's network: it is `address`, the API is `api`."""

    def __init__(self, name: str, number: int, *, hub: Namespace, links: Links, resolver: Path) -> None:
        self.api, self.address = addresses(number)
        self.names = NameServer(victim=name, name=HOST, address=self.api, stale=_NOBODY)
        self.namespace = Namespace()
        self._resolver = resolver
        resolver.write_text(f"nameserver {self.api}\noptions timeout:2 attempts:1\n")
        self._cable = Cable(
            near=self.namespace.open_tun("cable", address=self.address, peer=self.api),
            far=hub.open_tun(f"cable{number}", address=self.api, peer=self.address),
            forth=links.between(name, HOST),
            back=links.between(HOST, name),
            victim=name,
        )
        self.namespace.reject(_NOBODY)

    def enter(self) -> list[str]:
        """What stands before a command that is to run here, with this network's names."""
        network = ("nsenter", f"--net={self.namespace.path}")
        return [*network, "unshare", "--mount", "sh", "-c", _ENTER, str(self._resolver)]

    def close(self) -> None:
        """Nothing passes any more; the network ends with the last process in it."""
        self._cable.close()
        self.namespace.close()


class Subnets:
    """The networks of a run. Made before the first worker boots; closed after the last has ended."""

    def __init__(self, plan: Plan, *, folder: Path) -> None:
        self._links, self._folder = Links(Streams(plan.seed), delay=0, jitter=0), folder
        self._numbers = count(1)
        self._subnets: dict[str, Subnet] = {}
        self._open = ExitStack()
        try:
            self._hub = Namespace()
        except OSError as error:
            raise NotCapable(
                f"no network namespace can be made here ({error}): be root, or take --hosts processes"
            ) from None
        self._open.callback(self._hub.close)

    async def join(self, name: str) -> None:
        """The worker has a network from now on."""
        resolver = self._folder / f"{name}.resolv.conf"
        subnet = Subnet(name, next(self._numbers), hub=self._hub, links=self._links, resolver=resolver)
        self._open.callback(subnet.close)
        self._subnets[name] = subnet
        asking = self._hub.run(lambda: _bound((subnet.api, PORT)))
        loop = asyncio.get_running_loop()
        transport, _ = await loop.create_datagram_endpoint(lambda: subnet.names, sock=asking)
        self._open.callback(transport.close)

    def bind(self, name: str, port: int) -> socket.socket:
        """A socket where the worker finds the API, bound; port 0 is any."""
        return self._hub.run(partial(bound, (self._subnets[name].api, port)))

    def run(self, name: str, do: Callable[[], T]) -> T:
        """Do it in that worker's network."""
        return self._subnets[name].namespace.run(do)

    def enter(self, name: str) -> Sequence[str]:
        """What stands before the command of a worker."""
        return self._subnets[name].enter()

    def impair(self, a: str, b: str, direction: Direction, impairment: Impairment) -> Heal:
        """Put it on every cable between the two."""
        return self._links.impair(a, b, direction, impairment)

    def break_names(self, target: str, stale: bool, strike: Strike) -> Heal:
        """Those hosts find no name, or one of nobody."""
        broken = ExitStack()
        for name, subnet in self._subnets.items():
            if fnmatchcase(name, target):
                broken.callback(subnet.names.fail(stale, strike))
        return broken.close

    def close(self) -> None:
        """Let go of all of them."""
        self._open.close()


def _bound(address: tuple[str, int]) -> socket.socket:
    bound = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    bound.setblocking(False)
    bound.bind(address)
    return bound
