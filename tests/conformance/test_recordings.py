"""Step by step, the fake answers what the real server answered, and what had been there is read off the recording."""

import json
from pathlib import Path

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
