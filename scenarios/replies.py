"""The server does what it is asked, and the answer is lost on the way back."""

from __future__ import annotations

from harness import Aftermath, Fleet, LoseReplies, Scenario, Tasks, minutes, scenario, seconds
from scenarios.quick import quickly

CALLS_OF_A_TASKS_LIFE = (
    "jobs.fetch",
    "jobs.state",
    "ti.run",
    "ti.heartbeat",
    "variables.get",
    "connections.get",
    "xcoms.set",
    "ti.state",
    "logs.push",
    "worker.set_state",
)


@scenario
def lost_replies(*, workers: int = 3, tasks: int = 12, silent: bool = False, quick: bool = False) -> Scenario:
    """Each call of a task's life is once applied by the server without the client hearing of it.

    With `silent` the client waits in vain; without, its connection breaks at once.
    With `quick`, all of it passes twenty times as fast: for worlds in real time.
    """
    then = Aftermath.SILENCE if silent else Aftermath.RESET
    lossy = Scenario(
        fleet=Fleet(count=workers),
        tasks=Tasks(count=tasks, lasting=(seconds(10), seconds(40))),
        faults=tuple(
            LoseReplies(
                a="worker-*", b="api", at=seconds(2), lasting=minutes(4), calls=call, times=1, then=then
            )
            for call in CALLS_OF_A_TASKS_LIFE
        ),
        until=minutes(5),
        settle=minutes(25),
    )
    return quickly(lossy, settle=seconds(45)) if quick else lossy
