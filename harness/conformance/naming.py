"""Which task instance is which task: paths show ids, other answers show names, and few calls show both."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from harness.conformance.drafts import Draft, TaskDraft
from harness.conformance.recordings import Step

_OWN = re.compile(r"/task-instances/([^/]+)/(run|state)")
_PREVIOUS = re.compile(r"/task-instances/previous/([^/]+)/([^/]+)")
_MAPPED = re.compile(r"(.+)_(\d+)")


@dataclass(frozen=True)
class Sighting:
    """An answer told of a task by name, and of its state at that time."""

    dag_id: str
    run_id: str
    task_id: str
    state: str | None
    map_index: int = -1
    only_pairs: bool = False
    fields: Mapping[str, Any] | None = None

    @property
    def key(self) -> tuple[str, str, str, int]:
        """The name."""
        return self.dag_id, self.run_id, self.task_id, self.map_index


def name_tasks(draft: Draft, steps: Sequence[Step]) -> None:
    """Give every id of the draft a name, and put down the tasks that were seen by name only.

    An id is the task whose state is its own at the time, if there is just one such; those left over are paired in
    order. Runs that calls made are left alone: their tasks came with them.
    """
    believed = {ti_id: task.state for ti_id, task in draft.tasks.items()}
    _at_home(draft)
    left = [seen for step in steps for seen in _unpaired(draft, step, believed)]
    for seen in left:
        if seen.only_pairs:
            continue
        if not _known(draft, seen) and not _pair(draft, seen, None):
            task = draft.name(*seen.key)
            task.is_in(seen.state)
            task.fields |= dict(seen.fields or {})
    for number, task in enumerate(each for each in draft.tasks.values() if each.task_id is None):
        task.task_id = f"task-{number + 1}"
    for task in draft.tasks.values():
        draft.named.pop((task.dag_id or "", task.run_id or "", task.task_id or "", task.map_index), None)


def _unpaired(draft: Draft, step: Step, believed: dict[str, str | None]) -> Iterator[Sighting]:
    """The tasks that a step shows and that no id is known to be; `believed` goes with the steps."""
    _follow(believed, step)
    for seen in _sightings(step):
        if not _known(draft, seen) and not _pair(draft, seen, believed):
            yield seen


def _at_home(draft: Draft) -> None:
    """An id of which no answer told the run is in the only or first run that is known."""
    dag_id, run_id = next(iter(draft.runs), ("dag", "run"))
    for task in draft.tasks.values():
        if task.dag_id is None:
            task.dag_id, task.run_id = dag_id, run_id
        draft.run(task.dag_id, task.run_id or run_id)


def _follow(believed: dict[str, str | None], step: Step) -> None:
    found = _OWN.fullmatch(step.route)
    if found and step.status in (200, 204) and step.body:
        believed[found[1]] = step.body["state"]


def _sightings(step: Step) -> Iterator[Sighting]:
    if step.status != 200 or not step.answer:
        return
    if step.route == "/task-instances/states":
        for run_id, states in step.answer["task_states"].items():
            for name, state in states.items():
                mapped = _MAPPED.fullmatch(name) if step.one("map_index") else None
                task_id, index = (mapped[1], int(mapped[2])) if mapped else (name, -1)
                yield Sighting(step.one("dag_id"), run_id, task_id, state, index)
    elif step.route == "/task-instances/breadcrumbs":
        for each in step.answer["breadcrumbs"]:
            told = {"operator": each["operator"], "duration": each["duration"]}
            name = (step.one("dag_id"), step.one("run_id"), each["task_id"])
            yield Sighting(*name, each["state"], each["map_index"], fields=told)
    elif step.route == "/asset-events/by-asset":
        for event in step.answer["asset_events"]:
            dag_id, run_id, task_id = (event[f"source_{part}"] for part in ("dag_id", "run_id", "task_id"))
            yield Sighting(dag_id, run_id, task_id, "success", event["source_map_index"], only_pairs=True)
    elif _PREVIOUS.fullmatch(step.route):
        told = {name: step.answer[name] for name in ("start_date", "end_date", "duration")}
        name = (step.answer["dag_id"], step.answer["run_id"], step.answer["task_id"])
        yield Sighting(*name, step.answer["state"], step.answer["map_index"], fields=told)


def _known(draft: Draft, seen: Sighting) -> bool:
    operator = (seen.fields or {}).get("operator")
    tasks = [*draft.tasks.values(), *(task for task in draft.named.values() if task.stated)]
    mine = [each for each in tasks if (each.dag_id, each.run_id, each.task_id, each.map_index) == seen.key]
    for task in mine:
        task.fields["operator"] = task.fields.get("operator") or operator
    made = ("made", seen.dag_id, seen.run_id) in draft.touched
    return bool(mine) or made


def _pair(draft: Draft, seen: Sighting, believed: Mapping[str, str | None] | None) -> bool:
    """Name the one id that may be this task. Without `believed` any state will do, and the first of several."""
    mine = [
        (ti_id, task)
        for ti_id, task in draft.tasks.items()
        if task.task_id is None and (task.dag_id, task.run_id) == (seen.dag_id, seen.run_id)
    ]
    fits: list[tuple[str, TaskDraft]] = [
        each for each in mine if believed is None or believed[each[0]] == seen.state
    ]
    if not fits or (believed is not None and len(fits) > 1):
        return False
    task = fits[0][1]
    task.task_id, task.map_index = seen.task_id, seen.map_index
    task.fields |= {name: value for name, value in (seen.fields or {}).items() if name == "operator"}
    return True
