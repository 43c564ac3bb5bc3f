"""What the load tests compute, as far as it needs no Locust: importing that would patch this process."""

from __future__ import annotations

import jwt
import pytest

from loadtests.latency import Latencies
from loadtests.pace import Pace
from loadtests.shapes import SHAPES, Gate
from loadtests.tokens import AUDIENCE_OF_TASKS, edge_token, task_token

SECRET = "s" * 64


def test_a_call_that_kept_others_from_beginning_counts_for_them_too():
    """One second instead of none, where a call was due each 100 ms: the ten of that second waited, on average, half of it."""
    stalled, alone = Latencies(), Latencies()
    stalled.record("beat", 1.0, every=0.1)
    alone.record("beat", 1.0)

    assert (stalled.summary()["beat"]["count"], alone.summary()["beat"]["count"]) == (10, 1)
    assert stalled.summary()["beat"]["mean"] == pytest.approx(550, rel=0.01)


def test_latencies_of_several_processes_add_up():
    total, one, other = Latencies(), Latencies(), Latencies()
    one.record("run", 0.010)
    other.record("run", 0.030)
    for each in (one, other):
        total.add(each.encode())

    assert total.summary()["run"]["count"] == 2
    assert total.summary()["run"]["max"] == pytest.approx(30, rel=0.01)


def test_intervals_are_airflows_scaled_and_timeouts_are_not():
    pace = Pace(0.1, {"AIRFLOW__EDGE__HEARTBEAT_INTERVAL": "60"})

    assert pace.interval("edge.heartbeat_interval") == pytest.approx(6)
    assert pace.interval("workers.min_heartbeat_interval") == pytest.approx(0.5)
    assert pace.option("workers.execution_api_timeout") == 5


def test_an_interval_that_airflow_could_not_take_is_refused():
    with pytest.raises(ValueError, match="AIRFLOW__EDGE__HEARTBEAT_INTERVAL"):
        Pace(1, {"AIRFLOW__EDGE__HEARTBEAT_INTERVAL": "soon"}).interval("edge.heartbeat_interval")


@pytest.mark.parametrize("name", SHAPES)
def test_a_shape_has_all_users_at_some_time_and_never_more(name):
    levels = [SHAPES[name].users(at / 100) for at in range(101)]

    assert max(levels) == 1
    assert min(levels) >= 0


def test_an_outage_lasts_as_long_as_its_shape_says():
    assert Gate(SHAPES["herd"], 100).outage == (40, 50)
    assert Gate(None, 100).outage is None


def test_a_token_in_a_storm_is_in_its_last_fifth():
    token = task_token("ti", secret=SECRET, lifetime=600, left=25)
    claims = jwt.decode(token, SECRET, algorithms=["HS512"], audience=AUDIENCE_OF_TASKS)

    assert (claims["sub"], claims["exp"] - claims["iat"]) == ("ti", 600)


def test_an_edge_token_opens_one_path():
    claims = jwt.decode(
        edge_token("jobs/fetch/w", secret=SECRET, lifetime=10), SECRET, algorithms=["HS512"], audience="api"
    )

    assert (claims["method"], claims["exp"] - claims["iat"]) == ("jobs/fetch/w", 10)
