"""The server port of the live world with a released Airflow: api-server, scheduler and EdgeExecutor on a fresh home."""

from __future__ import annotations

import asyncio

from harness.control_plane import HOST
from harness.errors import NotStarted
from harness.live.airflow_changes import Changes
from harness.live.airflow_home import START_TIMEOUT, USER, AirflowHome
from harness.live.airflow_rest import AirflowRest
from harness.live.airflow_runs import DagRuns
from harness.live.errands import Errands
from harness.live.seat import Seat
from harness.model.plan import Submission
from harness.ports import Heal, Strike

API = ("api-server", "--workers", "1")
SCHEDULER = ("scheduler", "--skip-serve-logs")
#: Seconds between two readings of what has changed, and until the outcome is read at the end.
READ_EVERY, PATIENCE = 0.5, 90.0


class AirflowServer:
    """Implements `harness.live.seat.LiveServer`, over `sqlite` or `postgres`."""

    def __init__(self, seat: Seat, *, database: str = "sqlite") -> None:
        self._seat, self._database = seat, database
        self._started: AirflowHome | None = None
        self._errands = Errands()

    @property
    def _home(self) -> AirflowHome:
        assert self._started is not None, "it is started"
        return self._started

    @property
    def address(self) -> tuple[str, int]:
        return self._home.address

    # -- from start to end -----------------------------------------------------------------------------

    async def start(self) -> None:
        """Set up the database, start api-server and scheduler, trigger the Dag runs.

        Raises NotInstallable, NotStarted, and ServerRefused where a request of ours was refused.
        """
        camp, tasks = self._seat.camp, self._seat.plan.submissions
        self._started = AirflowHome(
            camp, database=self._database, tasks=len(tasks), to_database=self._seat.to_database
        )
        self._rest = AirflowRest(self._home.url)
        await asyncio.to_thread(self._home.set_up)
        self._changes = Changes(self._home.witness, say=self._seat.say)
        self._runs = DagRuns(self._rest, tasks)
        self._home.boot(HOST, *API)
        self._home.boot("scheduler", *SCHEDULER)
        await self._home.listening(HOST)
        try:
            async with asyncio.timeout(START_TIMEOUT):
                await self._rest.log_in(USER, self._home.password)
                await self._rest.call("GET", "/execution/health")  # the first request takes seconds
        except TimeoutError:
            raise NotStarted(
                f"the api-server listens and does not answer within {START_TIMEOUT:.0f} s"
            ) from None
        await self._runs.begin(self._look)
        self._errands.begin(self._follow())

    def _look(self) -> None:
        for name, words in self._home.ended().items():
            raise NotStarted(f"the {name} ended: {words}")

    async def _follow(self) -> None:
        while True:
            for name, words in self._home.ended().items():
                self._seat.say_exit(name, words)
            await self._changes.read()
            await asyncio.sleep(READ_EVERY)

    async def finish(self) -> None:
        """Read the last changes, then the outcome through the REST API: were they to differ, the History shows it."""
        try:
            async with asyncio.timeout(PATIENCE):
                await self._changes.read()
                for instance in await self._runs.instances():
                    self._changes.compare(instance)
        except TimeoutError:
            self._seat.say_exit(HOST, f"it did not tell the outcome within {PATIENCE:.0f} s")

    async def stop(self) -> None:
        """End its processes; the database and all else go with the run's folder. Raises what went wrong meanwhile."""
        errors = await self._errands.end()
        if self._started is not None:
            await self._rest.close()
            await asyncio.to_thread(self._started.close)
        for error in errors:
            raise error

    # -- the port --------------------------------------------------------------------------------------

    def submit(self, task: Submission) -> str:
        """From now on the scheduler may queue the task. Returns the id of its task instance."""
        ti, opening = self._runs.submit(task)
        self._errands.begin(opening)
        return ti

    def restart(self, target: str, strike: Strike) -> Heal:
        """Kill the api-server; the Heal starts a new one, which takes its time. The scheduler goes on meanwhile."""
        if not self._home.kill(HOST):
            return lambda: None
        strike(HOST, "killed")
        self._seat.take_down()
        return lambda: self._errands.begin(self._come_back())

    async def _come_back(self) -> None:
        self._home.boot(HOST, *API)
        await self._home.listening(HOST)
        self._seat.bring_up()
