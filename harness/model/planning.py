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
) -> Plan:
    """Draw every random decision of the scenario from the seed. `workers` overrides the fleet's kind,
    `options` those of Airflow's options that the scenario sets, and adds to them.

    Raises BadPlan, naming the fix, where scenario, seed or what comes of them cannot mean anything.
    """
    check_scenario(scenario)
    if wrong := check_of(int)(seed):
        raise BadPlan(f"the seed: {wrong}")
    draw = Draw(Streams(seed), "plan")
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
        submissions=_submissions(scenario.tasks, draw.named("tasks")),
        faults=_faults(scenario, draw.named("faults")),
        invariants=scenario.invariants,
        until=scenario.until,
        settle=scenario.settle,
        link=scenario.link,
        options=dict(sorted({**scenario.options, **(options or {})}.items())),
    )
    check_plan(plan)
    return plan


def _submissions(tasks: Tasks, draw: Draw) -> tuple[Submission, ...]:
    def submission(n: int) -> Submission:
        mine = draw.named(str(n))
        return Submission(
            at=mine.between(timedelta(0), tasks.over),
            dag_id="storm",
            task_id=f"task-{n}",
            run_id="run-1",
            lasting=mine.between(*tasks.lasting),
            retries=tasks.retries,
            retry_delay=tasks.retry_delay,
            failing_tries=(1,) if n <= tasks.failing_first else (),
            queue=tasks.queue,
            slots=tasks.slots,
            xcom_bytes=tasks.xcom_bytes,
            reads=tasks.reads,
        )

    return tuple(sorted(map(submission, range(1, tasks.count + 1)), key=lambda task: task.at))


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
