"""The virtual event loop: asyncio's own, with our clock and nothing real beneath it.

The clock is an integer of nanoseconds and moves only when nothing is ready to run. Timers due at
the same instant run in the order in which they were set. It waits for nothing: an hour of sleep
costs as much as a millisecond.
"""

# asyncio's stubs say with type variables what Any says here as well
# mypy: disable-error-code="override"

from __future__ import annotations

import asyncio
import heapq
import itertools
from collections import deque
from collections.abc import Callable, Coroutine
from contextvars import Context
from typing import Any, Self

from harness.errors import BudgetExceeded, Deadlock, ThreadRefused
from harness.sim.node import NODE, PROCESS
from harness.units import NANOSECONDS

CALLBACKS_PER_INSTANT = 1_000_000
"""More callbacks than this without the clock moving is a loop that will never end."""

Network = Any  # harness.sim.network.Network, which needs the loop: the loop only hands calls on to it


class SimLoop(asyncio.BaseEventLoop):
    """An event loop in virtual time. `now` is nanoseconds since the run began; `limit` is its end."""

    def __init__(self, *, limit: int) -> None:
        super().__init__()
        self.now = 0
        self.limit = limit
        self.network: Network = None
        self._ready: deque[asyncio.Handle] = deque()
        self._timers: list[tuple[int, int, asyncio.TimerHandle | asyncio.Future[None]]] = []
        self._cancelled_timers = 0
        self._sequence = itertools.count()
        self.task_numbers = itertools.count()
        self._at_this_instant = 0
        self._halted: dict[object, list[asyncio.Handle]] = {}  # by node, or by process of one
        self._broken_off: BaseException | None = None
        self.set_task_factory(_new_task)  # type: ignore[arg-type]

    # -- the clock ---------------------------------------------------------------------------------

    def time(self) -> float:
        """Seconds since the run began."""
        return self.now / NANOSECONDS

    def call_later(
        self, delay: float, callback: Callable[..., Any], *args: Any, context: Context | None = None
    ) -> asyncio.TimerHandle:
        when = self.now + max(0, round(delay * NANOSECONDS))
        return self.call_at_ns(when, callback, *args, context=context)

    def call_at(
        self, when: float, callback: Callable[..., Any], *args: Any, context: Context | None = None
    ) -> asyncio.TimerHandle:
        return self.call_at_ns(round(when * NANOSECONDS), callback, *args, context=context)

    def call_at_ns(
        self, when: int, callback: Callable[..., Any], *args: Any, context: Context | None = None
    ) -> asyncio.TimerHandle:
        """Like call_at, in whole nanoseconds; a time gone by means now."""
        when = max(when, self.now)
        timer = asyncio.TimerHandle(when / NANOSECONDS, callback, args, self, context)
        timer._scheduled = True  # type: ignore[attr-defined]  # so that cancel() tells us
        heapq.heappush(self._timers, (when, next(self._sequence), timer))
        return timer

    def _timer_handle_cancelled(self, handle: asyncio.TimerHandle) -> None:
        if not handle._scheduled:  # type: ignore[attr-defined]  # it has fired already
            return
        self._cancelled_timers += 1
        if self._cancelled_timers > 1000 and self._cancelled_timers * 2 > len(self._timers):
            self._timers = [entry for entry in self._timers if not self._is_void(entry[2])]
            heapq.heapify(self._timers)
            self._cancelled_timers = 0

    async def sleep(self, delay: float, result: Any = None) -> Any:
        """asyncio.sleep without a handle of its own: workers that poll ten times a second live off it."""
        when = self.now + max(0, round(delay * NANOSECONDS))
        future: asyncio.Future[None] = self.create_future()
        heapq.heappush(self._timers, (when, next(self._sequence), future))
        await future
        return result

    def call_soon(
        self, callback: Callable[..., Any], *args: Any, context: Context | None = None
    ) -> asyncio.Handle:
        handle = asyncio.Handle(callback, args, self, context)
        self._ready.append(handle)
        return handle

    # -- one turn ----------------------------------------------------------------------------------

    def break_off(self, error: BaseException) -> None:
        """Raise the error at the next turn, outside of all that runs on the loop and may catch it."""
        self._broken_off = error

    def _run_once(self) -> None:
        if self._broken_off is not None:
            error, self._broken_off = self._broken_off, None
            raise error
        ready = self._ready
        if not ready and not self._stopping:  # type: ignore[attr-defined]
            self._advance()
        timers = self._timers
        while timers and timers[0][0] <= self.now:
            self._fire(heapq.heappop(timers)[2])
        count = len(ready)
        self._at_this_instant += count
        if self._at_this_instant > CALLBACKS_PER_INSTANT:
            raise BudgetExceeded(
                f"the clock stands still at {self.time():.3f}s: something never yields to it"
            )
        for _ in range(count):
            handle = ready.popleft()
            if not handle._cancelled and not (self._halted and self._hold_back(handle)):
                handle._run()

    def _fire(self, timer: asyncio.TimerHandle | asyncio.Future[None]) -> None:
        if isinstance(timer, asyncio.TimerHandle):
            timer._scheduled = False  # type: ignore[attr-defined]
            if timer._cancelled:
                self._cancelled_timers -= 1
            else:
                self._ready.append(timer)
        elif not timer.done():
            timer.set_result(None)

    def _advance(self) -> None:
        while self._timers and self._is_void(self._timers[0][2]):
            self._fire(heapq.heappop(self._timers)[2])
        if not self._timers:
            raise Deadlock(f"nothing can ever happen again; waiting: {self._waiting()}")
        when = self._timers[0][0]
        if when > self.limit:
            raise BudgetExceeded(
                f"the run wants to go past {self.limit / NANOSECONDS:.0f}s of simulated time:"
                " something does not end when it should"
            )
        if when > self.now:
            self.now, self._at_this_instant = when, 0

    @staticmethod
    def _is_void(timer: asyncio.TimerHandle | asyncio.Future[None]) -> bool:
        return timer._cancelled if isinstance(timer, asyncio.TimerHandle) else timer.done()

    def _waiting(self) -> str:
        names = sorted(task.get_name() for task in asyncio.all_tasks(self))
        return ", ".join(names) or "no task at all"

    # -- nodes: paused, resumed, dead --------------------------------------------------------------

    def halt(self, who: object) -> None:
        """From now on nothing of the node, or process, runs: it is kept for `resume`, which a dead one never sees."""
        self._halted.setdefault(who, [])

    def resume(self, who: object) -> None:
        """What the paused node missed runs now, in its order."""
        self._ready.extend(self._halted.pop(who))

    def release_all(self) -> None:
        """Let everything run again, the dead too: only so that their tasks can be cancelled at the end."""
        for who in list(self._halted):
            self.resume(who)
        self._at_this_instant, self._broken_off = 0, None

    def _hold_back(self, handle: asyncio.Handle) -> bool:
        for of in (NODE, PROCESS):
            who = handle._context.get(of)  # type: ignore[attr-defined]
            if who in self._halted:
                self._halted[who].append(handle)
                return True
        return False

    # -- what asyncio would ask of the operating system ----------------------------------------------

    async def getaddrinfo(self, host: Any, port: Any, **_: Any) -> list[Any]:
        return list(self.network.getaddrinfo(host, port))

    async def getnameinfo(self, sockaddr: Any, flags: int = 0) -> tuple[str, str]:
        return str(sockaddr[0]), str(sockaddr[1])

    async def create_connection(self, protocol_factory: Any, *args: Any, **options: Any) -> Any:
        return await self.network.create_connection(protocol_factory, *args, **options)

    async def create_server(self, protocol_factory: Any, *args: Any, **options: Any) -> Any:
        return self.network.create_server(protocol_factory, *args, **options)

    async def sock_connect(self, sock: Any, address: Any) -> None:
        await self.network.sock_connect(sock, address)

    def add_signal_handler(self, sig: int, callback: Callable[..., Any], *args: Any) -> None:
        node = NODE.get()
        if node is not None:
            node.signal_handlers[sig] = (callback, args)

    def remove_signal_handler(self, sig: int) -> bool:
        node = NODE.get()
        return node is not None and node.signal_handlers.pop(sig, None) is not None

    def run_in_executor(self, executor: Any, func: Callable[..., Any], *args: Any) -> Any:
        """Run `func` here and now: a thread would end determinism. Only for short file access."""
        if executor is not None:
            raise ThreadRefused(f"{func!r} asks for an executor; in simulation there are no threads")
        future = self.create_future()
        try:
            future.set_result(func(*args))
        except Exception as error:  # noqa: BLE001 - goes to whoever awaits it
            future.set_exception(error)
        return future

    def call_soon_threadsafe(
        self, callback: Any, *args: Any, context: Context | None = None
    ) -> asyncio.Handle:
        return self.call_soon(callback, *args, context=context)

    async def shutdown_default_executor(self, timeout: float | None = None) -> None:
        """There is none."""


class SimTask(asyncio.Task[Any]):
    """A task that hashes by its number: a set of tasks, as TaskGroup keeps one, has one order in every run."""

    number: int

    def __new__(cls, *_: Any, loop: SimLoop, **__: Any) -> Self:
        task = super().__new__(cls)
        task.number = next(loop.task_numbers)
        return task

    def __hash__(self) -> int:
        return self.number


def _new_task(
    loop: SimLoop,
    coro: Coroutine[Any, Any, Any],
    *,
    context: Context | None = None,
    **options: Any,
) -> asyncio.Task[Any]:
    """A task that its node keeps alive, and whose unexpected end is told to the History, not to the GC."""
    task = SimTask(coro, loop=loop, context=context, **options)
    node = context.get(NODE) if context is not None else NODE.get()
    if node is not None:
        node.tasks[task] = None
        task.add_done_callback(node.task_done)
    return task
