"""The pytest plugin: the fixture `run`, which runs a scenario and fails with its story.

    def test_a_cut_off_worker_rejoins(run):
        run("cut-off-worker", lasting=minutes(2))

pytest loads this module in every session, so it imports next to nothing until the fixture is used.
"""

from __future__ import annotations

import argparse
import shlex
from collections.abc import Generator
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Protocol, TypeVar, cast

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from harness.model.plan import Plan
    from harness.model.scenario import Scenario, Workers
    from harness.runner import Run

Choice = TypeVar("Choice", bound=StrEnum)

DEFAULT_SEED = 1


class RunScenario(Protocol):
    """What the fixture `run` gives."""

    def __call__(
        self,
        scenario: str | Scenario | Plan,
        /,
        *,
        seed: int | None = None,
        kind: Workers | str | None = None,
        expect: str | None = "valid",
        **parameters: Any,
    ) -> Run:
        """Run a scenario by name and with its parameters, or a Scenario, or a Plan as it is.

        The name is one of the catalogue, or `FILE.py::NAME`. `kind` overrides which code plays the
        workers, also as text: `"edge"` or `"scripted"`.
        The seed is the one given here, or else by `--seed`, or by the marker `seed`, or 1. Fails the
        test with the run's story unless the verdict is `expect`; `None` takes any. Skips it where the
        world cannot do what the plan asks for.
        """


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add --seed and --world; where another plugin has them, only --harness-seed and --harness-world."""
    group = parser.getgroup("harness", "chaos simulation of Airflow remote execution")
    _add(group, "seed", type=int, help="seed of the scenarios that the fixture `run` runs (default: 1)")
    _add(group, "world", choices=("sim", "live"), help="where the fixture `run` runs them (default: sim)")


def _add(group: pytest.OptionGroup, name: str, **attributes: Any) -> None:
    dest = f"harness_{name}"
    try:
        group.addoption(f"--{name}", f"--harness-{name}", dest=dest, **attributes)
    except (ValueError, argparse.ArgumentError):
        group.addoption(f"--harness-{name}", dest=dest, **attributes)


def pytest_configure(config: pytest.Config) -> None:
    """Register the marker."""
    config.addinivalue_line("markers", "seed(n): the seed of the fixture `run`, where --seed gives none")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,  # noqa: ARG001 - pytest passes them by name
    call: pytest.CallInfo[None],
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Say below a story how Hypothesis comes back to the example: a failure that is text alone shows no notes."""
    report = yield
    error = call.excinfo.value if call.excinfo else None
    if isinstance(error, pytest.fail.Exception) and not error.pytrace:
        notes = [note.strip() for note in getattr(error, "__notes__", ()) if "reproduce_failure" in note]
        if notes:
            report.sections.append(("Hypothesis", "\n".join(notes)))
    return report


@pytest.fixture
def run(request: pytest.FixtureRequest) -> RunScenario:
    """A function that runs a scenario, and fails the test with its story unless it went as expected."""
    of_plans: list[Path] = []  # the folder of the last plan that failed: Hypothesis goes on to a simpler one

    def run_scenario(
        scenario: str | Scenario | Plan,
        /,
        *,
        seed: int | None = None,
        kind: Workers | str | None = None,
        expect: str | None = "valid",
        **parameters: Any,
    ) -> Run:
        from harness.errors import UsageError
        from harness.model.plan import Plan
        from harness.model.scenario import Workers
        from harness.model.verdict import Answer

        try:
            workers, wanted = _one_of(Workers, kind=kind), _one_of(Answer, expect=expect)
            plan = _plan(scenario, request, seed=seed, kind=workers, parameters=parameters)
        except UsageError as error:
            raise _failure(str(error)) from None
        again = _again(plan, request, scenario=scenario, kind=workers)
        if not isinstance(scenario, Plan):
            _record(request, "harness_seed", plan.seed)
        done = _run(plan, world=request.config.getoption("harness_world") or "sim", again=again)
        if wanted in (None, done.verdict.answer):
            if not isinstance(scenario, Plan):
                _record(request, "harness_replay", again)
            return done
        replay, story = _keep(done, request, instead_of=of_plans if isinstance(scenario, Plan) else [])
        _record(request, "harness_replay", replay)
        broken = sorted({found.invariant for found in done.verdict.counterexamples})
        raise _failure(f"expected {expect}, seed {plan.seed}\n\n{story}", of=", ".join(broken))

    return run_scenario


