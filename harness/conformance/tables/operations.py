"""Every operation of the newest version, with a call of it that is in order."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from harness.conformance.case import (
    END,
    NEXT_DAY,
    NOTHING,
    WORKLOAD,
    Call,
    Run,
    Seed,
    SeededAsset,
    Task,
    Token,
    XCom,
)
from harness.conformance.tables.words import HOST, PID, call, run

#: Something of everything, so that each call below finds what it asks for.
WORLD = Seed(
    tasks=(Task(outlets=("o",)), Task(name="b"), Task(name="c", state=None)),
    runs=(Run(), Run(name="done", state="success", logical_date="2019-12-31T00:00:00Z")),
    xcoms=(XCom(value={"x": [1, "é"]}),),
    variables={"v": "val"},
    connections={
        "conn": {"conn_type": "http", "host": "h", "port": 80, "password": "p", "extra": '{"a": 1}'}
    },
    assets=(SeededAsset(name="o", alias="al"),),
    connection_test=True,
)
ASKED = {"ti_id": "{a}", "options": ["yes", "no"], "subject": "Well?"}


@dataclass(frozen=True)
class Operation:
    """One operation: its path as OpenAPI has it, and a call that is in order for a server that holds WORLD.

    `own` names whose id is in the path: only its token will do. `scope` is the token's that passes.
    """

    method: str
    path: str
    call: Call
    own: str | None = None
    scope: str = "execution"

    @property
    def name(self) -> str:
        """Method and path."""
        return f"{self.method} {self.path}"


def _any(method: str, path: str, sent: str, body: Any = NOTHING) -> Operation:
    return Operation(method, path, call(method, sent, body))


def _own(method: str, path: str, body: Any = NOTHING) -> Operation:
    sent = path.replace("{task_instance_id}", "{a}").replace("{key}", "k")
    return Operation(method, path, call(method, sent, body), own="a")


def _test(method: str, path: str, body: Any = NOTHING) -> Operation:
    sent = call(
        method,
        path.replace("{connection_test_id}", "{test}"),
        body,
        token=Token(sub="{test}", scope=WORKLOAD.scope),
    )
    return Operation(method, path, sent, own="test", scope="workload")


_TI = "/task-instances/{task_instance_id}"
_XCOM, _K = "/xcoms/{dag_id}/{run_id}/{task_id}/{key}", "/xcoms/{dag}/r/a/k"
_NAMED, _AT = "/store/asset/by-name", "/store/asset/by-uri"

OPERATIONS: tuple[Operation, ...] = (
    _any("GET", "/health", "/health"),
    _any("GET", "/health/ping", "/health/ping"),
    Operation("PATCH", f"{_TI}/run", run(), own="a", scope="any"),
    _own("PUT", f"{_TI}/heartbeat", {"hostname": HOST, "pid": PID}),
    _own("PATCH", f"{_TI}/state", {"state": "failed", "end_date": END}),
    _own("PATCH", f"{_TI}/skip-downstream", {"tasks": ["b", ["c", -1]]}),
    _own("PUT", f"{_TI}/rtif", {"bash_command": "echo 1"}),
    _own("PATCH", f"{_TI}/rendered-map-index", "label"),
    _own("GET", f"{_TI}/previous-successful-dagrun"),
    _own("GET", f"{_TI}/validate-inlets-and-outlets"),
    _own("GET", "/task-reschedules/{task_instance_id}/start_date"),
    _any("GET", "/task-instances/count", "/task-instances/count?dag_id={dag}"),
    _any("GET", "/task-instances/states", "/task-instances/states?dag_id={dag}"),
    _any("GET", "/task-instances/breadcrumbs", "/task-instances/breadcrumbs?dag_id={dag}&run_id=r"),
    _any("GET", "/task-instances/previous/{dag_id}/{task_id}", "/task-instances/previous/{dag}/a"),
    _any("GET", _XCOM, _K),
    _any("HEAD", _XCOM, _K),
    _any("POST", _XCOM, _K, {"y": None}),
    _any("DELETE", _XCOM, _K),
    _any("GET", f"{_XCOM}/item/{{offset}}", f"{_K}/item/0"),
    _any("GET", f"{_XCOM}/slice", f"{_K}/slice"),
    _any("GET", "/variables/keys", "/variables/keys?prefix={dag}"),
    _any("GET", "/variables/{variable_key}", "/variables/{dag}-v"),
    _any("PUT", "/variables/{variable_key}", "/variables/{dag}-v", {"val": "new", "description": "d"}),
    _any("DELETE", "/variables/{variable_key}", "/variables/{dag}-v"),
    _any("GET", "/connections/{connection_id}", "/connections/{dag}-conn"),
    _any("GET", "/dag-runs/count", "/dag-runs/count?dag_id={dag}"),
    _any("GET", "/dag-runs/previous", f"/dag-runs/previous?dag_id={{dag}}&logical_date={NEXT_DAY}"),
    _any("GET", "/dag-runs/{dag_id}/{run_id}", "/dag-runs/{dag}/r"),
    _any("POST", "/dag-runs/{dag_id}/{run_id}", "/dag-runs/{dag}/new", {"conf": {"x": 1}}),
    _any("POST", "/dag-runs/{dag_id}/{run_id}/clear", "/dag-runs/{dag}/done/clear"),
    _any("GET", "/dag-runs/{dag_id}/{run_id}/state", "/dag-runs/{dag}/r/state"),
    _any("GET", "/dags/{dag_id}", "/dags/{dag}"),
    _any("GET", "/assets/by-name", "/assets/by-name?name={dag}-o"),
    _any("GET", "/assets/by-uri", "/assets/by-uri?uri=s3://{dag}/o"),
    _any("GET", "/assets/by-alias", "/assets/by-alias?alias_name={dag}-al"),
    _any("GET", "/asset-events/by-asset", "/asset-events/by-asset?name={dag}-o&uri="),
    _any("GET", "/asset-events/by-asset-alias", "/asset-events/by-asset-alias?name={dag}-al"),
    _own("POST", "/hitlDetails/{task_instance_id}", ASKED),
    _own("GET", "/hitlDetails/{task_instance_id}"),
    _own("PATCH", "/hitlDetails/{task_instance_id}", {"ti_id": "{a}", "chosen_options": ["yes"]}),
    _own("GET", "/store/ti/{task_instance_id}/{key}"),
    _own("PUT", "/store/ti/{task_instance_id}/{key}", {"value": {"n": 1}}),
    _own("DELETE", "/store/ti/{task_instance_id}/{key}"),
    _own("DELETE", "/store/ti/{task_instance_id}"),
    _any("GET", f"{_NAMED}/value", f"{_NAMED}/value?name={{dag}}-o&key=k"),
    _any("PUT", f"{_NAMED}/value", f"{_NAMED}/value?name={{dag}}-o&key=k", {"value": 1}),
    _any("DELETE", f"{_NAMED}/value", f"{_NAMED}/value?name={{dag}}-o&key=k"),
    _any("DELETE", f"{_NAMED}/clear", f"{_NAMED}/clear?name={{dag}}-o"),
    _any("GET", f"{_AT}/value", f"{_AT}/value?uri=s3://{{dag}}/o&key=k"),
    _any("PUT", f"{_AT}/value", f"{_AT}/value?uri=s3://{{dag}}/o&key=k", {"value": 1}),
    _any("DELETE", f"{_AT}/value", f"{_AT}/value?uri=s3://{{dag}}/o&key=k"),
    _any("DELETE", f"{_AT}/clear", f"{_AT}/clear?uri=s3://{{dag}}/o"),
    _test("GET", "/connection-tests/{connection_test_id}/connection"),
    _test("PATCH", "/connection-tests/{connection_test_id}", {"state": "success", "result_message": "ok"}),
)
BY_NAME = {each.name: each for each in OPERATIONS}
