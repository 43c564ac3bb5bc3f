"""A durable state: what was acknowledged is in the file, whole calls only, and no wrong file is touched."""

import asyncio
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest

from fake_api import Settings, State, create_app
from fake_api.rows import AssetKey, Connection, TaskSpec, Variable
from fake_api.state_file import StateFile, StateFileError, StateNotSavedError
from fake_api.stored import HOLDERS, dump
from fake_api.versions import NEWEST, RELEASED
from fake_api.xcoms import XComTask
from tests.unit.fake_api.client import SOMEBODY, Answer
from tests.unit.fake_api.world import World

#: What a State has besides its tables: none of it is lost when it is made anew.
NOT_STORED = {
    "settings",
    "now",
    "new_id",
    "rules",
    "tokens",
    "audit",
    "worker_identities",
    "executor",
    "scheduler_started",
    "retired",
}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "fake.db"


@pytest.fixture
def file(world: World, path: Path) -> Iterator[StateFile]:
    with closing(StateFile(path, world.state)) as opened:
        yield opened


def after_a_crash(path: Path, copy: Path) -> State:
    """The state that a server finds which starts after this moment: the files as they are now, and no goodbye."""
    copy.mkdir()
    for each in path.parent.glob(f"{path.name}*"):
        if each.is_file():
            shutil.copy(each, copy / each.name)
    found = State()
    StateFile(copy / path.name, found).close()
    return found


