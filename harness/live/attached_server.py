"""The server port of the live world with an Airflow that is somebody's own: nothing of it is started or stopped by us.

Its Dag file is what `harness dag` prints. Before anything is changed, the run has to be told that it may.
"""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

from harness.errors import BadPlan, NotCapable, NotStarted
from harness.live.airflow_rest import AirflowRest, NotThere
from harness.live.airflow_runs import DagRuns
from harness.live.airflow_samples import Samples
from harness.live.deployment import Deployment, Unconfirmed, intentions, survey
from harness.live.errands import Errands
from harness.live.one_file import dag_file, workload_tag
from harness.live.seat import Seat
from harness.model.faults import RestartServer
from harness.model.plan import Submission
from harness.model.scenario import Workers
from harness.ports import Heal, Strike
from harness.workers.tokens import edge_token

#: Seconds between two looks at the server's rows; for the last one, and for tidying up; for that after silence.
LOOK_EVERY, PATIENCE, LAST_PATIENCE = 1.0, 60.0, 5.0
TOKEN_LIFETIME = 10.0  # seconds: [api_auth] jwt_leeway
#: The bundle in which edge workers of ours look for their Dag file: Airflow's default.
BUNDLE = "dags-folder"


class AttachedServer:
    """Implements `harness.live.seat.LiveServer`. `confirmed`: its owner has said that it may be changed."""

    def __init__(self, seat: Seat, *, deployment: Deployment, confirmed: bool) -> None:
        self._seat, self._deployment, self._confirmed = seat, deployment, confirmed
        self._rest = AirflowRest(deployment.url)
        self._runs = DagRuns(self._rest, seat.plan.submissions)
        self._samples = Samples(self._rest, seat.plan, self._runs, say=seat.say)
        self._errands = Errands()
        self._touched, self._patience = False, PATIENCE
        if any(isinstance(fault, RestartServer) for fault in seat.plan.faults):
            raise NotCapable(
                "the plan's RestartServer would kill a server that is not ours: take it out of the plan"
            )

    @property
    def address(self) -> tuple[str, int]:
        return self._deployment.host, self._deployment.port

    async def start(self) -> None:
        """Look first; then trigger the Dag runs. Raises Unconfirmed, NotStarted, ServerRefused, BadParameter, BadPlan."""
        found = await survey(self._deployment, self._rest)
        if not self._confirmed:
            raise Unconfirmed(
                f"nothing was changed: there is {found}. A run would {intentions(self._seat.plan)}."
                " Give --i-own-this if it may"
            )
        self._deployment.check_opened()
        try:
            async with asyncio.timeout(PATIENCE):
                await self._make_room()
        except TimeoutError:
            raise NotStarted(f"{self._deployment.url} has stopped answering: see to it") from None
        self._touched = True
        await self._runs.begin()
        self._errands.begin(self._follow())

    async def _make_room(self) -> None:
        await self._deployment.log_in(self._rest)
        for dag_id, run_id in self._runs.names:
            await self._check_dag(dag_id)
            await self._rest.delete(f"/api/v2/dags/{dag_id}/dagRuns/{run_id}")

    async def _check_dag(self, dag_id: str) -> None:
        """Raise BadPlan where the deployed Dag is not the plan's; put its file where edge workers of ours look for it."""
        try:
            dag = await self._rest.call("GET", f"/api/v2/dags/{dag_id}")
        except NotThere as refusal:
            raise BadPlan(
                f"the Dag is not there ({refusal}): put what `harness dag` prints into its Dag folder"
            ) from None
        tasks = self._seat.plan.submissions
        if workload_tag(tasks) not in {tag["name"] for tag in dag["tags"]}:
            raise BadPlan(
                f"the server's Dag {dag_id} is of another plan: deploy what `harness dag` prints for this one"
            )
        edge = any(worker.kind is Workers.EDGE for worker in self._seat.plan.workers)
        if edge and dag["bundle_name"] != BUNDLE:
            raise NotCapable(
                f"the Dag is in the bundle {dag['bundle_name']!r}: put it into {BUNDLE!r}, or take --workers scripted"
            )
        folder = self._seat.camp.dags
        path = (folder / (dag["relative_fileloc"] or "harness_dag.py")).resolve()
        if not path.is_relative_to(folder.resolve()):
            raise BadPlan(f"the server's Dag {dag_id} has no place in its Dag folder: deploy it there")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(dag_file(tasks))

    async def _follow(self) -> None:
        while True:
            await self._samples.look()
            await asyncio.sleep(LOOK_EVERY)

    async def finish(self) -> None:
        """Look once more. Raises NotStarted where it does not tell the outcome."""
        try:
            async with asyncio.timeout(PATIENCE):
                await self._samples.look()
        except TimeoutError:
            self._patience = LAST_PATIENCE
            raise NotStarted(
                f"{self._deployment.url} did not tell the outcome within {PATIENCE:.0f} s"
            ) from None

    async def stop(self) -> None:
        """Say that the workers are offline, and take away what was made. The Dag run stays, for its owner to look at.

        Raises NotStarted where that was not possible, and what went wrong meanwhile.
        """
        errors = await self._errands.end()
        try:
            if self._touched:
                async with asyncio.timeout(self._patience):
                    await self._tidy_up()
        except TimeoutError:
            left = "its pools, and the variable and connection 'harness', may be left"
            raise NotStarted(f"{self._deployment.url} has stopped answering: {left}") from None
        finally:
            await self._rest.close()
        for error in errors:
            raise error

    async def _tidy_up(self) -> None:
        for worker in self._seat.plan.workers:
            secret, now = self._deployment.jwt_secret, datetime.now(UTC)
            token = edge_token(f"worker/{worker.name}", secret=secret, now=now, lifetime=TOKEN_LIFETIME)
            await self._rest.say_offline(worker.name, token=token)
        for kind, name in self._rest.made:
            await self._rest.delete(f"/api/v2/{kind}/{name}")

    def submit(self, task: Submission) -> str:
        """From now on the scheduler may queue the task. Returns the id of its task instance."""
        ti, opening = self._runs.submit(task)
        self._errands.begin(opening)
        return ti

    def restart(self, target: str, strike: Strike) -> Heal:
        """Never: a plan that asks for it was refused."""
        raise NotCapable("the server is not ours to restart")
