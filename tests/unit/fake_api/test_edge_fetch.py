"""Who is handed which job: callbacks before tasks, teams, jobs known by UUIDs, and what SQLite gets wrong."""

from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest

from fake_api import Settings
from fake_api.catalogue import Callback
from fake_api.names import TaskInstanceState
from fake_api.outcome import Outcome
from fake_api.rows import EdgeJob, JobKey
from tests.unit.fake_api.edge_client import Edge
from tests.unit.fake_api.world import World

CALLBACK = Callback(id=UUID(int=99), dag_id="dag", run_id="run", data={"path": "alerts.send", "kwargs": {}})


def fetch(edge: Edge, name: str = "w1", **body: Any) -> Any:
    answer = edge.work("POST", f"jobs/fetch/{name}", {"free_concurrency": 8} | body)
    return answer.body["task_id"] if answer.status == 200 and answer.body else answer.body


def add_callback(world: World, **values: Any) -> None:
    world.state.put(replace(CALLBACK, **values))
    world.scheduler.loop_once()


def with_team(team: str) -> World:
    return World(settings=Settings(executor_teams=(team,)))


# -- callbacks ---------------------------------------------------------------------------------------------


def test_a_callback_goes_before_the_most_urgent_task(world: World) -> None:
    edge = Edge(world)
    edge.register()
    world.submit(priority_weight=99)
    world.after(1)
    add_callback(world)
    assert [fetch(edge), fetch(edge), fetch(edge)] == [str(CALLBACK.id), "task", None]


def test_callbacks_go_by_age_and_by_nothing_else(world: World) -> None:
    edge = Edge(world)
    edge.register()
    add_callback(world, id=UUID(int=1))
    world.after(1)
    add_callback(world, id=UUID(int=2), priority_weight=9)
    assert [fetch(edge), fetch(edge)] == [str(UUID(int=1)), str(UUID(int=2))]


def test_a_callback_waits_in_the_default_queue(world: World) -> None:
    edge = Edge(world)
    edge.register()
    add_callback(world)
    assert [fetch(edge, queues=["blue"]), fetch(edge, queues=["default"])] == [None, str(CALLBACK.id)]


def test_a_callback_is_handed_out_as_a_workload_of_its_own(world: World) -> None:
    edge = Edge(world)
    edge.register()
    add_callback(world)
    job = edge.work("POST", "jobs/fetch/w1", {"free_concurrency": 1}).body
    assert (job["dag_id"], job["run_id"], job["try_number"], job["map_index"]) == (
        "ExecuteCallback",
        f"ExecuteCallback-{CALLBACK.id}",
        0,
        -1,
    )
    assert job["command"]["type"] == "ExecuteCallback"
    assert job["command"]["callback"] == {
        "id": str(CALLBACK.id),
        "fetch_method": "import_path",
        "data": {"path": "alerts.send", "kwargs": {}},
    }


@pytest.mark.parametrize("end", ["success", "failed"])
def test_the_scheduler_hears_how_a_callback_goes(world: World, end: str) -> None:
    edge = Edge(world)
    edge.register()
    add_callback(world)
    seen = [world.state.callbacks[CALLBACK.id].state]
    fetch(edge)
    for state in ("running", end):
        path = f"jobs/state/ExecuteCallback/{CALLBACK.id}/ExecuteCallback-{CALLBACK.id}/0/-1/{state}"
        assert edge.work("PATCH", path).status == 200
        world.sweep()
        seen.append(world.state.callbacks[CALLBACK.id].state)
    assert seen == ["queued", "running", end]


def test_a_dag_may_be_called_as_callbacks_are(world: World) -> None:
    edge = Edge(world)
    edge.register()
    world.submit(task_id="first", priority_weight=2)
    world.submit(dag_id="ExecuteCallback", task_id="t", run_id="ExecuteCallback-t")
    assert [fetch(edge), fetch(edge)] == ["first", "t"]


# -- teams -------------------------------------------------------------------------------------------------


def test_a_worker_of_a_team_gets_its_jobs_and_one_of_no_team_gets_all() -> None:
    world = with_team("a")
    edge = Edge(world)
    edge.register("of-a", team_name="a")
    edge.register("of-none")
    for task_id, team in (("a1", "a"), ("a2", "a"), ("free", None)):
        world.submit(task_id=task_id, team_name=team)
    assert [fetch(edge, "of-a"), fetch(edge, "of-none"), fetch(edge, "of-none")] == ["a1", "a2", "free"]
    assert fetch(edge, "of-a") is None


def test_what_a_worker_says_of_its_team_when_it_fetches_does_not_count() -> None:
    world = with_team("a")
    edge = Edge(world)
    edge.register(team_name="a")
    world.submit()
    assert fetch(edge, team_name=None) is None


def test_a_team_without_an_executor_shares_everybodys(world: World) -> None:
    world.submit(team_name="b")
    job = world.job()
    assert job is not None
    assert job.team_name is None


@pytest.mark.parametrize(("team", "state"), [("a", "unknown"), ("b", "starting")])
def test_only_a_worker_whose_team_has_an_executor_is_missed(team: str, state: str) -> None:
    world = with_team("a")
    Edge(world).register(team_name=team)
    world.after(151)
    world.sweep()
    assert world.state.edge_workers["w1"].state == state


