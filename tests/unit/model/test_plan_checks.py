"""What is refused before anything runs: each row is a mistake, and the line that names its mend."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from typing import Any, cast

import pytest

from harness.errors import BadPlan
from harness.model.faults import (
    BadCertificate,
    ClockSkew,
    DelayRequests,
    Direction,
    Fault,
    Kill,
    Latency,
    LoseReplies,
    LoseRequests,
    OutOfMemory,
    PacketLoss,
    Partition,
    Pause,
    RenewClient,
    ResetPeer,
    RestartServer,
    RevokeClient,
    RotateCertificate,
    ServerErrors,
    Stop,
    TruncateReplies,
    Victim,
)
from harness.model.plan import Plan, PlannedWorker, Submission
from harness.model.plan_checks import check_plan
from harness.model.planning import make_plan
from harness.model.scenario import Fleet, Link, Scenario, Tasks, Workers
from harness.model.tls_faults import Tls
from harness.units import hours, minutes, ms, seconds

CUT = Partition(a="worker-1", b="api", at=minutes(1), lasting=minutes(2))
LINK: dict[str, Any] = {"a": "worker-1", "b": "api", "at": minutes(1), "lasting": minutes(1)}
HOST: Any = {"target": "worker-1", "at": minutes(1), "lasting": minutes(1)}
KILL = Kill(target="worker-1", at=minutes(1), lasting=minutes(2))
TASK = Submission(at=seconds(1), dag_id="d", task_id="t", run_id="r", lasting=seconds(9))
WORKER = PlannedWorker(name="worker-1", kind=Workers.SCRIPTED, slots=2, queues=("default", "gpu"))
PLAN = Plan(
    scenario="a-name",
    seed=1,
    workers=(WORKER, replace(WORKER, name="worker-2", slots=4, queues=("default",))),
    submissions=(TASK,),
    faults=(),
    invariants=("every_fault_struck",),
    until=minutes(5),
    settle=minutes(20),
)


def fleet(**fields: Any) -> Fleet:
    """A Fleet, whose fields may be of the wrong types."""
    return Fleet(**fields)


def tasks(**fields: Any) -> Tasks:
    """Tasks, whose fields may be of the wrong types."""
    return Tasks(**fields)


def changed(**fields: Any) -> Submission:
    """The task with other values in its fields."""
    return replace(TASK, **fields)


def refused(complaint: str, plan: Plan) -> None:
    with pytest.raises(BadPlan, match=re.escape(complaint)) as raised:
        check_plan(plan)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("scenario", "complaint"),
    [
        ({"fleet": fleet(count=0)}, "the fleet has 0 workers: give it 1 to 10,000"),
        ({"fleet": fleet(count=10**14)}, "the fleet has 100000000000000 workers"),
        ({"fleet": fleet(slots=0)}, "worker-1 has 0 slots: give it at least 1"),
        ({"fleet": None}, "Scenario.fleet: None is not a Fleet"),
        (
            {"fleet": fleet(kind="scripted")},
            "Fleet.kind: 'scripted' is not Workers.EDGE or Workers.SUPERVISED or Workers.SCRIPTED",
        ),
        ({"fleet": fleet(queues="default")}, "Fleet.queues: 'default' is not a tuple: write (…,)"),
        ({"tasks": tasks(count=-1)}, "the workload has -1 tasks: give it 0 to 1,000,000"),
        ({"tasks": tasks(count=2.5)}, "Tasks.count: 2.5 is not an integer"),
        ({"tasks": tasks(count=True)}, "Tasks.count: True is not an integer"),
        ({"tasks": tasks(reads=1)}, "Tasks.reads: 1 is not True or False"),
        ({"tasks": tasks(lasting=seconds(9))}, "is not a tuple: write (…,)"),
        ({"tasks": tasks(lasting=(seconds(9),))}, "must have 2 items"),
        (
            {"tasks": tasks(lasting=(seconds(9), seconds(3)))},
            "Tasks.lasting is (9s, 3s): give the shorter one first",
        ),
        ({"tasks": tasks(over=minutes(9))}, "must be submitted between 0s and `until`"),
        ({"tasks": tasks(over=seconds(-9))}, "Tasks.over: -9s is negative"),
        ({"tasks": tasks(retries=-1)}, "needs 0 retries or more"),
        ({"tasks": tasks(slots=0)}, "1 slot or more"),
        ({"tasks": tasks(xcom_bytes=10**12)}, "0 to 16,777,216 XCom bytes"),
        ({"tasks": tasks(failing_first=-1)}, "Tasks.failing_first is -1: give it 0 or more"),
        ({"tasks": tasks(queue="gpu")}, "no worker serves queue 'gpu' of storm/task-"),
        ({"tasks": tasks(retry_delay=timedelta.max)}, "is too long: a run holds at most 30 days"),
        ({"faults": None}, "Scenario.faults: None is not a tuple: write (…,)"),
        ({"faults": CUT}, "is not a tuple: write (…,)"),
        ({"faults": ("storm",)}, "Scenario.faults: 'storm' is none of Partition, Latency"),
        (
            {"faults": (replace(CUT, at=cast("Any", 25)),)},
            "Partition.at: 25 is not a duration: write it like seconds(25)",
        ),
        ({"faults": (lambda draw: None,)}, "gives no faults: "),
        ({"faults": (lambda draw: 1 / 0,)}, "test_plan_checks.py:"),
        ({"faults": (lambda draw: (5,),)}, "5 is none of Partition, Latency"),
        ({"faults": (Kill,)}, "Kill gives no faults: "),
        ({"link": Link(delay=ms(-1))}, "Link.delay: -0.001s is negative"),
        ({"until": 300}, "Scenario.until: 300 is not a duration: write it like seconds(25)"),
        ({"settle": seconds(-1)}, "Scenario.settle: -1s is negative"),
    ],
)
def test_a_scenario_that_no_plan_can_be_made_of_is_refused(scenario: dict[str, Any], complaint: str) -> None:
    with pytest.raises(BadPlan, match=re.escape(complaint)) as raised:
        make_plan(Scenario(**scenario), 7, name="a-name")
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("seed", [None, "7", 1.5, True])
def test_a_seed_is_an_integer(seed: Any) -> None:
    with pytest.raises(BadPlan, match=f"the seed: {seed!r} is not an integer"):
        make_plan(Scenario(), seed, name="a-name")


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"workers": ()}, "the plan has no workers: give the fleet a count of at least 1"),
        ({"workers": (WORKER, WORKER)}, "2 workers are named 'worker-1': give each its own name"),
        ({"invariants": ()}, "the plan promises nothing"),
        ({"settle": seconds(0)}, "`settle` is 0s, and what must happen in the end is judged after it"),
        ({"settle": hours(24 * 30)}, "`until` and `settle` are 720h5m together: a run holds at most 30 days"),
        ({"until": hours(24 * 30 + 1)}, "Plan.until: 721h is too long: a run holds at most 30 days"),
        ({"submissions": (TASK, TASK)}, "two tasks of the plan have one name"),
        ({"invariants": ("a", "b", "a")}, "the invariant 'a' is named 2 times: name it once"),
        ({"scenario": ""}, "the scenario cannot be named '': take 1 to 200 printable characters"),
        ({"scenario": "a\nVerdict  valid"}, "the scenario cannot be named 'a\\nVerdict  valid'"),
        ({"scenario": "\x1b[31m"}, "the scenario cannot be named '\\x1b[31m'"),
        ({"scenario": "x" * 201}, "take 1 to 200 printable characters"),
        ({"parameters": {"a\tb": "1"}}, "a parameter cannot be named 'a\\tb'"),
        ({"workers": (replace(WORKER, queues=("a\nb",)),)}, "a queue cannot be named 'a\\nb'"),
        ({"scenario": "\ud800"}, "Plan.scenario: '\\ud800' holds half of a surrogate pair"),
        ({"parameters": {"queue": "\udcff"}}, "Plan.parameters: '\\udcff' holds half of a surrogate pair"),
    ],
)
def test_a_plan_that_cannot_mean_anything_is_refused(change: dict[str, Any], complaint: str) -> None:
    refused(complaint, replace(PLAN, **change))


@pytest.mark.parametrize("name", ["", "a b", "worker-*", "w?", "[w]", "-w", "ä", "a/b", "w\n", "w" * 65])
def test_a_worker_has_the_name_of_a_host(name: str) -> None:
    refused(
        f"a worker cannot be named {name!r}: start with a letter or digit, then up to 63 more letters,",
        replace(PLAN, workers=(replace(WORKER, name=name),)),
    )


@pytest.mark.parametrize("name", ["api", "scheduler", "airflow", "driver", "nemesis"])
def test_a_worker_is_not_named_like_somebody_else(name: str) -> None:
    refused(
        f"a worker cannot be named {name!r}, the name of another",
        replace(PLAN, workers=(replace(WORKER, name=name),)),
    )


@pytest.mark.parametrize("field", ["dag_id", "task_id", "run_id"])
@pytest.mark.parametrize("text", ["", ".", "..", "a/b", "a b", "a\0b", "a\n", "ä", "x" * 251])
def test_ids_are_those_that_airflow_takes(field: str, text: str) -> None:
    refused(
        f"{field} cannot be {text!r}: write 1 to 250 letters, digits,",
        replace(PLAN, submissions=(changed(**{field: text}),)),
    )


@pytest.mark.parametrize("field", ["dag_id", "task_id", "run_id", "queue"])
def test_no_text_holds_half_of_a_surrogate_pair(field: str) -> None:
    refused(
        f"Submission.{field}: 'a\\ud800' holds half of a surrogate pair",
        replace(PLAN, submissions=(changed(**{field: "a\ud800"}),)),
    )


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"queue": "cpu"}, "no worker serves queue 'cpu' of d/t/r: the fleet serves default, gpu"),
        ({"slots": 5}, "d/t/r takes 5 slots and no worker of queue 'default' has more than 4"),
        ({"slots": 3, "queue": "gpu"}, "d/t/r takes 3 slots and no worker of queue 'gpu' has more than 2"),
        ({"at": minutes(6)}, "d/t/r must be submitted between 0s and `until`"),
        ({"lasting": minutes(25)}, "d/t/r would last until 25m1s and the run ends at 25m: shorten the task"),
        ({"xcom_bytes": -1}, "0 to 16,777,216 XCom bytes"),
        ({"retries": 2, "failing_tries": (0,)}, "d/t/r has the failing_tries [0] and the tries 1 to 3"),
        ({"retries": 2, "failing_tries": (-5,)}, "d/t/r has the failing_tries [-5] and the tries 1 to 3"),
        ({"retries": 2, "failing_tries": (7,)}, "d/t/r has the failing_tries [7] and the tries 1 to 3"),
        (
            {"retries": 2, "failing_tries": (1, 1)},
            "[1, 1] and the tries 1 to 3: name some of these, each once",
        ),
    ],
)
def test_a_task_that_no_worker_could_ever_end_is_refused(change: dict[str, Any], complaint: str) -> None:
    refused(complaint, replace(PLAN, submissions=(changed(**change),)))


@pytest.mark.parametrize(
    "acting", [{"apart": True}, {"leaves": seconds(1)}, {"triggers": "dag"}, {"reschedules": seconds(1)}]
)
def test_a_task_that_does_more_than_last_and_end_is_none_for_scripted_workers(acting: dict[str, Any]) -> None:
    tasks = (changed(**acting),)
    edge = tuple(replace(worker, kind=Workers.EDGE) for worker in PLAN.workers)
    check_plan(replace(PLAN, workers=edge, submissions=tasks))
    scripted = tuple(replace(worker, kind=Workers.SCRIPTED) for worker in PLAN.workers)
    refused(
        "is scripted and runs no code: take --workers edge or",
        replace(PLAN, workers=scripted, submissions=tasks),
    )


def test_a_task_may_fail_on_any_of_its_tries() -> None:
    check_plan(replace(PLAN, submissions=(changed(retries=2, failing_tries=(3, 1, 2)),)))


def test_a_worker_without_queues_serves_all() -> None:
    worker = replace(WORKER, queues=())
    check_plan(replace(PLAN, workers=(worker,), submissions=(replace(TASK, queue="gpu"),)))


def test_a_run_id_may_be_one_that_airflow_makes_itself() -> None:
    task = replace(TASK, run_id="scheduled__2026-01-01T00:00:00+00:00")
    check_plan(replace(PLAN, submissions=(task,)))


@pytest.mark.parametrize(
    ("faults", "complaint"),
    [
        # when
        ([replace(CUT, at=minutes(9))], "Partition at 9m is outside the storm: 0s … 5m"),
        ([replace(CUT, at=seconds(-1))], "Partition.at: -1s is negative"),
        ([replace(CUT, lasting=timedelta(0))], "Partition at 1m must last longer than 0s"),
        (
            [replace(CUT, lasting=minutes(9))],
            "Partition at 1m ends at 10m, after the storm: raise `until` (5m)",
        ),
        ([replace(CUT, lasting=timedelta.max)], "is too long: a run holds at most 30 days"),
        # how strongly
        ([PacketLoss(**LINK, probability=0.0)], "PacketLoss at 1m needs a probability above 0, up to 1"),
        ([PacketLoss(**LINK, probability=1.1)], "PacketLoss at 1m needs a probability above 0, up to 1"),
        (
            [PacketLoss(**LINK, probability=float("nan"))],
            "PacketLoss.probability: nan is not a finite number",
        ),
        ([Latency(**LINK, delay=seconds(0))], "Latency at 1m delays nothing: give it a delay or a jitter"),
        ([Latency(**LINK, delay=seconds(-1))], "Latency.delay: -1s is negative"),
        ([ServerErrors(**LINK, status=200)], "ServerErrors at 1m must answer a status from 400 to 599"),
        ([ServerErrors(**LINK, times=0)], "must strike at least once: leave `times` out for no limit"),
        ([ServerErrors(**LINK, retry_after=ms(500))], "needs whole seconds as `retry_after`"),
        (
            [LoseReplies(**LINK, nth=0)],
            "LoseReplies at 1m strikes from the `nth` call on that fits: count from 1",
        ),
        ([LoseReplies(**LINK, header="user-agent")], "needs a `header` like 'user-agent: *httpx*'"),
        ([DelayRequests(**LINK, delay=seconds(0))], "DelayRequests at 1m delays nothing: give it a delay"),
        ([TruncateReplies(**LINK, keep=-1)], "must keep 0 bytes of the body or more"),
        ([ClockSkew(**HOST)], "ClockSkew at 1m needs either `ahead` or `behind`"),
        ([ClockSkew(**HOST, ahead=ms(1), behind=ms(1))], "ClockSkew at 1m needs either `ahead` or `behind`"),
        ([ClockSkew(**{**HOST, "target": "api"}, ahead=ms(1))], "'api' is no worker: use RestartServer"),
        # whom
        ([replace(CUT, a="worker-9")], "there is no host 'worker-9': did you mean 'worker-2'?"),
        ([replace(CUT, b="apis")], "there is no host 'apis': did you mean 'api'?"),
        ([replace(CUT, a="node-*")], "can never strike: there is no host 'node-*'"),
        (
            [replace(CUT, b="worker-2")],
            "nothing passes between 'worker-1' and 'worker-2': let one be a worker",
        ),
        ([ResetPeer(a="api", b="api", at=minutes(1))], "nothing passes between 'api' and 'api'"),
        (
            [LoseReplies(**{**LINK, "a": "api", "b": "worker-1"})],
            "calls go from workers to the API: let `a` be",
        ),
        (
            [LoseReplies(**LINK, calls="ti.heartbeats")],
            "no call 'ti.heartbeats': did you mean 'ti.heartbeat'?",
        ),
        ([LoseRequests(**LINK, calls="task.*")], "can never strike: there is no call 'task.*'"),
        ([replace(KILL, target="api")], "'api' is no worker: use RestartServer for the API server"),
        ([Pause(target="a*", at=minutes(1), lasting=minutes(1))], "'a*' is no worker: use RestartServer"),
        ([replace(KILL, target="worker1")], "there is no host 'worker1': did you mean 'worker-1'?"),
        ([RestartServer(at=minutes(1), target="worker-1")], "only 'api' is a server: leave its target out"),
        (
            [RestartServer(at=minutes(1), target="db")],
            "RestartServer at 1m can never strike: there is no host",
        ),
        # what is down already
        (
            [KILL, replace(KILL, at=minutes(2), lasting=minutes(3))],
            "Kill at 2m can never strike: worker-1 is down from 1m to 3m: move one of the two faults",
        ),
        ([replace(KILL, at=minutes(3), lasting=None), KILL], "Kill at 3m can never strike: worker-1 is down"),
        ([replace(KILL, lasting=None), replace(CUT, at=minutes(2))], "worker-1 is down from 1m to the end"),
        ([KILL, Pause(target="worker-1", at=minutes(2), lasting=minutes(2))], "Pause at 2m can never strike"),
        (
            [replace(CUT, a="worker-1", b="database")],
            "only 'api' and 'scheduler' talk to 'database': name one of them",
        ),
        ([LoseReplies(**{**LINK, "b": "database"})], "calls go from workers to the API: let `a` be"),
        ([RestartServer(at=seconds(5)), RestartServer(at=seconds(9))], "api is down from 5s to 15s"),
        (
            [replace(KILL, target="worker-*"), replace(KILL, at=minutes(2))],
            "Kill at 2m can never strike: worker-1 is down from 1m to 3m",
        ),
    ],
)
def test_a_fault_that_can_never_strike_is_refused(faults: list[Fault], complaint: str) -> None:
    refused(complaint, replace(PLAN, faults=tuple(faults)))


@pytest.mark.parametrize(
    "faults",
    [
        [replace(KILL, lasting=None)],
        [KILL, replace(KILL, at=minutes(4), lasting=minutes(1))],
        [KILL, replace(KILL, target="worker-*", at=minutes(2))],
        [replace(CUT, a="api", b="database")],
        [replace(CUT, a="database", b="sched*")],
        [ResetPeer(a="*", b="database", at=minutes(1))],
        [OutOfMemory(target="worker-1", at=seconds(30)), KILL],
        # what the worker has started lives on, and one that is told to end may work for long
        [OutOfMemory(target="worker-1", at=seconds(30), victim=Victim.WORKER), KILL],
        [Stop(target="worker-1", at=seconds(30), drain=True), KILL],
        [Stop(target="worker-1", at=seconds(30), lasting=minutes(1)), Pause(**HOST)],
        [KILL, replace(CUT, at=minutes(2))],  # its end is felt when the worker is back
        [replace(KILL, target="*"), RestartServer(at=minutes(1))],
        [replace(CUT, a="api", b="worker-?", direction=Direction.BACK)],
        [Latency(**LINK, delay=seconds(0), jitter=ms(1)), PacketLoss(**LINK, probability=1)],
        [ServerErrors(**{**LINK, "b": "*"}, calls="ti.*", retry_after=seconds(2))],
    ],
)
def test_a_fault_that_can_strike_is_taken(faults: list[Fault]) -> None:
    check_plan(replace(PLAN, faults=tuple(faults)))


BAD = BadCertificate(**LINK)
REVOKED = RevokeClient(**HOST)
RENEWED = RenewClient(**HOST)
ROTATED = RotateCertificate(at=minutes(1))
NO_CLIENT = "'api' is no worker, and only workers are clients: name one"


@pytest.mark.parametrize(
    ("fault", "tls", "complaint"),
    [
        (
            BAD,
            Tls.OFF,
            "BadCertificate at 1m can never strike: workers talk http to the API: give the scenario tls=",
        ),
        (ROTATED, Tls.OFF, "RotateCertificate at 1m can never strike: workers talk http to the API"),
        (REVOKED, Tls.SERVER, "workers show no certificate: give the scenario tls=Tls.MUTUAL"),
        (RENEWED, Tls.SERVER, "workers show no certificate: give the scenario tls=Tls.MUTUAL"),
        (replace(RENEWED, target="api"), Tls.MUTUAL, NO_CLIENT),
        (replace(REVOKED, target="api"), Tls.MUTUAL, NO_CLIENT),
        (replace(ROTATED, target="worker-1"), Tls.SERVER, "leave its target out, or use RenewClient"),
        (replace(BAD, a="api", b="worker-1"), Tls.SERVER, "calls go from workers to the API: let `a` be"),
        (replace(BAD, lasting=seconds(0)), Tls.SERVER, "BadCertificate at 1m must last longer than 0s"),
        (
            BadCertificate(**LINK, **cast("Any", {"flaw": "expired"})),
            Tls.SERVER,
            "'expired' is not CertificateFlaw.EXPIRED or",
        ),
    ],
)
def test_a_fault_of_tls_needs_tls_and_the_right_ends(fault: Fault, tls: Tls, complaint: str) -> None:
    refused(complaint, replace(PLAN, faults=(fault,), tls=tls))


@pytest.mark.parametrize(
    ("fault", "tls"),
    [(fault, Tls.SERVER) for fault in (BAD, ROTATED)]
    + [(fault, Tls.MUTUAL) for fault in (BAD, ROTATED, REVOKED, RENEWED)],
)
def test_a_fault_of_tls_is_taken_where_there_is_tls(fault: Fault, tls: Tls) -> None:
    check_plan(replace(PLAN, faults=(fault,), tls=tls))
