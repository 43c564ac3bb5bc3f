"""A Toxiproxy between the relays and the API: it delays and cuts what passes, as its toxics do.

Each worker has a proxy of its own there. What a Toxiproxy cannot do, single HTTP calls for one, stays with the relays.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from typing import Any

from harness.control_plane import HOST
from harness.errors import HarnessError
from harness.live.left_proxies import RunName
from harness.model.faults import Direction
from harness.ports import Heal
from harness.proxy import Client
from harness.proxy.client import Proxy
from harness.toxics.links import Impairment, Links, on_link

#: Milliseconds: longer than any run. Latency keeps the bytes, which `timeout` would drop, and lets go of them when removed.
FOR_EVER = 30 * 24 * 3600 * 1000
#: Seconds for the last calls of the API.
TIMEOUT = 30.0


class Detours:
    """The ways of a run's workers through the Toxiproxy that `client` drives.

    Its API is called aside: a released server may take a while to remove a toxic, and the relays have to go on meanwhile.
    """

    def __init__(self, client: Client, links: Links) -> None:
        self._client, self._links = client, links
        self._run = RunName()
        self._proxies: dict[str, Proxy] = {}
        self._numbers = itertools.count(1)
        self._aside = ThreadPoolExecutor(max_workers=1, thread_name_prefix="toxiproxy")
        self._calls: list[Future[Any]] = []

    def join(self, name: str, upstream: tuple[str, int]) -> tuple[str, int]:
        """Where the API is for that worker's relay from now on. Raises what the client does."""
        if name not in self._proxies:
            host, port = upstream
            self._proxies[name] = self._client.create(self._run.proxy_of(name), f"{host}:{port}")
        return self._proxies[name].address

    def can(self, impairment: Impairment) -> bool:
        """Whether a Toxiproxy can do it: 2.12 loses and reorders nothing."""
        return not impairment.loss and not impairment.held

    def impair(self, a: str, b: str, direction: Direction, impairment: Impairment) -> Heal:
        """Have it done between the two. The relays tell the strikes: they see what goes into it, and what comes out."""
        watched = Direction.BOTH if impairment.cuts else direction  # a reply that is kept back is never seen
        repair = self._links.impair(a, b, watched, _told(impairment))
        toxics = [
            (proxy, f"fault-{next(self._numbers)}", stream)
            for name, proxy in self._proxies.items()
            for stream in _streams(a, b, direction, name)
        ]
        for proxy, name, stream in toxics:
            self._call(_adding(proxy, name, stream, impairment))

        def heal() -> None:
            repair()
            for proxy, name, _ in toxics:
                self._call(_removing(proxy, name))

        return heal

    def _call(self, do: Callable[[], Any]) -> None:
        self._calls.append(self._aside.submit(do))

    def close(self) -> None:
        """Remove the proxies. Raises what a call aside has raised."""
        for proxy in self._proxies.values():
            self._call(proxy.delete)
        self._proxies.clear()
        try:
            for call in self._calls:
                call.result(TIMEOUT)
        finally:
            self._calls.clear()
            self._run.close()
            self._aside.shutdown(wait=False, cancel_futures=True)

    def abandon(self) -> None:
        """The same, where something else has gone wrong already."""
        with suppress(HarnessError, TimeoutError):
            self.close()


def _streams(a: str, b: str, direction: Direction, source: str) -> Iterator[str]:
    if on_link(a, b, direction, source, HOST):
        yield "upstream"
    if on_link(a, b, direction, HOST, source):
        yield "downstream"


def _told(impairment: Impairment) -> Impairment:
    what = "nothing passes" if impairment.cuts else "delayed"
    return replace(impairment, cuts=False, delay=0, jitter=0, told=what)


def _adding(proxy: Proxy, name: str, stream: str, impairment: Impairment) -> Callable[[], Any]:
    delay = FOR_EVER if impairment.cuts else impairment.delay // 10**6
    jitter = impairment.jitter // 10**6
    return lambda: proxy.add("latency", name=name, stream=stream, latency=delay, jitter=jitter)


def _removing(proxy: Proxy, name: str) -> Callable[[], Any]:
    return lambda: proxy.remove(name)
