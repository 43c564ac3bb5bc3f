"""A capacity run, for people."""

from __future__ import annotations

from collections.abc import Iterator

from harness.capacity.bottleneck import used
from harness.capacity.measuring import Capacity, Model, Series
from harness.capacity.model import extrapolated
from harness.capacity.step import Answer, Load, Setting, Step

UNITS = {
    Load.WORKERS: "workers",
    Load.IDLE_WORKERS: "idle workers",
    Load.HEARTBEATS: "heartbeats a second",
    Load.TASKS: "tasks a second",
}
PROCESSES = (1, 2, 4, 8)


def line_of(setting: Setting, step: Step) -> str:
    """One step in one line."""
    cores = "  ".join(f"{role} {used:.2f}" for role, used in sorted(step.usage.cores.items()))
    why = f"  {step.why[0]}" if step.why else ""
    return (
        f"  {step.amount:>8g} {UNITS[setting.load]:<19} {step.answer:<7} {step.rate:>7.0f} calls/s"
        f"  p99 {step.p99 * 1000:>6.0f} ms  cores: {cores}{why}"
    )


def story(capacity: Capacity) -> str:
    """The run on one screen."""
    lines = [f"capacity of {capacity.target}, {_setting(capacity.series.setting)}", ""]
    lines += [line_of(capacity.series.setting, step) for step in capacity.series.steps]
    lines += ["", *_knee(capacity.series, capacity)]
    if capacity.model:
        lines += ["", *_model(capacity.model, capacity)]
    return "\n".join(lines)


def _setting(setting: Setting) -> str:
    return (
        f"{setting.slots} slots a worker, tasks of {setting.task_seconds:g} s, a heartbeat every"
        f" {setting.heartbeat_interval:g} s, all times × {setting.time_scale:g}"
    )


def _knee(series: Series, capacity: Capacity) -> Iterator[str]:
    found, unit = series.knee, UNITS[series.setting.load]
    if found.amount is None:
        yield f"Knee        none: not even {found.limit:g} {unit} kept the service levels"
    else:
        yield f"Knee        {found.amount:g} {unit}{_carries(series)}"
    if series.broken_off:
        yield f"Broken off  {series.broken_off}"
    if found.limit is None:
        if not series.broken_off:
            yield "Above it    nothing was tried: --most ended the search"
        return
    yield f"Above it    {found.limit:g} {unit}: {found.answer}; {'; '.join(found.why)}"
    yield f"Bottleneck  {series.bottleneck}"
    at_limit = next(step for step in series.steps if step.amount == found.limit)
    yield "In use      " + ", ".join(
        f"{each.what} {each.used:.0%}" for each in used(at_limit, capacity.hardware)
    )


def _carries(series: Series) -> str:
    at_knee = [step for step in series.steps if step.amount == series.knee.amount]
    step = next(step for step in at_knee if step.answer is Answer.KEPT)
    server = step.usage.cpu_seconds.get("server")
    per_cpu = f", {step.calls / server:.0f} calls per CPU second of the server" if server else ""
    return f": {step.rate:.0f} calls a second, {step.heartbeats:.0f} of them heartbeats; p99 {step.p99 * 1000:.0f} ms{per_cpu}"


def _model(model: Model, capacity: Capacity) -> Iterator[str]:
    setting = capacity.series.setting
    yield (
        f"Costs       {model.server.heartbeat * 1000:.2f} ms of server CPU a heartbeat,"
        f" {model.server.task * 1000:.1f} ms a task without them"
    )
    if model.database:
        yield (
            f"            {model.database.heartbeat * 1000:.2f} ms of database CPU a heartbeat,"
            f" {model.database.task * 1000:.1f} ms a task"
        )
    for series in model.calibration:
        step = series.steps[0]
        if step.answer is Answer.UNKNOWN:
            yield f"            in doubt: the run of {UNITS[series.setting.load]} was unknown, {'; '.join(step.why)}"
    for each in model.predictions:
        off = "no knee to compare with" if each.error is None else f"{each.error:+.0%}"
        measured = "none" if each.measured is None else f"{each.measured:g}"
        yield f"Predicted   {each.predicted:.0f} workers, measured {measured} ({off}): {_setting(each.setting)}"
    table = extrapolated(
        setting, model.server, model.database, processes=PROCESSES, database_cores=capacity.hardware.cores
    )
    for processes, (workers, limit) in table.items():
        yield f"Extrapolated  {processes} server processes: {workers:.0f} workers, limited by the {limit}"
    yield (
        "            assuming a core for each process, calls that cost as much as here, and a database with"
        f" {capacity.hardware.cores} cores that scales"
    )


def exit_code(capacity: Capacity, *, at_least: float | None) -> int:
    """0 the knee was found (and is at least that); 2 it is below, or nothing was kept; 3 nobody can say."""
    found = capacity.series.knee
    if found.amount is not None and at_least is not None and found.amount >= at_least:
        return 0
    if found.answer is Answer.UNKNOWN or capacity.series.broken_off:
        return 3
    if found.amount is None or (at_least is not None and found.limit is not None):
        return 2
    return 3 if at_least is not None else 0
