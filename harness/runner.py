"""Runs a plan in a world and has it judged: the one way from a Plan to a Run."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from harness.errors import BadParameter
from harness.interrupts import heeded
from harness.invariants import judge, owing
from harness.model.history import History
from harness.model.history_checks import WORLDS
from harness.model.plan import Plan
from harness.model.plan_checks import check_plan
from harness.model.verdict import Verdict
from harness.nemesis import check_capable
from harness.ports import World
from harness.units import NANOSECONDS

if TYPE_CHECKING:
    from harness.live.installed import Installed

Progress = Callable[[float], None]
DEFAULT_SEED = 1


@dataclass(frozen=True, kw_only=True)
class Run:
    """A plan that was driven through a world, what happened, and how it is judged."""

    plan: Plan
    history: History
    verdict: Verdict
    world: str
    digest: str
    simulated_seconds: float
    wall_seconds: float
    api_calls: int


def run_plan(
    plan: Plan,
    *,
    world: str = "sim",
    server: str = "fake",
    i_own_this: bool = False,
    hosts: str = "processes",
    installed: Installed | None = None,
    toxiproxy: str = "",
    progress: Callable[[float], None] | None = None,
) -> Run:
    """Drive the plan through a world of that name and judge its History.

    `server` names the control plane of a live world; one at a URL is changed only with `i_own_this`. `hosts` says what its
    workers' hosts are: a name of `harness.live.abilities.Hosts`. `installed` says of which releases a live world is, if
    not of ours. `toxiproxy` is what its byte-stream faults go through: embedded, server, or a URL; without it, its relays.
    `progress` is told the run's seconds now and then.
    Raises NotCapable where the world cannot do what the plan asks, MissingExtra where Airflow is needed and
    not installed; and what the handler of a signal raises meanwhile, KeyboardInterrupt for one, even if code
    under test has caught it.
    """
    if world not in _DRIVERS:
        raise BadParameter(f"there is no world {world!r}: choose one of {', '.join(WORLDS)}")
    if i_own_this and "://" not in server:
        raise BadParameter("--i-own-this is about a server of your own: give its URL with --server")
    check_plan(plan)
    with heeded():
        begun = time.perf_counter()
        place = _Place(
            server=server, i_own_this=i_own_this, hosts=hosts, installed=installed, toxiproxy=toxiproxy
        )
        driven = _DRIVERS[world](plan, place, progress)
        wall = time.perf_counter() - begun
        history = driven.history
        return Run(
            plan=plan,
            history=history,
            verdict=judge(history, plan),
            world=world,
            digest=history.digest(),
            simulated_seconds=driven.clock.now() / NANOSECONDS,
            wall_seconds=wall,
            api_calls=sum(1 for _ in history.where(witness="client", type="invoke")),
        )


@dataclass(frozen=True, kw_only=True)
class _Place:
    """Where and with what a plan is driven; the simulated world has no choice."""

    server: str
    i_own_this: bool
    hosts: str
    installed: Installed | None
    toxiproxy: str


def _sim(plan: Plan, place: _Place, progress: Progress | None) -> World:
    from harness.sim.abilities import LACKS
    from harness.sim.session import prepare, run_in_sim
    from harness.sim.world import SimWorld

    if place.server != "fake":
        raise BadParameter(f"the simulated world has no server {place.server!r}: take --world live")
    if place.hosts != "processes":
        raise BadParameter(
            f"the simulated world has no {place.hosts}, as all its hosts are simulated: take --world live"
        )
    if place.installed:
        raise BadParameter("the simulated world runs the installed releases alone: take --world live")
    if place.toxiproxy:
        raise BadParameter("the simulated world has no Toxiproxy to go through: take --world live")
    check_capable(plan, world="sim", capabilities=SimWorld.capabilities, lacks=LACKS)
    prepare(plan)
    return run_in_sim(plan, progress=progress)


def _live(plan: Plan, place: _Place, progress: Progress | None) -> World:
    from harness.live.abilities import LACKS, Hosts, how, missing
    from harness.live.installed import OURS
    from harness.live.session import run_live

    if place.hosts not in set(Hosts):
        raise BadParameter(f"there are no hosts {place.hosts!r}: choose one of {', '.join(Hosts)}")
    if place.toxiproxy and place.hosts == Hosts.NAMESPACES:
        raise BadParameter(
            "in --hosts namespaces these faults strike packets, not a Toxiproxy: take one of the two"
        )
    hosts, lacks = Hosts(place.hosts), missing(Hosts(place.hosts), place.server)
    capabilities = frozenset(how(hosts)) - lacks.keys()
    check_capable(plan, world="live", capabilities=capabilities, lacks={**LACKS, **lacks})
    return run_live(
        plan,
        owing=owing,
        server=place.server,
        i_own_this=place.i_own_this,
        hosts=hosts,
        installed=place.installed or OURS,
        toxiproxy=place.toxiproxy,
        progress=progress,
    )


_DRIVERS: dict[str, Callable[[Plan, _Place, Progress | None], World]] = {"sim": _sim, "live": _live}
