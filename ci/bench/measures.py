"""What is measured. Each measure yields its rows; figures per CPU second are of this process alone."""

from __future__ import annotations

import asyncio
import resource
import time
from collections.abc import Callable, Iterator

from ci.bench.answering import answering
from ci.bench.proxying import proxying
from ci.bench.searching import searching
from ci.bench.servers import servers
from ci.bench.table import Row
from harness import Fleet, Scenario, Tasks, Workers, make_plan, minutes, seconds
from harness.catalogue import find
from harness.model.plan import Plan
from harness.sim.loop import SimLoop
from harness.sim.session import prepare, run_in_sim, tear_down
from harness.units import NANOSECONDS


def loops() -> Iterator[Row]:
    """Sleeps a loop completes: ours with its own sleep, ours with asyncio's, and the bare heap below both."""

    async def many(sleep: Callable[[float], object]) -> None:
        async def one() -> None:
            for _ in range(1000):
                await sleep(0.1)  # type: ignore[misc]

        await asyncio.gather(*[one() for _ in range(100)])

    def rate(own: bool) -> float:
        loop = SimLoop(limit=10**15)
        begun = time.process_time()
        loop.run_until_complete(many(loop.sleep if own else asyncio.sleep))
        took = time.process_time() - begun
        tear_down(loop)
        return 100_000 / took

    plain, own = rate(False), rate(True)
    yield Row("virtual loop, asyncio.sleep", plain, "sleeps per CPU second")
    yield Row("virtual loop, its own sleep", own, "sleeps per CPU second", f"{own / plain:.2f} × the former")


def _measure(plan: Plan) -> tuple[float, float, float, int]:
    """(simulated, wall, CPU seconds, API calls) of one run."""
    wall, cpu = time.perf_counter(), time.process_time()
    world = run_in_sim(plan)
    took = time.perf_counter() - wall, time.process_time() - cpu
    calls = sum(1 for _ in world.history.where(witness="client", type="invoke"))
    return world.clock.now() / NANOSECONDS, *took, calls


def edge_workers() -> Iterator[Row]:
    """Five released EdgeWorkers, 40 tasks, one worker cut off for two minutes; and our worker on the same."""
    for workers in Workers:
        plan = make_plan(find("cut-off-worker").build(), 1, name="cut-off-worker", workers=workers)
        prepare(plan)
        simulated, _, cpu, calls = min((_measure(plan) for _ in range(3)), key=lambda run: run[2])
        note = f"{calls:,} API calls, {simulated / 60:.0f} simulated minutes in {cpu:.2f} s"
        yield Row(f"cut-off-worker, five {workers} workers", simulated / cpu, "simulated s per CPU s", note)


def throughput() -> Iterator[Row]:
    """API calls over the byte-level network: client, TCP, uvicorn, the fake, tap and History."""
    scenario = Scenario(
        fleet=Fleet(count=100, kind=Workers.SCRIPTED),
        tasks=Tasks(count=1000, over=minutes(2)),
        until=minutes(5),
        settle=minutes(5),
    )
    plan = make_plan(scenario, 1, name="throughput")
    _, _, cpu, calls = min((_measure(plan) for _ in range(3)), key=lambda run: run[2])
    yield Row(
        "100 scripted workers, 1,000 tasks", calls / cpu, "API calls per CPU second", f"{calls:,} calls"
    )


def fleet() -> Iterator[Row]:
    """A thousand workers, ten thousand tasks, one hour."""
    scenario = Scenario(
        fleet=Fleet(count=1000, kind=Workers.SCRIPTED),
        tasks=Tasks(count=10_000, lasting=(seconds(30), minutes(5)), over=minutes(40)),
        until=minutes(50),
        settle=minutes(10),
    )
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    simulated, wall, cpu, calls = _measure(make_plan(scenario, 1, name="fleet"))
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    yield Row(
        "1,000 scripted workers, 10,000 tasks, one hour",
        simulated / wall,
        "× real time",
        f"{wall:.0f} s wall",
    )
    yield Row("  its API calls", calls / cpu, "per CPU second", f"{calls:,} calls")
    yield Row("  its memory", memory / 1024, "MiB at most", f"{before / 1024:,.0f} before")


MEASURES: dict[str, Callable[[], Iterator[Row]]] = {
    "loops": loops,
    "edge-workers": edge_workers,
    "throughput": throughput,
    "proxy": proxying,
    "proxy-api": answering,
    "fleet": fleet,
    "servers": servers,
    "searching": searching,
}
