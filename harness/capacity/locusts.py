"""Runs Locust for one step, in a process of its own: importing it here would patch threads and sockets."""

from __future__ import annotations

import importlib.util
import json
import math
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from harness.capacity.levels import ServiceLevels, judge, of_workers
from harness.capacity.sampling import sampled
from harness.capacity.step import Latency, Load, Setting, Step
from harness.capacity.target import Target
from harness.errors import MissingExtra, NotStarted, NotWritten
from harness.model.options import OPTIONS

#: Seconds beyond a step until Locust has begun, ended and drained.
AROUND = 60.0
#: As much as Locust's report, its tables and the results of a step take at most.
STEP_BYTES = 1 << 21
#: Users of an open loop for each arrival a second: as many calls, or tasks, as there may be at once.
HEARTBEATS_AT_ONCE, TASK_MARGIN = 1.0, 2.0
#: The part of the warm-up after which all users are there.
SPAWNING = 0.75
INTERVALS = {
    "heartbeat_interval": OPTIONS["workers.min_heartbeat_interval"],
    "job_poll_interval": OPTIONS["edge.job_poll_interval"],
    "worker_heartbeat_interval": OPTIONS["edge.heartbeat_interval"],
}
"""The intervals of a setting, and the options of Airflow that they are."""


def users(setting: Setting, amount: float) -> tuple[str, int, dict[str, str]]:
    """Locust's user, how many of them, and the options that make that amount of load."""
    if setting.load is Load.WORKERS:
        return "SupervisorUser", round(amount), {}
    if setting.load is Load.IDLE_WORKERS:
        return "EdgeWorkerUser", round(amount), {"feed": "none", "queue": "nobody-feeds-this"}
    rate = {"rate": f"{amount:g}", "arrivals": str(setting.load)}
    if setting.load is Load.HEARTBEATS:
        return "ArrivalUser", max(10, math.ceil(amount * HEARTBEATS_AT_ONCE)), rate
    at_once = amount * (setting.task_seconds * setting.time_scale * TASK_MARGIN + 1)
    return "ArrivalUser", max(10, math.ceil(at_once)), rate


def command(setting: Setting, amount: float, *, target: Target, results: Path) -> list[str]:
    """The command line of one step; its CSV and HTML stand beside its results."""
    user, count, more = users(setting, amount)
    options = {
        "host": target.url,
        "users": str(count),
        "spawn-rate": f"{max(1.0, count / (SPAWNING * setting.warm_up)):g}",
        "run-time": f"{setting.seconds:g}s",
        "slots": str(setting.slots),
        "task-seconds": f"{setting.task_seconds:g}",
        "time-scale": f"{setting.time_scale:g}",
        "seed": str(setting.seed),
        "warm-up": f"{setting.warm_up:g}",
        "results": str(results),
        "csv": str(results.with_suffix("")),
        "html": str(results.with_suffix(".html")),
        **more,
    }
    if target.admin:
        options["admin"] = target.admin
    if setting.generators > 1:
        options["processes"] = str(setting.generators)
    words = [word for name, value in options.items() for word in (f"--{name}", value) if word]
    return [
        sys.executable,
        "-m",
        "locust",
        "-f",
        str(_loadtests()),
        user,
        "--headless",
        "--only-summary",
        *words,
    ]


def _loadtests() -> Path:
    found = importlib.util.find_spec("loadtests")
    if found is None or not found.submodule_search_locations:
        raise MissingExtra("the load tests are not installed here: run it from a checkout")
    if importlib.util.find_spec("locust") is None:
        raise MissingExtra("capacity needs Locust: install the extra `load`")
    return Path(found.submodule_search_locations[0])


def measure(setting: Setting, amount: float, *, target: Target, levels: ServiceLevels, results: Path) -> Step:
    """Put that amount of load on the target and say what came of it.

    Raises NotStarted where Locust could not begin, and NotWritten where there is no room for its files.
    """
    check_room(results.parent)
    log = results.with_suffix(".log")
    intervals = {option.variable: f"{getattr(setting, name):g}" for name, option in INTERVALS.items()}
    environ = {**target.environ, **intervals}
    with (
        _locust(command(setting, amount, target=target, results=results), environ, log) as locust,
        sampled({**target.roles, "generator": (locust.pid,)}, url=target.url) as sampler,
    ):
        code = _wait(locust, setting.seconds + AROUND)
    if not results.exists():
        check_room(results.parent)
        raise NotStarted(f"no load could be put on {target.url}: {_last_words(log, code)}")
    told = of_workers(json.loads(results.read_text(encoding="utf-8")))
    begun = told["begun"]
    answer, why = judge(told, levels, load=setting.load)
    return Step(
        amount=amount,
        seconds=setting.seconds,
        answer=answer,
        why=why,
        counts=told["counts"],
        failures=told["failures"],
        full=told["full"],
        full_seconds=setting.seconds - setting.warm_up,
        latencies=_latencies(told["latencies_ms"]),
        usage=sampler.usage(begun + setting.warm_up, begun + setting.seconds),
    )


def check_room(folder: Path) -> None:
    """Raises NotWritten where the disk does not take the files of one step."""
    probe = folder / ".room"
    try:
        probe.write_bytes(bytes(STEP_BYTES))
    except OSError as error:
        raise NotWritten(f"{folder} cannot be written: {error.strerror or error}; make room there") from None
    finally:
        probe.unlink(missing_ok=True)


def _wait(locust: subprocess.Popen[bytes], seconds: float) -> int:
    try:
        return locust.wait(seconds)
    except subprocess.TimeoutExpired:
        raise NotStarted(f"Locust did not end within {seconds:.0f} s: is this machine too busy?") from None


def _latencies(told: Mapping[str, Mapping[str, Any]]) -> dict[str, Latency]:
    return {
        op: Latency(p50=each["p50"] / 1000, p99=each["p99"] / 1000, most=each["max"] / 1000)
        for op, each in told.items()
    }


@contextmanager
def _locust(line: list[str], environ: Mapping[str, str], log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Locust, ended with the block however that ends."""
    with log.open("wb") as output:
        locust = subprocess.Popen(  # noqa: S603
            line, env=dict(environ), stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT
        )
        try:
            yield locust
        finally:
            if locust.poll() is None:
                locust.terminate()
                try:
                    locust.wait(10)
                except subprocess.TimeoutExpired:
                    locust.kill()
                    locust.wait()


def _last_words(log: Path, code: int) -> str:
    lines = [line for line in log.read_text(errors="replace").splitlines() if line.strip()]
    ours = [line.removeprefix("loadtests: ") for line in lines if line.startswith("loadtests: ")]
    return (ours or lines or [f"Locust ended with code {code}"])[-1]
