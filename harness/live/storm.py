"""Faults under somebody else's load: relays before a server, the nemesis on them, and a command that puts the load on.

The command's clients find the server through the relays, one for each worker of the plan, so a fault strikes those behind
its link and nobody else. What it writes as histories of its own is read at its end, and joins what the relays saw.
"""

from __future__ import annotations

import asyncio
import json
import os
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from harness.errors import BadHistory, NotStarted
from harness.live.wires import LiveWires
from harness.live.world import LiveClock
from harness.model.history import Event, History
from harness.model.plan import Plan, Submission
from harness.nemesis import check_capable, unleash
from harness.ports import Capability, Fleet, Server
from harness.rng import Streams
from harness.toxics.links import Links

#: What can be judged of what the relays and the bodies of the load saw; nobody watched the server.
INVARIANTS = (
    "no_task_runs_twice_at_once",
    "no_success_is_lost",
    "reports_match_bodies",
    "every_fault_struck",
)
#: Seconds that a command has to end when the storm is broken off.
GRACE = 10.0
_READ = ("body",)


@dataclass(frozen=True)
class Stormed:
    """What became of it: the plan with the tasks that were seen, all that was witnessed, the command's exit code."""

    plan: Plan
    history: History
    code: int
    seconds: float


class StormWorld:
    """A world that is clock and network alone: its workers and its server are somebody else's."""

    name = "live"
    capabilities = frozenset(
        (
            Capability.PARTITION,
            Capability.LATENCY,
            Capability.PACKET_LOSS,
            Capability.REORDERING,
            Capability.RESET,
            Capability.HTTP_RULES,
            Capability.SCRIPTED_WORKERS,
        )
    )
    # nothing asks for them: the capabilities say so
    fleet: Fleet
    server: Server

    def __init__(self, plan: Plan) -> None:
        self.history, self.clock = History(), LiveClock()
        self.network = LiveWires(
            Links(Streams(plan.seed), delay=0, jitter=0),
            now=time.monotonic_ns,
            record=self.record,
            new_call=self.history.new_call,
        )

    def record(
        self,
        *,
        witness: str,
        process: str,
        type: str,
        f: str,
        value: dict[str, Any] | None = None,
        t: int | None = None,
    ) -> Event:
        """Take an event of this moment, or of `t` by the machine's monotonic clock."""
        at = self.clock.now() if t is None else max(0, t - self.clock.begun)
        return self.history.append(t=at, witness=witness, process=process, type=type, f=f, value=value)

    async def start(self) -> None:
        """Time begins."""
        self.clock.begun = time.monotonic_ns()

    async def catch_up(self) -> None:
        """The load ends the run."""

    async def stop(self) -> None:
        """The relays close."""
        self.network.close()


def storm_plan(plan: Plan) -> Plan:
    """The plan's faults and relays, without its tasks: those are the load's. Raises NotCapable."""
    bare = replace(plan, submissions=(), invariants=INVARIANTS, settle=timedelta(0))
    lacks = dict.fromkeys(Capability, "its workers and its server are not the harness's")
    check_capable(bare, world="load's", capabilities=StormWorld.capabilities, lacks=lacks)
    return bare


async def run_storm(
    plan: Plan, *, upstream: tuple[str, int], command: Sequence[str], environ: Mapping[str, str], folder: Path
) -> Stormed:
    """Run the command behind the plan's faults, to its end. `environ` is added to ours, `folder` takes histories.

    Raises NotStarted, and BadHistory for what the command wrote.
    """
    world = StormWorld(plan)
    for worker in plan.workers:
        world.network.open(worker.name, upstream)
    urls = ",".join(world.network.url_of(worker.name) for worker in plan.workers)
    env = {
        **os.environ,
        **environ,
        "LOCUST_HOST": urls,
        "LOADTEST_HISTORY": str(folder / "users-{pid}.jsonl"),
    }
    try:
        process = await asyncio.create_subprocess_exec(*command, env=env)
    except OSError as error:
        raise NotStarted(f"{command[0]} cannot be started: {error.strerror}") from None
    await world.start()
    begun = time.time_ns()
    try:
        await _rage(plan, world, process)
    finally:
        await _end(process)
        await world.stop()
    assert process.returncode is not None
    return _stormed(plan, world, _merged(world.history, folder, begun), process.returncode)


