"""What recorded calls say about runs, XComs, variables, connections and assets that had been there."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from harness.conformance.drafts import Draft
from harness.conformance.evidence import evidence, reason
from harness.conformance.recordings import Step

#: Writes of a token with this id belong to no task instance.
NOBODY = "00000000-0000-0000-0000-000000000000"
#: The run that values of prior dates are put into.
PRIOR, PRIOR_DATE = "prior", "1970-01-02T00:00:00Z"
#: Rows that are made because a number tells of them; a server that has more is not played again.
MANY = 10_000


@evidence("GET", "/dags/(.+)")
def _dag(draft: Draft, step: Step, dag_id: str) -> None:
    if step.status == 200:
        draft.dag(dag_id, step.answer)


@evidence("GET", "/dag-runs/(?:count)")
def _count(draft: Draft, step: Step) -> None:
    dag_id = step.one("dag_id")
    if step.status == 200 and set(step.query) == {"dag_id"} and draft.first("run count", dag_id):
        made = sum(1 for key in draft.touched if key[:2] == ("made", dag_id))
        draft.fillers[dag_id] = min(step.answer, MANY) - made


@evidence("GET", "/dag-runs/previous")
def _previous(draft: Draft, step: Step) -> None:
    if step.status == 200 and step.answer:
        draft.run(step.answer["dag_id"], step.answer["run_id"], step.answer)


@evidence("GET", "/dag-runs/([^/]+)/previous")
def _previous_of_old(draft: Draft, step: Step, _dag_id: str) -> None:
    _previous(draft, step)


@evidence("GET", "/dag-runs/([^/]+)/([^/]+)/state")
def _run_state(draft: Draft, step: Step, dag_id: str, run_id: str) -> None:
    if step.status == 200:
        draft.run(dag_id, run_id, {"state": step.answer["state"]})


@evidence("GET", "/dag-runs/([^/]+)/([^/]+)")
def _run(draft: Draft, step: Step, dag_id: str, run_id: str) -> None:
    if step.status == 200:
        draft.run(dag_id, run_id, step.answer)
        if (dag_id, run_id) in draft.makers:
            maker, _ = draft.makers[dag_id, run_id]
            user = step.answer.get("triggering_user_name")
            draft.makers[dag_id, run_id] = maker, user
            if user and draft.first("ti", maker):
                draft.task(maker)


@evidence("POST", "/dag-runs/([^/]+)/([^/]+)/clear")
def _clear(draft: Draft, step: Step, dag_id: str, run_id: str) -> None:
    if step.status == 204:
        draft.run(dag_id, run_id)
    elif "Dag with" not in reason(step):
        draft.dag(dag_id)


@evidence("POST", "/dag-runs/([^/]+)/([^/]+)")
def _trigger(draft: Draft, step: Step, dag_id: str, run_id: str) -> None:
    why = reason(step)
    if step.status == 204:
        draft.dag(dag_id)
        draft.first("run", dag_id, run_id)
        draft.first("made", dag_id, run_id)
        draft.makers[dag_id, run_id] = _sub(step), None
        draft.first("date", dag_id, str((step.body or {}).get("logical_date")))
    elif why.startswith("already_exists"):
        draft.run(dag_id, run_id)
    elif why.startswith("not_found: Dag"):
        draft.first("stale", dag_id)  # if there is one at all
    elif step.status in (400, 409):
        draft.dag(dag_id, _denied(why))
        if (
            step.status == 409
            and (date := step.body.get("logical_date"))
            and draft.first("date", dag_id, date)
        ):
            draft.run(dag_id, f"of_{date}", {"logical_date": date})


def _denied(why: str) -> dict[str, Any]:
    if why.startswith("import_errors"):
        return {"has_import_errors": True}
    return {"allowed_run_types": ("scheduled",)} if why.startswith("denied_run_type") else {}


_XCOM = "/xcoms/([^/]+)/([^/]+)/([^/]+)/(.+)"


@evidence("POST", _XCOM)
def _push(draft: Draft, step: Step, dag_id: str, run_id: str, task_id: str, key: str) -> None:
    index = int(step.one("map_index") or -1)
    if step.status == 201:
        draft.name(dag_id, run_id, task_id, index)
        _caller(draft, step, dag_id, run_id, task_id, index)
        draft.first("xcom", dag_id, run_id, task_id, key, str(index))
    elif step.status == 500:
        draft.run(dag_id, run_id)


def _sub(step: Step) -> str:
    """The id in the caller's token."""
    return str((step.claims or {}).get("sub"))


