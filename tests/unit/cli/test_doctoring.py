import json
from pathlib import Path

import pytest

from harness.live.doctor import PROBES


@pytest.fixture(autouse=True)
def bare_machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No program, no package index, no release kept."""
    for name, value in {
        "PATH": str(tmp_path),
        "HARNESS_CACHE": str(tmp_path),
        "PIP_INDEX_URL": "none://",
        "DOCKER_HOST": f"unix://{tmp_path / 'docker.sock'}",
        "PLAYWRIGHT_BROWSERS_PATH": str(tmp_path),
    }.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("TOXIPROXY_SERVER", raising=False)


def test_what_is_missing_is_no_failure_and_comes_with_how_to_get_it(harness) -> None:
    code, out, err = harness("doctor")
    assert (code, err) == (0, "")
    assert "✓ python" in out
    for name in ("releases kept", "package index", "uv", "toxiproxy-server", "docker engine", "browser"):
        _, _, paragraph = out.partition(f"✗ {name} ")
        assert "get it: " in "".join(paragraph.splitlines()[:3]), name


def test_the_object_has_every_probe_and_a_way_to_get_what_is_not_there(harness) -> None:
    code, out, _ = harness("doctor", "--json")
    told = json.loads(out)["probes"]
    assert code == 0
    assert [each["name"] for each in told] == [probe.name for probe in PROBES]
    assert all((each["get"] is None) == each["there"] for each in told)


def test_a_word_too_many_is_a_usage_error(harness) -> None:
    code, out, err = harness("doctor", "docker")
    assert (code, out) == (64, "")
    assert "unrecognized arguments: docker" in err
