from __future__ import annotations

import json
from pathlib import Path

import pytest

from harness.errors import BadHistory
from harness.model.history import History, read_history


def history() -> History:
    made = History()
    for t, witness, type_, f, value in (
        (0, "world", "info", "act", {"act": "storm"}),
        (5, "client", "invoke", "ti.run", {"call": 1}),
        (6, "client", "invoke", "jobs.fetch", {"call": 2}),
        (9, "client", "ok", "ti.run", {"call": 1}),
        (9, "body", "invoke", "body", {"call": 3}),
    ):
        made.append(t=t, witness=witness, process="worker-1", type=type_, f=f, value=value)
    return made


def test_events_are_numbered_in_order_and_found_by_number() -> None:
    assert [event.n for event in history()] == [0, 1, 2, 3, 4]
    assert (history()[3].f, len(history())) == ("ti.run", 5)


def test_events_are_picked_by_all_that_is_asked() -> None:
    made = history()
    assert [event.n for event in made.where(witness="client")] == [1, 2, 3]
    assert [event.n for event in made.where(witness="client", type="ok")] == [3]
    assert [event.n for event in made.where(f="ti.run", process="worker-1")] == [1, 3]
    assert [event.n for event in made.where(test=lambda event: event.t == 9)] == [3, 4]


def test_an_invocation_is_paired_with_its_completion_or_with_nothing() -> None:
    pairs = [(begin.n, end and end.n) for begin, end in history().pairs(witness="client")]
    assert pairs == [(1, 3), (2, None)]
    assert [begin.n for begin, _ in history().pairs(witness="body")] == [4]


def test_calls_have_numbers_of_their_own() -> None:
    made = History()
    assert [made.new_call(), made.new_call()] == [1, 2]


def test_the_digest_is_of_the_events_and_not_of_the_header() -> None:
    other = History(history().events, header={"world": "live"})
    assert other.digest() == history().digest()
    other.append(t=10, witness="world", process="driver", type="info", f="act")
    assert other.digest() != history().digest()


def test_an_event_is_one_line_of_json_with_its_keys_in_order() -> None:
    assert history()[1].to_json() == (
        '{"n":1,"t":5,"witness":"client","process":"worker-1","type":"invoke","f":"ti.run","value":{"call":1}}'
    )


def test_a_file_begins_with_what_it_is(tmp_path: Path) -> None:
    file = tmp_path / "history.jsonl"
    History(history().events, header={"world": "sim"}).write(file)
    head = json.loads(file.read_text().splitlines()[0])
    assert head == {"format": "airflow-remote-harness/history", "version": 1, "events": 5, "world": "sim"}
    assert read_history(file).header == {"world": "sim"}


HEAD = '{"format":"airflow-remote-harness/history","version":1,"events":1}\n'
EVENT = '{"n":0,"t":0,"witness":"world","process":"p","type":"info","f":"act","value":{}}\n'


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "is not a history: give the history.jsonl of a run's folder"),
        ('{"format":"airflow-remote-harness/plan","version":1}\n', "is not a history"),
        (HEAD.replace('"version":1', '"version":2') + EVENT, "is a history of version 2"),
        (HEAD, "is truncated"),
        (HEAD + EVENT[:40], "has a line that is no event"),
        (HEAD + EVENT.replace('"n":0', '"n":3'), "event 0 is numbered 3"),
        (HEAD + EVENT.replace("world", "rumour"), "witness 'rumour'"),
        (HEAD + EVENT.replace('"t":0', '"t":"noon"'), "event 0 has t='noon'"),
        (HEAD + EVENT.replace("{}", "[]"), r"value=\[\]"),
        (HEAD + EVENT.replace('"f":"act",', ""), "no event"),
    ],
)
def test_what_is_no_history_is_refused_with_what_is_wrong(tmp_path: Path, text: str, complaint: str) -> None:
    file = tmp_path / "history.jsonl"
    file.write_text(text)
    with pytest.raises(BadHistory, match=complaint):
        read_history(file)


def test_a_file_that_is_not_there_is_a_bad_history(tmp_path: Path) -> None:
    with pytest.raises(BadHistory, match="cannot be read"):
        read_history(tmp_path / "nothing")


def test_strange_line_ends_within_a_text_split_no_event(tmp_path: Path) -> None:
    made = History()
    made.append(
        t=0, witness="world", process="driver", type="info", f="act", value={"text": "a\u2028b\x85c\x0bd\r\n"}
    )
    made.write(tmp_path / "history.jsonl")
    assert read_history(tmp_path / "history.jsonl").events == made.events
