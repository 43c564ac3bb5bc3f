"""Services in containers. No registry is needed here: images are made that start, and are told, as the published ones."""

from __future__ import annotations

import asyncio
import json
import os
import secrets
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import httpx
import pytest

from harness.errors import NotStarted
from harness.live import services
from harness.live.engine import LABEL, Engine, connect, engine
from harness.live.host_image import Runtime, host_runtime
from harness.live.postgres import find_programs
from harness.live.postgres import postgres as database
from harness.live.toxiproxies import chosen

pytestmark = pytest.mark.live

PYTHON, ROOT = Path(sys.executable), Path(__file__).parents[2]
#: As the entry point of shopify/toxiproxy: takes -host and -port.
TOXIPROXY = f'#!/bin/sh\nPYTHONPATH={ROOT} exec {PYTHON} -m harness proxy --host "$2" --port "$4"\n'
#: As that of postgres: makes the cluster that its environment describes, as a user of its own, and hands its arguments on.
POSTGRES = """#!/bin/sh -e
export PGDATA=/var/lib/postgresql
mkdir -p $PGDATA
chown postgres $PGDATA
run() { setpriv --reuid=postgres --regid=postgres --clear-groups "$@"; }
echo "$POSTGRES_PASSWORD" >/tmp/password
chown postgres /tmp/password
run initdb -D $PGDATA -U "$POSTGRES_USER" --pwfile=/tmp/password -A scram-sha-256 --no-sync >/dev/null
echo "create database \\"$POSTGRES_DB\\"" | run postgres --single -D $PGDATA postgres >/dev/null
exec setpriv --reuid=postgres --regid=postgres --clear-groups postgres -k /tmp "$@"
"""


@pytest.fixture
def found(docker_engine: None) -> Iterator[Engine]:
    with engine() as found:
        yield found


def _stand_in(found: Engine, program: str, *changes: str) -> Runtime:
    changes = ('ENTRYPOINT ["/start"]', *changes)
    return host_runtime(found, python=PYTHON, files={"/start": program}, changes=changes)


def _postgres(found: Engine) -> Runtime:
    try:
        programs = find_programs()
    except Exception as error:  # noqa: BLE001 - whatever it is, it is the reason
        pytest.skip(str(error))
    return _stand_in(found, POSTGRES, f"ENV PATH {programs}:/usr/sbin:/usr/bin:/sbin:/bin")


def test_a_toxiproxy_in_a_container_is_driven_like_any_other(found: Engine) -> None:
    with services.toxiproxy(found, _stand_in(found, TOXIPROXY)) as client:
        proxy = client.create("web", "127.0.0.1:1")
        assert proxy.address[0] == "127.0.0.1"
        proxy.add("latency", latency=5)
        assert [toxic["type"] for toxic in proxy.toxics()] == ["latency"]
    with closing(connect()) as docker:
        assert docker.containers.list(all=True, filters={"label": f"{LABEL}={found.run}"}) == []


def test_a_run_goes_through_the_toxiproxy_of_the_image_that_is_named(
    found: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stand_in = _stand_in(
        found, "no program"
    )  # nothing of this machine is mounted into an image that is named
    monkeypatch.setenv("HARNESS_TOXIPROXY_IMAGE", stand_in.image)
    with pytest.raises(NotStarted, match=r"^Toxiproxy .*/start"), chosen("container", tmp_path):
        pass


def test_a_database_in_a_container_takes_the_password_it_was_given(found: Engine) -> None:
    asyncpg = pytest.importorskip("asyncpg", reason="PostgreSQL's driver is in the extra `live`")

    async def asked(url: str) -> str:
        connection = await asyncpg.connect(url.replace("+psycopg2", ""))
        try:
            return str(await connection.fetchval("select current_user || '@' || current_database()"))
        finally:
            await connection.close()

    with services.postgres(found, _postgres(found)) as url:
        assert asyncio.run(asked(url)) == "airflow@airflow"
        with pytest.raises(asyncpg.InvalidPasswordError):
            asyncio.run(asked(url.replace("airflow:", "airflow:x")))


def test_the_fake_api_in_a_container_has_its_settings_and_its_admin_routes(found: Engine) -> None:
    env = {"AIRFLOW__API_AUTH__JWT_SECRET": secrets.token_hex(32), "PYTHONPATH": str(ROOT)}
    runtime = host_runtime(found, python=PYTHON)
    with services.fake_api(found, runtime, python=str(PYTHON), env=env) as url:
        seed = {"task_instances": [{"dag_id": "etl", "task_id": "load", "run_id": "r1"}]}
        made = httpx.post(f"{url}/admin/seed", json=seed, trust_env=False)
        assert made.is_success, made.text
        assert "workload_token" in json.dumps(made.json())


def test_an_image_that_cannot_be_had_or_ends_at_once_is_told(found: Engine) -> None:
    nowhere = Runtime(image="127.0.0.1:1/none:1", is_host=False)
    with pytest.raises(NotStarted, match=r"Toxiproxy cannot be started from the image 127\.0\.0\.1:1/none:1"):
        services.toxiproxy(found, nowhere).__enter__()
    broken = _stand_in(found, "#!/bin/sh\necho what is missing >&2\nexit 7\n")
    with pytest.raises(NotStarted, match="Toxiproxy ended at once: with code 7: what is missing"):
        services.toxiproxy(found, broken).__enter__()


def test_a_database_is_of_the_image_that_the_environment_names(
    docker_engine: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HARNESS_POSTGRES_IMAGE", "127.0.0.1:1/none:1")
    with pytest.raises(
        NotStarted, match=r"PostgreSQL cannot be started from the image 127\.0\.0\.1:1/none:1"
    ):
        database().__enter__()
    assert "HARNESS_POSTGRES_IMAGE" in os.environ
