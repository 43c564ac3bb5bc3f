"""Tasks that wait: for a trigger, for a later time, for a human."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from tests.unit.fake_api.client import Answer, Api
from tests.unit.fake_api.world import START, World

QUESTION = {"subject": "Go on?", "options": ["yes", "no"]}
PARK = {"next_method": "execute_complete", "next_kwargs": {"a": 1}}


def running(world: World, **spec: Any) -> UUID:
    ti_id = world.submit(**spec)
    world.run(ti_id)
    return ti_id


def defer(world: World, ti_id: UUID, **payload: Any) -> None:
    assert world.report(ti_id, "deferred", classpath="a.T", **PARK, **payload).status == 204


def ask(api: Api, ti_id: UUID, **question: Any) -> Answer:
    body = {"ti_id": str(ti_id)} | QUESTION | question
    return api.of(ti_id).call("POST", f"/hitlDetails/{ti_id}", json=body)


def reply(api: Api, ti_id: UUID, *options: str) -> Answer:
    body = {"ti_id": str(ti_id), "chosen_options": options}
    return api.of(ti_id).call("PATCH", f"/hitlDetails/{ti_id}", json=body)


def test_a_deferred_task_instance_has_a_trigger(world: World) -> None:
    defer(world, running(world), trigger_kwargs={"k": 1}, queue="q")
    trigger = world.ti().trigger
    assert trigger is not None
    assert (trigger.classpath, trigger.kwargs, trigger.queue) == ("a.T", {"k": 1}, "q")


def test_only_a_deferred_task_instance_has_a_trigger_to_fire(world: World) -> None:
    with pytest.raises(ValueError, match="waits for no trigger"):
        world.state.fire_trigger(running(world), 1)


def test_a_fired_trigger_resumes_the_same_try_with_its_event(world: World) -> None:
    ti_id = running(world)
    defer(world, ti_id)
    world.state.fire_trigger(ti_id, {"status": "done"})
    assert (world.ti().state, world.ti().trigger) == ("scheduled", None)
    world.sweep()
    context = world.run(ti_id).body
    assert (world.ti().try_number, context["next_method"]) == (1, "execute_complete")
    assert context["next_kwargs"] == {"a": 1, "event": {"status": "done"}}


def test_a_resumed_task_keeps_its_start_date_and_its_xcoms(world: World) -> None:
    ti_id = running(world)
    defer(world, ti_id)
    world.state.fire_trigger(ti_id, None)
    world.after(60)
    world.sweep()
    context = world.run(ti_id).body
    assert (context["start_date"], world.ti().start_date) == (START, START)
    assert context["xcom_keys_to_clear"] == []


def test_the_end_forgets_where_to_go_on(world: World) -> None:
    ti_id = running(world)
    defer(world, ti_id)
    world.state.fire_trigger(ti_id, None)
    world.sweep()
    world.run(ti_id)
    world.report(ti_id, "success", end_date=START)
    assert (world.ti().next_method, world.ti().next_kwargs) == (None, None)


def test_waiting_drops_the_label_of_a_mapped_task_instance(world: World) -> None:
    defer(world, running(world), rendered_map_index="label")
    assert world.ti().rendered_map_index is None


def reschedule(world: World, ti_id: UUID) -> None:
    later = world.at + timedelta(seconds=60)
    world.report(ti_id, "up_for_reschedule", end_date=world.at, reschedule_date=later)
    world.after(60)
    world.sweep()


def test_the_first_reschedule_of_a_try_is_remembered(world: World, api: Api) -> None:
    ti_id = world.submit()
    path = f"/task-reschedules/{ti_id}/start_date"
    assert api.of(ti_id).get(path).body is None
    for _ in range(2):
        world.run(ti_id)
        reschedule(world, ti_id)
    assert api.of(ti_id).get(path, try_number=1).body == "2026-01-01T00:00:00Z"
    assert world.run(ti_id).body["task_reschedule_count"] == 2


def test_a_retry_forgets_reschedules(world: World) -> None:
    ti_id = running(world, retries=1, retry_delay=0)
    reschedule(world, ti_id)
    world.run(ti_id)
    world.report(ti_id, "up_for_retry", end_date=world.at)
    world.sweep()
    assert world.run(world.ti().id).body["task_reschedule_count"] == 0


def test_what_a_retry_asked_for_is_archived_and_ends_with_the_next_run(world: World) -> None:
    old = running(world, retries=1)
    world.report(old, "up_for_retry", end_date=START, retry_delay_seconds=1, retry_reason="x" * 501)
    archived, live = world.state.task_instances.history[old], world.ti()
    for row in (archived, live):
        assert (row.retry_delay_override, row.retry_reason) == (1, "x" * 500)
    world.after(1)
    world.sweep()
    world.run(live.id)
    assert (world.ti().retry_delay_override, world.ti().retry_reason) == (None, None)


def test_a_question_is_told_back(world: World, api: Api) -> None:
    ti_id = running(world)
    answer = ask(api, ti_id, assigned_users=[{"id": "1", "name": "Ada"}])
    rest: dict[str, Any] = {"body": None, "defaults": None, "multiple": False, "params": {}}
    users = [{"id": "1", "name": "Ada"}]
    assert answer.status == 201
    assert answer.body == {"ti_id": str(ti_id), "assigned_users": users} | QUESTION | rest


@pytest.mark.parametrize("wrong", [{"options": []}, {"assigned_users": None}])
def test_a_question_needs_options_and_its_users_are_never_null(
    world: World, api: Api, wrong: dict[str, Any]
) -> None:
    assert ask(api, running(world), **wrong).status == 422


def test_a_question_of_an_unknown_task_instance_breaks_the_server(api: Api) -> None:
    assert ask(api, api.subject).status == 500


@pytest.mark.parametrize("method", ["GET", "PATCH"])
def test_there_is_no_answer_without_a_question(world: World, api: Api, method: str) -> None:
    ti_id = running(world)
    body = {"ti_id": str(ti_id), "chosen_options": ["yes"]} if method == "PATCH" else None
    answer = api.of(ti_id).call(method, f"/hitlDetails/{ti_id}", json=body)
    assert (answer.status, answer.detail["reason"]) == (404, "not_found")


def test_an_open_question_has_an_empty_answer(world: World, api: Api) -> None:
    ti_id = running(world)
    ask(api, ti_id)
    assert api.of(ti_id).get(f"/hitlDetails/{ti_id}").body == {
        "response_received": False,
        "responded_by_user": None,
        "responded_at": None,
        "chosen_options": [],
        "params_input": {},
    }


def test_a_question_is_answered_once(world: World, api: Api) -> None:
    ti_id = running(world)
    ask(api, ti_id)
    first, second = reply(api, ti_id, "yes"), reply(api, ti_id, "no")
    assert (first.status, first.body["chosen_options"]) == (200, ["yes"])
    taken = f"Human-in-the-loop detail for Task Instance with id {ti_id} already exists."
    assert (second.status, second.detail) == (409, taken)


def test_asking_again_keeps_the_question_and_forgets_the_answer(world: World, api: Api) -> None:
    ti_id = running(world)
    ask(api, ti_id)
    reply(api, ti_id, "yes")
    assert ask(api, ti_id, subject="Other?").body["subject"] == "Go on?"
    assert api.of(ti_id).get(f"/hitlDetails/{ti_id}").body["response_received"] is False


def test_a_question_goes_with_its_task_instance_into_the_next_try(world: World, api: Api) -> None:
    old = running(world, retries=1)
    ask(api, old)
    world.report(old, "up_for_retry", end_date=START)
    new = world.ti().id
    assert api.of(new).get(f"/hitlDetails/{new}").status == 200
    assert api.of(old).get(f"/hitlDetails/{old}").status == 404


def test_a_task_that_awaits_input_goes_on_when_a_human_answers(world: World, api: Api) -> None:
    ti_id = running(world)
    ask(api, ti_id)
    world.report(ti_id, "awaiting_input", **PARK)
    assert world.ti().state == "awaiting_input"
    world.state.answer(ti_id, "yes", user={"id": "1", "name": "Ada"})
    assert (world.ti().state, world.ti().next_method) == ("scheduled", "execute_complete")
    event = dict(world.ti().next_kwargs or {})["event"]
    assert event["responded_at"]["__data__"]["timestamp"] == START.timestamp()
    assert (event["chosen_options"], event["responded_by_user"]["name"]) == (["yes"], "Ada")


def test_a_task_whose_human_was_faster_is_scheduled_instead_of_parked(world: World, api: Api) -> None:
    ti_id = running(world)
    ask(api, ti_id)
    world.state.answer(ti_id, "no")
    assert world.ti().state == "running"
    assert world.report(ti_id, "awaiting_input", timeout=timedelta(hours=1), **PARK).status == 204
    assert world.told("task_instance")[-1] == ("running", "scheduled", "PATCH state")
    kwargs = dict(world.ti().next_kwargs or {})
    assert (kwargs["a"], kwargs["event"]["chosen_options"]) == (1, ["no"])


def test_an_answer_by_the_task_itself_wakes_nobody(world: World, api: Api) -> None:
    ti_id = running(world)
    ask(api, ti_id)
    world.report(ti_id, "awaiting_input", **PARK)
    reply(api, ti_id, "yes")
    assert world.ti().state == "awaiting_input"


def test_only_an_open_question_can_be_answered(world: World) -> None:
    with pytest.raises(ValueError, match="no open question"):
        world.state.answer(running(world), "yes")


def test_a_trigger_that_never_fires_fails_the_task_in_its_worker(world: World) -> None:
    ti_id = running(world)
    defer(world, ti_id, trigger_timeout=timedelta(seconds=60))
    world.after(60)
    world.sweep()
    assert world.ti().state == "deferred"
    world.after(1)
    world.sweep()
    context = world.run(ti_id).body
    assert (context["next_method"], context["next_kwargs"]) == ("__fail__", {"error": "Trigger timeout"})


def time_out(world: World, api: Api, **question: Any) -> Any:
    """Ask, park for a minute, wait; returns the event the task goes on with."""
    ti_id = running(world)
    ask(api, ti_id, **question)
    world.report(ti_id, "awaiting_input", timeout=timedelta(seconds=60), **PARK)
    world.after(61)
    world.sweep()
    return world.run(ti_id).body["next_kwargs"]["event"]


def test_a_human_who_never_answers_is_an_error(world: World, api: Api) -> None:
    assert time_out(world, api)["error_type"] == "timeout"


def test_a_human_who_never_answers_meant_the_defaults(world: World, api: Api) -> None:
    params = {"a": {"value": 1, "schema": {}}, "b": 2}
    event = time_out(world, api, defaults=["no"], params=params)
    assert (event["chosen_options"], event["params_input"]) == (["no"], {"a": 1, "b": 2})
    assert (event["timedout"], event["responded_by_user"]) == (True, None)
    answer = api.of(world.ti().id).get(f"/hitlDetails/{world.ti().id}").body
    assert (answer["response_received"], answer["chosen_options"]) == (True, ["no"])
