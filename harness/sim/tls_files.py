"""The certificates of one simulated run over TLS: the server's, and those of each host's processes."""

from __future__ import annotations

import ssl
from pathlib import Path
from typing import Any

from harness.control_plane import HOST
from harness.model.plan import Plan
from harness.model.scenario import Workers
from harness.model.tls_faults import Tls
from harness.sim.tls import TlsEnd
from harness.tls.authority import Authority
from harness.tls.files import Files
from harness.tls.terminator import Terminator
from harness.workers.edge import sdk_context


class SimTls:
    """What server and workers have on disk, in `folder`, and what ends TLS before the API."""

    def __init__(self, plan: Plan, folder: Path) -> None:
        folder.mkdir()
        self._mutual = plan.tls is Tls.MUTUAL
        self._authority = Authority(folder, names=(HOST,))
        edge = [worker.name for worker in plan.workers if worker.kind is Workers.EDGE]
        self.terminator = Terminator(self._authority, tls=plan.tls, server=HOST, without_certificate=edge)
        self._sdk: dict[tuple[str, bytes, bytes], ssl.SSLContext] = {}

    def end(self, client: str, protocol: Any) -> TlsEnd:
        """The server's end of a new connection of that host; `protocol` gets the plaintext."""

        def refused(error: ssl.SSLError) -> None:
            self.terminator.failed(client, error)

        return TlsEnd(protocol, self.terminator.session(client), refused=refused)

    def files(self, name: str) -> Files:
        """What that host has."""
        return self._authority.client(name) if self._mutual else Files(trusted=self._authority.trusted)

    def of_aiohttp(self) -> ssl.SSLContext:
        """What aiohttp has in a process that starts now: it is made once, on import, and has no certificate."""
        return Files(trusted=self._authority.trusted).context()

    def of_sdk(self, name: str) -> ssl.SSLContext:
        """What the released SDK client makes in a process that starts now on that host."""
        files = self.files(name)
        shown = files.certificate.read_bytes() if files.certificate else b""
        key = name, files.trusted.read_bytes(), shown
        if key not in self._sdk:  # loading the public CAs takes longer than a task's calls
            self._sdk[key] = sdk_context(files)
        return self._sdk[key]
