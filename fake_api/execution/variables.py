"""Routes under /variables (Airflow: execution_api/routes/variables.py)."""

from typing import Annotated

from fastapi import APIRouter, Path, Query

from fake_api.database import refuse_texts, window
from fake_api.dependencies import StateDep, execution_token
from fake_api.execution.content_answers import VariableKeysResponse, VariableResponse
from fake_api.execution.documented import statuses
from fake_api.execution.payloads import VariablePostBody
from fake_api.outcome import NO_CONTENT, Reply
from fake_api.routing import guarded_by
from fake_api.rows import Variable
from fake_api.state import State

router = APIRouter(prefix="/variables", tags=["Variables"], route_class=guarded_by(execution_token()))

Key = Annotated[str, Path(min_length=1)]


@router.get("/keys", response_model=VariableKeysResponse, responses=statuses(401))
async def get_variable_keys(
    *,
    state: StateDep,
    prefix: str | None = None,
    limit: Annotated[int, Query(ge=1, le=10_000)] = 1000,
    offset: Annotated[int, Query(ge=0)] = 0,
) -> Reply:
    """List keys in order, those that start with `prefix`."""
    if "\0" in (prefix or ""):
        refuse_texts(state.settings.database, variable__key=prefix)
    folded = _folded(state, prefix or "")
    keys = sorted(key for key in state.variables if _folded(state, key).startswith(folded))
    found = window(state.settings.database, keys, limit=limit, offset=offset)
    return Reply(200, {"keys": found, "total_entries": len(keys)})


@router.get("/{variable_key:path}", response_model=VariableResponse, responses=statuses(401, 403, 404))
async def get_variable(*, variable_key: Key, state: StateDep) -> Reply:
    """Get a variable."""
    variable = state.variables.get(variable_key)
    if variable is None:
        message = f"Variable with key '{variable_key}' not found"
        return Reply(404, {"detail": {"reason": "not_found", "message": message}})
    return Reply(200, {"key": variable_key, "value": variable.val})


@router.put("/{variable_key:path}", status_code=201, responses=statuses(401, 403, 404))
async def put_variable(*, variable_key: Key, body: VariablePostBody, state: StateDep) -> Reply:
    """Set a variable."""
    refuse_texts(state.settings.database, variable__key=variable_key)
    state.variables[variable_key] = Variable(val=str(body.value), description=body.description)
    return Reply(201, {"message": "Variable successfully set"})


@router.delete("/{variable_key:path}", status_code=204, responses=statuses(401, 403, 404))
async def delete_variable(*, variable_key: Key, state: StateDep) -> Reply:
    """Delete a variable, or find it gone."""
    if "\0" in variable_key:
        refuse_texts(state.settings.database, variable__key=variable_key)
    state.variables.pop(variable_key, None)
    return NO_CONTENT


def _folded(state: State, text: str) -> str:
    # SQLite's LIKE takes A for a, and for nothing else outside of ASCII
    if state.settings.database == "postgresql":
        return text
    return "".join(each.lower() if each.isascii() else each for each in text)
