from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from harness.errors import BadHistory, NotWritten, UsageError
from harness.model.history import History
from harness.model.history_file import read_history
from harness.model.plan import Plan
from harness.report import store
from harness.report.stored import load

Past = Callable[[str], History]
Planned = Callable[..., Plan]


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_run_is_kept_in_four_files_and_reads_back_equal(
    tmp_path: Path, cut_off: History, cut_off_plan: Plan
) -> None:
    folder = store.reserve(cut_off_plan, runs=tmp_path / "runs")
    store.keep(folder, history=cut_off, story="it went\n", summary={"digest": cut_off.digest()})
    assert folder == tmp_path / "runs" / "cut-off-worker-7"
    assert names(folder) == ["history.jsonl", "plan.json", "story.txt", "verdict.json"]
    for path in (folder, folder / "history.jsonl"):
        stored = load(path)
        assert (stored.plan, stored.folder, list(stored.history)) == (cut_off_plan, folder, list(cut_off))


def test_a_second_run_gets_a_folder_with_a_number(tmp_path: Path, planned: Planned) -> None:
    folders = [store.reserve(planned(), runs=tmp_path).name for _ in range(3)]
    assert folders == ["cut-off-worker-7", "cut-off-worker-7-2", "cut-off-worker-7-3"]


def test_the_plan_is_there_before_the_run_and_its_absence_of_history_is_explained(
    tmp_path: Path, planned: Planned
) -> None:
    folder = store.reserve(planned(), runs=tmp_path)
    assert names(folder) == ["plan.json"]
    with pytest.raises(BadHistory, match=r"did not end; `harness replay .*plan\.json`"):
        load(folder)


def test_out_may_be_absent_or_empty(tmp_path: Path, planned: Planned) -> None:
    (tmp_path / "empty").mkdir()
    for out in (tmp_path / "empty", tmp_path / "not" / "there"):
        assert store.reserve(planned(), out=out) == out


def test_out_that_holds_something_is_refused_and_left_alone(tmp_path: Path, planned: Planned) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(UsageError, match="is not empty and nothing is overwritten"):
        store.reserve(planned(), out=tmp_path)
    with pytest.raises(UsageError, match=r"is a file: give a folder"):
        store.reserve(planned(), out=tmp_path / "notes.txt")
    assert names(tmp_path) == ["notes.txt"]


def test_out_of_an_interrupted_run_takes_the_same_plan_again_and_no_other(
    tmp_path: Path, planned: Planned
) -> None:
    store.reserve(planned(), out=tmp_path)
    (tmp_path / ".history.jsonl.4711.part").write_text("half of it")  # it was killed while it wrote
    assert store.reserve(planned(), out=tmp_path) == tmp_path
    with pytest.raises(UsageError, match="is not empty"):
        store.reserve(planned(seed=8), out=tmp_path)


def test_out_of_a_run_that_came_to_its_end_is_taken(
    tmp_path: Path, cut_off: History, cut_off_plan: Plan
) -> None:
    store.keep(store.reserve(cut_off_plan, out=tmp_path), history=cut_off, story="", summary={})
    with pytest.raises(UsageError, match="is not empty"):
        store.reserve(cut_off_plan, out=tmp_path)


def test_of_two_runs_into_one_folder_the_second_overwrites_nothing(
    tmp_path: Path, past: Past, planned: Planned
) -> None:
    folders = [store.reserve(planned(), out=tmp_path) for _ in range(2)]
    store.keep(folders[0], history=past(""), story="the first", summary={})
    with pytest.raises(NotWritten, match=r"history\.jsonl is there already|File exists"):
        store.keep(folders[1], history=past(""), story="the second", summary={})
    assert (tmp_path / "story.txt").read_text() == "the first"


def test_a_folder_that_cannot_be_made_is_a_usage_error(tmp_path: Path, planned: Planned) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match="cannot be stored"):
        store.reserve(planned(), runs=tmp_path / "file" / "runs")


