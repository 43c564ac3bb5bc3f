"""The virtual loop: its clock, its order, and what it refuses."""

from __future__ import annotations

import asyncio
import itertools
import threading
from contextlib import suppress

import pytest

from harness.errors import BudgetExceeded, Deadlock, ThreadRefused
from tests.simulation.lab import Lab

YEAR = 365 * 86_400


def test_an_hour_of_sleep_takes_no_time_and_an_exact_hour(lab: Lab) -> None:

    async def main() -> int:
        await asyncio.sleep(3600)
        return lab.loop.now

    assert lab.run(main()) == 3600 * 10**9


def test_a_sleep_longer_than_the_loops_longest_wait_is_one_sleep(lab: Lab) -> None:
    lab.loop.limit = 2 * YEAR * 10**9

    async def main() -> float:
        await asyncio.sleep(YEAR)
        return lab.loop.time()

    assert lab.run(main()) == YEAR


def test_timers_of_one_instant_run_in_the_order_in_which_they_were_set(lab: Lab) -> None:
    seen: list[int] = []

    async def main() -> None:
        for n in range(100):
            lab.loop.call_later(1, seen.append, n)
        await asyncio.sleep(1)

    lab.run(main())
    assert seen == list(range(100))


def test_a_cancelled_timer_never_runs_and_does_not_move_the_clock(lab: Lab) -> None:

    async def main() -> None:
        for _ in range(5000):
            lab.loop.call_later(50, pytest.fail, "it was cancelled").cancel()
        await asyncio.sleep(10)

    lab.run(main())
    assert lab.loop.time() == 10


def test_when_nothing_can_ever_happen_again_the_waiting_tasks_are_named(lab: Lab) -> None:

    async def main() -> None:
        waiting = asyncio.create_task(asyncio.Event().wait(), name="waits for godot")
        await waiting

    with pytest.raises(Deadlock, match=r"main, waits for godot"):
        lab.run(main())


def test_a_run_does_not_go_past_its_budget_of_time(lab: Lab) -> None:
    lab.loop.limit = 10**9
    with pytest.raises(BudgetExceeded, match="does not end when it should"):
        lab.run(asyncio.sleep(2))


def test_code_that_never_lets_the_clock_move_is_stopped(lab: Lab) -> None:
    async def spin() -> None:
        for _ in itertools.count():
            await asyncio.sleep(0)

    with pytest.raises(BudgetExceeded, match=r"the clock stands still at 0\.000s"):
        lab.run(spin())


def test_a_thread_is_refused_by_name(lab: Lab) -> None:
    async def main() -> None:
        threading.Thread(target=print, name="helper").start()

    with pytest.raises(ThreadRefused, match="helper"):
        lab.run(main())


def test_an_executor_of_threads_is_refused_and_the_default_one_runs_inline(lab: Lab) -> None:

    async def main() -> None:
        with pytest.raises(ThreadRefused):
            lab.loop.run_in_executor(object(), print)
        assert await lab.loop.run_in_executor(None, threading.current_thread) is threading.main_thread()

    lab.run(main())


def test_a_paused_node_misses_nothing_and_a_dead_one_does_nothing_more(lab: Lab) -> None:
    ticks = []

    async def tick() -> None:
        while lab.loop.time() < 60:
            await asyncio.sleep(1)
            ticks.append(lab.loop.time())

    async def main() -> None:
        lab.loop.create_task(tick(), context=lab.server.context())
        await asyncio.sleep(2.5)
        lab.loop.halt(lab.server)
        await asyncio.sleep(10)
        lab.loop.resume(lab.server)
        await asyncio.sleep(2)
        lab.loop.halt(lab.server)
        await asyncio.sleep(10)

    lab.run(main())
    assert ticks == [1, 2, 12.5, 13.5]


def test_timeouts_hold_to_the_nanosecond(lab: Lab) -> None:

    async def main() -> None:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.1):
                await asyncio.Event().wait()

    lab.run(main())
    assert lab.loop.now == 100_000_000


def test_tasks_of_a_group_are_cancelled_in_the_order_in_which_they_began(lab: Lab) -> None:
    cancelled: list[int] = []

    async def wait(number: int) -> None:
        try:
            await asyncio.sleep(100)
        finally:
            cancelled.append(number)

    async def main() -> None:
        async with asyncio.TaskGroup() as group:
            for number in range(20):
                group.create_task(wait(number))
            await asyncio.sleep(1)
            raise ValueError

    with pytest.raises(ExceptionGroup):
        lab.run(main())
    assert cancelled == list(range(20))


def test_a_task_that_will_not_be_cancelled_does_not_hold_up_the_end() -> None:
    async def stubborn() -> None:
        while True:
            with suppress(asyncio.CancelledError):
                await asyncio.sleep(1)

    async def main() -> asyncio.Task[None]:
        return asyncio.create_task(stubborn())

    with Lab() as lab:
        assert not lab.run(main()).done()
