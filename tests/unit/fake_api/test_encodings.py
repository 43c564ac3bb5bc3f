"""next_kwargs that an old SDK stored, told in the newest encoding: as Airflow's own two serializers do it."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fake_api.encodings import newest_encoding
from tests.unit.fake_api.world import World

# Whole seconds: both encodings tell times as floats, and which digits survive is not the point.
TIMES = st.datetimes(datetime(1990, 1, 1), datetime(2090, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
LEAVES = (
    st.none()
    | st.booleans()
    | st.integers(-(2**40), 2**40)
    | st.text()
    | TIMES.map(lambda at: at.replace(microsecond=0))
    | st.integers(0, 10**9).map(lambda n: timedelta(seconds=n))
)
KEYS = st.text(min_size=1).filter(lambda key: not key.startswith("__"))
VALUES = st.recursive(
    LEAVES,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3) | st.tuples(inner, inner)
    ),
    max_leaves=8,
)


@settings(deadline=None)
@given(st.dictionaries(KEYS, VALUES, max_size=4))
def test_it_is_what_airflow_makes_of_it(kwargs: dict[str, Any]) -> None:
    """Airflow: models/trigger.py decodes with BaseSerialization and encodes again with serde."""
    old = pytest.importorskip("airflow.serialization.serialized_objects").BaseSerialization
    serde = pytest.importorskip("airflow.sdk.serde")
    stored = json.loads(json.dumps(old.serialize(kwargs)))
    assert newest_encoding(stored) == json.loads(json.dumps(serde.serialize(old.deserialize(stored))))


@settings(deadline=None)
@given(st.dictionaries(KEYS, VALUES, max_size=4))
def test_what_is_new_already_stays(kwargs: dict[str, Any]) -> None:
    serde = pytest.importorskip("airflow.sdk.serde")
    encoded = serde.serialize(kwargs)
    assert newest_encoding(encoded) == encoded


def test_a_task_that_an_old_sdk_deferred_goes_on_with_its_event() -> None:
    world = World()
    ti_id = world.submit()
    world.run(ti_id)
    old = {"__type": "dict", "__var": {"a": {"__type": "timedelta", "__var": 120.0}}}
    world.report(ti_id, "deferred", classpath="a.T", next_method="resumed", next_kwargs=old)
    world.state.fire_trigger(ti_id, {"answer": 42})
    lasting = {"__classname__": "datetime.timedelta", "__version__": 2, "__data__": 120.0}
    assert world.ti().next_kwargs == {"a": lasting, "event": {"answer": 42}}