def test_a_run_that_never_began_leaves_nothing(tmp_path: Path, planned: Planned) -> None:
    folder = store.reserve(planned(), runs=tmp_path)
    store.release(folder)
    assert names(tmp_path) == []


def test_a_file_that_somebody_put_there_survives_a_release(tmp_path: Path, planned: Planned) -> None:
    folder = store.reserve(planned(), runs=tmp_path)
    (folder / "notes.txt").write_text("mine")
    store.release(folder)
    assert names(folder) == ["notes.txt"]


def test_a_story_that_cannot_be_written_leaves_no_half_file(
    tmp_path: Path, past: Past, planned: Planned
) -> None:
    folder = store.reserve(planned(), runs=tmp_path)
    with pytest.raises(UnicodeEncodeError):
        store.keep(folder, history=past(""), story="\ud800", summary={})
    assert names(folder) == ["history.jsonl", "plan.json"]


def test_a_scenario_with_a_strange_name_stays_within_runs(tmp_path: Path, planned: Planned) -> None:
    plan = replace(planned(), scenario="../../etc/pass wd")
    assert store.reserve(plan, runs=tmp_path).relative_to(tmp_path) == Path("etc-pass-wd-7")


def test_latest_points_to_the_last_run(tmp_path: Path, planned: Planned) -> None:
    for expected in ("cut-off-worker-7", "cut-off-worker-7-2"):
        store.point_latest(store.reserve(planned(), runs=tmp_path))
        assert (tmp_path / "latest").readlink() == Path(expected)
    assert names(tmp_path) == ["cut-off-worker-7", "cut-off-worker-7-2", "latest"]


def _folder(latest: Path) -> None:
    latest.mkdir()


def _file(latest: Path) -> None:
    latest.write_text("mine")


def _link_elsewhere(latest: Path) -> None:
    latest.symlink_to("/tmp")


@pytest.mark.parametrize("made", [_folder, _file, _link_elsewhere])
def test_what_somebody_named_latest_is_left_alone(
    tmp_path: Path, planned: Planned, made: Callable[[Path], None]
) -> None:
    latest = tmp_path / "latest"
    made(latest)
    before = latest.lstat()
    store.point_latest(store.reserve(planned(), runs=tmp_path))
    assert latest.lstat() == before
    assert names(tmp_path) == ["cut-off-worker-7", "latest"]


@pytest.fixture
def little_disk(tiny_disk: Callable[[str], Path]) -> Path:
    """A disk of 64 KiB."""
    return tiny_disk("64k")


def test_a_full_disk_leaves_no_file_that_looks_whole(
    little_disk: Path, cut_off: History, cut_off_plan: Plan
) -> None:
    folder = store.reserve(cut_off_plan, runs=little_disk)
    with pytest.raises(NotWritten, match=r"cannot be stored in .*: No space left on device; make room"):
        store.keep(folder, history=cut_off, story="x" * 100_000, summary={})
    assert names(folder) == ["history.jsonl", "plan.json"]
    assert len(read_history(folder / "history.jsonl")) == len(cut_off)


def test_a_disk_too_full_for_the_plan_refuses_the_run_and_keeps_no_folder(
    little_disk: Path, planned: Planned
) -> None:
    (little_disk / "much").write_bytes(b"x" * 60_000)
    (little_disk / "more").write_bytes(b"x" * 4096)
    with pytest.raises(UsageError, match="No space left on device"):
        store.reserve(planned(), runs=little_disk)
    assert names(little_disk) == ["more", "much"]


def test_a_folder_that_went_away_meanwhile_is_told(tmp_path: Path, past: Past, planned: Planned) -> None:
    folder = store.reserve(planned(), runs=tmp_path)
    shutil.rmtree(folder)
    with pytest.raises(NotWritten, match="No such file or directory"):
        store.keep(folder, history=past(""), story="", summary={})
