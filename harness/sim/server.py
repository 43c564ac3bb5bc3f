"""The server port of the simulated world: the fake API behind uvicorn's own HTTP protocol, on host `api`."""

from __future__ import annotations

from functools import partial

from fake_api import State
from harness.control_plane import HOST, PORT, Failed, http_protocol, seed_content, task_spec
from harness.model.plan import Submission
from harness.model.tls_faults import Tls
from harness.ports import Heal, Strike
from harness.sim.network import Network, OverTls


def url(tls: Tls) -> str:
    """Where workers find the API."""
    return f"{'http' if tls is Tls.OFF else 'https'}://{HOST}:{PORT}"


class SimServerPort:
    """Implements `harness.ports.Server`. The state outlives restarts, as a database does.

    `failed`, where it is set, hears of what is raised where a request is served.
    """

    failed: Failed | None = None

    def __init__(self, wires: Network, state: State, *, over_tls: OverTls | None = None) -> None:
        self._wires, self.state, self._over_tls = wires, state, over_tls
        seed_content(state)

    def boot(self) -> None:
        """A new API process: an application on the stored state, listening."""
        node = self._wires.boot(HOST)
        listen = partial(self._wires.create_server, over_tls=self._over_tls)
        node.context().run(listen, http_protocol(self.state, failed=self.failed), HOST, PORT)

    def submit(self, task: Submission) -> str:
        """Queue the task; returns the id of its task instance."""
        return str(self.state.submit(task_spec(task)))

    def restart(self, target: str, strike: Strike) -> Heal:
        """The API process dies with its connections; the Heal starts a new one. Nothing where it is down."""
        node = self._wires.hosts[HOST]
        if not node.alive:
            return lambda: None
        strike(HOST, f"went down with {len(node.endpoints)} connections")
        self._wires.kill(node)
        return self.boot
