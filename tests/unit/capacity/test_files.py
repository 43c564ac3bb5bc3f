"""What a capacity run leaves, how it is read again, and how two runs differ."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from harness.capacity.bottleneck import Hardware
from harness.capacity.files import differences, keep, load, new_folder
from harness.capacity.knee import knee
from harness.capacity.levels import ServiceLevels
from harness.capacity.measuring import Capacity, Model, Prediction, Series
from harness.capacity.model import Costs
from harness.capacity.step import Answer, Latency, Load, Setting, Step, Usage
from harness.capacity.telling import exit_code, story
from harness.errors import BadParameter

SETTING = Setting(load=Load.WORKERS)


def _capacity(*answers: str, target: str = "fake") -> Capacity:
    kinds = {"k": Answer.KEPT, "m": Answer.MISSED, "u": Answer.UNKNOWN}
    steps = tuple(
        Step(
            amount=10.0 * 2**number,
            seconds=20,
            answer=kinds[letter],
            why=() if letter == "k" else ("ti.run took 3.00 s",),
            counts={"ti.heartbeat": 400},
            latencies={"ti.heartbeat": Latency(p50=0.01, p99=0.02, most=0.03)},
            usage=Usage(cores={"server": 0.5, "machine": 1.0}, cpu_seconds={"server": 10.0}, lag=0.01),
        )
        for number, letter in enumerate(answers)
    )
    series = Series(setting=SETTING, steps=steps, knee=knee(steps), bottleneck="server CPU, 99% in use")
    return Capacity(target=target, hardware=Hardware(cores=2), levels=ServiceLevels(), series=series)


def test_what_is_kept_reads_back_equal(tmp_path: Path) -> None:
    costs = Costs(of={"heartbeat": 0.008, "task": 0.02})
    predictions = (Prediction(setting=SETTING, predicted=110, measured=100),)
    capacity = replace(_capacity(*"kkm"), model=Model(server=costs, database=costs, predictions=predictions))
    keep(capacity, tmp_path)
    assert load(tmp_path) == capacity
    assert load(tmp_path / "capacity.json") == capacity
    assert "(+10%)" in (tmp_path / "story.txt").read_text()
    assert (tmp_path / "capacity.svg").read_text().startswith("<?xml")


def test_junit_has_a_case_for_each_step(tmp_path: Path) -> None:
    keep(_capacity(*"kmu"), tmp_path)
    suite = ET.parse(tmp_path / "junit.xml").getroot()
    assert [[child.tag for child in case] for case in suite] == [[], ["failure"], ["error"]]
    assert suite.get("failures") == suite.get("errors") == "1"


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "is no capacity.json"),
        ("[]", "is no capacity.json"),
        ('{"format": "other", "version": 1}', "its format is not airflow-remote-harness/capacity"),
        (
            '{"format": "airflow-remote-harness/capacity", "version": 2}',
            "it has version 2, and 1 is known here",
        ),
        (json.dumps({"format": "airflow-remote-harness/capacity", "version": 1}), "is no capacity.json"),
    ],
)
def test_what_is_no_capacity_run_is_refused(tmp_path: Path, text: str, complaint: str) -> None:
    (tmp_path / "capacity.json").write_text(text)
    with pytest.raises(BadParameter, match=complaint):
        load(tmp_path)


def test_a_folder_with_something_in_it_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").touch()
    with pytest.raises(BadParameter, match="not empty"):
        new_folder(tmp_path)


def test_two_runs_differ_in_knee_and_in_the_steps_they_share() -> None:
    told = differences(_capacity(*"kkm"), _capacity(*"kmm"))
    assert told[0] == "knee: 20 → 10 (-50%)"
    assert "at 20 workers: kept → missed, p99 20 → 20 ms" in told
    assert not any(line.startswith("knee") for line in differences(_capacity(*"km"), _capacity(*"km")))


@pytest.mark.parametrize(
    ("answers", "at_least", "code"),
    [
        ("kkm", None, 0),
        ("kkm", 20, 0),
        ("kkm", 21, 2),
        ("m", None, 2),
        ("ku", None, 3),
        ("ku", 10, 0),
        ("ku", 30, 3),
    ],
)
def test_exit_codes(answers: str, at_least: float | None, code: int) -> None:
    assert exit_code(_capacity(*answers), at_least=at_least) == code


def test_the_story_names_knee_limit_and_bottleneck() -> None:
    told = story(_capacity(*"kkm"))
    assert "Knee        20 workers" in told
    assert "Above it    40 workers: missed; ti.run took 3.00 s" in told
    assert "Bottleneck  server CPU, 99% in use" in told


def test_a_knee_of_another_load_is_no_multiple_of_this_one() -> None:
    idle = _capacity(*"kkm", target="airflow")
    other = replace(idle, series=replace(idle.series, setting=Setting(load=Load.IDLE_WORKERS)))
    told = "\n".join(differences(_capacity(*"km"), other))
    assert "server: fake → airflow" in told
    assert "their settings differ" in told
    assert "knee: 10 → 20" in told
    assert "%" not in told.splitlines()[2]


def test_a_search_that_was_broken_off_says_why_and_is_unknown() -> None:
    whole = _capacity(*"kk")
    broken = replace(whole, series=replace(whole.series, broken_off="nobody listens there"))
    assert "Broken off  nobody listens there" in story(broken)
    assert exit_code(broken, at_least=None) == 3
    assert exit_code(broken, at_least=20) == 0
