"""`harness storm`: faults on relays while Locust puts load on a fake API behind them."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.live.loading import BOUND, ROOT, clean, served

pytestmark = pytest.mark.live

LINKS = '''"""Faults on links."""

from harness import Fleet, LoseReplies, Partition, Scenario, Tasks, scenario, seconds


@scenario
def links() -> Scenario:
    """One of two links is cut, on the other replies are lost."""
    cut = Partition(a="worker-1", b="api", at=seconds(3), lasting=seconds(1))
    lost = LoseReplies(a="worker-2", b="api", calls="ti.*", at=seconds(3), lasting=seconds(1))
    tasks = Tasks(count=1, over=seconds(1), lasting=(seconds(1), seconds(2)))
    return Scenario(fleet=Fleet(count=2), tasks=tasks, faults=(cut, lost), until=seconds(5))
'''
LOCUST = (
    f"{sys.executable} -m locust -f loadtests --headless --only-summary -u 6 -r 6 -t 6s --time-scale 0.05"
)


def test_faults_strike_a_load_and_what_it_did_is_judged(tmp_path):
    with served("--admin") as url:
        done = _storm(tmp_path, url, LOCUST, "--out", str(tmp_path / "run"))

    verdict = json.loads((tmp_path / "run" / "verdict.json").read_text())
    events = [json.loads(line) for line in (tmp_path / "run" / "history.jsonl").read_text().splitlines()[1:]]
    assert (verdict["verdict"], verdict["counterexamples"]) == ("valid", []), done.stdout
    assert {event["value"]["victim"] for event in events if event["f"] == "fault.strike"} == {
        "worker-1",
        "worker-2",
    }
    assert {event["process"] for event in events if event["witness"] == "body"} == {"worker-1", "worker-2"}


@pytest.mark.parametrize(
    ("load", "words"),
    [("no-such-program", "cannot be started"), ("'", "No closing quotation"), ("", "is empty")],
)
def test_a_load_that_cannot_be_started_is_a_usage_error(load, words, tmp_path):
    done = _storm(tmp_path, "http://127.0.0.1:9", load, "--no-store")

    assert (done.returncode, words in done.stderr) == (64, True)


def test_faults_on_hosts_are_refused_for_a_load_whose_hosts_are_not_ours(tmp_path):
    command = [
        sys.executable,
        "-m",
        "harness",
        "storm",
        "kill-and-reroute",
        "--upstream",
        "http://127.0.0.1:9",
    ]
    done = subprocess.run(
        [*command, "--load", "true"], cwd=ROOT, env=clean(), capture_output=True, text=True, check=False
    )

    assert (done.returncode, "are not the harness's" in done.stderr) == (64, True)


def _storm(folder: Path, url: str, load: str, *more: str) -> subprocess.CompletedProcess[str]:
    file = folder / "links.py"
    file.write_text(LINKS)
    command = [sys.executable, "-m", "harness", "storm", str(file), "--upstream", url, "--load", load, *more]
    return subprocess.run(
        command, cwd=ROOT, env=clean(), capture_output=True, text=True, timeout=BOUND, check=False
    )
