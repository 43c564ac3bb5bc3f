"""Machines and servers die with work in hand."""

from __future__ import annotations

from datetime import timedelta

from harness import Fleet, Kill, RestartServer, Scenario, Tasks, minutes, scenario, seconds
from scenarios.quick import quickly


@scenario
def api_restart(
    *, lasting: timedelta = seconds(20), workers: int = 5, tasks: int = 40, quick: bool = False
) -> Scenario:
    """The API server restarts under load and is away for `lasting`; its database stays.

    With `quick`, all of it passes twenty times as fast: for worlds in real time.
    """
    restart = Scenario(
        fleet=Fleet(count=workers),
        tasks=Tasks(count=tasks, lasting=(seconds(20), minutes(2)), over=minutes(3)),
        faults=(RestartServer(at=seconds(90), lasting=lasting),),
        until=max(minutes(5), seconds(90) + lasting),
        settle=minutes(15),
    )
    return quickly(restart, settle=seconds(25)) if quick else restart


@scenario
def kill_and_reroute(*, workers: int = 3, tasks: int = 12, quick: bool = False) -> Scenario:
    """A worker's host dies with work in hand and stays dead: its tasks finish on the others.

    With Airflow's defaults this takes five minutes until the scheduler misses the heartbeats, and
    five more until the retry. With `quick`, all of it passes twenty times as fast: for worlds in real time.
    """
    kill = Scenario(
        fleet=Fleet(count=workers),
        tasks=Tasks(count=tasks, lasting=(minutes(1), minutes(3)), over=seconds(30)),
        faults=(Kill(target="worker-1", at=minutes(1)),),
        until=minutes(5),
        settle=minutes(20),
    )
    return quickly(kill, settle=seconds(45)) if quick else kill
