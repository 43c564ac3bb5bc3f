"""Routes under /xcoms (Airflow: execution_api/routes/xcoms.py)."""

from typing import Annotated

from fastapi import APIRouter, Body, Path
from pydantic import JsonValue

from fake_api.database import DriverError, jsonb, refuse_compared, refuse_texts, window
from fake_api.dependencies import StateDep, execution_token
from fake_api.execution.content_answers import (
    XComResponse,
    XComSequenceIndexResponse,
    XComSequenceSliceResponse,
)
from fake_api.execution.documented import Responses, statuses
from fake_api.execution.slices import sliced
from fake_api.outcome import Change, Reply
from fake_api.queries import prior_xcoms
from fake_api.routing import guarded_by
from fake_api.rows import TaskKey
from fake_api.state import State
from fake_api.xcoms import XComTask

PREFIX = "/xcoms/{dag_id}/{run_id}/{task_id}"
router = APIRouter(prefix=PREFIX, tags=["XComs"], route_class=guarded_by(execution_token()))

Key = Annotated[str, Path(min_length=1)]
REFUSALS = statuses(401, 403, 404)
COUNTED: Responses = {
    200: {
        "description": "How many values there are",
        "headers": {"Content-Range": {"schema": {"pattern": r"^map_indexes \d+$"}}},
    }
}


class ForeignKeyError(Exception):
    """An XCom of a task instance that does not exist: the database refuses it, Airflow answers 500."""


class NegativeLengthError(Exception):
    """A length below zero: the database refuses it, Airflow answers 500."""


@router.get("/{key:path}/item/{offset}", response_model=XComSequenceIndexResponse, responses=REFUSALS)
async def get_by_index(
    *, dag_id: str, run_id: str, task_id: str, key: Key, offset: int, state: StateDep
) -> Reply:
    """Get the value at a position of a mapped task's values; negative counts from the end."""
    refuse_texts(state.settings.database, xcom__key=key)
    values = list(state.xcoms.values(XComTask(dag_id, run_id, task_id), key).items())
    found = _at(state, values, offset)
    return Reply(200, found[0]) if found else _not_found(f"{key=} {offset=}", dag_id, run_id, task_id)


@router.get("/{key:path}/slice", response_model=XComSequenceSliceResponse, responses=REFUSALS)
async def get_by_slice(
    *,
    dag_id: str,
    run_id: str,
    task_id: str,
    key: Key,
    state: StateDep,
    start: int | None = None,
    stop: int | None = None,
    step: int | None = None,
    include_prior_dates: bool = False,
) -> Reply:
    """Get a slice of a mapped task's values, mostly as Python slices a list."""
    refuse_texts(state.settings.database, xcom__key=key)
    rows = _rows(state, XComTask(dag_id, run_id, task_id), key, include_prior_dates)
    return Reply(200, sliced(state.settings.database, rows, start=start, stop=stop, step=step))


@router.head("/{key:path}", responses=REFUSALS | COUNTED)
async def head_xcom(
    *, dag_id: str, run_id: str, task_id: str, key: str, state: StateDep, map_index: int | None = None
) -> Reply:
    """Count the values of a mapped task."""
    if map_index is not None:
        message = "Cannot specify map_index in a HEAD request"
        return Reply(400, {"detail": {"reason": "invalid_request", "message": message}})
    refuse_texts(state.settings.database, xcom__key=key)
    count = len(state.xcoms.values(XComTask(dag_id, run_id, task_id), key))
    return Reply(200, None, ((b"content-range", f"map_indexes {count}".encode()),))


@router.get("/{key:path}", response_model=XComResponse, responses=REFUSALS)
async def get_xcom(
    *,
    dag_id: str,
    run_id: str,
    task_id: str,
    key: Key,
    state: StateDep,
    map_index: int = -1,
    include_prior_dates: bool = False,
    offset: int | None = None,
) -> Reply:
    """Get one value by map index, or by its position among a mapped task's values."""
    refuse_texts(state.settings.database, xcom__key=key)
    asked = XComTask(dag_id, run_id, task_id)
    rows = _rows(state, asked, key, include_prior_dates, by_name=offset is not None)
    if offset is not None:
        found, what = _at(state, rows, offset), f"{key=} {offset=}"
    else:
        refuse_compared(state.settings.database, map_index)
        found, what = [value for index, value in rows if index == map_index], f"{key=} {map_index=}"
    if not found:
        return _not_found(what, dag_id, run_id, task_id)
    return Reply(200, {"key": key, "value": found[0]})


