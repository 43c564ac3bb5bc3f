from __future__ import annotations

import json
from pathlib import Path

from harness.model.history import History
from harness.model.history_file import read_history


def history() -> History:
    made = History()
    for t, witness, type_, f, value in (
        (0, "world", "info", "act", {"act": "storm"}),
        (5, "client", "invoke", "ti.run", {"call": 1}),
        (6, "client", "invoke", "jobs.fetch", {"call": 2}),
        (9, "client", "ok", "ti.run", {"call": 1}),
        (9, "body", "invoke", "body", {"call": 3, "task": "d/t/r", "ti": "i", "try": 1}),
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
