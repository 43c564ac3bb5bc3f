"""The server port of the simulated world: the fake API behind uvicorn's own HTTP protocol, on host `api`."""

from __future__ import annotations

from typing import Any

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

from fake_api import State, TaskSpec, create_app
from harness.model.plan import Submission
from harness.ports import Heal, Strike
from harness.sim.network import Network

HOST, PORT = "api", 8080
URL = f"http://{HOST}:{PORT}"
CONTENT = "harness"
"""The name of the one variable and the one connection that task bodies read."""


class SimServerPort:
    """Implements `harness.ports.Server`. The state outlives restarts, as a database does."""

    def __init__(self, wires: Network, state: State) -> None:
        self._wires, self.state = wires, state
        seed_content(state)

    def boot(self) -> None:
        """A new API process: an application on the stored state, listening."""
        node = self._wires.boot(HOST)
        config = uvicorn.Config(
            create_app(self.state),
            http="httptools",
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            proxy_headers=False,
            timeout_keep_alive=120,  # Airflow: [api] worker_timeout
        )
        config.load()
        server_state = ServerState()

        def protocol() -> Any:
            return HttpToolsProtocol(config=config, server_state=server_state, app_state={})

        node.context().run(self._wires.create_server, protocol, HOST, PORT)

    def submit(self, task: Submission) -> str:
        """Queue the task; returns the id of its task instance."""
        spec = TaskSpec(
            dag_id=task.dag_id,
            task_id=task.task_id,
            run_id=task.run_id,
            queue=task.queue,
            pool_slots=task.slots,
            retries=task.retries,
            retry_delay=task.retry_delay.total_seconds(),
        )
        return str(self.state.submit(spec))

    def restart(self, target: str, strike: Strike) -> Heal:
        """The API process dies with its connections; the Heal starts a new one. Nothing where it is down."""
        node = self._wires.hosts[HOST]
        if not node.alive:
            return lambda: None
        strike(HOST, f"went down with {len(node.endpoints)} connections")
        self._wires.kill(node)
        return self.boot


def seed_content(state: State) -> None:
    """What task bodies read."""
    from fake_api import rows

    state.variables[CONTENT] = rows.Variable(val="1")
    state.connections[CONTENT] = rows.Connection(conn_id=CONTENT, conn_type="http")
