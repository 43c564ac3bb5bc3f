"""All proxies of a server, by name."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from typing import Any

from harness.proxy.addresses import Address, parse_address
from harness.proxy.api_errors import (
    PROXY_ALREADY_EXISTS,
    PROXY_NOT_FOUND,
    ApiError,
    bad_request,
    missing_field,
)
from harness.proxy.documents import field
from harness.proxy.proxy import Proxy
from harness.proxy.turns import by_turns


class Proxies:
    """What the API and a config file change. Its errors are ApiErrors."""

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self.by_name: dict[str, Proxy] = {}

    def get(self, name: str) -> Proxy:
        """The proxy of that name."""
        if name not in self.by_name:
            raise ApiError(*PROXY_NOT_FOUND)
        return self.by_name[name]

    async def create(self, document: Mapping[str, Any]) -> Proxy:
        """Make a proxy, and start it unless the document says that it is not enabled."""
        proxy = self._read(document)
        enabled = field(document, "enabled", bool, True)
        if proxy.name in self.by_name:
            raise ApiError(*PROXY_ALREADY_EXISTS)
        await self._add(proxy, enabled=enabled)
        return proxy

    async def update(self, proxy: Proxy, document: Mapping[str, Any]) -> None:
        """Other addresses, or enabled or not. Other addresses drop its connections."""
        field(document, "name", str, "")  # read, and left alone
        listen = _address(document, "listen", proxy.listen)
        upstream = _address(document, "upstream", proxy.upstream)
        async with proxy.changing:
            enabled = field(document, "enabled", bool, proxy.enabled)
            if not await proxy.has(listen, upstream):
                proxy.stop()
                proxy.listen, proxy.upstream = listen, upstream
            if not enabled:
                proxy.stop()
            elif self.by_name.get(proxy.name) is proxy:
                await proxy.start()

    async def remove(self, name: str) -> None:
        """Stop a proxy and forget it."""
        proxy = self.get(name)
        del self.by_name[name]
        proxy.stop()
        async with proxy.changing:  # it may have been starting
            proxy.stop()

    async def populate(self, documents: list[Any]) -> AsyncIterator[Proxy]:
        """Make all these proxies; those that are there with the same addresses stay as they are.

        All are read before any is made. Raises ApiError, after what could be made.
        """
        for proxy, enabled in await self._read_all(documents):
            yield await self._populate(proxy, enabled)

    async def reset(self) -> None:
        """Enable all proxies and take all toxics off. Raises the first ApiError when all that can be is done."""
        failed: ApiError | None = None
        async for proxy in by_turns(list(self.by_name.values())):
            proxy.heal()
            async with proxy.changing:
                try:
                    if self.by_name.get(proxy.name) is proxy:
                        await proxy.start()
                except ApiError as error:
                    failed = failed or error
        if failed is not None:
            raise failed

    async def close(self) -> None:
        """Stop all proxies; what they were dialling is given up when this returns."""
        proxies, self.by_name = self.by_name, {}
        for proxy in proxies.values():
            proxy.stop()
            if proxy.dials:
                await asyncio.wait(proxy.dials)

    async def _populate(self, proxy: Proxy, enabled: bool) -> Proxy:
        known = self.by_name.get(proxy.name)
        if known is not None:
            if await known.has(proxy.listen, proxy.upstream):
                return known
            await self.remove(known.name)
        await self._add(proxy, enabled=enabled)
        return proxy

    async def _add(self, proxy: Proxy, *, enabled: bool) -> None:
        self.by_name[proxy.name] = proxy
        try:
            async with proxy.changing:
                if enabled:
                    await proxy.start()
        except BaseException:
            self._withdraw(proxy)
            raise
        if self.by_name.get(proxy.name) is not proxy:  # removed meanwhile
            proxy.stop()

    def _withdraw(self, proxy: Proxy) -> None:
        if self.by_name.get(proxy.name) is proxy:
            del self.by_name[proxy.name]
        proxy.stop()

    async def _read_all(self, documents: list[Any]) -> list[tuple[Proxy, bool]]:
        read: dict[str, tuple[Proxy, bool]] = {}
        async for place, given in by_turns(enumerate(documents, start=1)):
            document = {} if given is None else given
            if not isinstance(document, Mapping):
                raise bad_request(f"proxy {place} is not an object")
            proxy = self._read(document, f" at proxy {place}")
            if proxy.name in read:
                raise ApiError(500, f'duplicate proxy name "{proxy.name}"')
            read[proxy.name] = proxy, field(document, "enabled", bool, True)
        return list(read.values())

    def _read(self, document: Mapping[str, Any], where: str = "") -> Proxy:
        name = field(document, "name", str, "")
        if not name:
            raise missing_field(f"name{where}")
        if not field(document, "upstream", str, ""):
            raise missing_field(f"upstream{where}")
        return Proxy(
            name=name,
            listen=_address(document, "listen", Address("127.0.0.1", 0)),
            upstream=_address(document, "upstream", None),
            seed=self.seed,
        )


def _address(document: Mapping[str, Any], name: str, default: Address | None) -> Address:
    text = field(document, name, str, "" if default is None else str(default))
    if name == "upstream" and not text:
        raise missing_field(name)
    return parse_address(text, field=name)