def _caller(draft: Draft, step: Step, dag_id: str, run_id: str, task_id: str, index: int) -> None:
    """A task pushes XComs of its own: the id in its token is the one of the task in the path."""
    if (task := draft.tasks.get(_sub(step))) and task.task_id is None:
        task.dag_id, task.run_id, task.task_id, task.map_index = dag_id, run_id, task_id, index


@evidence("GET", f"{_XCOM}/item/(-?\\d+)")
def _item(draft: Draft, step: Step, *where: str) -> None:
    if step.status == 200 and int(where[4]) >= 0:
        _pulled(draft, where[:4], int(where[4]), step.answer)


@evidence("GET", f"{_XCOM}/slice")
def _slice(draft: Draft, step: Step, *where: str) -> None:
    if step.status == 200 and not step.query:
        for index, value in enumerate(step.answer):
            _pulled(draft, where, index, value)


@evidence("HEAD", _XCOM)
def _head(draft: Draft, step: Step, *where: str) -> None:
    for index in range(min(MANY, int(step.got.get("content-range", "0").rpartition(" ")[2]))):
        _pulled(draft, where, index, None)


@evidence("GET", _XCOM)
def _pull(draft: Draft, step: Step, *where: str) -> None:
    index = int(step.one("map_index") or -1)
    if step.status == 200 and step.one("include_prior_dates") == "true":
        draft.run(where[0], where[1])
        draft.run(where[0], PRIOR, {"logical_date": PRIOR_DATE, "run_after": PRIOR_DATE, "state": "success"})
        _pulled(draft, (where[0], PRIOR, *where[2:]), index, step.answer["value"])
    elif step.status == 200:
        _pulled(draft, where, index, step.answer["value"])
    else:
        draft.first("xcom", *where, str(index))


@evidence("DELETE", _XCOM)
def _drop(draft: Draft, step: Step, *where: str) -> None:
    draft.first("xcom", *where, step.one("map_index") or "-1")


def _pulled(draft: Draft, where: tuple[str, ...], index: int, value: Any) -> None:
    dag_id, run_id, task_id, key = where
    known = [each for each in draft.touched if each[:5] == ("xcom", *where)]
    if not known and draft.first("xcom", *where, str(index)):
        draft.name(dag_id, run_id, task_id, index)
        draft.xcoms[dag_id, run_id, task_id, key, index] = value


@evidence("GET", "/variables/keys")
def _keys(draft: Draft, step: Step) -> None:
    if step.status == 404:
        draft.first("variable", "keys")
        return
    for key in step.answer["keys"]:
        if draft.first("variable", key):
            draft.variables[key] = ""


@evidence("GET", "/variables/(.+)")
def _variable(draft: Draft, step: Step, key: str) -> None:
    unread = draft.variables.get(key) == ""
    if step.status == 200 and (draft.first("variable", key) or unread):
        draft.variables[key] = step.answer["value"]
    draft.first("variable", key)


@evidence("PUT", "/variables/(.+)")
def _set_variable(draft: Draft, _step: Step, key: str) -> None:
    draft.first("variable", key)


@evidence("DELETE", "/variables/(.+)")
def _unset_variable(draft: Draft, _step: Step, key: str) -> None:
    draft.first("variable", key)


