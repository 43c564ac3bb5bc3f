"""`harness conform` compares the fake with recordings and with a server that it is given the URL of."""

import json
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.cli import main

RECORDINGS = Path(__file__).parent / "recordings"
SECRET = "a secret of the test's own " * 4


@pytest.fixture
def server(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The URL of a fake in a process of its own."""
    monkeypatch.setenv("AIRFLOW__API_AUTH__JWT_SECRET", SECRET)
    command = [sys.executable, "-m", "harness", "serve", "--port", "0", *request.param]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        found = re.search(r"http://\S+", process.stdout.readline())
        assert found
        yield found[0]
        process.send_signal(signal.SIGINT)


def test_recordings_without_a_difference_exit_0(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["conform", "--recordings", str(RECORDINGS)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == len(list(RECORDINGS.glob("*.json")))
    assert all("no difference" in line for line in lines)


def test_a_difference_is_shown_and_exits_1(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    entries = json.loads((RECORDINGS / "retry.json").read_text())
    entries[2]["exchanges"][0]["response"]["body"]["detail"]["message"] = "something else"
    (tmp_path / "changed.json").write_text(json.dumps(entries))
    assert main(["conform", "--recordings", str(tmp_path)]) == 1
    told = capsys.readouterr().out
    assert "heartbeat_old_id_410" in told
    assert 'body.detail.message: expected "something else"' in told


def test_recordings_that_hold_no_step_exit_3(tmp_path: Path) -> None:
    (tmp_path / "empty.json").write_text("[]")
    assert main(["conform", "--recordings", str(tmp_path)]) == 3


@pytest.mark.parametrize(
    ("content", "told"), [(None, "holds no *.json"), ("{", "is no JSON"), ('[{"x": 1}]', "is no recording")]
)
def test_a_bad_folder_is_a_usage_error(
    content: str | None, told: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    if content:
        (tmp_path / "bad.json").write_text(content)
        shutil.copy(RECORDINGS / "retry.json", tmp_path)
    assert main(["conform", "--recordings", str(tmp_path)]) == 64
    said = capsys.readouterr()
    assert told in said.err
    assert ("retry.json" in said.out) == bool(content), "the other files are compared all the same"


@pytest.mark.parametrize("cache", ["HARNESS_CACHE", "XDG_CACHE_HOME"])
@pytest.mark.parametrize("command", ["conform", "matrix"])
def test_a_cache_folder_that_cannot_be_made_is_a_usage_error(
    command: str,
    cache: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.delenv("HARNESS_CACHE", raising=False)
    monkeypatch.setenv(cache, str(tmp_path / "file"))
    assert main([command]) == 64
    told = capsys.readouterr().err
    assert str(tmp_path / "file") in told
    assert "HARNESS_CACHE" in told


@pytest.mark.live
@pytest.mark.parametrize("server", [(), ("--admin",)], indirect=True, ids=["bare", "admin"])
def test_the_served_fake_conforms_to_the_fake(server: str, capsys: pytest.CaptureFixture[str]) -> None:
    """What needs a seed that cannot be made is counted and named."""
    assert main(["conform", "--url", server, "--only", "1", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["differences"] == []
    assert told["cases"] >= 5
    assert told["not_exercised"]


@pytest.mark.parametrize(
    ("arguments", "secret", "told"),
    [
        (["--url", "http://127.0.0.1:1"], "", "set AIRFLOW__API_AUTH__JWT_SECRET"),
        (["--url", "http://127.0.0.1:1"], SECRET, "nothing answers"),
        (["--url", "127.0.0.1:1"], SECRET, "give one such as"),
        (["--only", "no such case"], SECRET, "no case has that in its name"),
        (["--url", "x", "--recordings", "y"], SECRET, "not allowed with"),
    ],
)
def test_what_cannot_be_compared_is_a_usage_error(
    arguments: list[str],
    secret: str,
    told: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("AIRFLOW__API_AUTH__JWT_SECRET", secret)
    assert main(["conform", *arguments]) == 64
    assert told in capsys.readouterr().err
