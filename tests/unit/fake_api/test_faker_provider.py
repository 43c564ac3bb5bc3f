"""What the Faker provider draws is valid by Airflow's own rules, and the same for one seed."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

import pytest
from faker import Faker
from hypothesis import given, settings
from hypothesis import strategies as st

from fake_api import State
from fake_api.faker_provider import ID_MAX, QUEUE_MAX, WORKER_MAX, XCOM_KEY_MAX, AirflowProvider

SEEDS = st.integers(min_value=0, max_value=2**32)


def faker(seed: int) -> Any:
    fake = Faker()
    fake.add_provider(AirflowProvider)
    fake.seed_instance(seed)
    return fake


def everything(fake: Any) -> list[Any]:
    names = (
        "dag_id",
        "task_id",
        "run_id",
        "queue",
        "host",
        "worker_name",
        "xcom_key",
        "variable_key",
        "conn_id",
    )
    drawn: list[Any] = [getattr(fake, name)() for name in names]
    rows = [asdict(row) for row in (fake.variable(), fake.connection(), fake.task_spec())]
    return [*drawn, *rows, fake.log_line(), fake.payload(300)]


@settings(deadline=None)
@given(SEEDS)
def test_one_seed_draws_the_same(seed: int) -> None:
    assert everything(faker(seed)) == everything(faker(seed))


def test_seeds_draw_different_things() -> None:
    assert len({json.dumps(everything(faker(seed)), default=str) for seed in range(50)}) == 50


@settings(deadline=None)
@given(SEEDS)
def test_what_is_drawn_keeps_airflows_rules(seed: int) -> None:
    node = pytest.importorskip("airflow.sdk.definitions._internal.node")
    connection = pytest.importorskip("airflow.models.connection")
    fake = faker(seed)
    for key in (fake.dag_id(), fake.task_id(), fake.dag_id(length=ID_MAX), fake.task_id(length=ID_MAX)):
        node.validate_key(key)
    for conn_id in (fake.conn_id(), fake.connection().conn_id, fake.conn_id(length=ID_MAX)):
        assert connection.sanitize_conn_id(conn_id) == conn_id
    assert 0 < len(fake.queue()) <= QUEUE_MAX
    assert 0 < len(fake.variable_key()) <= ID_MAX
    assert 0 < len(fake.xcom_key()) <= XCOM_KEY_MAX
    assert 0 < len(fake.worker_name()) <= WORKER_MAX


@settings(deadline=None)
@given(SEEDS)
def test_a_run_id_is_one_that_airflow_lets_a_user_give(seed: int) -> None:
    configuration = pytest.importorskip("airflow.configuration")
    pattern = configuration.conf.get("scheduler", "allowed_run_id_pattern")
    run_id = faker(seed).run_id()
    assert len(run_id) <= ID_MAX
    assert re.match(pattern, run_id)


@settings(deadline=None)
@given(SEEDS, st.integers(min_value=2, max_value=5_000))
def test_a_payload_has_exactly_the_size_that_was_asked_for(seed: int, size: int) -> None:
    text = json.dumps(faker(seed).payload(size), separators=(",", ":"), ensure_ascii=False)
    assert len(text.encode()) == size


@settings(deadline=None)
@given(SEEDS, st.integers(min_value=1, max_value=WORKER_MAX))
def test_a_name_has_exactly_the_length_that_was_asked_for(seed: int, length: int) -> None:
    fake = faker(seed)
    for draw in (fake.dag_id, fake.task_id, fake.conn_id, fake.variable_key, fake.xcom_key, fake.worker_name):
        assert len(draw(length=length)) == length


@pytest.mark.parametrize(
    ("draw", "words"),
    [
        (lambda fake: fake.dag_id(length=251), "1 to 250 characters"),
        (lambda fake: fake.worker_name(length=65), "1 to 64 characters"),
        (lambda fake: fake.xcom_key(length=0), "1 to 512 characters"),
        (lambda fake: fake.payload(1), "at least 2"),
    ],
)
def test_what_no_airflow_takes_is_refused(draw: Callable[[Any], object], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        draw(faker(1))


@settings(deadline=None)
@given(SEEDS)
def test_a_log_line_is_json_with_what_a_supervisor_writes(seed: int) -> None:
    entry = json.loads(faker(seed).log_line())
    assert list(entry) == ["timestamp", "level", "event", "logger"]


@settings(deadline=None)
@given(SEEDS)
def test_the_fake_takes_what_is_drawn(seed: int) -> None:
    fake, state = faker(seed), State()
    ti_id = state.submit(fake.task_spec(retries=0))
    ti = state.task_instances.get(ti_id)
    assert ti is not None
    assert (ti.state, ti.max_tries) == ("queued", 0)


def test_without_faker_the_error_names_the_extra() -> None:
    code = "import sys; sys.modules['faker.providers'] = None; import fake_api.faker_provider"
    ended = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False
    )
    assert "fake_api.faker_provider needs faker.providers: pip install" in ended.stderr
