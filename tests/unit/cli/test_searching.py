"""`harness exhaust`, `swarm` and `shrink`, as they are called."""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest

Harness = Callable[..., tuple[int, str, str]]

# a heartbeat that is answered 404 ends the released worker, and not our reference
SMALL = ("--set", "tasks=1", "--set", "workers=1", "--workers", "edge", "--jobs", "1")
BEAT_404 = ("--calls", "worker.set_state running", "--faults", "status 404", "--spans", "once")


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        (("swarm", "quiet", "--seeds", "0"), "0 is too few"),
        (("swarm", "quiet", "--seeds", "-3"), "-3 is too few"),
        (("swarm", "quiet", "--seeds", "x"), "'x' is no whole number"),
        (("swarm", "quiet", "--time", "0s"), "no time at all"),
        (("swarm", "quiet", "--time", "soon"), "'soon' is not a duration"),
        (("swarm", "quiet", "--seeds", "2", "--time", "1m"), "not allowed with"),
        (("swarm", "quiet"), "one of the arguments --seeds --time is required"),
        (("swarm", "quietly", "--seeds", "1"), "quiet"),
        (("swarm", "quiet", "--seeds", "1", "--faults", "kill"), "did you mean 'Kill'?"),
        (("swarm", "quiet", "--seeds", "1", "--faults", "RevokeClient"), "take a scenario that has it"),
        (("swarm", "quiet", "--seeds", "1", "--jobs", "0"), "0 is too few"),
        (("exhaust",), "which scenario?"),
        (("exhaust", "quiet", *SMALL, "--calls", "jobs.nothing"), "no cell fits --calls 'jobs.nothing'"),
        (("exhaust", "quiet", "--set", "tasks=few"), "it takes an integer"),
        (("exhaust", "--compare", "nowhere", "neither"), "nowhere cannot be read"),
        (("swarm", "quiet", "--seeds", "1", "--dask", "nowhere"), "write it like tcp://127.0.0.1:8786"),
        (("swarm", "quiet", "--seeds", "1", "--dask", ""), "write it like tcp://127.0.0.1:8786"),
        (("mutants", "gives-up", "--dask", "nowhere"), "write it like tcp://127.0.0.1:8786"),
        (("shrink", "nowhere.json"), "cannot be read"),
        (("shrink", "plan.json", "--runs", "0"), "0 is too few"),
    ],
)
def test_bad_input_is_a_usage_error_that_names_the_fix_and_writes_nothing(
    harness: Harness, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, argv: tuple[str, ...], words: str
) -> None:
    monkeypatch.chdir(tmp_path)
    code, out, err = harness(*argv)
    assert (code, out) == (64, "")
    assert words in err
    assert list(tmp_path.iterdir()) == []


def test_without_the_extra_the_option_names_it(
    harness: Harness, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)  # as if it were not installed
    to = ("--dask", "127.0.0.1:8786", "--out", str(tmp_path / "s"))
    code, out, err = harness("swarm", "quiet", "--seeds", "1", *to)
    assert (code, out) == (64, "")
    assert "pip install 'airflow-remote-harness[dask]'" in err


