"""A capacity run: steps until the knee is found, and, where asked for, what calls cost and how far that predicts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from harness.capacity.bottleneck import Hardware, bottleneck
from harness.capacity.knee import Knee, Search, knee, next_amount
from harness.capacity.levels import ServiceLevels
from harness.capacity.locusts import measure
from harness.capacity.model import Costs, costs, per_worker, predicted
from harness.capacity.step import Answer, Load, Setting, Step
from harness.capacity.target import Target
from harness.errors import NotStarted, NotWritten

Tell = Callable[[Setting, Step], None]
"""Told of each step when it has ended."""

#: Of the knee: so much load to find out what calls cost, far from where queues grow.
MODERATE = 0.4
#: More steps than any search needs.
STEPS_MOST = 60


@dataclass(frozen=True, kw_only=True)
class Series:
    """The steps of one setting, the amounts in the order in which they were measured, and the knee they show.

    `broken_off` is why there are no more steps, where that was not the search's will: say the server was gone.
    """

    setting: Setting
    steps: tuple[Step, ...]
    knee: Knee
    bottleneck: str
    broken_off: str = ""


@dataclass(frozen=True, kw_only=True)
class Prediction:
    """What the model says of a setting before it is measured, in workers, and what was then measured.

    None where that was no knee: the search's most was reached, or the generator gave in.
    """

    setting: Setting
    predicted: float
    measured: float | None

    @property
    def error(self) -> float | None:
        """How far off it was: 0.1 is ten per cent too much, -0.1 too little."""
        return None if not self.measured else self.predicted / self.measured - 1


@dataclass(frozen=True, kw_only=True)
class Model:
    """Costs of the server and of its database, and how they predict."""

    server: Costs
    database: Costs | None
    calibration: tuple[Series, ...] = ()
    predictions: tuple[Prediction, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Capacity:
    """All of a run: what its capacity.json holds."""

    target: str
    hardware: Hardware
    levels: ServiceLevels
    series: Series
    model: Model | None = None
    releases: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Bench:
    """Where steps are measured, and where their files go."""

    target: Target
    levels: ServiceLevels
    hardware: Hardware
    folder: Path
    tell: Tell

    def step(self, setting: Setting, amount: float, *, name: str) -> Step:
        """Measure one."""
        results = self.folder / f"{name}.json"
        step = measure(setting, amount, target=self.target, levels=self.levels, results=results)
        self.tell(setting, step)
        return step


def find_knee(bench: Bench, setting: Setting, search: Search, *, name: str = "step") -> Series:
    """Measure steps until the knee is found, or no more load can be put on, or the disk is full.

    Raises NotStarted and NotWritten where not one step could be measured.
    """
    steps: list[Step] = []
    broken_off = ""
    try:
        while len(steps) < STEPS_MOST and (amount := next_amount(steps, search)) is not None:
            steps.append(bench.step(setting, amount, name=f"{name}-{len(steps) + 1}-{amount:g}"))
    except (NotStarted, NotWritten) as error:
        if not steps:
            raise
        broken_off = str(error)
    return _series(bench, setting, steps, broken_off=broken_off)


def _series(bench: Bench, setting: Setting, steps: list[Step], *, broken_off: str = "") -> Series:
    found = knee(steps)
    return Series(
        setting=setting,
        steps=tuple(steps),
        knee=found,
        bottleneck=bottleneck(_worst(steps, found), bench.hardware),
        broken_off=broken_off,
    )


def _worst(steps: list[Step], found: Knee) -> Step:
    """The step that shows what ran out: one above the knee that did not keep the levels."""
    above = [step for step in steps if step.amount == found.limit and step.answer == found.answer]
    return above[0] if above else steps[-1]


def find_costs(bench: Bench, series: Series) -> Model:
    """What calls cost: three runs at moderate load, of heartbeats, of short tasks and of idle workers alone, beside the steps."""
    setting, workers = series.setting, series.knee.amount or series.steps[0].amount
    rates = {group: rate * workers * MODERATE for group, rate in per_worker(setting).items()}
    short = replace(setting, task_seconds=1.0)
    runs = (
        (replace(setting, load=Load.HEARTBEATS), rates["heartbeat"]),
        (replace(short, load=Load.TASKS), rates["task"] / 6 * 2),
        (replace(setting, load=Load.IDLE_WORKERS), workers),
    )
    calibration = tuple(
        _series(bench, each, [bench.step(each, max(1.0, round(amount, 1)), name=f"cost-{each.load}")])
        for each, amount in runs
    )
    steps = [step for each in (series, *calibration) for step in each.steps]
    has_database = "database" in bench.target.roles
    return Model(
        server=costs(steps),
        database=costs(steps, role="database") if has_database else None,
        calibration=calibration,
    )


def predict(bench: Bench, model: Model, setting: Setting, search: Search, *, name: str) -> Prediction:
    """Predict a setting's knee, then measure it, from half of the prediction on."""
    expected = predicted(setting, model.server, cores=bench.target.processes)
    near = replace(search, start=max(1.0, float(int(expected / 2))))
    found = find_knee(bench, setting, near, name=name)
    return Prediction(setting=setting, predicted=expected, measured=measured_knee(found.knee))


def measured_knee(found: Knee) -> float | None:
    """The knee, where the server itself was what missed the levels above it."""
    return found.amount if found.answer is Answer.MISSED else None


def other_settings(setting: Setting) -> dict[str, Setting]:
    """Two that differ from it: twice the slots, and heartbeats more than twice as often."""
    return {
        "slots": replace(setting, slots=setting.slots * 2),
        "heartbeats": replace(setting, heartbeat_interval=setting.heartbeat_interval / 2.5),
    }
