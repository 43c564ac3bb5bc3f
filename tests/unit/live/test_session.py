from __future__ import annotations

import asyncio
import signal
from contextlib import suppress

import pytest

from harness.live.session import run_unless_ended


def test_work_that_nobody_ends_gives_its_result() -> None:
    async def work() -> int:
        await asyncio.sleep(0)
        return 7

    assert run_unless_ended(work()) == 7


def _swallow() -> None:
    with suppress(BaseException):  # as uvicorn does while it answers a request
        signal.raise_signal(signal.SIGINT)


@pytest.mark.parametrize("interrupt", [_swallow, lambda: signal.raise_signal(signal.SIGINT)])
def test_an_interrupt_cancels_the_work_which_tidies_up_even_if_a_callback_swallows_it(interrupt) -> None:
    tidied = []

    async def work() -> None:
        asyncio.get_running_loop().call_soon(interrupt)
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0)
            tidied.append(True)

    with pytest.raises(KeyboardInterrupt):
        run_unless_ended(work())
    assert tidied == [True]