def test_an_exhaustive_search_shrinking_and_comparing_go_hand_in_hand(
    harness: Harness, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    code, out, _ = harness("exhaust", "quiet", *SMALL, *BEAT_404, "--out", "found")
    assert code == 2
    assert "worker.set_state running L" in out
    (replay,) = [line.strip() for line in out.splitlines() if "harness replay" in line]
    plan = Path(replay.split()[-1])

    assert harness("exhaust", "quiet", *SMALL, *BEAT_404, "--out", "found")[1] == out  # nothing is run again
    code, text, _ = harness("exhaust", "quiet", *SMALL, *BEAT_404, "--out", "found", "--json")
    assert [cell["state"] for cell in json.loads(text)["cells"]] == ["invalid"]
    assert harness("exhaust", "--compare", "found", "found")[:2] == (0, "0 cells differ\n")
    assert harness("exhaust", "quiet", *SMALL, "--seed", "2", *BEAT_404, "--out", "found")[0] == 64

    code, text, _ = harness("shrink", str(plan), "--runs", "6", "--json")
    shrunk = json.loads(text)
    assert code == 2
    assert not shrunk["minimal"]  # the runs were used up
    assert shrunk["broken"]
    assert harness(*shrunk["replay"].split()[1:])[0] == 2
    assert plan.exists()


def test_a_plan_that_no_longer_fails_is_not_shrunk(harness: Harness, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    quick = ("--workers", "scripted", "--set", "tasks=1", "--set", "workers=1", "--out", str(folder))
    assert harness("run", "quiet", *quick)[0] == 0
    code, _, err = harness("shrink", str(folder))
    assert code == 64
    assert "does not fail" in err
    assert not list(folder.glob("*minimal*"))


def test_a_plan_that_fails_otherwise_than_its_verdict_says_is_told(harness: Harness, tmp_path: Path) -> None:
    folder = tmp_path / "found"
    harness("exhaust", "quiet", *SMALL, *BEAT_404, "--out", str(folder))
    plan = next(folder.glob("plans/*/plan.json"))
    recorded = {"counterexamples": [{"invariant": "no_success_is_lost"}]}
    (plan.parent / "verdict.json").write_text(json.dumps(recorded))
    code, _, err = harness("shrink", str(plan))
    assert code == 3
    assert "its verdict.json says no_success_is_lost" in err


def test_a_search_whose_disk_is_full_is_told_so_and_goes_on_where_it_was(
    harness: Harness, tiny_disk: Callable[[str], Path]
) -> None:
    two = ("--calls", "worker.set_state running", "--faults", "status 40[34]", "--spans", "once")
    out = tiny_disk("16k") / "found"  # room for the journal, the first plan with its story, and not for both
    again = ("exhaust", "quiet", *SMALL, *two, "--out", str(out))
    code, _, err = harness(*again)
    assert code == 74
    assert "No space left on device" in err
    assert "give the same command again: it goes on from here" in err
    before = (out / "search.jsonl").read_text().split("\n")[:-1]
    assert len(before) == 2, "the header, and the first plan"

    tiny_disk("1m")
    code, text, _ = harness(*again, "--json")
    assert code == 2
    assert [cell["state"] for cell in json.loads(text)["cells"]] == ["invalid", "invalid"]
    after = (out / "search.jsonl").read_text().split("\n")[:-1]
    assert (after[:2], len(after)) == (before, 3), "nothing is lost, and nothing run twice"


@pytest.mark.parametrize("full", ["its folder", "every disk"])
def test_a_smallest_plan_for_which_there_is_no_room_is_kept_elsewhere(
    harness: Harness,
    tiny_disk: Callable[[str], Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    full: str,
) -> None:
    harness("exhaust", "quiet", *SMALL, *BEAT_404, "--out", str(tmp_path / "found"))
    plan = next((tmp_path / "found").glob("plans/*404*/plan.json"))
    there, elsewhere = tiny_disk("4k") / "plan.json", tmp_path / "elsewhere"
    there.write_bytes(plan.read_bytes())
    elsewhere.mkdir()
    with monkeypatch.context() as patch:
        patch.setattr(tempfile, "tempdir", str(elsewhere if full == "its folder" else there.parent))
        code, out, err = harness("shrink", str(there), "--runs", "3")
    assert code == 74
    assert "No space left on device" in err
    assert [path.name for path in there.parent.iterdir()] == ["plan.json"]
    if full == "every disk":
        assert "on stdout" in err
        (elsewhere / "plan-minimal.json").write_text(out)
    code, _, err = harness("replay", str(elsewhere / "plan-minimal.json"), "--out", str(tmp_path / "run"))
    assert code == 2, err


def test_a_swarm_tells_what_it_ran(harness: Harness, tmp_path: Path) -> None:
    code, text, _ = harness(
        "swarm",
        "quiet",
        "--workers",
        "scripted",
        "--seeds",
        "1",
        "--jobs",
        "1",
        "--json",
        "--out",
        str(tmp_path / "s"),
    )
    found = json.loads(text)
    assert code in {0, 1, 2}
    assert found["plans"] == 1
    assert found["behaviours"] > 10


def test_a_fault_that_needs_the_certificates_of_both_sides_names_the_option(harness: Harness) -> None:
    words = ("swarm", "expired-certificate", "--faults", "RevokeClient", "--seeds", "1", "--jobs", "1")
    code, _, err = harness(*words)
    assert code == 64
    assert "only be where there is mutual TLS: take a scenario that has it, or --tls mutual" in err
    assert harness(*words, "--tls", "mutual", "--workers", "scripted")[0] == 0
