"""What calls cost, and what a server should carry by that: a linear model, from a few runs that differ in one thing each."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from harness.capacity.step import HEARTBEAT, Setting, Step

#: How far the lengths of tasks spread: log-normal, as the load's users draw them. Their mean is above their median.
SPREAD = 0.8
MEAN_OF_MEDIAN = math.exp(SPREAD**2 / 2)
#: The part of a core at which queues grow beyond the service levels.
FULL = 0.95

GROUPS: Mapping[str, tuple[str, ...]] = {
    "heartbeat": (HEARTBEAT,),
    "worker": ("worker.set_state", "jobs.fetch"),
    "job": ("jobs.state", "logs.push"),
    "task": ("ti.run", "ti.state", "ti.rtif", "xcoms.set", "variables.get", "connections.get"),
}
"""Which calls cost alike, by what they belong to."""

PER_TASK: Mapping[str, float] = {"worker": 1, "job": 4, "task": 6}
"""Calls in the life of one task on an edge worker: a fetch, two job states and two log chunks, and its own six."""


@dataclass(frozen=True, kw_only=True)
class Costs:
    """CPU seconds of one call, by group; of the server or of its database. `idle` is cores in use without any."""

    of: Mapping[str, float]
    idle: float = 0.0

    @property
    def task(self) -> float:
        """CPU seconds of one task on an edge worker, without its heartbeats."""
        return sum(self.of.get(group, 0.0) * times for group, times in PER_TASK.items())

    @property
    def heartbeat(self) -> float:
        """CPU seconds of one heartbeat."""
        return self.of.get("heartbeat", 0.0)


def calls(step: Step) -> dict[str, int]:
    """How many calls of each group a step made."""
    return {group: sum(step.counts.get(op, 0) for op in ops) for group, ops in GROUPS.items()}


def costs(steps: Iterable[Step], *, role: str = "server") -> Costs:
    """Least squares over the steps, with no cost below nothing: which cost of each group explains the CPU that was used.

    The steps must differ in what they are made of: heartbeats alone, tasks alone, workers alone.
    """
    rows = [
        ([float(calls(step)[group]) for group in GROUPS], step.usage.cpu_seconds[role])
        for step in steps
        if role in step.usage.cpu_seconds
    ]
    return Costs(of=dict(zip(GROUPS, _non_negative(rows), strict=True)))


def _non_negative(rows: Sequence[tuple[list[float], float]], *, rounds: int = 5000) -> list[float]:
    """Coordinate descent for non-negative least squares: few columns, few rows, relative errors."""
    scaled = [([each / cpu for each in counts], 1.0) for counts, cpu in rows if cpu > 0]
    found = [0.0] * len(GROUPS)
    for _ in range(rounds):
        before = tuple(found)
        for column in range(len(found)):
            squares = sum(counts[column] ** 2 for counts, _ in scaled)
            if not squares:
                continue
            gap = sum(
                counts[column] * (whole - sum(c * x for c, x in zip(counts, found, strict=True)))
                for counts, whole in scaled
            )
            found[column] = max(0.0, found[column] + gap / squares)
        if all(math.isclose(new, old, rel_tol=1e-9) for new, old in zip(found, before, strict=True)):
            break
    return found


def per_worker(setting: Setting) -> dict[str, float]:
    """Calls a second of each group that one worker makes with all its slots busy."""
    scale = setting.time_scale
    poll, beat = setting.job_poll_interval * scale, setting.worker_heartbeat_interval * scale
    lasting = setting.task_seconds * MEAN_OF_MEDIAN * scale
    # a task's place is free, on average, for half a poll before the next is fetched
    tasks = setting.slots / (lasting + poll / 2)
    busy = lasting / (lasting + poll / 2)
    told = min(tasks * 2, 1 / poll)  # a heartbeat of the worker whenever its number of jobs has changed
    return {
        "heartbeat": setting.slots * busy / (setting.heartbeat_interval * scale),
        "worker": max(told, 1 / beat) + tasks,  # each was fetched
        "job": 4 * tasks,
        "task": 6 * tasks,
    }


def predicted(setting: Setting, found: Costs, *, cores: float) -> float:
    """How many workers fill that many cores, by what their calls cost."""
    each = sum(found.of.get(group, 0.0) * rate for group, rate in per_worker(setting).items())
    return max(0.0, cores * FULL - found.idle) / each if each else float("inf")


def extrapolated(
    setting: Setting, server: Costs, database: Costs | None, *, processes: Iterable[int], database_cores: int
) -> dict[int, tuple[float, str]]:
    """Workers by the number of server processes, and what limits them. Assumes a core for each process, and that a call
    costs the same however many there are.
    """
    of_database = predicted(setting, database, cores=database_cores) if database else float("inf")
    table = {}
    for count in processes:
        of_server = predicted(setting, server, cores=count)
        table[count] = (min(of_server, of_database), "server" if of_server <= of_database else "database")
    return table
