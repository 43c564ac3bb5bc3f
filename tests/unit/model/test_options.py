"""Airflow's options in a scenario: named, checked, and kept in the plan."""

from __future__ import annotations

import pytest

from fake_api import Settings
from harness.control_plane import configured
from harness.errors import BadPlan
from harness.model.options import OPTIONS, environment, values
from harness.model.plan_file import plan_from_json, plan_to_json
from harness.model.planning import make_plan
from harness.model.scenario import Scenario

SET = Scenario(options={"workers.min_heartbeat_interval": "3", "edge.heartbeat_interval": "10"})


def test_a_plan_without_options_does_not_speak_of_them() -> None:
    """So that plans of before there were options keep their digest."""
    assert "options" not in plan_to_json(make_plan(Scenario(), 1, name="plain"))


def test_options_stand_in_the_plan_and_are_read_back() -> None:
    plan = make_plan(SET, 1, name="set", options={"edge.heartbeat_interval": "20"})
    assert dict(plan.options) == {"edge.heartbeat_interval": "20", "workers.min_heartbeat_interval": "3"}
    assert plan_from_json(plan_to_json(plan)) == plan
    assert plan.digest() != make_plan(SET, 1, name="set").digest()


@pytest.mark.parametrize(
    ("name", "text", "complaint"),
    [
        ("edge.hartbeat_interval", "5", "did you mean 'edge.heartbeat_interval'"),
        ("heartbeat", "5", "harness list --options"),
        ("edge.heartbeat_interval", "soon", "whole seconds, 1 or more"),
        ("edge.heartbeat_interval", "2.5", "whole seconds"),
        ("edge.heartbeat_interval", "0", "1 or more"),
        ("edge.heartbeat_interval", "-5", "1 or more"),
        ("edge.heartbeat_interval", "", "such as edge.heartbeat_interval=30"),
        ("edge.heartbeat_interval", "٣", "whole seconds"),
        ("edge.heartbeat_interval", "99999999", "such as"),
        ("workers.execution_api_timeout", "nan", "seconds, 0.1 or more"),
        ("workers.execution_api_timeout", "inf", "seconds"),
        ("workers.execution_api_timeout", "1e3", "seconds"),
    ],
)
def test_what_airflow_could_not_take_is_refused_with_the_fix(name: str, text: str, complaint: str) -> None:
    with pytest.raises(BadPlan, match=r"option") as refusal:
        make_plan(Scenario(options={name: text}), 1, name="bad")
    assert complaint in str(refusal.value)


def test_an_option_must_be_a_text() -> None:
    with pytest.raises(BadPlan, match=r"Scenario\.options: 5 is not a text"):
        make_plan(Scenario(options={"edge.heartbeat_interval": 5}), 1, name="bad")  # type: ignore[dict-item]


@pytest.mark.parametrize("name", OPTIONS)
def test_every_default_is_one_of_the_values_it_takes(name: str) -> None:
    assert OPTIONS[name].wrong(OPTIONS[name].default) is None
    assert values({})[name] == float(OPTIONS[name].default)


def test_the_environment_has_airflows_names() -> None:
    assert environment(SET.options) == {
        "AIRFLOW__WORKERS__MIN_HEARTBEAT_INTERVAL": "3",
        "AIRFLOW__EDGE__HEARTBEAT_INTERVAL": "10",
    }


@pytest.mark.parametrize("name", [name for name, option in OPTIONS.items() if "server" in option.read_by])
def test_the_fake_server_has_airflows_defaults_and_takes_each_option_that_a_server_reads(name: str) -> None:
    plain = Settings(jwt_secret="s" * 64)
    option = OPTIONS[name]
    assert configured(plain, {name: option.default}) == plain
    changed = configured(plain, {name: f"{float(option.default) + 1:g}"})
    assert changed != plain
    assert changed.jwt_secret == plain.jwt_secret
