"""Step by step, the fake answers what the real server answered, and what had been there is read off the recording."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from harness.conformance.recordings import load
from harness.conformance.replaying import Replay, replay
from harness.errors import BadRecording

FOLDER = Path(__file__).parent / "recordings"
#: Recording: exchanges compared, which are all of them. A change here must be on purpose.
COUNTS = {"happy": 66, "retry": 6, "errors": 60, "edge": 49, "edge_admin": 107, "content": 91, "versions": 18}
#: Steps that got no answer, since the real server closed the connection: nothing to compare with.
UNANSWERED = {
    "happy": {"xcom_set_unknown_run"},
    "errors": {"non_uuid_sub"},
    "content": {"hitl_ask_archived_task_instance"},
}


def _replayed(name: str) -> Replay:
    return replay(FOLDER / f"{name}.json")


@pytest.mark.parametrize("name", COUNTS)
def test_the_fake_answers_as_the_real_server_did(name: str) -> None:
    """Status, headers, body and the claims of a refreshed token are the same."""
    done = _replayed(name)
    assert [str(each) for each in done.differences] == []
    assert done.steps == COUNTS[name]


@pytest.mark.parametrize("name", COUNTS)
def test_no_recorded_step_is_left_out_silently(name: str) -> None:
    """The steps without an exchange are exactly the known ones, and every recording is replayed."""
    entries = json.loads((FOLDER / f"{name}.json").read_text())
    assert {each["name"] for each in entries if not each["exchanges"]} == UNANSWERED.get(name, set())
    assert {path.stem for path in FOLDER.glob("*.json")} == COUNTS.keys()


@pytest.mark.parametrize("name", COUNTS)
def test_a_recording_of_another_server_is_told_apart(name: str, tmp_path: Path) -> None:
    """Whatever answer is changed, the replay shows it: the inference does not talk the fake into it."""
    entries = json.loads((FOLDER / f"{name}.json").read_text())
    answers = [each["response"] for entry in entries for each in entry["exchanges"]]
    for answer in answers[:: max(1, len(answers) // 6)]:
        answer["status"] = 418
    changed = tmp_path / f"{name}.json"
    changed.write_text(json.dumps(entries))
    found = {each.where for each in replay(changed).differences if each.path == "status"}
    assert len(found) >= len(answers[:: max(1, len(answers) // 6)]) - len(answers) // 20


Exchanges = dict[str, Any]


def _changed(name: str, change: Callable[[Exchanges], object], folder: Path) -> Path:
    """A recording with one thing changed; `change` gets the first exchange of each step by name."""
    entries = json.loads((FOLDER / f"{name}.json").read_text())
    change({each["name"]: each["exchanges"][0] for each in entries if each["exchanges"]})
    path = folder / f"{name}.json"
    path.write_text(json.dumps(entries))
    return path


def _answered(step: str, *path: str | int, value: Any) -> Callable[[Exchanges], object]:
    def change(exchanges: Exchanges) -> None:
        where = exchanges[step]["response"]
        for each in path[:-1]:
            where = where[each]
        where[path[-1]] = value

    return change


RUN = "r_a71f3842"


@pytest.mark.parametrize(
    ("name", "change", "where"),
    [
        ("retry", _answered("state_up_for_retry", "status", value=200), "status"),
        ("retry", _answered("state_up_for_retry", "status", value="204"), "status"),
        (
            "retry",
            _answered("run", "body", "dag_run", "data_interval_end", value="no date"),
            "body.dag_run.data_interval_end",
        ),
        (
            "happy",
            _answered("ti_states", "body", "task_states", RUN, "flaky", value="future_state"),
            f"body.task_states.{RUN}.flaky",
        ),
        (
            "happy",
            _answered("previous_successful_dagrun", "body", "start_date", value="no date"),
            "body.start_date",
        ),
    ],
    ids=[
        "another status",
        "a status as text",
        "no date of a run",
        "an unknown state",
        "no date of a success",
    ],
)
def test_an_answer_that_no_server_gives_is_one_difference(
    name: str, change: Callable[[Exchanges], object], where: str, tmp_path: Path
) -> None:
    done = replay(_changed(name, change, tmp_path))
    assert done.steps == COUNTS[name]
    assert [each.path for each in done.differences] == [where]


@pytest.mark.parametrize("value", [None, [], {}, "text", -1, True, 1e300], ids=repr)
@pytest.mark.parametrize("part", ["status", "headers", "body", "refreshed_token_claims"])
def test_whatever_stands_in_one_step_the_others_are_compared(part: str, value: Any, tmp_path: Path) -> None:
    """Nothing can be made of such steps; that is told of them, or of their file, and is no end of the command."""

    def change(exchanges: Exchanges) -> None:
        for each in list(exchanges.values())[::5]:
            target = each["response"]
            if part in target:
                target[part] = target[part] | {"date": value} if part == "headers" else value

    for name in ("retry", "edge_admin"):
        assert replay(_changed(name, change, tmp_path)).steps == COUNTS[name]


def test_a_step_of_which_nothing_can_be_made_is_named_with_the_reason(tmp_path: Path) -> None:
    """A listed job without a name cannot be put into the fake; nothing of that answer is believed."""
    change = _answered("list_jobs", "body", "jobs", value=[{"state": "odd"}])
    found = replay(_changed("edge_admin", change, tmp_path)).differences
    named = [each for each in found if each.path in ("evidence", "before")]
    assert len(named) == 1
    assert named[0].where.startswith("list_jobs ")
    assert "KeyError" in named[0].actual


def test_a_path_with_letters_of_any_script_is_sent_as_a_client_sends_it(tmp_path: Path) -> None:
    def change(exchanges: Exchanges) -> None:
        for each in exchanges.values():
            each["request"]["path"] = each["request"]["path"].replace("/tiny", "/other.dag-é")

    found = replay(_changed("happy", change, tmp_path)).differences
    assert [str(each) for each in found if "other.dag-é" not in str(each.actual)] == []


def test_answers_without_a_date_are_placed_by_the_others(tmp_path: Path) -> None:
    def change(exchanges: Exchanges) -> None:
        for each in list(exchanges.values())[::3]:
            each["response"]["headers"].pop("date")

    assert replay(_changed("happy", change, tmp_path)).differences == ()


@pytest.mark.parametrize("half", [0, 1], ids=["first", "second"])
@pytest.mark.parametrize("name", ["happy", "retry", "errors", "edge", "versions"])
def test_half_a_recording_is_replayed_without_a_difference(name: str, half: int, tmp_path: Path) -> None:
    """What the other half told is read off the calls that are left."""
    entries = json.loads((FOLDER / f"{name}.json").read_text())
    middle = len(entries) // 2
    path = tmp_path / f"{name}.json"
    path.write_text(json.dumps(entries[middle:] if half else entries[:middle]))
    assert [str(each) for each in replay(path).differences] == []


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("{", "is no JSON"),
        ("{}", "holds no list"),
        ("[1]", "is no recording"),
        ('[{"name": "x"}]', "is no recording"),
        ('[{"name": "x", "exchanges": [{"request": {}, "response": {}}]}]', "is no recording"),
    ],
)
def test_a_file_that_is_no_recording_is_refused_in_one_line(content: str, told: str, tmp_path: Path) -> None:
    path = tmp_path / "bad.json"
    path.write_text(content)
    with pytest.raises(BadRecording, match=told):
        load(path)