@pytest.mark.parametrize(("team", "left"), [("a", 0), ("b", 1)])
def test_only_a_job_whose_team_has_an_executor_is_purged(team: str, left: int) -> None:
    world = with_team("a")
    world.submit()
    job = world.job()
    assert job is not None
    done = replace(job, state=TaskInstanceState.SUCCESS, last_update=world.at, team_name=team)
    world.state.apply(Outcome(rows=(done,)))
    world.after(301)
    world.scheduler.executor_sync()
    assert len(world.state.edge_jobs) == left


def test_the_environment_says_which_teams_have_executors_and_which_database_there_is() -> None:
    environ = {
        "AIRFLOW__CORE__EXECUTOR": "EdgeExecutor;a=EdgeExecutor;b=my.EdgeExecutor",
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": "sqlite:////tmp/airflow.db",
    }
    settings = Settings.from_environment(environ)
    assert (settings.executor_teams, settings.database) == (("a", "b"), "sqlite")
    plain = Settings.from_environment({"AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": "postgresql+psycopg2://x"})
    assert (plain.executor_teams, plain.database) == ((), "postgresql")


# -- jobs known by their task instances' UUIDs ---------------------------------------------------------------


def known_by_uuid(world: World) -> UUID:
    ti_id = world.submit()
    job = world.job()
    assert job is not None
    world.state.apply(Outcome(rows=(replace(job, task_instance_id=str(ti_id)),)))
    return ti_id


def test_a_worker_that_knows_no_uuids_is_told_to_be_upgraded(world: World) -> None:
    edge = Edge(world)
    edge.register()
    ti_id = known_by_uuid(world)
    assert fetch(edge) == {"detail": "Upgrade this Edge worker to report task-instance UUIDs."}
    answer = edge.work("POST", "jobs/fetch/w1", {"free_concurrency": 1, "supports_task_instance_uuid": True})
    assert answer.body["task_instance_id"] == str(ti_id)


@pytest.mark.parametrize(
    ("named", "state"), [("its own", "success"), ("none", "queued"), ("another", "queued")]
)
def test_a_report_has_to_name_the_jobs_uuid(world: World, named: str, state: str) -> None:
    ti_id = known_by_uuid(world)
    body = {"its own": str(ti_id), "none": None, "another": str(UUID(int=7))}[named]
    answer = Edge(world).work(
        "PATCH", "jobs/state/dag/task/run/1/-1/success", {"task_instance_id": body} if body else None
    )
    job = world.job()
    assert job is not None
    assert (answer.status, job.state) == (200, state)


# -- two fetches at once -----------------------------------------------------------------------------------


def handed_out_at_once(settings: Settings, workers: int, jobs: int) -> list[str | None]:
    """What so many workers get that fetch at the same time. Without a gap, all read before one writes."""
    world = World(settings=settings)
    edge = Edge(world)
    for number in range(workers):
        edge.register(f"w{number}")
    for number in range(jobs):
        world.submit(task_id=f"t{number}")
        world.after(1)
    asked = [
        edge.working("POST", f"jobs/fetch/w{number}", {"free_concurrency": 1}) for number in range(workers)
    ]
    return [answer.body and answer.body["task_id"] for answer in edge.at_once(*asked)]


def test_postgresql_hands_each_job_to_one_worker() -> None:
    assert handed_out_at_once(Settings(), workers=3, jobs=2) == ["t0", "t1", None]


def test_sqlite_hands_one_job_to_all_who_ask_at_once() -> None:
    settings = Settings(database="sqlite", sqlite_fetch_gap=0)
    assert handed_out_at_once(settings, workers=3, jobs=2) == ["t0", "t0", "t0"]


def test_on_sqlite_the_job_belongs_to_who_wrote_last() -> None:
    world = World(settings=Settings(database="sqlite", sqlite_fetch_gap=0))
    edge = Edge(world)
    edge.register("w0")
    edge.register("w1")
    world.submit()
    edge.at_once(
        *[edge.working("POST", f"jobs/fetch/{name}", {"free_concurrency": 1}) for name in ("w0", "w1")]
    )
    job = world.job()
    assert job is not None
    assert (job.edge_worker, job.state) == ("w1", "restarting")
    assert world.told("edge_job") == [(None, "queued", "submit"), ("queued", "restarting", "POST jobs/fetch")]


def test_a_late_claim_undoes_what_was_reported_meanwhile(world: World) -> None:
    """The second worker's UPDATE says restarting, although the first one runs the job already."""
    world.register()
    world.submit()
    rules, jobs = world.state.rules, world.state.edge_jobs
    read = rules.fetch_job(
        world.state.edge_workers["w1"], jobs=jobs.queued(None), free_concurrency=1, now=world.at
    )
    world.report_job("running")
    key = JobKey("dag", "task", "run", -1, 1)
    claimed = rules.claim_late(read, current=jobs.get(key), now=world.at)
    assert [row.state for row in claimed.rows if isinstance(row, EdgeJob)] == ["restarting"]
    assert [(each.old, each.new) for each in claimed.changes] == [("running", "restarting")]
