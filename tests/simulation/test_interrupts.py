"""What a signal's handler raises ends the run, whichever code it hits and whatever that makes of it."""

from __future__ import annotations

import asyncio
import gc
import itertools
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from harness.interrupts import heeded, put_off
from harness.model.faults import Kill, LoseReplies
from harness.model.history import Event
from harness.model.plan import Plan
from harness.model.scenario import Workers
from harness.sim.session import run_in_sim
from harness.sim.world import Parts
from harness.units import seconds
from harness.workers.scripted import ScriptedWorker
from tests.simulation.plans import small_plan

FAULTS = (
    LoseReplies(a="worker-1", b="api", at=seconds(0), lasting=seconds(30), calls="ti.heartbeat", times=1),
    Kill(target="worker-2", at=seconds(10), lasting=seconds(20)),
)
Kind = tuple[str, str, str]


class TooLong(BaseException):
    """What a plugin that limits the time of tests raises: no Exception, as pytest's own outcomes."""


class Impatient(Exception):
    """What an alarm's handler may raise."""


def _kind(event: Event) -> Kind:
    return event.witness, event.type, event.f


def _signal_at(kind: Kind, number: int) -> Parts:
    """The signal comes when the first such event is witnessed, inside the code to which it happens."""
    left = [kind]

    def told(event: Event) -> None:
        if left and _kind(event) == left[0]:
            left.clear()
            signal.raise_signal(number)

    return Parts(told=told)


@contextmanager
def _handling(number: int, error: BaseException) -> Iterator[None]:
    def handler(*_: object) -> None:
        raise error

    before = signal.signal(number, handler)
    try:
        yield
        assert signal.getsignal(number) is handler
    finally:
        signal.signal(number, before)


def _raised_by(plan: Plan, parts: Parts) -> BaseException | None:
    try:
        run_in_sim(plan, parts=parts)
    except BaseException as error:  # noqa: BLE001
        return error
    return None


@pytest.mark.filterwarnings("ignore:.*never awaited")  # what it hit was about to await something
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("workers", Workers)
def test_whenever_a_handler_raises_the_run_ends_with_that(workers: Workers) -> None:
    errors = itertools.cycle([KeyboardInterrupt(), Impatient(), TooLong(), SystemExit(1)])
    plan = small_plan(*FAULTS, workers=workers, count=2)
    expected = run_in_sim(plan).history
    kinds = dict.fromkeys(_kind(event) for event in expected)
    assert {kind[0] for kind in kinds} == {"client", "server", "body", "nemesis", "world"}
    for kind, error in zip(kinds, errors, strict=False):
        with _handling(signal.SIGUSR1, error):
            assert _raised_by(plan, _signal_at(kind, signal.SIGUSR1)) is error
        error.__traceback__ = error.__context__ = None  # they hold the frames of the run
    assert run_in_sim(plan).history.digest() == expected.digest()
    gc.collect()  # here and not in some other test


def test_what_a_worker_catches_itself_ends_the_run_all_the_same() -> None:
    class Stubborn(ScriptedWorker):
        async def run(self) -> None:
            for _ in range(3):
                try:
                    await asyncio.sleep(1)
                    signal.raise_signal(signal.SIGINT)
                except BaseException:  # noqa: BLE001
                    pass

    with pytest.raises(KeyboardInterrupt):
        run_in_sim(small_plan(), parts=Parts(scripted=Stubborn))


def test_a_callback_that_never_ends_can_be_interrupted() -> None:
    class Busy(ScriptedWorker):
        async def run(self) -> None:
            signal.setitimer(signal.ITIMER_VIRTUAL, 0.01)
            while True:
                pass

    with _handling(signal.SIGVTALRM, Impatient()), pytest.raises(Impatient):
        run_in_sim(small_plan(), parts=Parts(scripted=Busy))


def test_an_interrupt_is_raised_instead_of_the_error_that_came_of_it() -> None:
    def luckless() -> None:
        try:
            signal.raise_signal(signal.SIGINT)
        except KeyboardInterrupt as error:
            raise ValueError("no luck") from error

    with pytest.raises(KeyboardInterrupt), heeded():
        luckless()


def test_a_handler_that_raises_nothing_does_not_disturb() -> None:
    seen: list[int] = []
    before = signal.signal(signal.SIGUSR1, lambda number, frame: seen.append(number))
    try:
        expected = run_in_sim(small_plan()).history.digest()
        parts = _signal_at(("world", "info", "worker.start"), signal.SIGUSR1)
        assert run_in_sim(small_plan(), parts=parts).history.digest() == expected
    finally:
        signal.signal(signal.SIGUSR1, before)
    assert seen == [signal.SIGUSR1]


IMPORTING = """
import signal, sys
from harness.catalogue import find
from harness.model.planning import make_plan
from harness.model.scenario import Workers
from harness.runner import run_plan

class Interrupts:
    def find_spec(self, name, path=None, target=None):
        if name == "airflow.sdk.execution_time.supervisor":
            sys.meta_path.remove(self)
            signal.raise_signal(signal.SIGINT)

sys.meta_path.insert(0, Interrupts())
plan = make_plan(find("quiet").build(tasks="1"), 1, name="quiet", workers=Workers.EDGE)
try:
    run_plan(plan)
except KeyboardInterrupt:
    print(run_plan(plan).verdict.answer)
"""


def test_an_import_of_airflow_is_not_left_by_half_and_the_next_run_goes_well() -> None:
    done = subprocess.run(
        [sys.executable, "-c", IMPORTING],
        cwd=Path(__file__).parents[2],
        check=False,
        capture_output=True,
        text=True,
        timeout=100,
    )
    assert (done.returncode, done.stdout) == (0, "valid\n"), done.stderr


def test_what_was_put_off_comes_when_the_block_is_left_even_by_an_error() -> None:
    done: list[str] = []

    def interrupted() -> None:
        signal.raise_signal(signal.SIGINT)
        done.append("whole")
        raise ValueError("and then this")

    with pytest.raises(KeyboardInterrupt), heeded(), put_off():
        interrupted()
    assert done == ["whole"]
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


KILLED = """
import signal, sys
from harness.catalogue import find
from harness.model.planning import make_plan
from harness.model.scenario import Workers
from harness.runner import run_plan

def once(simulated):
    if simulated:
        signal.raise_signal(int(sys.argv[1]))

run_plan(make_plan(find("quiet").build(), 1, name="quiet", workers=Workers(sys.argv[2])), progress=once)
print("not reached")
"""


@pytest.mark.parametrize(
    ("number", "workers"),
    [
        (signal.SIGTERM, Workers.EDGE),
        (signal.SIGINT, Workers.EDGE),
        (signal.SIGTERM, Workers.SCRIPTED),
        (signal.SIGHUP, Workers.SCRIPTED),
    ],
)
def test_a_signal_that_ends_the_process_leaves_no_temporary_files(
    tmp_path: Path, number: int, workers: Workers
) -> None:
    done = subprocess.run(
        [sys.executable, "-c", KILLED, str(int(number)), str(workers)],
        env={**os.environ, "TMPDIR": str(tmp_path)},
        cwd=Path(__file__).parents[2],
        check=False,
        capture_output=True,
        text=True,
        timeout=100,
    )
    assert (done.returncode, done.stdout) == (-number, ""), done.stderr
    assert list(tmp_path.iterdir()) == []
