"""`--option` sets an option of Airflow for a run, and the command that repeats the run has it too."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from harness.model.options import OPTIONS

Harness = Callable[..., tuple[int, str, str]]
RUN = ("run", "quiet", "--workers", "scripted", "--set", "workers=1", "--set", "tasks=1", "--no-store")


def test_the_story_shows_the_options_and_how_to_repeat_the_run(harness: Harness) -> None:
    given = "edge.heartbeat_interval=10", "workers.min_heartbeat_interval=2"
    code, out, _ = harness(*RUN, "--option", given[0], "--option", given[1])
    assert code == 0
    assert f"         {given[0]} {given[1]}" in out.splitlines()
    assert f"--option {given[0]} --option {given[1]} --workers scripted" in out.splitlines()[-1]


@pytest.mark.parametrize(
    ("given", "complaint"),
    [
        (["edge.hartbeat_interval=5"], "did you mean 'edge.heartbeat_interval'?"),
        (["edge.heartbeat_interval=soon"], "it takes whole seconds"),
        (["edge.heartbeat_interval"], "--option edge.heartbeat_interval: write it as NAME=VALUE"),
        (["edge.heartbeat_interval=5"] * 2, "--option edge.heartbeat_interval is given twice"),
    ],
)
def test_a_bad_option_is_a_usage_error(harness: Harness, given: list[str], complaint: str) -> None:
    code, out, err = harness(*RUN, *(word for text in given for word in ("--option", text)))
    assert (code, out) == (64, "")
    assert complaint in err


def test_every_option_is_listed_with_its_default(harness: Harness) -> None:
    code, out, _ = harness("list", "--options")
    assert code == 0
    assert [line for line in out.splitlines() if not line.startswith(" ")] == [
        f"{option.name}={option.default}" for option in OPTIONS.values()
    ]
