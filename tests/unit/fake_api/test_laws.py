"""Laws that hold for every sequence of calls."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.fake_api.world import World

#: Where a task instance may go from each state, whoever moves it.
LEGAL: dict[str | None, set[str | None]] = {
    None: {"queued"},
    "scheduled": {"queued", None},
    "queued": {"running", "scheduled", "failed", "up_for_retry", None},
    "running": {
        "success",
        "failed",
        "up_for_retry",
        "up_for_reschedule",
        "deferred",
        "awaiting_input",
        "restarting",
    },
    "restarting": {"running", "up_for_retry", None},
    "up_for_retry": {"queued", None},
    "up_for_reschedule": {"queued", None},
    "deferred": {"scheduled", None},
    "awaiting_input": {"scheduled", None},
    "success": {None},
    "failed": {None},
}

REPORTS: dict[str, dict[str, Any]] = {
    "success": {},
    "failed": {},
    "up_for_retry": {},
    "up_for_reschedule": {},
    "deferred": {"classpath": "a.T", "next_method": "done", "trigger_timeout": timedelta(seconds=30)},
    "awaiting_input": {"next_method": "done", "timeout": timedelta(seconds=30)},
}

waits = st.sampled_from([0.0, 1.0, 30.0, 151.0, 301.0, 601.0])
actions = st.one_of(
    st.tuples(st.just("after"), waits),
    st.tuples(st.just("report"), st.sampled_from(sorted(REPORTS))),
    st.tuples(st.just("job"), st.sampled_from(["running", "success", "failed"])),
    st.tuples(
        st.sampled_from(["fetch", "run", "heartbeat", "sweep", "register", "clear", "fire"]), st.none()
    ),
)


def act(world: World, known: list[UUID], action: str, argument: Any) -> None:
    """Do one thing, with the current id or an old one."""
    ti_id = world.ti().id
    if ti_id not in known:
        known.append(ti_id)
    match action:
        case "after":
            world.after(argument)
        case "report":
            end = {"end_date": world.at, "reschedule_date": world.at + timedelta(seconds=30)}
            world.report(known[-1], argument, **end | REPORTS[argument])
        case "job":
            world.report_job(argument, try_number=max(1, world.ti().try_number))
        case "fetch":
            world.fetch()
        case "run" | "heartbeat":
            getattr(world, action)(known[-1])
        case "register":
            world.register()
        case "clear":
            world.state.clear(ti_id)
        case "fire":
            if world.ti().trigger is not None:
                world.state.fire_trigger(ti_id, "done")
        case _:
            world.sweep()


def play(moves: list[tuple[str, Any]]) -> World:
    world = World()
    known = [world.submit(retries=2, retry_delay=30)]
    for action, argument in moves:
        act(world, known, action, argument)
    return world


@given(st.lists(actions, max_size=40))
@settings(max_examples=300, deadline=None)
def test_any_calls_in_any_order_leave_only_legal_transitions(moves: list[tuple[str, Any]]) -> None:
    world = play(moves)
    for old, new, _ in world.told("task_instance"):
        assert new in LEGAL[old], (old, new)


@given(st.lists(actions, max_size=40))
@settings(max_examples=200, deadline=None)
def test_every_change_is_told_once_and_begins_where_the_last_one_ended(moves: list[tuple[str, Any]]) -> None:
    world = play(moves)
    for table in ("task_instance", "edge_worker"):
        told = world.told(table)
        assert all(old != new for old, new, _ in told)
        assert [old for old, _, _ in told[1:]] == [new for _, new, _ in told[:-1]]
    assert world.told("task_instance")[-1][1] == world.ti().state


@given(st.lists(actions, max_size=40), st.sampled_from(sorted(REPORTS)))
@settings(max_examples=200, deadline=None)
def test_reporting_the_state_it_has_changes_nothing(moves: list[tuple[str, Any]], state: str) -> None:
    world = play(moves)
    before, count = world.ti(), len(world.changes)
    payload = {"end_date": world.at, "reschedule_date": world.at} | REPORTS[state]
    reply = world.report(before.id, state, **payload)
    if before.state == state:
        assert (reply.status, world.ti(), len(world.changes)) == (200, before, count)


@given(st.lists(actions, max_size=40))
@settings(max_examples=50, deadline=None)
def test_the_same_calls_give_the_same_changes(moves: list[tuple[str, Any]]) -> None:
    assert play(moves).changes == play(moves).changes