@router.post("/{key:path}", status_code=201, responses=REFUSALS)
async def set_xcom(
    *,
    dag_id: str,
    run_id: str,
    task_id: str,
    key: Key,
    state: StateDep,
    value: Annotated[JsonValue, Body()] = None,
    map_index: int = -1,
    dag_result: bool = False,
    mapped_length: int | None = None,
) -> Reply:
    """Set a value, also after the task instance finished. Raises ForeignKeyError for an unknown task."""
    if mapped_length is not None and mapped_length > state.settings.max_map_length:
        message = "pushed value is too large to map as a downstream's dependency"
        return Reply(400, {"detail": {"reason": "unmappable_return_value_length", "message": message}})
    if mapped_length is not None and mapped_length < 0:
        raise NegativeLengthError(f"{mapped_length=}: a task expands into at least 0 others")
    if (dag_id, run_id) not in state.dag_runs:
        return Reply(404, {"detail": f"DAG run not found on DAG {dag_id!r} with ID {run_id!r}"})
    try:
        refuse_texts(state.settings.database, xcom__key=key)
    except DriverError:
        return Reply(404, {"detail": "A string literal cannot contain NUL (0x00) characters."})
    refuse_compared(state.settings.database, map_index)
    task_key = TaskKey(dag_id, task_id, run_id, map_index)
    stored = jsonb(state.settings.database, value)
    if state.task_instances.find(task_key) is None:
        raise ForeignKeyError(f"no task instance {task_key}: submit it before it pushes an XCom")
    replaced = state.xcoms.set(XComTask(dag_id, run_id, task_id), key, map_index, stored)
    detail = {"dag_result": dag_result}
    _tell(state, task_key, key, old="set" if replaced else None, new="set", cause="POST xcoms", **detail)
    return Reply(201, {"message": "XCom successfully set"})


@router.delete("/{key:path}", responses=REFUSALS)
async def delete_xcom(
    *, dag_id: str, run_id: str, task_id: str, key: Key, state: StateDep, map_index: int = -1
) -> Reply:
    """Delete a value, or find it gone."""
    refuse_texts(state.settings.database, xcom__key=key)
    refuse_compared(state.settings.database, map_index)
    if state.xcoms.delete(XComTask(dag_id, run_id, task_id), key, map_index):
        task_key = TaskKey(dag_id, task_id, run_id, map_index)
        _tell(state, task_key, key, old="set", new=None, cause="DELETE xcoms")
    return Reply(200, {"message": f"XCom with key: {key} successfully deleted."})


def _rows(
    state: State, task: XComTask, key: str, include_prior_dates: bool, *, by_name: bool = True
) -> list[tuple[int, JsonValue]]:
    """(map index, value) of all values there are."""
    if include_prior_dates:
        return prior_xcoms(state, task, key, by_name=by_name)
    return list(state.xcoms.values(task, key).items())


def _at(state: State, rows: list[tuple[int, JsonValue]], offset: int) -> list[JsonValue]:
    """The value at a position, if there is one; a negative one counts from the end."""
    descending = offset < 0
    ordered = sorted(rows, key=lambda row: row[0], reverse=descending)
    asked = -1 - offset if descending else offset
    return [value for _, value in window(state.settings.database, ordered, limit=1, offset=asked)]


def _not_found(what: str, dag_id: str, run_id: str, task_id: str) -> Reply:
    message = f"XCom with {what} not found for task {task_id!r} in DAG run {run_id!r} of {dag_id!r}"
    return Reply(404, {"detail": {"reason": "not_found", "message": message}})


def _tell(
    state: State,
    task: TaskKey,
    key: str,
    *,
    old: str | None,
    new: str | None,
    cause: str,
    **more: bool,
) -> None:
    name = f"{task.dag_id}/{task.task_id}/{task.run_id}/{task.map_index}/{key}"
    detail = task._asdict() | {"xcom_key": key} | more
    state.tell(Change(at=state.now(), table="xcom", key=name, old=old, new=new, cause=cause, detail=detail))