class Client:
    """Calls the app of a durable world; a task's token where the path names a task."""

    def __init__(self, world: World, file: StateFile) -> None:
        self.world = world
        self._app = create_app(world.state, admin=True, file=file)

    def call(
        self, method: str, path: str, json: Any = None, *, subject: UUID = SOMEBODY, version: str = NEWEST
    ) -> Answer:
        return asyncio.run(self._call(method, path, json, subject, version))

    async def _call(self, method: str, path: str, json: Any, subject: UUID, version: str) -> Answer:
        state = self.world.state
        token = state.tokens.mint(sub=str(subject), scope="execution", now=state.now())
        transport = httpx.ASGITransport(self._app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            headers = {"authorization": f"Bearer {token}", "airflow-api-version": version}
            reply = await client.request(method, path, headers=headers, json=json)
        return Answer(reply.status_code, reply.json() if reply.content else None)

    def of_task(self, ti_id: UUID, method: str, path: str, json: Any = None) -> Answer:
        return self.call(method, f"/execution/task-instances/{ti_id}/{path}", json, subject=ti_id)


@pytest.fixture
def client(world: World, file: StateFile) -> Client:
    return Client(world, file)


def a_life(client: Client) -> Iterator[int]:
    """Calls that touch every table; after each, its status."""
    world = client.world
    document = {
        "dags": [{"dag_id": "dag", "fail_fast": True}],
        "assets": [{"name": "a", "uri": "s3://a", "aliases": ["alias"]}],
        "task_instances": [
            {"dag_id": "dag", "task_id": each, "run_id": "run", "retries": 1} for each in "abc"
        ],
        "connections": [{"conn_id": "c", "conn_type": "http", "schema": "https", "password": "p"}],
    }
    seeded = client.call("POST", "/admin/seed", document)
    yield seeded.status
    a, b, c = (UUID(each["id"]) for each in seeded.body["task_instances"])
    started = {
        "state": "running",
        "hostname": "w",
        "unixname": "u",
        "pid": 1,
        "start_date": world.at.isoformat(),
    }
    for ti in (a, b, c):
        yield client.of_task(ti, "PATCH", "run", started).status
    world.after(5)
    yield client.of_task(a, "PUT", "heartbeat", {"hostname": "w", "pid": 1}).status
    for key, value in (("k", {"x": [1, 2.5, None, "é"]}), ("k2", 1), ("k", "again")):
        yield client.call("POST", f"/execution/xcoms/dag/run/a/{key}", value).status
    yield client.call("DELETE", "/execution/xcoms/dag/run/a/k2").status
    yield client.of_task(a, "PUT", "rtif", {"command": "echo"}).status
    yield client.call("PUT", "/execution/variables/v", {"val": "1", "description": "d"}).status
    yield client.call("PUT", f"/execution/store/ti/{a}/key", {"value": [1]}, subject=a).status
    yield client.call(
        "PUT", "/execution/store/asset/by-name/value?name=a&key=k", {"value": 1}, subject=a
    ).status
    ended = {
        "state": "success",
        "end_date": world.at.isoformat(),
        "task_outlets": [{"name": "a", "uri": "s3://a", "type": "Asset"}],
    }
    yield client.of_task(a, "PATCH", "state", ended).status
    retry = {"state": "up_for_retry", "end_date": world.at.isoformat()}
    yield client.of_task(b, "PATCH", "state", retry).status
    yield client.call("DELETE", "/execution/variables/v").status


def test_whatever_call_was_acknowledged_a_crash_after_it_loses_nothing(
    client: Client, path: Path, tmp_path: Path
) -> None:
    """After every call of a life the file holds exactly the state the server has: all of the call, and no less."""
    seen = []
    for number, status in enumerate(a_life(client)):
        assert status < 300, f"call {number}"
        seen.append(dump(after_a_crash(path, tmp_path / str(number))))
        assert seen[-1] == dump(client.world.state)
    assert len({str(each) for each in seen}) == len(seen), "every call changed something"
    assert client.world.state.assets.events
    assert client.world.state.task_instances.history


@pytest.mark.parametrize("version", [RELEASED[0], RELEASED[-2]])
def test_a_call_of_an_older_version_is_durable_too(
    client: Client, path: Path, tmp_path: Path, version: str
) -> None:
    assert client.call("PUT", "/execution/variables/v", {"val": "1"}, version=version).status == 201
    assert after_a_crash(path, tmp_path / "copy").variables == {"v": Variable(val="1")}


def test_what_the_sweeps_did_survives_and_the_restart_is_one_of_the_scheduler(
    client: Client, file: StateFile, path: Path, tmp_path: Path
) -> None:
    world = client.world
    ti_id = world.submit(retries=1)
    world.run(ti_id)
    world.after(400)
    world.sweep()
    asyncio.run(file.pause(0))
    found = after_a_crash(path, tmp_path / "copy")
    (ti,) = found.task_instances
    assert (ti.state, ti.id == ti_id, list(found.task_instances.history)) == ("up_for_retry", False, [ti_id])
    assert dump(found) == dump(world.state)
    assert found.scheduler_started
    assert not found.executor.running


def test_jobs_come_back_in_the_order_they_are_handed_out(
    file: StateFile, world: World, path: Path, tmp_path: Path
) -> None:
    for task_id, weight in (("late", 1), ("first", 9), ("later", 1)):
        world.submit(task_id=task_id, priority_weight=weight)
    file.commit()
    found = after_a_crash(path, tmp_path / "copy")
    assert [job.key.task_id for job in found.edge_jobs.queued(None)] == ["first", "late", "later"]


@pytest.mark.parametrize("table", ["dag", "dag_run"])
def test_a_file_whose_task_instances_lost_their_dag_or_run_is_refused(
    client: Client, file: StateFile, path: Path, table: str
) -> None:
    client.world.submit()
    file.commit()
    file.close()
    with closing(sqlite3.connect(path)) as db:
        assert db.execute("DELETE FROM stored WHERE tbl = ?", (table,)).rowcount, "there is such a table"
        db.commit()
    with pytest.raises(StateFileError, match=r"not its Dag or run.*give another file"):
        StateFile(path, State())


def test_a_state_that_was_filled_before_the_file_was_opened_is_in_it(path: Path) -> None:
    first = State()
    ti_id = first.submit(TaskSpec(dag_id="d", task_id="t", run_id="r"))
    StateFile(path, first).close()
    second = State()
    StateFile(path, second).close()
    assert second.task_instances.get(ti_id) == first.task_instances.get(ti_id)


def test_values_json_has_no_word_for_survive(
    file: StateFile, world: World, path: Path, tmp_path: Path
) -> None:
    values = [float("inf"), 1.0, 10**30, "\u0000é\U0001f600", {"": []}]
    world.state.xcoms.set(XComTask("d", "r", "t"), "k", -1, values)
    file.commit()
    found = after_a_crash(path, tmp_path / "copy").xcoms.values(XComTask("d", "r", "t"), "k")
    assert found == {-1: values}


def test_every_table_of_a_state_is_stored() -> None:
    """A new table has to be added to fake_api/stored.py, or be named here as none."""
    assert {name for name in vars(State()) if not name.startswith("_")} == {*HOLDERS, *NOT_STORED}


def test_a_full_disk_is_a_500_and_changes_nothing(client: Client, path: Path, tmp_path: Path) -> None:
    file = client._app._file
    assert file is not None
    assert client.call("PUT", "/execution/variables/small", {"val": "1"}).status == 201
    before = dump(client.world.state)
    (pages,) = file._db.execute("PRAGMA page_count").fetchone()
    file._db.execute(f"PRAGMA max_page_count = {pages}")
    answer = client.call("PUT", "/execution/variables/big", {"val": "x" * 100_000})
    assert (answer.status, answer.body) == (500, {"message": "Internal server error"})
    assert client.call("GET", "/execution/variables/big").status == 404
    assert dump(client.world.state) == before == dump(after_a_crash(path, tmp_path / "copy"))
    file._db.execute("PRAGMA max_page_count = 1000000")
    assert client.call("PUT", "/execution/variables/big", {"val": "x" * 100_000}).status == 201


def test_a_call_that_fails_half_way_leaves_nothing_behind(
    world: World, file: StateFile, path: Path, tmp_path: Path
) -> None:
    async def half(_scope: Any, _receive: Any, send: Any) -> None:
        world.state.variables["half"] = Variable(val="1")
        await send({"type": "http.response.start", "status": 500, "headers": []})

    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message["status"])

    async def receive() -> Any:
        raise AssertionError("nothing is read")

    asyncio.run(file.serve(half, {"type": "http", "method": "GET"}, receive, send))
    assert (sent, dict(world.state.variables)) == ([500], {})
    assert not after_a_crash(path, tmp_path / "copy").variables