def _failure(text: str, *, of: str = "") -> BaseException:
    """What fails the test with that text alone. Raise it `from None`: pytest would tell what led to it as well.

    `of` says what tells it from other failures: each has a class of its own, by which Hypothesis tells them apart.
    """
    plain: type[Any] = pytest.fail.Exception
    kind = _KINDS.setdefault(of, type("Failed", (plain,), {})) if of else plain
    error: BaseException = kind(text, pytrace=False)
    return error


_KINDS: dict[str, type[Any]] = {}


def _record(request: pytest.FixtureRequest, name: str, value: object) -> None:
    # the fixture record_property does this too, but warns wherever JUnit files are of today's default kind
    request.node.user_properties.append((name, value))


def _forget(request: pytest.FixtureRequest, name: str) -> None:
    properties = request.node.user_properties
    properties[:] = [each for each in properties if each[0] != name]


def _seed(request: pytest.FixtureRequest, seed: int | None) -> int:
    if seed is not None:
        return seed
    option: int | None = request.config.getoption("harness_seed")
    if option is not None:
        return option
    marker = request.node.get_closest_marker("seed")
    if marker is None:
        return DEFAULT_SEED
    number: Any = next(iter(marker.args), None)  # make_plan refuses what is no integer
    return cast("int", number)


def _one_of(choices: type[Choice], **given: str | None) -> Choice | None:
    """The member of the enum that the argument means, or None. Raises UsageError."""
    from harness.errors import UsageError

    ((name, text),) = given.items()
    try:
        return None if text is None else choices(text)
    except ValueError:
        known = ", ".join(repr(str(choice)) for choice in choices)
        raise UsageError(f"run(…, {name}={text!r}): give one of {known}, or None") from None


def _plan(
    scenario: str | Scenario | Plan,
    request: pytest.FixtureRequest,
    *,
    seed: int | None,
    kind: Workers | None,
    parameters: dict[str, Any],
) -> Plan:
    from harness import catalogue
    from harness.errors import UsageError
    from harness.model.entries import to_text
    from harness.model.plan import Plan
    from harness.model.plan_checks import NAME_MOST
    from harness.model.planning import make_plan
    from harness.model.scenario import Scenario

    if isinstance(scenario, Plan):
        if parameters or seed is not None or kind is not None:
            raise UsageError("a Plan has its seed, its workers and its parameters: run(plan) takes no others")
        return scenario
    number, texts = _seed(request, seed), {key: to_text(value) for key, value in parameters.items()}
    if isinstance(scenario, str):
        entry = catalogue.find(scenario)
        return make_plan(entry.build(**texts), number, name=entry.name, parameters=texts, workers=kind)
    if not isinstance(scenario, Scenario):
        raise UsageError(f"run({scenario!r}): give a scenario's name, a Scenario or a Plan")
    if texts:
        raise UsageError(f"{', '.join(texts)}: a Scenario takes no parameters, a scenario's name does")
    return make_plan(scenario, number, name=request.node.name[:NAME_MOST], workers=kind)


def _again(plan: Plan, request: pytest.FixtureRequest, *, scenario: object, kind: Workers | None) -> str:
    """The command that makes this run again, before it has a folder."""
    from harness.cli.running import run_command, where

    if isinstance(scenario, str):
        world = request.config.getoption("harness_world") or "sim"
        return run_command(plan, scenario=scenario, workers=kind, where=where(world))
    seed = [] if scenario is plan else ["--harness-seed", str(plan.seed)]
    return shlex.join(["pytest", request.node.nodeid, *seed])


def _run(plan: Plan, *, world: str, again: str) -> Run:
    from harness.errors import HarnessError, NotCapable
    from harness.runner import run_plan

    try:
        return run_plan(plan, world=world)
    except NotCapable as error:
        pytest.skip(str(error))
    except HarnessError as error:
        raise _failure(f"{type(error).__name__}: {error}\nseed {plan.seed}\n\n{again}") from None


def _keep(done: Run, request: pytest.FixtureRequest, *, instead_of: list[Path]) -> tuple[str, str]:
    """Store a run that went wrong under `runs/`, as the command line does; its replay command and its story."""
    from harness.cli.running import render, replay_command, where
    from harness.report import store

    while instead_of:
        store.discard(instead_of.pop())
        _forget(request, "harness_replay")
    folder = store.reserve(done.plan, runs=request.config.rootpath / store.RUNS)
    instead_of.append(folder)
    file = folder / store.PLAN
    if file.is_relative_to(request.config.invocation_params.dir):
        file = file.relative_to(request.config.invocation_params.dir)
    replay = replay_command(file, where=where(done.world))
    story, summary = render(done, replay=replay)
    store.keep(folder, history=done.history, story=story, summary=summary)
    store.point_latest(folder)
    return replay, story
