"""What each recorded call says about what had been there before: one short rule a route, tried in order.

A rule believes the first call that shows a thing, and nothing after it: what a call made, changed or deleted says no
more about the beginning.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any

from harness.conformance.drafts import Draft, TaskDraft
from harness.conformance.recordings import EDGE, Step

_RULES: list[tuple[str, re.Pattern[str], Callable[..., None]]] = []
_UUID = r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}"


def read(steps: Sequence[Step]) -> Draft:
    """What had been there, as far as the Execution API shows it."""
    draft = Draft(began=min(step.at for step in steps))
    for draft.position, step in enumerate(steps):
        if step.path.startswith(EDGE) or step.status in (401, 403, 405, 422):
            continue  # refused before anybody looked
        for method, pattern, rule in _RULES:
            found = pattern.fullmatch(step.route)
            if found and method == step.method:
                with suppress(KeyError, TypeError, ValueError, AttributeError):  # an answer of another shape
                    rule(draft, step, *found.groups())
                break
    return draft


def evidence(method: str, pattern: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Add a rule for the answered calls of a route; `ID` stands for an id, groups become arguments."""

    def add(rule: Callable[..., None]) -> Callable[..., None]:
        _RULES.append((method, re.compile(pattern.replace("ID", f"({_UUID})"), re.DOTALL), rule))
        return rule

    return add


def reason(step: Step) -> str:
    """The reason or the text of a refusal, for looking things up in it."""
    detail = step.answer.get("detail") if isinstance(step.answer, dict) else None
    if isinstance(detail, dict):
        return f"{detail.get('reason')}: {detail.get('message')}"
    return str(detail)


def _was(draft: Draft, ti_id: str, step: Step) -> TaskDraft | None:
    """The task instance a call was about; None when there was none, or when calls made it what it is."""
    if step.status == 404 or step.status >= 500:
        draft.first("ti", ti_id)
        return None
    if ("ti", ti_id) in draft.touched and ti_id not in draft.tasks and step.status != 410:
        return None  # a 404 does not know the history, a 410 does
    task = draft.task(ti_id)
    if step.status == 410 and draft.first("moved", ti_id):
        task.archived = True
    elif step.status == 410 and draft.first("gone", ti_id):
        draft.cleared[draft.position] = [ti_id]
    return None if ("moved", ti_id) in draft.touched else task


@evidence("PATCH", "/task-instances/ID/run")
def _run(draft: Draft, step: Step, ti_id: str) -> None:
    context, task = step.answer, _was(draft, ti_id, step)
    if step.status == 200:
        told = context["dag_run"]
        draft.run(told["dag_id"], told["run_id"], told)
    if task is None:
        return
    if step.status == 409:
        task.is_in(context["detail"]["previous_state"])
        return
    draft.first("host", ti_id)
    task.dag_id, task.run_id = context["dag_run"]["dag_id"], context["dag_run"]["run_id"]
    again = not task.stated and context["should_retry"] and not context["max_tries"]
    task.is_in("restarting" if again else "queued")
    task.retries, task.reschedules = context["max_tries"], context["task_reschedule_count"]
    task.try_number = 1 if context["should_retry"] else context["max_tries"] + 1
    if "next_method" in context:
        task.fields = {name: context.get(name) for name in ("next_method", "next_kwargs", "start_date")}
    task.fields["xcom_keys"] = context["xcom_keys_to_clear"]
    draft.first("moved", ti_id)


@evidence("PUT", "/task-instances/ID/heartbeat")
def _heartbeat(draft: Draft, step: Step, ti_id: str) -> None:
    task = _was(draft, ti_id, step)
    if task is None:
        _went_on(draft, step, ti_id)
        return
    if step.status == 204:
        _runs(task, step.body["hostname"], step.body["pid"])
    elif step.status == 409:
        told = step.answer["detail"]
        if told["reason"] == "not_running":
            task.hostname, task.pid = step.body["hostname"], step.body["pid"]
            task.is_in(told["current_state"])
        elif told["current_hostname"]:
            _runs(task, told["current_hostname"], told["current_pid"])


def _went_on(draft: Draft, step: Step, ti_id: str) -> None:
    """Whoever is answered so is the one that had it, if no call here gave it to him."""
    here = step.status == 204 or "not_running" in reason(step)
    if here and ti_id in draft.tasks and draft.first("host", ti_id):
        task = draft.tasks[ti_id]
        task.hostname, task.pid = step.body["hostname"], int(step.body["pid"])