def test_a_call_whose_change_another_call_had_undone_is_not_acknowledged(
    world: World, file: StateFile
) -> None:
    """The changes of both wait for the disk when it fails: neither may be told of."""
    sent: list[Any] = []

    async def send(message: Any) -> None:
        if message["type"] == "http.response.start":
            sent.append(message["status"])

    async def receive() -> Any:
        raise AssertionError("nothing is read")

    async def overtaken(_scope: Any, _receive: Any, send: Any) -> None:
        world.state.variables["lost"] = Variable(val="1")
        file.rollback()
        await send({"type": "http.response.start", "status": 201, "headers": []})

    asyncio.run(file.serve(overtaken, {"type": "http", "method": "GET"}, receive, send))
    assert (sent, dict(world.state.variables)) == ([500], {})


def test_what_cannot_be_written_as_json_is_refused_and_undone(world: World, file: StateFile) -> None:
    world.state.variables["v"] = Variable(val="\ud800")
    with pytest.raises(StateNotSavedError):
        file.commit()
    assert not world.state.variables


def garbage(path: Path) -> None:
    path.write_bytes(b"this is no database, whatever else it is" * 100)


def somebody_elses(path: Path) -> None:
    with closing(sqlite3.connect(path)) as db:
        db.execute("CREATE TABLE theirs (x)")


def of_another_format(path: Path) -> None:
    StateFile(path, State()).close()
    with closing(sqlite3.connect(path)) as db:
        db.execute("PRAGMA user_version = 99")


def with_rows_of_another_shape(path: Path) -> None:
    StateFile(path, State()).close()
    with closing(sqlite3.connect(path)) as db, db:
        db.execute("INSERT INTO stored (tbl, key, value) VALUES ('dag', '\"d\"', '{\"id\": 1}')")


def with_a_table_nobody_knows(path: Path) -> None:
    StateFile(path, State()).close()
    with closing(sqlite3.connect(path)) as db, db:
        db.execute("INSERT INTO stored (tbl, key, value) VALUES ('pools', '1', '1')")


def a_folder(path: Path) -> None:
    path.mkdir()


def cut_off(path: Path) -> None:
    state = State()
    for number in range(100):
        state.variables[str(number)] = Variable(val="x" * 1000)
    StateFile(path, state).close()
    path.write_bytes(path.read_bytes()[:20_000])


@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        (garbage, "is no state of a server"),
        (somebody_elses, "is a database of something else"),
        (of_another_format, "is of format 99"),
        (with_rows_of_another_shape, "has rows of another version"),
        (with_a_table_nobody_knows, "has rows of another version .no table pools"),
        (a_folder, "unable to open database file; give a file that can be written"),
        (cut_off, "damaged|no state of a server"),
    ],
)
def test_a_file_that_is_no_state_is_refused_and_left_as_it_was(
    path: Path, spoil: Callable[[Path], None], told: str
) -> None:
    spoil(path)
    before = path.read_bytes() if path.is_file() else None
    with pytest.raises(StateFileError, match=told) as caught:
        StateFile(path, State())
    assert str(path) in str(caught.value)
    assert (path.read_bytes() if path.is_file() else None) == before


def test_a_file_in_a_folder_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(StateFileError, match="unable to open database file"):
        StateFile(tmp_path / "nowhere" / "fake.db", State())


def test_two_servers_never_have_one_file(file: StateFile, path: Path) -> None:
    with pytest.raises(StateFileError, match="is in use by another server"):
        StateFile(path, State())


def test_a_state_and_a_file_that_both_have_something_are_not_mixed(path: Path) -> None:
    first = State()
    first.variables["v"] = Variable(val="1")
    StateFile(path, first).close()
    with pytest.raises(StateFileError, match="begin with an empty one of the two"):
        StateFile(path, first)


def test_an_empty_file_is_a_new_state(path: Path) -> None:
    path.touch()
    state = State(settings=Settings())
    with closing(StateFile(path, state)) as file:
        state.put(Connection(conn_id="c", conn_type="http"))
        state.add_asset("a", aliases=("x",))
        file.commit()
    found = State()
    StateFile(path, found).close()
    assert found.assets.of_alias("x")[0].key == AssetKey("a", "a")
    assert found.connections == state.connections
