"""What a plan must be to mean anything; every refusal names the fix."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator
from reprlib import repr as short

from harness.errors import BadPlan
from harness.model.fault_checks import wrong_faults
from harness.model.fields import TIME_MOST, check_fields
from harness.model.options import wrong_options
from harness.model.plan import Plan, PlannedWorker, Submission
from harness.model.scenario import Scenario, Workers
from harness.units import format_duration

WORKERS_MOST, TASKS_MOST = 10_000, 1_000_000
"""More would fill this machine's memory before the run began."""

XCOM_BYTES_MOST = 1 << 24

NAME_MOST = 200
"""Characters of a scenario's name, which names the run's folder too, and of a queue's."""

SERVER_SIDE = frozenset({"api", "scheduler", "airflow"})
"""Who acts on the server's side: `airflow` where a released one does not tell api-server and scheduler apart."""

TAKEN = SERVER_SIDE | {"driver", "nemesis"}
"""Who else acts in a History: a worker of that name could not be told from it."""

WORKER_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
"""edge_worker.worker_name has 64 characters. `*`, `?` and `[` would read as a pattern in a fault."""

KEY = re.compile(r"(?!\.+$)[A-Za-z0-9_.-]{1,250}")
"""Airflow's own rule for dag and task ids, `airflow.utils.helpers.validate_key`; dots alone would be a path."""

RUN_ID = re.compile(r"(?!\.+$)[A-Za-z0-9_.~:+-]{1,250}")
"""Airflow's default of [scheduler] allowed_run_id_pattern."""


def check_scenario(scenario: Scenario) -> None:
    """Raise BadPlan for what no plan can be drawn from: wrong types, reversed ranges, too many of anything."""
    check_fields(scenario, Scenario)
    workers, tasks = scenario.fleet.count, scenario.tasks
    low, high = tasks.lasting
    if not 1 <= workers <= WORKERS_MOST:
        raise BadPlan(f"the fleet has {workers} workers: give it 1 to {WORKERS_MOST:,}")
    if not 0 <= tasks.count <= TASKS_MOST:
        raise BadPlan(f"the workload has {tasks.count} tasks: give it 0 to {TASKS_MOST:,}")
    if low > high:
        low_text, high_text = format_duration(low), format_duration(high)
        raise BadPlan(f"Tasks.lasting is ({low_text}, {high_text}): give the shorter one first")
    if tasks.failing_first < 0:
        raise BadPlan(f"Tasks.failing_first is {tasks.failing_first}: give it 0 or more")


def check_plan(plan: Plan) -> None:
    """Raise BadPlan, naming the fix, where the plan cannot mean anything."""
    check_fields(plan, Plan)
    for check in CHECKS:
        for complaint in check(plan):
            raise BadPlan(complaint)


def _wrong_acts(plan: Plan) -> Iterator[str]:
    if not plan.invariants:
        yield "the plan promises nothing, so nothing could be judged: name an invariant"
    for name, count in Counter(plan.invariants).items():
        if count > 1:
            yield f"the invariant {name!r} is named {count} times: name it once"
    if not plan.settle:
        yield "`settle` is 0s, and what must happen in the end is judged after it: give it some minutes"
    if plan.until + plan.settle > TIME_MOST:
        yield (
            f"`until` and `settle` are {format_duration(plan.until + plan.settle)} together:"
            f" a run holds at most {TIME_MOST.days} days of virtual time"
        )


def _wrong_workers(plan: Plan) -> Iterator[str]:
    if not plan.workers:
        yield "the plan has no workers: give the fleet a count of at least 1"
    for name, count in Counter(worker.name for worker in plan.workers).items():
        if count > 1:
            yield f"{count} workers are named {name!r}: give each its own name"
    for worker in plan.workers:
        yield from _wrong_worker(worker)


def _wrong_worker(worker: PlannedWorker) -> Iterator[str]:
    if not WORKER_NAME.fullmatch(worker.name):
        yield (
            f"a worker cannot be named {worker.name!r}: start with a letter or digit, then up to 63 more"
            " letters, digits, dots, dashes and underscores"
        )
    if worker.name in TAKEN:
        yield f"a worker cannot be named {worker.name!r}, the name of another host or actor: call it worker-1"
    if worker.slots < 1:
        yield f"{worker.name} has {worker.slots} slots: give it at least 1"
    if not all(worker.queues):
        yield f"{worker.name} serves a queue without a name: name it, or give no queues to serve all"


