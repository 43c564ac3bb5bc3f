"""What Airflow's supervisor does to a task: when it gives up on one, when it is told to, and how it stays authorised."""

from __future__ import annotations

from datetime import timedelta

from harness import Fleet, Partition, RestartServer, Scenario, Tasks, Workers, minutes, scenario, seconds

_ONE = Fleet(count=1, kind=Workers.SUPERVISED)


@scenario
def lost_server(*, lasting: timedelta = seconds(90), work: timedelta = minutes(3)) -> Scenario:
    """The API is gone while a task runs: three failed heartbeats, 43 seconds on average, and it is killed.

    The supervisor tells nobody. The scheduler takes the task for dead five minutes after its last heartbeat, and the
    retry succeeds.
    """
    return Scenario(
        fleet=_ONE,
        tasks=Tasks(count=1, lasting=(work, work), over=seconds(1), retries=1, retry_delay=seconds(30)),
        faults=(RestartServer(at=seconds(30), lasting=lasting),),
        until=max(minutes(5), seconds(30) + lasting),
        settle=minutes(20),
    )


@scenario
def withdrawn_task(
    *, retries: int = 1, lasting: timedelta = seconds(60), work: timedelta = minutes(3)
) -> Scenario:
    """A worker is cut off for longer than the heartbeat timeout: the first heartbeat that gets through is refused.

    With 410 where the task waits for its retry, with 409 where it has failed for good (`--set retries=0`). The
    supervisor kills the task then: SIGTERM, five seconds later SIGKILL. By default it would have killed it before, for
    its failed heartbeats.
    """
    return Scenario(
        fleet=_ONE,
        tasks=Tasks(count=1, lasting=(work, work), over=seconds(1), retries=retries, retry_delay=minutes(2)),
        faults=(Partition(a="worker-1", b="api", at=seconds(30), lasting=lasting),),
        until=seconds(60) + lasting,
        settle=minutes(10),
        options={"scheduler.task_instance_heartbeat_timeout": "30", "workers.max_failed_heartbeats": "100"},
    )


@scenario
def outlived_tokens(*, lifetime: int = 60, work: timedelta = minutes(5)) -> Scenario:
    """A task outlives its token several times; heartbeats bring new ones, and the last of them reports its success."""
    return Scenario(
        fleet=_ONE,
        tasks=Tasks(count=1, lasting=(work, work), over=seconds(1), retries=0),
        until=seconds(30) + work,
        settle=minutes(2),
        options={"execution_api.jwt_expiration_time": str(lifetime), "api_auth.jwt_leeway": "5"},
    )
