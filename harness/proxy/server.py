"""One Toxiproxy server on the running loop. Several may run in one process."""

from __future__ import annotations

import asyncio
from typing import Any, Self

from harness.errors import BadParameter
from harness.proxy.addresses import Address, bind_error
from harness.proxy.api import Api
from harness.proxy.api_errors import ApiError
from harness.proxy.collection import Proxies
from harness.proxy.http import HttpConnection

DEFAULT_PORT = 8474


class ToxiproxyServer:
    """An async context manager: within it, the API listens at `address` and the proxies work.

    `proxies` are made at the start; each is a dictionary as `POST /proxies` takes it. Raises BadParameter when one
    cannot be made or the API's address cannot be had.
    """

    def __init__(
        self,
        *,
        host: str = "127.0.0.1",
        port: int = DEFAULT_PORT,
        seed: int = 1,
        proxies: list[dict[str, Any]] | None = None,
    ) -> None:
        self.address = Address(host, port)
        self.proxies = Proxies(seed)
        self._initial = proxies or []
        self._api = Api(self.proxies)
        self._clients: dict[HttpConnection, None] = {}
        self._server: asyncio.Server | None = None

    @property
    def url(self) -> str:
        """Where the API is."""
        return f"http://{self.address}"

    async def __aenter__(self) -> Self:
        loop = asyncio.get_running_loop()
        try:
            host = await self.address.resolve()
            self._server = await loop.create_server(self._client, host, self.address.port)
        except (OSError, UnicodeError, OverflowError) as error:
            reason = bind_error(self.address, error).message
            raise BadParameter(f"{reason}; give another --host or --port") from None
        if self._server.sockets:  # the simulation has none
            self.address = Address(*self._server.sockets[0].getsockname()[:2])
        try:
            async for _ in self.proxies.populate(self._initial):
                pass
        except ApiError as error:
            await self.__aexit__()
            raise BadParameter(f"the proxies to begin with: {error.message}") from None
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None
        for client in list(self._clients):
            client.close()
        await self.proxies.close()
        await asyncio.sleep(0)  # what was closed hears of it

    def _client(self) -> HttpConnection:
        return HttpConnection(self._api.handle, self._clients)
