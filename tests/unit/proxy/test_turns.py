"""Long work goes on in slices, one in each round of the loop, however many have long work."""

from __future__ import annotations

import asyncio
from collections import Counter

from harness.proxy.turns import AT_ONCE, by_turns


def test_of_many_long_works_one_goes_on_in_each_round_of_the_loop():
    async def main() -> None:
        loop, rounds, slices = asyncio.get_running_loop(), [0], Counter[int]()

        def count() -> None:
            rounds[0] += 1
            loop.call_soon(count)

        async def work() -> list[int]:
            done = []
            async for item in by_turns(range(AT_ONCE * 5)):
                if item and item % AT_ONCE == AT_ONCE - 1:
                    slices[rounds[0]] += 1
                done.append(item)
            return done

        count()
        for done in await asyncio.gather(*[work() for _ in range(20)]):
            assert done == list(range(AT_ONCE * 5))
        assert max(slices.values()) == 1
        assert slices.total() == 20 * 5

    asyncio.run(main())


def test_a_work_that_is_given_up_keeps_nobody_waiting():
    async def main() -> None:
        async def work() -> int:
            return len([item async for item in by_turns(range(AT_ONCE * 3))])

        works = [asyncio.create_task(work()) for _ in range(5)]
        await asyncio.sleep(0)
        works[0].cancel()
        works[3].cancel()
        ends = await asyncio.wait_for(asyncio.gather(*works, return_exceptions=True), 30)
        assert [end for end in ends if isinstance(end, int)] == [AT_ONCE * 3] * 3

    asyncio.run(main())
