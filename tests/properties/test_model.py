"""Laws of the data: what is written reads back equal, and what is broken is refused in one line."""

from __future__ import annotations

import json
import typing
from contextlib import suppress
from dataclasses import fields, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.catalogue import entries
from harness.errors import BadHistory, BadParameter, BadPlan
from harness.model import faults
from harness.model.entries import Entry
from harness.model.faults import FAULTS, Fault, Partition
from harness.model.history import History
from harness.model.history_file import read_history
from harness.model.moments import moment
from harness.model.plan import Plan
from harness.model.plan_checks import check_plan
from harness.model.plan_file import plan_from_json, plan_to_json
from harness.model.planning import make_plan
from harness.model.scenario import Fleet, Scenario, Tasks, Workers
from harness.model.tls_faults import Tls
from harness.rng import Streams
from harness.units import format_duration, minutes, nanoseconds, parse_duration, seconds

SEEDS = st.integers(0, 2**64)
MOMENTS = st.timedeltas(timedelta(0), seconds(100))
SPANS = st.timedeltas(timedelta(microseconds=1), seconds(100))
BY_HINT: dict[Any, st.SearchStrategy[Any]] = {
    timedelta: SPANS,
    timedelta | None: st.none() | SPANS,
    int: st.integers(400, 599),
    int | None: st.none() | st.integers(1, 9),
    float: st.floats(0, 1, exclude_min=True),
    faults.Direction: st.sampled_from(faults.Direction),
    faults.Aftermath: st.sampled_from(faults.Aftermath),
    faults.Flaw: st.sampled_from(faults.Flaw),
    faults.Victim: st.sampled_from(faults.Victim),
    faults.CertificateFlaw: st.sampled_from(faults.CertificateFlaw),
    bool: st.booleans(),
}
BY_NAME: dict[str, st.SearchStrategy[Any]] = {
    "a": st.sampled_from(["worker-1", "worker-*", "*"]),
    "b": st.sampled_from(["api", "*"]),
    "at": MOMENTS,
    "calls": st.sampled_from(["*", "ti.*", "jobs.fetch"]),
    "retry_after": st.none() | st.integers(0, 100).map(seconds),
    "header": st.none() | st.just("user-agent: *httpx*"),
    "behind": st.just(timedelta(0)),
    "target": st.sampled_from(["worker-1", "worker-*"]),
}
ON_API = (faults.RestartServer, faults.RotateCertificate)
FINAL = (faults.Kill, faults.OutOfMemory, faults.Stop)
NAMES = st.text(st.characters(categories=["L", "N", "P"]), min_size=1, max_size=20)
ANYTHING = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-5, 50)
    | st.floats()
    | st.text(st.characters(), max_size=3)  # half surrogate pairs among them
    | st.timedeltas()
    | st.just(Partition),
    lambda items: st.lists(items, max_size=2) | st.tuples(items, items) | st.tuples(items),
    max_leaves=3,
)


@st.composite
def any_fault(draw: st.DrawFn, kind: type[Fault]) -> Fault:
    hints = typing.get_type_hints(kind)
    values = {name: draw(BY_NAME[name] if name in BY_NAME else BY_HINT[hint]) for name, hint in hints.items()}
    return kind(**values | ({"target": "api"} if kind in ON_API else {}))


@st.composite
def storms(draw: st.DrawFn) -> tuple[Fault, ...]:
    """Faults of several kinds; with a Kill or Stop of the whole fleet, others might have nobody left to strike."""
    kinds = draw(st.lists(st.sampled_from(FAULTS), max_size=4, unique=True))
    return tuple(draw(any_fault(kind)) for kind in kinds if kind not in FINAL or len(kinds) == 1)


@st.composite
def plans(draw: st.DrawFn) -> Plan:
    scenario = Scenario(
        fleet=Fleet(
            count=draw(st.integers(1, 4)), slots=draw(st.integers(1, 9)), kind=draw(st.sampled_from(Workers))
        ),
        tasks=Tasks(count=draw(st.integers(0, 5)), failing_first=draw(st.integers(0, 3))),
        faults=draw(storms()),
        until=minutes(5),
        tls=Tls.MUTUAL,
    )
    return make_plan(scenario, draw(SEEDS), name=draw(NAMES), parameters={"lasting": "2m"})


@given(st.timedeltas(timedelta(0), timedelta.max))
def test_a_duration_reads_back_equal(duration: timedelta) -> None:
    assert parse_duration(format_duration(duration)) == duration


@given(st.text(max_size=12))
def test_a_text_is_a_duration_or_a_bad_parameter(text: str) -> None:
    with suppress(BadParameter):
        assert parse_duration(text) >= timedelta(0)


@given(st.timedeltas(timedelta(0), timedelta(days=1000)))
def test_a_moment_is_true_to_a_twentieth_of_a_second(duration: timedelta) -> None:
    assert abs(parse_duration(moment(nanoseconds(duration))) - duration) <= timedelta(milliseconds=50)


