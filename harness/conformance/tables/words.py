"""The words the tables of cases are written in: one short function a kind of call."""

from __future__ import annotations

from typing import Any

from harness.conformance.case import END, NOTHING, START, WORKLOAD, Call, Token

HOST = "host-1"
PID = 4242


def call(method: str, path: str, body: Any = NOTHING, **more: Any) -> Call:
    """A call of the Execution API."""
    return Call(method=method, path=f"/execution{path}", body=body, **more)


def get(path: str, **more: Any) -> Call:
    """A GET."""
    return call("GET", path, **more)


def run(task: str = "a", *, pid: int = PID, host: str = HOST, unixname: str = "user", **more: Any) -> Call:
    """Start a task, with a workload token unless another is given."""
    body = {"state": "running", "hostname": host, "unixname": unixname, "pid": pid, "start_date": START}
    return on(task, "PATCH", "run", body, **{"token": Token(sub=f"{{{task}}}", scope=WORKLOAD.scope)} | more)


def beat(task: str = "a", *, pid: int = PID, host: str = HOST, **more: Any) -> Call:
    """A sign of life."""
    return on(task, "PUT", "heartbeat", {"hostname": host, "pid": pid}, **more)


def state(
    new: str, task: str = "a", *, token: Token | None = None, version: str | None = None, **body: Any
) -> Call:
    """Move a task on; `body` is added to the state, and END is the end date unless `end_date` says otherwise."""
    told = {
        name: value for name, value in ({"state": new, "end_date": END} | body).items() if value is not ...
    }
    more: dict[str, Any] = {"version": version} if version else {}
    return on(task, "PATCH", "state", told, **({"token": token} if token else {}), **more)


def on(task: str, method: str, what: str, body: Any = NOTHING, **more: Any) -> Call:
    """A call of a task about itself."""
    token = {"token": Token(sub=f"{{{task}}}")}
    return call(method, f"/task-instances/{{{task}}}/{what}", body, **token | more)
