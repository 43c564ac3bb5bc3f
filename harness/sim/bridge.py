"""Synchronous code on the virtual loop: it rides in a greenlet and hands each wait to the loop.

`run_sync` is the coroutine; inside what it runs, `wait` and `sleep` look like blocking calls. So the
released SDK client, which is synchronous, runs unchanged beside everything that is not.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextvars import copy_context
from typing import Any, TypeVar

from greenlet import getcurrent, greenlet

T = TypeVar("T")


async def run_sync(function: Callable[..., T], *args: Any) -> T:
    """Call `function` in a greenlet of its own; returns or raises what it does."""
    rider = greenlet(function)
    rider.gr_context = copy_context()
    waiting = rider.switch(*args)
    while not rider.dead:
        try:
            value = await waiting
        except BaseException as error:  # noqa: BLE001 - whatever it is, it is the rider's
            waiting = rider.throw(error)
        else:
            waiting = rider.switch(value)
    result: T = waiting
    return result


def wait(awaitable: Awaitable[T]) -> T:
    """Block the calling greenlet until the loop has the result; only inside `run_sync`."""
    parent = getcurrent().parent
    if parent is None:
        raise RuntimeError("no loop to wait on: call this from code that run_sync runs")
    result: T = parent.switch(awaitable)
    return result


def sleep(seconds: float) -> None:
    """What time.sleep is to synchronous code, in virtual time."""
    wait(asyncio.sleep(seconds))