@given(plans())
def test_a_plan_reads_back_equal_and_has_the_same_digest(plan: Plan) -> None:
    again = plan_from_json(plan_to_json(plan))
    assert again == plan
    assert again.digest() == plan.digest()


@given(st.sampled_from(entries()), SEEDS, st.sampled_from(Workers))
def test_every_scenario_of_the_catalogue_makes_a_plan_with_every_seed(
    entry: Entry, seed: int, workers: Workers
) -> None:
    check_plan(make_plan(entry.build(), seed, name=entry.name, workers=workers))


@given(ANYTHING, st.data())
def test_a_scenario_with_anything_in_a_field_is_a_plan_or_refused(value: object, data: st.DataObject) -> None:
    whole, part = Scenario(), data.draw(st.sampled_from(["", "fleet", "tasks", "link"]))
    changed: Any = getattr(whole, part) if part else whole
    field = data.draw(st.sampled_from([field.name for field in fields(changed)]))
    broken = replace(changed, **{field: value})
    with suppress(BadPlan):
        make_plan(replace(whole, **{part: broken}) if part else broken, 1, name="x")


@given(plans(), st.data())
def test_a_plan_with_any_one_value_replaced_is_refused_or_reads(plan: Plan, data: st.DataObject) -> None:
    document = json.loads(plan_to_json(plan))
    where: Any = document
    while True:
        key = data.draw(st.sampled_from(sorted(where) if isinstance(where, dict) else range(len(where))))
        if not isinstance(where[key], (dict, list)) or not where[key] or data.draw(st.booleans()):
            break
        where = where[key]
    junk: st.SearchStrategy[Any] = (
        st.none()
        | st.booleans()
        | st.integers()
        | st.text(max_size=3)
        | st.just([])
        | st.just({})
        | st.just([1])
    )
    where[key] = data.draw(junk)
    with suppress(BadPlan):
        plan_from_json(json.dumps(document), edited=True)


@given(plans(), st.data())
def test_a_truncated_plan_is_refused(plan: Plan, data: st.DataObject) -> None:
    text = plan_to_json(plan)
    with pytest.raises(BadPlan):
        plan_from_json(text[: data.draw(st.integers(0, len(text) - 2))])


# lone surrogates are no text that a file in UTF-8 could hold
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
EVENTS = st.fixed_dictionaries(
    {
        "t": st.integers(0, 10**15),
        "witness": st.just("server"),
        "process": TEXT.filter(bool),
        "type": st.just("ok"),
        "f": st.sampled_from(["task_instance", "edge_job", "edge_worker", "log"]),
        "value": st.builds(
            lambda detail, change: {**detail, **change},
            st.dictionaries(TEXT, st.none() | st.booleans() | st.integers() | TEXT, max_size=3),
            st.fixed_dictionaries(
                dict.fromkeys(("key", "new", "cause", "dag_id", "task_id", "run_id"), TEXT)
                | {"old": st.none() | TEXT}
            ),
        ),
    }
)


def in_order(facts: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return sorted(facts, key=lambda fact: fact["t"])


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory):
    return tmp_path_factory.mktemp("histories") / "history.jsonl"


@given(st.lists(EVENTS, max_size=8))
def test_a_history_reads_back_equal_and_has_the_same_digest(file, facts: list[dict[str, Any]]) -> None:
    history = History(header={"world": "sim"})
    for fact in in_order(facts):
        history.append(**fact)
    history.write(file)
    again = read_history(file)
    assert (again.events, again.header, again.digest()) == (history.events, history.header, history.digest())


@given(st.lists(EVENTS, min_size=1, max_size=4), st.data())
def test_a_truncated_history_is_refused(file, facts: list[dict[str, Any]], data: st.DataObject) -> None:
    history = History()
    for fact in in_order(facts):
        history.append(**fact)
    history.write(file)
    whole = file.read_bytes()
    file.write_bytes(whole[: data.draw(st.integers(0, len(whole) - 2))])
    with pytest.raises(BadHistory):
        read_history(file)


@given(st.binary(max_size=60))
def test_no_bytes_make_reading_a_history_crash(file: Path, junk: bytes) -> None:
    file.write_bytes(junk)
    with pytest.raises(BadHistory):
        read_history(file)


@given(SEEDS, st.lists(st.text(max_size=5), min_size=1, max_size=4, unique=True))
def test_a_stream_does_not_depend_on_the_others(seed: int, names: list[str]) -> None:
    alone = [Streams(seed).named(name).random() for name in names]
    together = Streams(seed)
    assert [together.named(name).random() for name in reversed(names)] == alone[::-1]


@given(SEEDS, st.integers(1, 5))
def test_adding_a_worker_does_not_reshuffle_the_tasks(seed: int, count: int) -> None:
    def submissions(workers: int) -> Any:
        return make_plan(Scenario(fleet=Fleet(count=workers)), seed, name="x").submissions

    assert submissions(count) == submissions(count + 1)