async def _rage(plan: Plan, world: StormWorld, process: asyncio.subprocess.Process) -> None:
    _act(world, "storm")
    faults = asyncio.create_task(unleash(plan, world), name="nemesis")
    calm = asyncio.create_task(_calm(plan, world), name="calm")
    await process.wait()
    for each in (faults, calm):
        if not each.done():
            each.cancel()
        with suppress(asyncio.CancelledError):
            await each
    if calm.cancelled():
        _act(world, "calm")
    _act(world, "end")


async def _calm(plan: Plan, world: StormWorld) -> None:
    await world.clock.sleep_until(plan.until)
    _act(world, "calm")


def _act(world: StormWorld, name: str) -> None:
    world.record(witness="world", process="driver", type="info", f="act", value={"act": name})


async def _end(process: asyncio.subprocess.Process) -> None:
    if process.returncode is None:
        process.terminate()
        try:
            await asyncio.wait_for(process.wait(), GRACE)
        except TimeoutError:
            process.kill()
            await process.wait()


def _stormed(plan: Plan, world: StormWorld, events: list[Event], code: int) -> Stormed:
    header = {"scenario": plan.scenario, "seed": plan.seed, "world": world.name}
    tasks = tuple(_submission(event, plan) for event in events if event.f == "task.submit")
    calm = timedelta(microseconds=world.clock.now() // 1000) - plan.until
    full = replace(plan, submissions=tasks, settle=max(calm, timedelta(seconds=1)))
    history = History(header=header | {"plan": full.digest()})
    for event in events:
        history.append(**{name: value for name, value in event._asdict().items() if name != "n"})
    return Stormed(full, history, code, world.clock.now() / 1e9)


def _submission(event: Event, plan: Plan) -> Submission:
    """A task that was seen; the load submitted it, some time before."""
    dag_id, task_id, run_id = event.value["task"].split("/", 2)
    at = min(timedelta(microseconds=event.t // 1000), plan.until)
    return Submission(at=at, dag_id=dag_id, task_id=task_id, run_id=run_id, lasting=timedelta(0))


def _merged(seen: History, folder: Path, begun: int) -> list[Event]:
    """What the relays saw and what the bodies were, in order; a task counts as submitted when its first body began."""
    events = list(seen)
    calls = seen.new_call()
    for file in sorted(folder.glob("users-*.jsonl")):
        told = list(_told(file, begun, first=calls))
        calls += 1 + max((event.value.get("call", 0) for event in told), default=0)
        events += told
    events.sort(key=lambda event: event.t)
    return [one for event in _with_submissions(events) for one in event]


def _with_submissions(events: list[Event]) -> Iterator[tuple[Event, ...]]:
    known: set[str] = set()
    for event in events:
        task = event.value.get("task") if event.witness == "body" else None
        if task is None or task in known:
            yield (event,)
        else:
            known.add(task)
            value = {"task": task, "ti": event.value["ti"], "retries": 0, "queue": "default", "slots": 1}
            yield (Event(0, event.t, "world", "driver", "info", "task.submit", value), event)


def _told(file: Path, begun: int, *, first: int) -> Iterator[Event]:
    """The bodies of one process's history, in the storm's time and with calls of their own numbers."""
    try:
        for line in file.read_text(encoding="utf-8").splitlines()[1:]:
            event = Event(**json.loads(line))
            if event.witness in _READ:
                value = event.value | {"call": first + event.value["call"]}
                yield event._replace(t=max(0, event.t - begun), value=value)
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise BadHistory(f"{file.name}, which the command wrote, is no history: {error}") from None
