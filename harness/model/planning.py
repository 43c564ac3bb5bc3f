"""From a scenario and a seed to a plan: every random decision is drawn here."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from harness.errors import BadPlan
from harness.model.draws import Draw
from harness.model.faults import Fault
from harness.model.fields import check_fields, check_of
from harness.model.plan import Plan, PlannedWorker, Submission
from harness.model.plan_checks import check_plan, check_scenario
from harness.model.scenario import Chaos, Scenario, Tasks, Workers
from harness.model.tls_faults import Tls
from harness.model.told import told
from harness.rng import Streams


def make_plan(
    scenario: Scenario,
    seed: int,
    *,
    name: str,
    parameters: Mapping[str, str] | None = None,
    workers: Workers | None = None,
    options: Mapping[str, str] | None = None,
    draw: Draw | None = None,
    tasks_least: int | None = None,
    tls: Tls | None = None,
) -> Plan:
    """Draw every random decision of the scenario from the seed. `workers` overrides the fleet's kind, `tls` whether
    workers talk https, `options` those of Airflow's options that the scenario sets, and adds to them. What draws
    otherwise than from the seed is given as `draw`; with `tasks_least` it may leave out tasks, down to so many.

    Raises BadPlan, naming the fix, where scenario, seed or what comes of them cannot mean anything.
    """
    check_scenario(scenario)
    if wrong := check_of(int)(seed):
        raise BadPlan(f"the seed: {wrong}")
    draw = draw or Draw(Streams(seed), "plan")
    fleet = scenario.fleet
    kind = workers or fleet.kind
    plan = Plan(
        scenario=name,
        seed=seed,
        parameters=dict(parameters or {}),
        workers=tuple(
            PlannedWorker(name=f"worker-{n}", kind=kind, slots=fleet.slots, queues=fleet.queues)
            for n in range(1, fleet.count + 1)
        ),
        submissions=_submissions(scenario.tasks, draw.named("tasks"), tasks_least),
        faults=_faults(scenario, draw.named("faults")),
        invariants=scenario.invariants,
        until=scenario.until,
        settle=scenario.settle,
        link=scenario.link,
        options=dict(sorted({**scenario.options, **(options or {})}.items())),
        tls=tls or scenario.tls,
    )
    check_plan(plan)
    return plan


def _submissions(tasks: Tasks, draw: Draw, least: int | None) -> tuple[Submission, ...]:
    def times(mine: Draw) -> tuple[timedelta, timedelta]:
        return mine.between(timedelta(0), tasks.over), mine.between(*tasks.lasting)

    low = tasks.count if least is None else min(least, tasks.count)
    drawn = draw.several(low, tasks.count, times, first=1)
    found = (_submission(tasks, n, *each) for n, each in enumerate(drawn, start=1))
    return tuple(sorted(found, key=lambda task: task.at))


def _submission(tasks: Tasks, n: int, at: timedelta, lasting: timedelta) -> Submission:
    return Submission(
        at=at,
        dag_id="storm",
        task_id=f"task-{n}",
        run_id="run-1",
        lasting=lasting,
        retries=tasks.retries,
        retry_delay=tasks.retry_delay,
        failing_tries=(1,) if n <= tasks.failing_first else (),
        queue=tasks.queue,
        slots=tasks.slots,
        xcom_bytes=tasks.xcom_bytes,
        reads=tasks.reads,
    )


def _faults(scenario: Scenario, draw: Draw) -> tuple[Fault, ...]:
    faults: list[Fault] = []
    for n, entry in enumerate(scenario.faults):
        faults.extend(_chaos(entry, draw.named(str(n))) if callable(entry) else (entry,))
    check_fields(tuple(faults), tuple[Fault, ...])
    return tuple(sorted(faults, key=lambda fault: fault.at))


def _chaos(chaos: Chaos, draw: Draw) -> tuple[Fault, ...]:
    try:
        return tuple(chaos(draw))
    except Exception as error:
        code = getattr(chaos, "__code__", None)
        file = code.co_filename if code else "the scenario's faults"
        raise BadPlan(f"{getattr(chaos, '__name__', chaos)} gives no faults: {told(error, file)}") from error
