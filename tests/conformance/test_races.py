"""Two calls at once: a released server over PostgreSQL, and the fake, let the same outcomes happen and no other."""

import threading
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, replace

import httpx
import pytest

from harness.conformance.arms import Arm
from harness.conformance.case import Call, Case, Seed, Task
from harness.conformance.faking import FakeArm
from harness.conformance.released import TIMEOUT, ReleasedArm, send
from harness.conformance.tables.words import beat, call, run, state
from harness.conformance.wire import request
from harness.live.servers import ApiServer

ROUNDS = 5
Outcome = tuple[int, int]


@dataclass(frozen=True)
class Race:
    """Two calls that meet, after others have been answered; the statuses that may come of it, and the end states."""

    name: str
    one: Call
    other: Call
    statuses: frozenset[Outcome]
    ends: frozenset[str]
    before: tuple[Call, ...] = ()


RACES = (
    Race("two equal runs", run(), run(), frozenset({(200, 200)}), frozenset({"running"})),
    Race("two supervisors", run(), run(pid=7), frozenset({(200, 409), (409, 200)}), frozenset({"running"})),
    Race("two heartbeats", beat(), beat(), frozenset({(204, 204)}), frozenset({"running"}), (run(),)),
    Race("run against an end", run(), state("success"), frozenset({(200, 204), (200, 409)}),
         frozenset({"running", "success"})),
    Race("two ends", state("success"), state("failed"), frozenset({(204, 409), (409, 204)}),
         frozenset({"success", "failed"}), (run(),)),
    Race("two equal ends", state("success"), state("success"), frozenset({(204, 200), (200, 204)}),
         frozenset({"success"}), (run(),)),
    Race("heartbeat against an end", beat(), state("success"), frozenset({(204, 204), (409, 204)}),
         frozenset({"success"}), (run(),)),
    Race("two equal triggers", call("POST", "/dag-runs/{dag}/new", {}), call("POST", "/dag-runs/{dag}/new", {}),
         frozenset({(204, 409), (409, 204)}), frozenset({"queued"})),
)  # fmt: skip


def _race(arm: Arm, race: Race, number: int, meet: Callable[[httpx.Request, httpx.Request], Outcome]) -> None:
    case = Case(name=f"race {race.name} {number}", seed=Seed(tasks=(Task(),)), steps=())
    names = dict(arm.seed(case)) | {"dag": case.dag_id}

    def ready(each: Call) -> httpx.Request:
        return request(each, names, base=arm.base, secret=arm.secret, now=arm.now().timestamp())

    for each in race.before:
        assert arm.send(ready(each)).status < 300
    assert meet(ready(race.one), ready(race.other)) in race.statuses
    rows = arm.state(case)
    assert rows
    assert rows["task instances"]["r/a/-1"]["state"] in race.ends


@pytest.mark.parametrize("race", RACES, ids=lambda race: race.name)
def test_the_fake_lets_the_allowed_outcomes_happen(race: Race) -> None:
    """Calls to the fake never overlap: whichever comes first, the outcome is an allowed one."""
    with FakeArm() as arm:
        for number, one in enumerate(
            (race, replace(race, one=race.other, other=race.one, statuses=_turned(race)))
        ):
            _race(arm, one, number, lambda first, second: (arm.send(first).status, arm.send(second).status))


def _turned(race: Race) -> frozenset[Outcome]:
    return frozenset((second, first) for first, second in race.statuses)


@pytest.mark.live
@pytest.mark.slow
@pytest.mark.timeout(1500)
@pytest.mark.parametrize("race", RACES, ids=lambda race: race.name)
def test_a_released_server_over_postgresql_lets_no_other_happen(
    race: Race, released_over_postgres: ApiServer
) -> None:
    with closing(ReleasedArm(released_over_postgres)) as arm:
        for number in range(ROUNDS):
            _race(arm, race, number, _at_once)


def _at_once(one: httpx.Request, other: httpx.Request) -> Outcome:
    """Both calls over connections of their own, let go at the same moment."""
    gate, statuses = threading.Barrier(2), [0, 0]

    def go(position: int, sent: httpx.Request) -> None:
        with httpx.Client(timeout=TIMEOUT) as client:
            gate.wait()
            statuses[position] = send(client, sent).status

    threads = [threading.Thread(target=go, args=each) for each in enumerate((one, other))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return statuses[0], statuses[1]
