"""The fake behind respx, for synchronous and asynchronous clients, with and without a running loop."""

from __future__ import annotations

import asyncio
import json
import socket
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from uuid import UUID

import httpx
import pytest
import respx

import fake_api
from fake_api import Mocked, Settings, State, TaskSpec
from fake_api.versions import RELEASED

URL = "http://api:8080"
TASK = TaskSpec(dag_id="etl", task_id="load", run_id="r1")
RUN = {"state": "running", "hostname": "h", "unixname": "u", "pid": 1, "start_date": "2026-01-01T00:00:00Z"}


def start(fake: Mocked, ti_id: UUID, version: str) -> httpx.Response:
    headers = {
        "authorization": f"Bearer {fake.state.token(ti_id, scope='workload')}",
        "airflow-api-version": version,
    }
    return httpx.patch(f"{URL}/execution/task-instances/{ti_id}/run", json=RUN, headers=headers)


def outside_a_loop(act: Callable[[], httpx.Response]) -> httpx.Response:
    return act()


def inside_a_loop(act: Callable[[], httpx.Response]) -> httpx.Response:
    async def main() -> httpx.Response:
        return act()

    return asyncio.run(main())


@pytest.mark.parametrize("where", [outside_a_loop, inside_a_loop])
@pytest.mark.parametrize("version", RELEASED)
def test_a_synchronous_client_is_answered_in_every_version(where, version: str) -> None:
    with fake_api.mock(URL) as fake:
        ti_id = fake.state.submit(TASK)
        assert where(lambda: start(fake, ti_id, version)).status_code == 200
        ti = fake.state.task_instances.get(ti_id)
        assert ti is not None
        assert ti.state == "running"


@pytest.mark.parametrize(("strict", "status"), [(True, 422), (False, 200)])
@pytest.mark.parametrize("version", [RELEASED[0], RELEASED[-1]])
def test_json_without_a_content_type_is_refused_as_by_airflow_unless_the_server_is_lenient(
    strict: bool, status: int, version: str
) -> None:
    with fake_api.mock(URL, state=State(settings=Settings(strict_content_type=strict))) as fake:
        ti_id = fake.state.submit(TASK)
        token = fake.state.token(ti_id, scope="workload")
        headers = {"authorization": f"Bearer {token}", "airflow-api-version": version}
        url = f"{URL}/execution/task-instances/{ti_id}/run"
        assert httpx.patch(url, content=json.dumps(RUN), headers=headers).status_code == status


async def asynchronously(*urls: str) -> list[httpx.Response]:
    async with httpx.AsyncClient() as client:
        return await asyncio.gather(*map(client.get, urls))


def test_an_asynchronous_client_is_answered() -> None:
    with fake_api.mock(URL):
        replies = asyncio.run(asynchronously(*[f"{URL}/execution/health"] * 3))
    assert [reply.json() for reply in replies] == [{"status": "healthy"}] * 3


def test_the_released_sdk_client_runs_a_task_to_its_end() -> None:
    client_module = pytest.importorskip("airflow.sdk.api.client")
    now = datetime.now(UTC)
    with fake_api.mock(URL) as fake:
        ti_id = fake.state.submit(TASK)
        client = client_module.Client(
            base_url=f"{URL}/execution/", token=fake.state.token(ti_id, scope="workload")
        )
        assert client.task_instances.start(ti_id, 1, now).dag_run.run_id == "r1"
        client.xcoms.set("etl", "r1", "load", "return_value", {"rows": 3})
        client.task_instances.succeed(ti_id, now, [], [], None)
        ti = fake.state.task_instances.get(ti_id)
        assert ti is not None
        assert ti.state == "success"
        assert [value for *_, value in fake.state.xcoms] == [{"rows": 3}]


def test_a_state_that_is_handed_in_is_served_and_outlives_the_mock() -> None:
    state = State()
    with fake_api.mock(URL, state=state) as first:
        assert first.state is state
    with fake_api.mock(URL, state=state) as second:
        ti_id = second.state.submit(TASK)
        assert start(second, ti_id, RELEASED[-1]).status_code == 200


def test_elsewhere_is_an_error_as_in_respx() -> None:
    with fake_api.mock(URL), pytest.raises(respx.models.AllMockedAssertionError, match="not mocked"):
        httpx.get("http://elsewhere:8080/execution/health")


@pytest.mark.parametrize("url", ["http://api:8081/", "https://api:8080/", "http://api/"])
def test_another_port_or_scheme_is_elsewhere(url: str) -> None:
    with fake_api.mock(URL), pytest.raises(respx.models.AllMockedAssertionError):
        httpx.get(url)


def test_the_router_takes_routes_of_your_own() -> None:
    with fake_api.mock(URL, pass_through=True) as fake:
        fake.router.get("http://elsewhere/").respond(418)
        assert httpx.get("http://elsewhere/").status_code == 418
        assert fake.router.calls.call_count == 1


@pytest.mark.parametrize("path", ["/execution", "/execution/"])
def test_the_url_may_be_the_one_that_airflow_has_of_its_execution_api(path: str) -> None:
    with fake_api.mock(f"{URL}{path}"):
        assert httpx.get(f"{URL}/execution/health").status_code == 200


def test_a_route_of_your_own_comes_before_the_fake() -> None:
    health = f"{URL}/execution/health"
    with fake_api.mock(URL) as fake:
        outage = fake.router.get(health).respond(503)
        assert httpx.get(health).status_code == 503
        assert asyncio.run(asynchronously(health))[0].status_code == 503
        assert outage.call_count == 2
        assert httpx.get(f"{health}/ping").status_code != 503


def test_one_injected_503_and_then_the_fake_again() -> None:
    once = iter([httpx.Response(503)])
    with fake_api.mock(URL) as fake:
        fake.router.get(f"{URL}/execution/health").mock(side_effect=lambda _: next(once, None))
        statuses = [httpx.get(f"{URL}/execution/health").status_code for _ in range(3)]
    assert statuses == [503, 200, 200]


def test_another_respx_router_takes_what_is_not_for_the_fake() -> None:
    with fake_api.mock(URL), respx.mock(assert_all_called=False) as other:
        other.get("http://elsewhere/").respond(418)
        assert httpx.get("http://elsewhere/").status_code == 418
        assert httpx.get(f"{URL}/execution/health").status_code == 200


@pytest.fixture
def refusing() -> str:
    """The URL of a port on which nobody listens: the refusal is the kernel's."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return f"http://127.0.0.1:{listener.getsockname()[1]}"


@pytest.mark.live
def test_pass_through_lets_a_call_out(refusing: str) -> None:
    with fake_api.mock(URL, pass_through=True):
        with pytest.raises(httpx.ConnectError):
            httpx.get(refusing)
        with pytest.raises(httpx.ConnectError):
            asyncio.run(asynchronously(refusing))


@pytest.mark.parametrize(
    "url", ["api:8080", "http://api/elsewhere/", "http://api/?x=1", "ftp://api", "http://"]
)
def test_a_url_that_names_no_server_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="give scheme, host and port"), fake_api.mock(url):
        pass


def test_without_respx_the_error_names_the_extra() -> None:
    code = "import sys; sys.modules['respx'] = None; import fake_api\nwith fake_api.mock(): pass"
    ended = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False
    )
    assert "fake_api.mock needs respx: pip install 'airflow-remote-harness[test]'" in ended.stderr


@pytest.mark.live
def test_after_the_block_the_network_is_the_network_again(refusing: str) -> None:
    with fake_api.mock(refusing):
        assert httpx.get(f"{refusing}/execution/health").status_code == 200
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"{refusing}/execution/health")
