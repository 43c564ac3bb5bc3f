"""One live run from set-up to tear-down: nothing of it is left after, however it ends."""

from __future__ import annotations

import asyncio
import os
import secrets
from collections.abc import Callable, Coroutine
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from harness.driver import drive
from harness.errors import BadParameter
from harness.interrupts import heeded
from harness.live.abilities import POSTGRES, Hosts
from harness.live.airflow_server import AirflowServer
from harness.live.attached_server import AttachedServer
from harness.live.commands import Camp
from harness.live.deployment import Deployment
from harness.live.fake_server import LiveFakeServer
from harness.live.guardian import guarded
from harness.live.hosting import HOSTING
from harness.live.installed import OURS, Installed
from harness.live.seat import MakeServer
from harness.live.toxiproxies import chosen
from harness.live.workload import write_workload
from harness.live.world import LiveWorld, Owing
from harness.model.options import environment
from harness.model.plan import Plan
from harness.model.plan_file import plan_to_json
from harness.units import NANOSECONDS
from harness.workers.surroundings import quiet_logs

T = TypeVar("T")
Progress = Callable[[float], None]
#: Seconds between two reports of progress.
TOLD_EVERY = 0.5


SERVERS: dict[str, MakeServer] = {
    "fake": LiveFakeServer,
    "airflow": AirflowServer,
    POSTGRES: partial(AirflowServer, database="postgres"),
}
"""The servers a live world may have, by the name that `--server` takes."""


def run_live(
    plan: Plan,
    *,
    owing: Owing,
    server: str = "fake",
    i_own_this: bool = False,
    hosts: Hosts = Hosts.PROCESSES,
    installed: Installed = OURS,
    toxiproxy: str = "",
    progress: Progress | None = None,
) -> LiveWorld:
    """Drive the plan through a live world of its own; the world's History is complete.

    The calm lasts longer, up to `harness.live.world.PATIENCE`, while `owing` says that something is still to come.
    `server` is a name of SERVERS, or the URL of somebody's own, which is changed only with `i_own_this`.
    `installed` says of which releases workers and server are. `toxiproxy` is what byte-stream faults go through, as
    `harness.live.toxiproxies.chosen` takes it; else the relays do it.

    Raises BadParameter, NotInstallable, and NotStarted with what did not come up.
    """
    make_server, jwt_secret = _server(server, confirmed=i_own_this)
    with guarded("airflow-remote-harness-live-") as folder, quiet_logs():
        camp = _pitch(plan, folder, jwt_secret, installed)
        with HOSTING[hosts](camp) as make_host, chosen(toxiproxy, folder) as client:
            world = partial(
                LiveWorld,
                plan,
                camp=camp,
                make_server=make_server,
                make_host=make_host,
                hosts=hosts,
                owing=owing,
                toxiproxy=client,
            )
            return run_unless_ended(_drive(plan, world, progress))


def run_unless_ended(work: Coroutine[Any, Any, T]) -> T:
    """As asyncio.run; what a signal's handler raises cancels `work` and comes out, even if code that it hit caught it.

    uvicorn catches whatever is raised while it answers a request.
    """
    with asyncio.Runner() as runner:
        loop = runner.get_loop()
        task = loop.create_task(work, name="driver")

        def end(_: BaseException) -> None:
            loop.call_soon_threadsafe(task.cancel)

        with heeded(end):
            return loop.run_until_complete(task)


def _server(name: str, *, confirmed: bool) -> tuple[MakeServer, str]:
    """What makes the server, and the secret that its edge workers share with it."""
    if "://" in name:
        deployment = Deployment.at(name, os.environ)
        return partial(AttachedServer, deployment=deployment, confirmed=confirmed), deployment.jwt_secret
    if name not in SERVERS:
        raise BadParameter(f"there is no server {name!r}: choose one of {', '.join(SERVERS)}, or give a URL")
    return SERVERS[name], secrets.token_hex(32)


def _pitch(plan: Plan, folder: Path, jwt_secret: str, installed: Installed) -> Camp:
    options = tuple(environment(plan.options).items())
    camp = Camp(folder=folder, jwt_secret=jwt_secret, installed=installed, options=options, tls=plan.tls)
    for each in (camp.dags, camp.marks):
        each.mkdir()
    camp.plan.write_text(plan_to_json(plan))
    write_workload(camp.dags, plan.submissions)
    return camp


async def _drive(plan: Plan, make_world: Callable[[], LiveWorld], progress: Progress | None) -> LiveWorld:
    world = make_world()
    telling = asyncio.create_task(_tell(world, progress)) if progress else None
    try:
        await drive(plan, world)
    finally:
        if telling:
            telling.cancel()
    return world


async def _tell(world: LiveWorld, progress: Progress) -> None:
    while True:
        progress(world.clock.now() / NANOSECONDS)
        await asyncio.sleep(TOLD_EVERY)
