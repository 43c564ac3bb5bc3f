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

from harness import Fleet, Latency, LoseReplies, Scenario, Tasks, ms, scenario, seconds


@scenario
def links() -> Scenario:
    """One of two links is slow and breaks under the first look at the server, the other loses a reply now and then."""
    slow = Latency(a="worker-1", b="api", at=ms(100), lasting=seconds(15), delay=ms(20))
    lost = LoseReplies(a="worker-2", b="api", calls="ti.*", at=ms(100), lasting=seconds(15), times=3)
    look = LoseReplies(a="worker-1", b="api", calls="jobs.fetch", at=ms(100), lasting=seconds(15), times=1)
    tasks = Tasks(count=1, over=seconds(1), lasting=(seconds(1), seconds(2)))
    return Scenario(fleet=Fleet(count=2), tasks=tasks, faults=(slow, lost, look), until=seconds(16))
'''
LOCUST = (
    f"{sys.executable} -m locust -f loadtests --headless --only-summary -u 6 -r 6 -t 16s --time-scale 0.05"
)


def test_faults_strike_a_load_and_what_it_did_is_judged(tmp_path):
    with served("--admin") as url:
        done = _storm(tmp_path, url, LOCUST, "--out", str(tmp_path / "run"))

    verdict = json.loads((tmp_path / "run" / "verdict.json").read_text())
    events = [json.loads(line) for line in (tmp_path / "run" / "history.jsonl").read_text().splitlines()[1:]]
    assert (verdict["verdict"], verdict["counterexamples"]) == ("valid", []), done.stdout
    assert _harness("check", str(tmp_path / "run")).returncode == 0
    assert {event["value"]["victim"] for event in events if event["f"] == "fault.strike"} == {
        "worker-1",
        "worker-2",
    }
    assert {event["process"] for event in events if event["witness"] == "body"} == {"worker-1", "worker-2"}


WITNESSES = """
import json, os, time
for pid, task in ((1, "d/t/r"), (2, "d/t/r")):
    body = {"call": 1, "task": task, "ti": "x", "try": 1, "slots": 1}
    begin = [0, time.time_ns(), "body", f"worker-{pid}", "invoke", "body", body]
    end = [1, time.time_ns() + 10**9, "body", f"worker-{pid}", "ok", "body", body]
    names = ("n", "t", "witness", "process", "type", "f", "value")
    with open(os.environ["LOADTEST_HISTORY"].replace("{pid}", str(pid)), "w") as file:
        for line in ({}, *(dict(zip(names, each)) for each in (begin, end))):
            file.write(json.dumps(line) + "\\n")
"""


def test_a_task_that_two_processes_ran_at_once_breaks_the_promise(tmp_path):
    script = tmp_path / "load.py"
    script.write_text(WITNESSES)
    done = _storm(tmp_path, "http://127.0.0.1:9", f"{sys.executable} {script}", "--json", "--no-store")

    told = json.loads(done.stdout.splitlines()[-1])
    assert (done.returncode, told["exit_code"], told["load_exit_code"]) == (1, 1, 0)
    assert told["counterexamples"][0]["summary"].startswith(
        "d/t/r ran on worker-1 and worker-2 at the same time"
    )


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
    return _harness("storm", str(file), "--upstream", url, "--load", load, *more)


def _harness(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "harness", *arguments]
    return subprocess.run(
        command, cwd=ROOT, env=clean(), capture_output=True, text=True, timeout=BOUND, check=False
    )