@evidence("GET", "/connections/(.+)")
def _connection(draft: Draft, step: Step, conn_id: str) -> None:
    if draft.first("connection", conn_id) and step.status == 200:
        tests = [
            test for test in draft.tests.values() if test.get("conn_id") == conn_id and test["succeeded"]
        ]
        for test in tests:
            test["commit_on_success"] = True
        if not tests:
            draft.connections[conn_id] = step.answer


@evidence("GET", "/connection-tests/([^/]+)/connection")
def _take_test(draft: Draft, step: Step, test_id: str) -> None:
    if step.status == 200 and draft.first("test", test_id):
        draft.tests[test_id] = step.answer | {"state": "pending", "succeeded": False}
    elif step.status == 409 and draft.first("test", test_id):
        state = reason(step).partition("is in state ")[2].partition(";")[0]
        draft.tests[test_id] = {"state": state, "succeeded": False}


@evidence("PATCH", "/connection-tests/([^/]+)")
def _report_test(draft: Draft, step: Step, test_id: str) -> None:
    if step.status in (204, 409) and draft.first("test", test_id):
        state = reason(step).rpartition(" ")[2] if step.status == 409 else "running"
        draft.tests[test_id] = {"state": state, "succeeded": False}
    if step.status == 204:
        draft.tests[test_id]["succeeded"] = step.body["state"] == "success"


@evidence("GET", "/assets/by-(?:name|uri)")
def _asset(draft: Draft, step: Step) -> None:
    if step.status == 200:
        _there(draft, step.answer, active=True)


@evidence("GET", "/assets/by-alias")
def _alias(draft: Draft, step: Step) -> None:
    alias = step.one("alias_name")
    if step.status == 200 and draft.first("alias", alias):
        for each in step.answer:
            _there(draft, each, active=False)
        draft.aliases[alias] = [(each["name"], each["uri"]) for each in step.answer]


def _there(draft: Draft, told: dict[str, Any], *, active: bool) -> None:
    key = told["name"], told["uri"]
    for guess in [each for each, row in draft.assets.items() if "guessed" in row and set(each) & set(key)]:
        del draft.assets[guess]
    if draft.first("asset", *key):
        draft.assets[key] = dict(told) | {"active": active}
    elif active and key in draft.assets:
        draft.assets[key]["active"] = True


@evidence("GET", "/asset-events/by-asset(?:-alias)?")
def _events(draft: Draft, step: Step) -> None:
    if step.status != 200:
        return
    for event in step.answer["asset_events"]:
        older = datetime.fromisoformat(event["timestamp"]) < draft.began
        if older and draft.first("event", str(event["id"])):
            _there(draft, event["asset"], active=True)
            draft.events.append(event | {"alias": step.one("name") if "alias" in step.route else None})


@evidence("GET", "/store/asset/by-(name|uri)/value")
def _remembered(draft: Draft, step: Step, by: str) -> None:
    name, key = step.one(by), step.one("key")
    if "Asset with" in reason(step):
        return
    _named(draft, by, name)
    if draft.first("asset store", name, key) and step.status == 200:
        draft.asset_store[name, key] = step.answer["value"]


@evidence("PUT", "/store/asset/by-(name|uri)/value")
def _remember(draft: Draft, step: Step, by: str) -> None:
    if "Asset with" not in reason(step):
        _named(draft, by, step.one(by))
        draft.first("asset store", step.one(by), step.one("key"))
    known = _sub(step) != NOBODY and draft.first("ti", _sub(step))
    if step.method == "PUT" and step.status == 204 and known:
        draft.task(_sub(step))  # who writes is put down, so there was somebody


@evidence("DELETE", "/store/asset/by-(name|uri)/(?:value|clear)")
def _forget(draft: Draft, step: Step, by: str) -> None:
    _remember(draft, step, by)


def _named(draft: Draft, by: str, text: str) -> None:
    """An asset known by its name or its URI alone; the other one comes to light when a later call tells it."""
    known = {key[0 if by == "name" else 1] for key in draft.assets}
    if text not in known:
        draft.assets[(text, text)] = {"active": True, "guessed": by}
