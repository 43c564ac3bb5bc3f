from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from harness.errors import BadHistory, BadPlan, UsageError
from harness.model.history import History
from harness.model.plan import Plan
from harness.report import store

Past = Callable[[str], History]
Planned = Callable[..., Plan]


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_run_is_kept_in_four_files_and_reads_back_equal(
    tmp_path: Path, cut_off: History, cut_off_plan: Plan
) -> None:
    folder = store.reserve(cut_off_plan, runs=tmp_path / "runs")
    store.keep(folder, history=cut_off, story="it went\n", summary={"verdict": "valid"})
    assert folder == tmp_path / "runs" / "cut-off-worker-7"
    assert names(folder) == ["history.jsonl", "plan.json", "story.txt", "verdict.json"]
    for path in (folder, folder / "history.jsonl"):
        stored = store.load(path)
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
        store.load(folder)


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


def test_a_folder_of_somebody_named_latest_is_left_alone(tmp_path: Path, planned: Planned) -> None:
    (tmp_path / "latest").mkdir()
    store.point_latest(store.reserve(planned(), runs=tmp_path))
    assert (tmp_path / "latest").is_dir()
    assert names(tmp_path) == ["cut-off-worker-7", "latest"]


def test_a_truncated_history_and_an_edited_plan_are_refused(
    tmp_path: Path, cut_off: History, cut_off_plan: Plan
) -> None:
    folder = store.reserve(cut_off_plan, runs=tmp_path)
    store.keep(folder, history=cut_off, story="", summary={})
    plan = folder / "plan.json"
    plan.write_text(plan.read_text().replace('"seed": 7', '"seed": 8'))
    with pytest.raises(BadPlan, match="--edited"):
        store.load(folder)
    assert store.load(folder, edited=True).plan.seed == 8
    history = folder / "history.jsonl"
    history.write_text("".join(history.read_text().splitlines(keepends=True)[:-1]))
    with pytest.raises(BadHistory, match="truncated"):
        store.load(folder, edited=True)


def test_a_plan_is_meant_by_its_file_or_its_folder(tmp_path: Path) -> None:
    assert store.plan_file(tmp_path) == tmp_path / "plan.json"
    assert store.plan_file(tmp_path / "some.json") == tmp_path / "some.json"