def _wrong_tasks(plan: Plan) -> Iterator[str]:
    end = plan.until + plan.settle
    for task in plan.submissions:
        yield from _wrong_ids(task)
        if task.at > plan.until:
            yield f"{task.key} must be submitted between 0s and `until`"
        if task.retries < 0 or task.slots < 1 or not 0 <= task.xcom_bytes <= XCOM_BYTES_MOST:
            yield (
                f"{task.key} needs 0 retries or more, 1 slot or more and 0 to {XCOM_BYTES_MOST:,} XCom bytes"
            )
        if task.at + task.lasting > end:
            yield (
                f"{task.key} would last until {format_duration(task.at + task.lasting)} and the run ends at"
                f" {format_duration(end)}: shorten the task or raise `settle`"
            )
        yield from _wrong_failing_tries(task)
        yield from _no_code(task, plan)
    if len({task.key for task in plan.submissions}) < len(plan.submissions):
        yield "two tasks of the plan have one name: give each its own dag, task or run id"


def _no_code(task: Submission, plan: Plan) -> Iterator[str]:
    takers = [
        each.name for each in plan.workers if each.kind is Workers.SCRIPTED and task.queue in each.queues
    ]
    if task.acts and takers:
        yield (
            f"{task.key} does more than last and end, and {takers[0]} is scripted and runs no code: take --workers"
            " edge or supervised"
        )


def _wrong_failing_tries(task: Submission) -> Iterator[str]:
    tries = task.failing_tries
    if len(set(tries)) < len(tries) or not all(1 <= number <= task.retries + 1 for number in tries):
        yield (
            f"{task.key} has the failing_tries {list(tries)} and the tries 1 to {task.retries + 1}:"
            " name some of these, each once"
        )


def _wrong_names(plan: Plan) -> Iterator[str]:
    """Names that would break the line in which they are told, or reach the terminal that shows it."""
    names = [("the scenario", plan.scenario)]
    names += [("a parameter", name) for name in plan.parameters]
    names += [("a queue", queue) for worker in plan.workers for queue in worker.queues if queue]
    names += [("a queue", task.queue) for task in plan.submissions]
    for what, name in names:
        if not name.isprintable() or not 1 <= len(name) <= NAME_MOST:
            yield f"{what} cannot be named {short(name)}: take 1 to {NAME_MOST} printable characters"


def _wrong_ids(task: Submission) -> Iterator[str]:
    ids = (("dag_id", task.dag_id, KEY), ("task_id", task.task_id, KEY), ("run_id", task.run_id, RUN_ID))
    for name, text, allowed in ids:
        if not allowed.fullmatch(text):
            more = "~ : +, " if allowed is RUN_ID else ""
            yield (
                f"{name} cannot be {text!r}: write 1 to 250 letters, digits, {more}dots, dashes and"
                " underscores, and not dots alone"
            )


def _wrong_options(plan: Plan) -> Iterator[str]:
    yield from wrong_options(plan.options)


def _homeless_tasks(plan: Plan) -> Iterator[str]:
    """Tasks that wait for ever, as no worker serves their queue or has their slots."""
    rooms: dict[str | None, int] = {}  # the most slots that a worker of a queue has; None: of every queue
    for worker in plan.workers:
        for queue in worker.queues or (None,):
            rooms[queue] = max(worker.slots, rooms.get(queue, 0))
    for task in plan.submissions:
        room = max(rooms.get(task.queue, 0), rooms.get(None, 0))
        if not room:
            served = ", ".join(sorted(filter(None, rooms)))
            yield f"no worker serves queue {task.queue!r} of {task.key}: the fleet serves {served}"
        if task.slots > room:
            yield (
                f"{task.key} takes {task.slots} slots and no worker of queue {task.queue!r} has more than"
                f" {room}: give a worker more slots or the task fewer"
            )


CHECKS: tuple[Callable[[Plan], Iterator[str]], ...] = (
    _wrong_names,
    _wrong_acts,
    _wrong_workers,
    _wrong_tasks,
    _homeless_tasks,
    _wrong_options,
    wrong_faults,
)
"""Each says what is wrong with a plan whose fields hold values of their types, the worst first."""
