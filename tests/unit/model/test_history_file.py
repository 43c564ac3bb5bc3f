"""A history file is read back as it was written; what no run can have written is refused."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from harness.errors import BadHistory
from harness.model.event_kinds import kind_of
from harness.model.history import History
from harness.model.history_file import read_history
from harness.model.operations import NAMES

HEAD = '{"format":"airflow-remote-harness/history","version":1,"events":1}\n'
EVENT = '{"n":0,"t":0,"witness":"world","process":"p","type":"info","f":"act","value":{"act":"end"}}\n'


def deep(levels: int) -> str:
    return EVENT.replace('"end"', "[" * levels + "]" * levels)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "is not a history: give the history.jsonl of a run's folder"),
        ('{"format":"airflow-remote-harness/plan","version":1}\n', "is not a history"),
        ("[" * 100_000, "is not a history"),
        (HEAD.replace('"version":1', '"version":2') + EVENT, "is a history of version 2"),
        (HEAD.replace('"version":1', '"version":true') + EVENT, "is a history of version True"),
        (
            HEAD.replace("/history", "/past") + EVENT,
            "has the format 'airflow-remote-harness/past', not 'airflow-",
        ),
        (HEAD.replace('"events":1', '"events":"1"') + EVENT, "is not a history"),
        (HEAD, "is truncated"),
        (HEAD + EVENT[:40], "has a line that is no event"),
        (HEAD + EVENT.replace('"n":0', '"n":3'), "event 0 is numbered 3"),
        (HEAD + EVENT.replace('"n":0', '"n":false'), "event 0 has n=False"),
        (HEAD + EVENT.replace("world", "rumour"), "witness 'rumour'"),
        (HEAD + EVENT.replace('"info"', '"hearsay"'), "type 'hearsay'"),
        (HEAD + EVENT.replace('"f":"act"', '"f":"rain"'), "no world tells of 'rain'"),
        (HEAD + EVENT.replace('"info"', '"ok"'), "act has type 'ok', not info"),
        (HEAD + EVENT.replace('"p"', "7"), "event 0 has process=7"),
        (HEAD + EVENT.replace('"p"', '""'), "process ''"),
        (HEAD + EVENT.replace('"t":0', '"t":"noon"'), "event 0 has t='noon'"),
        (HEAD + EVENT.replace('"t":0', '"t":-1'), "event 0 is at t=-1"),
        (HEAD + EVENT.replace('"t":0', '"t":1e9'), "event 0 has t=1000000000.0"),
        (HEAD + EVENT.replace('"t":0', '"t":1' + "0" * 30), "event 0 is at t=10000"),
        (HEAD + EVENT.replace('{"act":"end"}', "[]"), r"value=\[\]"),
        (HEAD + EVENT.replace('{"act":"end"}', "{}"), "the value of act has act=None"),
        (HEAD + EVENT.replace('"f":"act",', ""), "event 0 is not an object of n, t, witness"),
        (HEAD + EVENT.replace('"end"', "NaN"), "NaN is no JSON"),
        (HEAD + EVENT.replace('"end"', '"\\ud800"'), "surrogates not allowed"),
        (HEAD + deep(200), "nested deeper than 100 levels"),
        (HEAD + deep(100_000), "nested deeper than 100 levels"),
    ],
)
def test_what_is_no_history_is_refused_with_what_is_wrong(tmp_path: Path, text: str, complaint: str) -> None:
    file = tmp_path / "history.jsonl"
    file.write_text(text)
    with pytest.raises(BadHistory, match=complaint):
        read_history(file)


INVOKE = "1s client worker-1 invoke ti.run call=1 ti=x"
OK = "2s client worker-1 ok ti.run call=1 status=200"
ENDED = "4s body worker-1 ok body call=1 task=d/t/r ti=x try=1"
JOB = "5s server api ok edge_job key=k old=queued new=running cause=c dag_id=d task_id=t run_id=r worker=w"
BODY = "3s body worker-1 invoke body call=1 task=d/t/r ti=x try=1 slots=1"


@pytest.mark.parametrize(
    ("events", "complaint"),
    [
        ([OK], "event 0: call 1 was never invoked"),
        ([INVOKE, OK, OK], "event 2: call 1 was answered before"),
        ([INVOKE, INVOKE], "event 1: call 1 was invoked before"),
        (
            [INVOKE, OK.replace("worker-1", "worker-2")],
            "call 1 was ti.run of worker-1, not ti.run of worker-2",
        ),
        (
            [INVOKE, OK.replace("ti.run", "ti.state")],
            "call 1 was ti.run of worker-1, not ti.state of worker-1",
        ),
        ([INVOKE.replace("call=1", "call=one")], "the value of ti.run has call='one'"),
        ([INVOKE.replace("ti=x", "ti=[1]")], r"the value of ti\.run has ti=\[1\]"),
        ([INVOKE.replace("call=1 ", "")], "the value of ti.run has call=None"),
        ([BODY.replace("slots=1", "slots=true")], "the value of body has slots=True"),
        ([BODY.replace("slots=1", "slots=-5")], "the value of body has slots=-5"),
        ([BODY.replace("try=1", "try=0")], "the value of body has try=0"),
        ([BODY, ENDED.replace("d/t/r", "d/u/r")], "call 1 was of task 'd/t/r', not 'd/u/r'"),
        ([BODY, ENDED.replace("ti=x", "ti=y")], "call 1 was of ti 'x', not 'y'"),
        ([BODY, ENDED.replace("try=1", "try=2")], "call 1 was of try 1, not 2"),
        (
            [JOB.replace("old=queued new=running", "old=null new=null")],
            "the edge_job goes from nothing to nothing",
        ),
        ([JOB.replace("dag_id=d ", "")], "the value of edge_job has dag_id=None"),
        ([JOB.replace("worker=w", "worker=1")], "the value of edge_job has worker=1"),
        (
            ["2s world driver info act act=storm", INVOKE],
            "event 1 is at t=1000000000, after one at t=2000000000",
        ),
    ],
)
def test_events_that_do_not_follow_from_those_before_are_refused(
    past: Callable[[str], History], tmp_path: Path, events: list[str], complaint: str
) -> None:
    past("\n".join(events)).write(tmp_path / "history.jsonl")
    with pytest.raises(BadHistory, match=complaint):
        read_history(tmp_path / "history.jsonl")


def test_a_body_may_have_the_number_of_a_call_and_a_call_may_stay_unanswered(
    past: Callable[[str], History], tmp_path: Path
) -> None:
    made = past(f"{INVOKE}\n{BODY}\n{ENDED}\n{JOB}")
    made.write(tmp_path / "history.jsonl")
    assert read_history(tmp_path / "history.jsonl").events == made.events


@pytest.mark.parametrize("f", [*NAMES, "connect", "GET /execution/dag-runs/a/b", "OPTIONS *"])
def test_every_operation_and_every_unknown_request_is_something_a_client_tells(f: str) -> None:
    assert kind_of("client", f)


def test_a_file_that_is_not_there_is_a_bad_history(tmp_path: Path) -> None:
    with pytest.raises(BadHistory, match="cannot be read"):
        read_history(tmp_path / "nothing")


def test_strange_line_ends_within_a_text_split_no_event(tmp_path: Path) -> None:
    made = History()
    made.append(
        t=0, witness="world", process="driver", type="info", f="act", value={"act": "a\u2028b\x85c\x0bd\r\n"}
    )
    made.write(tmp_path / "history.jsonl")
    assert read_history(tmp_path / "history.jsonl").events == made.events
