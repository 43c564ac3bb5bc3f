"""Runs the suite on a fake of which one module is exchanged, and tells what first went otherwise: `… < trials`.

Reads trials as JSON lines and answers each with a line. Each trial has a process of its own, forked from one that has
all libraries in memory: what is imported anew are only our own packages, of them one module from another source.
"""

from __future__ import annotations

import asyncio
import gc
import importlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import asdict, dataclass
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from io import StringIO
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
RECORDINGS = Path(__file__).parent / "recordings"
OURS = {"fake_api", "harness", "scenarios", "tests"}
PROCESSES = 2
#: Seconds a killer may take: a mutant may never come to an end.
LIMIT = 60.0
CRASH = "broke off with "


@dataclass(frozen=True, kw_only=True)
class Trial:
    """A module, its new source, and what is asked in turn: `case …`, `recording …`, `test FILE::NAME`, `machine WALKS`."""

    module: str
    source: str
    killers: Sequence[str]


@dataclass(frozen=True, kw_only=True)
class Finding:
    """Which killer found the first difference, and which; `broken` when the module cannot even be imported."""

    killer: str = ""
    difference: str = ""
    broken: str = ""


def try_all(trials: Iterable[Trial]) -> Iterator[Finding]:
    """The finding of each trial, in order, as soon as it is there. The trials run in processes of their own."""
    asked = "".join(json.dumps(asdict(each)) + "\n" for each in trials)
    environ = os.environ | {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}  # half the time of tests as short as these
    with TemporaryFile("w+") as questions:
        questions.write(asked)
        questions.seek(0)
        command = [sys.executable, "-m", "tests.conformance.mutating"]
        with subprocess.Popen(
            command, stdin=questions, stdout=subprocess.PIPE, text=True, cwd=ROOT, env=environ
        ) as process:
            assert process.stdout
            for line in process.stdout:
                yield Finding(**json.loads(line))
    assert process.returncode == 0, "the process of the trials ended too soon"


class _Source(SourceFileLoader):
    def __init__(self, name: str, path: str, source: str) -> None:
        super().__init__(name, path)
        self._source = source

    def get_code(self, fullname: str) -> Any:
        return compile(self._source, self.path, "exec", dont_inherit=True)


class Exchanged(MetaPathFinder):
    """Finds one module, with another source than that of its file."""

    def __init__(self, module: str, source: str) -> None:
        self._module, self._source = module, source

    def find_spec(self, name: str, path: Sequence[str] | None, target: Any = None) -> ModuleSpec | None:
        """The spec of the one module, None for all others."""
        spec = PathFinder.find_spec(name, path) if name == self._module else None
        if spec is not None and spec.origin:
            spec.loader = _Source(name, spec.origin, self._source)
        return spec


def forget_ours() -> None:
    """Import our own packages anew from here on."""
    for name in [name for name in sys.modules if name.partition(".")[0] in OURS]:
        del sys.modules[name]


def case_differs(name: str) -> str:
    """The first difference in this case from what the unchanged fake does; empty without one."""
    from harness.conformance.arms import play
    from harness.conformance.comparing import differences
    from harness.conformance.faking import FakeArm
    from harness.conformance.suite import CASES

    (case,) = [each for each in CASES if each.name == name]
    with FakeArm() as arm:
        return next(map(str, differences(_UNCHANGED[name], play(case, arm))), "")


def recording_differs(name: str) -> str:
    """The first step at which the replay of this recording differs; empty without one."""
    from harness.conformance.replaying import replay

    return next(map(str, replay(RECORDINGS / f"{name}.json").differences), "")


def unit_test_fails(name: str) -> str:
    """The first failure of this test of the fake, or of these, one a line; empty when all pass."""
    first = _FirstFailure()
    late = "ignore:Module already imported:pytest.PytestAssertRewriteWarning"
    options = ["-x", "-q", "-p", "no:cacheprovider", "-p", "pytest_timeout", "-W", late]
    with redirect_stdout(StringIO()), redirect_stderr(StringIO()):
        asked = [f"{ROOT}/tests/unit/fake_api/{each}" for each in name.split("\n")]
        code = pytest.main([*options, *asked], plugins=[first])
    assert code in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED), f"{name}: pytest says {code!r}"
    return first.told


def machine_differs(examples: str) -> str:
    """The first difference between the fake and its model that so many random walks meet; empty without one."""
    from hypothesis import Phase, settings
    from hypothesis.stateful import run_state_machine_as_test

    from tests.properties.stateful.test_api_machine import Apis

    walks = settings(
        max_examples=int(examples),
        stateful_step_count=40,
        deadline=None,
        database=None,
        derandomize=True,
        phases=[Phase.generate],
        report_multiple_bugs=False,
    )
    try:
        run_state_machine_as_test(Apis, settings=walks)
    except AssertionError as difference:
        return str(difference).partition("\n")[0] or "a status differs"
    return ""


class _FirstFailure:
    told = ""

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed and not self.told:
            self.told = f"{report.nodeid} failed"


KINDS: dict[str, Callable[[str], str]] = {
    "case": case_differs,
    "recording": recording_differs,
    "test": unit_test_fails,
    "machine": machine_differs,
}
_UNCHANGED: dict[str, Any] = {}


def examine(trial: Trial) -> Finding:
    """Exchange the module in this process, and ask the killers until one finds a difference."""
    forget_ours()
    sys.meta_path.insert(0, Exchanged(trial.module, trial.source))
    signal.signal(signal.SIGALRM, _too_long)
    try:
        importlib.import_module(trial.module)
        importlib.import_module("fake_api.app")
    except Exception as error:  # noqa: BLE001 - whatever it is, it is told
        return Finding(broken=f"{type(error).__name__}: {error}")
    for killer in trial.killers:
        kind, _, name = killer.partition(" ")
        signal.setitimer(signal.ITIMER_REAL, LIMIT, 1)
        try:
            difference = KINDS[kind](name)
        except Exception as error:  # noqa: BLE001 - a fake gone wrong may break whoever talks to it
            difference = f"{CRASH}{type(error).__name__}: {error}"
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
        if difference:
            return Finding(killer=killer, difference=difference)
    return Finding()


def _too_long(*_: object) -> None:
    raise TimeoutError(f"no end after {LIMIT:.0f} s")


def play_unchanged(trials: Iterable[Trial]) -> None:
    """Play the cases that will be asked on the fake as it is."""
    from harness.conformance.arms import play
    from harness.conformance.faking import FakeArm
    from harness.conformance.replaying import replay
    from harness.conformance.suite import CASES

    asked = {killer for trial in trials for killer in trial.killers}
    with FakeArm() as arm:
        _UNCHANGED.update((case.name, play(case, arm)) for case in CASES if f"case {case.name}" in asked)
    assert replay(RECORDINGS / "retry.json").differences == ()
    asyncio.set_event_loop(None)


def findings(trials: Sequence[Trial]) -> Iterator[Finding]:
    """Examine each trial in a new process, several at a time."""
    play_unchanged(trials)
    importlib.import_module("hypothesis")  # which the tests import: once for all
    gc.freeze()
    with get_context("fork").Pool(PROCESSES, maxtasksperchild=1) as pool:
        yield from pool.imap(examine, trials)


if __name__ == "__main__":
    for finding in findings([Trial(**json.loads(line)) for line in sys.stdin]):
        print(json.dumps(asdict(finding)), flush=True)
