"""A plan runs against an Airflow that is somebody's own, with nothing of it changed before its owner says so."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from harness import Fleet, RestartServer, Scenario, Tasks, seconds
from harness.control_plane import HOST
from harness.errors import BadParameter, BadPlan, NotCapable, NotInstallable, NotStarted
from harness.live.airflow_home import USER, AirflowHome, released
from harness.live.airflow_rest import AirflowRest
from harness.live.airflow_server import API, SCHEDULER
from harness.live.commands import Camp
from harness.live.deployment import PASSWORD_VARIABLE, USERNAME_VARIABLE, Unconfirmed
from harness.live.one_file import dag_file
from harness.live.scripted_process import SECRET_VARIABLE
from harness.model.planning import make_plan
from harness.model.scenario import Workers
from harness.runner import run_plan

pytestmark = [pytest.mark.live, pytest.mark.slow, pytest.mark.timeout(1500)]  # it may have to be installed

SECRET = "a secret of the server's own, of at least sixty-four characters in all"
WORK = Scenario(
    fleet=Fleet(count=1, slots=4),
    tasks=Tasks(
        count=4, lasting=(seconds(1), seconds(2)), over=seconds(3), failing_first=1, retry_delay=seconds(1)
    ),
    until=seconds(5),
    settle=seconds(12),
    options={"edge.job_poll_interval": "1"},
)
PLAN = make_plan(WORK, 1, name="attached", workers=Workers.SCRIPTED)
OTHER = make_plan(WORK, 2, name="attached", workers=Workers.SCRIPTED)


@pytest.fixture(scope="module")
def deployment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AirflowHome]:
    """An Airflow with the plan's Dag file in its Dag folder."""
    try:
        released()
    except NotInstallable as error:
        pytest.skip(str(error))
    camp = Camp(folder=tmp_path_factory.mktemp("deployment"), jwt_secret=SECRET)
    camp.dags.mkdir()
    (camp.dags / "ours.py").write_text(dag_file(PLAN.submissions))
    home = AirflowHome(camp, database="sqlite", tasks=4)
    try:
        home.set_up()
        home.boot(HOST, *API)
        home.boot("scheduler", *SCHEDULER)
        asyncio.run(home.listening(HOST))
        # on a busy machine the first answer takes its time
        httpx.get(f"{home.url}/execution/health", timeout=120)
        yield home
    finally:
        home.close()


@pytest.fixture
def opened(deployment: AirflowHome, monkeypatch: pytest.MonkeyPatch) -> str:
    """Its URL; the environment holds what opens it."""
    monkeypatch.setenv(USERNAME_VARIABLE, USER)
    monkeypatch.setenv(PASSWORD_VARIABLE, deployment.password)
    monkeypatch.setenv(SECRET_VARIABLE, SECRET)
    return deployment.url


def test_without_the_owner_s_word_it_is_told_what_a_run_would_do_and_nothing_is_done(deployment) -> None:
    with pytest.raises(
        Unconfirmed, match=r"nothing was changed: there is Airflow 3\.\d+\.\d+ with an Edge API"
    ):
        run_plan(PLAN, world="live", server=deployment.url)


def test_with_the_owner_s_word_and_no_credentials_it_is_told_which_variables_to_set(deployment) -> None:
    with pytest.raises(BadParameter, match=USERNAME_VARIABLE):
        run_plan(PLAN, world="live", server=deployment.url, i_own_this=True)


def test_a_dag_of_another_plan_is_refused(opened: str) -> None:
    with pytest.raises(BadPlan, match="is of another plan: deploy what `harness dag` prints"):
        run_plan(OTHER, world="live", server=opened, i_own_this=True)


def test_our_fleet_does_the_work_of_somebody_s_own_airflow_and_what_nobody_saw_is_not_judged(
    deployment: AirflowHome, opened: str, tmp_path: Path
) -> None:
    run = run_plan(PLAN, world="live", server=opened, i_own_this=True)
    assert run.verdict.counterexamples == ()
    assert run.verdict.answer == "unknown"
    assert [reason.partition(":")[0] for reason in run.verdict.unjudged] == [
        "only_legal_transitions",
        "logs_are_kept",
        "results_are_kept",
    ]
    ended = [event.value for event in run.history.where(witness="body", type="ok")]
    assert sorted(value["task"] for value in ended) == sorted(task.key for task in PLAN.submissions)
    written = "".join(event.to_json() for event in run.history) + str(run.history.header)
    assert SECRET not in written
    assert deployment.password not in written
    assert asyncio.run(_left(deployment)) == {
        "pools": 1,
        "variables": 0,
        "connections": 0,
        "worker": "offline",
    }


@pytest.mark.nightly
def test_a_server_that_stops_answering_before_the_end_leaves_the_history_and_an_unknown_answer(
    deployment: AirflowHome, opened: str
) -> None:
    def end_it(second: float) -> None:
        if second > 15:  # all bodies have ended
            deployment.kill(HOST)

    try:
        run = run_plan(PLAN, world="live", server=opened, i_own_this=True, progress=end_it)
    finally:
        deployment.boot(HOST, *API)
        asyncio.run(deployment.listening(HOST))
    reasons = [event.value["reason"] for event in run.history.where(witness="world", f="server.unseen")]
    assert reasons == [
        f"{opened} did not tell the outcome within 60 s",
        f"{opened} has stopped answering: its pools, and the variable and connection 'harness', may be left",
    ]
    assert (run.verdict.answer, run.verdict.exit_code) == ("unknown", 3)
    assert len(list(run.history.where(witness="body", type="ok"))) == len(PLAN.submissions)


async def _left(deployment: AirflowHome) -> dict[str, object]:
    """What of a run is left on the server; the one pool is Airflow's own."""
    rest = AirflowRest(deployment.url)
    await rest.log_in(USER, deployment.password)
    kinds = ("pools", "variables", "connections")
    found = {kind: (await rest.call("GET", f"/api/v2/{kind}"))["total_entries"] for kind in kinds}
    [worker] = (await rest.call("GET", "/edge_worker/ui/worker"))["workers"]
    await rest.close()
    return {**found, "worker": worker["state"]}


def test_a_server_that_is_not_there_and_one_that_is_not_ours_to_kill_are_refused() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    restarting = make_plan(
        Scenario(faults=(RestartServer(at=seconds(1), lasting=seconds(1)),)),
        1,
        name="r",
        workers=Workers.SCRIPTED,
    )
    with pytest.raises(NotCapable, match="take it out of the plan"):
        run_plan(restarting, world="live", server=f"http://127.0.0.1:{port}")
    with pytest.raises(NotStarted, match="does not answer: start it, or correct --server"):
        run_plan(PLAN, world="live", server=f"http://127.0.0.1:{port}")