def _runs(task: TaskDraft, hostname: str, pid: Any) -> None:
    if not task.stated:
        task.hostname, task.pid = hostname, int(pid)
    task.is_in("running")


@evidence("PATCH", "/task-instances/ID/state")
def _state(draft: Draft, step: Step, ti_id: str) -> None:
    if step.status == 204 and step.body["state"] == "up_for_retry":
        draft.first("gone", ti_id)
    if step.status == 204:
        _made(draft, step.body.get("outlet_events") or [])
    task = _was(draft, ti_id, step)
    if task is None:
        return
    if step.status == 409:
        task.is_in(step.answer["detail"]["previous_state"])
        return
    task.is_in(step.body["state"] if step.status == 200 else "running")
    draft.first("moved", ti_id)


def _made(draft: Draft, events: list[dict[str, Any]]) -> None:
    """A success makes the assets and aliases that its events name."""
    for event in events:
        key = event.get("dest_asset_key") or {}
        draft.first("asset", str(key.get("name")), str(key.get("uri")))
        draft.first("alias", str(event.get("source_alias_name")))


@evidence("GET", "/task-instances/ID/validate-inlets-and-outlets")
def _inlets(draft: Draft, step: Step, ti_id: str) -> None:
    _was(draft, ti_id, step)
    if step.status == 200 and (task := draft.tasks.get(ti_id)):
        task.fields["inlets"] = [(each["name"], each["uri"]) for each in step.answer["inactive_assets"]]


@evidence("GET", "/task-instances/(?:count|states|breadcrumbs|previous/.*)")
def _seen_by_name(draft: Draft, step: Step) -> None:
    """Names are matched with ids when all ids are known: see naming.py. The Dag is what is known now."""
    if step.status == 404 and "Task group" in reason(step):
        draft.dag(step.one("dag_id"))
    if step.status == 200 and "/previous/" in step.route:  # which comes first depends on the date of its run
        told = step.answer
        draft.run(told["dag_id"], told["run_id"], {"logical_date": told["logical_date"]})


@evidence("GET", "/task-instances/ID/previous-successful-dagrun")
def _succeeded(draft: Draft, step: Step, ti_id: str) -> None:
    if step.status == 200 and any(step.answer.values()):
        draft.task(ti_id)
        draft.successes.setdefault(ti_id, step.answer)


def _exists(draft: Draft, step: Step, ti_id: str) -> None:
    _was(draft, ti_id, step)


for _method, _path in (
    ("PUT", "/task-instances/ID/rtif"),
    ("PATCH", "/task-instances/ID/rendered-map-index"),
    ("PATCH", "/task-instances/ID/skip-downstream"),
    ("DELETE", "/store/ti/ID"),
):
    evidence(_method, _path)(_exists)


@evidence("POST", "/hitlDetails/ID")
def _asked(draft: Draft, step: Step, ti_id: str) -> None:
    _was(draft, ti_id, step)
    if step.status == 201:
        draft.first("question", ti_id)


@evidence("GET", "/hitlDetails/ID")
def _question(draft: Draft, step: Step, ti_id: str) -> None:
    if step.status == 200 and draft.first("question", ti_id):
        draft.task(ti_id)
        draft.questions[ti_id] = step.answer


@evidence("PATCH", "/hitlDetails/ID")
def _answer(draft: Draft, step: Step, ti_id: str) -> None:
    if step.status in (200, 409) and draft.first("question", ti_id):
        draft.task(ti_id)
        answered = {"responded_at": step.at.isoformat()} if step.status == 409 else {}
        draft.questions[ti_id] = {"chosen_options": step.body["chosen_options"]} | answered


@evidence("GET", "/store/ti/ID/(.+)")
def _stored(draft: Draft, step: Step, ti_id: str, key: str) -> None:
    if "Task instance" not in reason(step):
        _was(draft, ti_id, _found(step))
    if draft.first("task store", ti_id, key) and step.status == 200:
        draft.task_store[ti_id, key] = step.answer["value"]


@evidence("PUT", "/store/ti/ID/(.+)")
def _store(draft: Draft, step: Step, ti_id: str, key: str) -> None:
    _was(draft, ti_id, step)
    draft.first("task store", ti_id, key)


@evidence("DELETE", "/store/ti/ID/(.+)")
def _forget(draft: Draft, step: Step, ti_id: str, key: str) -> None:
    _store(draft, step, ti_id, key)


def _found(step: Step) -> Step:
    """A 404 of a key tells that its owner was found."""
    return replace(step, status=200)
