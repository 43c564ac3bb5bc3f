"""The fake API on a socket, for one release: what its Dag reads is there, and what its tasks go through is kept."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

from fake_api import Change, Scheduler, Settings, State, TaskSpec
from fake_api.rows import TaskInstance, Variable
from fake_api.xcoms import XComTask
from harness.control_plane import http_protocol
from harness.releases.expected import CONNECTION, DAG_FILE, DAG_ID, EVENT, VARIABLES, Expected
from harness.releases.table import Release

RUN_ID = "run-1"
#: Seconds between two rounds of the fake's scheduler: short, for nothing here is to wait for it.
ROUND = 0.1
#: Seconds that the scheduler has to queue what waits; the longest wait of the Dag is one.
WAIT = 30.0
WAITING = ("up_for_retry", "up_for_reschedule", "scheduled")


@dataclass(frozen=True)
class Server:
    """The running fake. `paths` are the states of each task instance, by all of its ids; `moved` tells of changes."""

    state: State
    port: int
    paths: dict[str, list[str]] = field(default_factory=dict)
    moved: asyncio.Event = field(default_factory=asyncio.Event)

    def submit(self, expected: Expected) -> TaskSpec:
        """Queue a task instance as the Dag has it."""
        task = TaskSpec(
            dag_id=DAG_ID,
            task_id=expected.task_id,
            run_id=RUN_ID,
            map_index=expected.map_index,
            retries=expected.retries,
            retry_delay=0,
            dag_rel_path=DAG_FILE,
        )
        self.state.submit(task)
        return task

    def find(self, task: TaskSpec) -> TaskInstance:
        """The task instance as it is now."""
        found = self.state.task_instances.find(task.primary)
        assert found is not None, f"{task.primary} was submitted"
        return found

    def workload(self, ti: TaskInstance) -> str:
        """The workload of a queued task instance, as a worker gets it: ExecuteTask JSON."""
        job = self.state.edge_jobs.get(ti.key)
        assert job is not None, f"{ti.key} is queued"
        return job.command

    def xcoms(self, task: TaskSpec) -> dict[str, object]:
        """What the task instance pushed, in the order in which it did."""
        owner = XComTask(task.dag_id, task.run_id, task.task_id)
        return {key: value for of, key, at, value in self.state.xcoms if of == owner and at == task.map_index}

    async def go_on(self, task: TaskSpec) -> bool:
        """Do what triggerer and scheduler would do next; says whether the task instance is queued again."""
        if (ti := self.find(task)).state == "deferred":
            self.state.fire_trigger(ti.id, EVENT)
        with suppress(TimeoutError):
            async with asyncio.timeout(WAIT):
                while self.find(task).state in WAITING:
                    self.moved.clear()
                    await self.moved.wait()
        return self.find(task).state == "queued"

    def note(self, change: Change) -> None:
        """Keep the state a task instance came into."""
        if change.table == "task_instance" and change.new is not None:
            path = self.paths.setdefault(change.key, [])
            path.append(change.new)
            self.moved.set()
            self.paths[str(change.detail.get("new_id", change.key))] = path


@asynccontextmanager
async def serve(release: Release) -> AsyncIterator[Server]:
    """The fake on a free port of loopback, set up as the release needs it, with its scheduler."""
    state = State(settings=Settings(scheduler_idle_sleep_time=ROUND, **release.server))
    state.variables |= {key: Variable(val=value) for key, value in VARIABLES.items()}
    state.connections[CONNECTION.conn_id] = CONNECTION
    listener = await asyncio.get_running_loop().create_server(http_protocol(state), "127.0.0.1", 0)
    server = Server(state, listener.sockets[0].getsockname()[1])
    state.subscribe(server.note)
    scheduler = asyncio.create_task(Scheduler(state).run())
    try:
        yield server
    finally:
        scheduler.cancel()
        with suppress(asyncio.CancelledError):
            await scheduler
        listener.close()
        await listener.wait_closed()
