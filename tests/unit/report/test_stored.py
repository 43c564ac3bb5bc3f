"""A run's folder is read back only where its files belong together."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from harness.errors import BadHistory, BadPlan
from harness.model.history import History
from harness.model.plan import Plan
from harness.report import store
from harness.report.stored import load, plan_file

Edit = Callable[[Path], object]


@pytest.fixture
def folder(tmp_path: Path, cut_off: History, cut_off_plan: Plan) -> Path:
    """The folder of a run."""
    made = store.reserve(cut_off_plan, runs=tmp_path)
    store.keep(made, history=cut_off, story="", summary={"digest": cut_off.digest()})
    return made


def _edit(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def test_a_truncated_history_and_an_edited_plan_are_refused(folder: Path) -> None:
    _edit(folder / "plan.json", '"seed": 7', '"seed": 8')
    with pytest.raises(BadPlan, match="--edited"):
        load(folder)
    assert load(folder, edited=True).plan.seed == 8
    history = folder / "history.jsonl"
    history.write_text("".join(history.read_text().splitlines(keepends=True)[:-1]))
    with pytest.raises(BadHistory, match="truncated"):
        load(folder, edited=True)


def _another_plan(folder: Path) -> None:
    plan = json.loads((folder / "plan.json").read_text())["digest"]
    _edit(folder / "history.jsonl", plan, plan[::-1])


def _no_plan(folder: Path) -> None:
    _edit(folder / "history.jsonl", '"plan":', '"plot":')


def _another_seed(folder: Path) -> None:
    _edit(folder / "history.jsonl", '"seed":7', '"seed":99')


def _no_end(folder: Path) -> None:
    (folder / "verdict.json").unlink()
    lines = (folder / "history.jsonl").read_text().splitlines()
    head = lines[0].replace(f'"events":{len(lines) - 1}', f'"events":{len(lines) // 2}')
    (folder / "history.jsonl").write_text("\n".join([head, *lines[1 : len(lines) // 2 + 1], ""]))


def _another_event(folder: Path) -> None:
    _edit(folder / "history.jsonl", '"reason":"it raised"', '"reason":"it was tired"')


def _another_verdict(folder: Path) -> None:
    (folder / "verdict.json").write_text('{"digest": "0"}')


def _no_verdict_at_all(folder: Path) -> None:
    (folder / "verdict.json").write_text("[" * 100_000)


@pytest.mark.parametrize(
    ("edit", "complaint"),
    [
        (_another_plan, r"history\.jsonl is not a history of the plan\.json beside it"),
        (_no_plan, r"history\.jsonl is not a history of the plan\.json beside it"),
        (
            _another_seed,
            r"no history that a run of its plan\.json can have: its header has seed=99 and the plan 7",
        ),
        (_no_end, r"no history that a run of its plan\.json can have: it is truncated: its run does not end"),
        (_another_event, r"history\.jsonl is not the history that verdict\.json was made of"),
        (_another_verdict, r"history\.jsonl is not the history that verdict\.json was made of"),
        (_no_verdict_at_all, r"verdict\.json is no verdict of a run"),
    ],
)
def test_files_that_do_not_belong_together_are_refused_unless_that_is_meant(
    folder: Path, edit: Edit, complaint: str
) -> None:
    edit(folder)
    with pytest.raises(BadHistory, match=complaint + r".*--edited"):
        load(folder)
    assert load(folder, edited=True).history[0].value == {"act": "storm"}


def test_a_verdict_that_says_otherwise_than_one_of_now_is_told_by_what_it_says(
    folder: Path, cut_off: History
) -> None:
    said = {
        "digest": cut_off.digest(),
        "verdict": "invalid",
        "exit_code": 1,
        "replay": "x",
        "wall_seconds": 2.0,
    }
    (folder / "verdict.json").write_text(json.dumps(said))
    stored = load(folder)
    assert stored.differences({**said, "replay": "y", "wall_seconds": None}) == []
    assert stored.differences({**said, "verdict": "valid", "exit_code": 0, "seed": 7}) == [
        "verdict was 'invalid' and is 'valid'",
        "exit_code was 1 and is 0",
        "seed was None and is 7",
    ]
    (folder / "verdict.json").unlink()
    assert load(folder).differences(said) == []


def test_a_history_without_its_verdict_is_read(folder: Path, cut_off: History) -> None:
    (folder / "verdict.json").unlink()
    assert load(folder / "history.jsonl").history.events == cut_off.events


def test_a_plan_is_meant_by_its_file_or_its_folder(tmp_path: Path) -> None:
    assert plan_file(tmp_path) == tmp_path / "plan.json"
    assert plan_file(tmp_path / "some.json") == tmp_path / "some.json"


def test_a_name_that_no_file_can_have_is_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(BadHistory, match="cannot be read"):
        load(tmp_path / ("x" * 5000))
    assert plan_file(tmp_path / ("x" * 5000)).name == "x" * 5000
