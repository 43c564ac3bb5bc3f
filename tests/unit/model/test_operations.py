from __future__ import annotations

import pytest

from harness.model.operations import NAMES, understand


@pytest.mark.parametrize(
    ("method", "path", "name", "named"),
    [
        ("PATCH", "/execution/task-instances/0193/run", "ti.run", {"ti": "0193"}),
        ("PUT", "/execution/task-instances/0193/heartbeat", "ti.heartbeat", {"ti": "0193"}),
        ("PATCH", "/execution/task-instances/0193/state", "ti.state", {"ti": "0193"}),
        ("POST", "/edge_worker/v1/jobs/fetch/worker-1", "jobs.fetch", {"worker": "worker-1"}),
        ("PATCH", "/edge_worker/v1/worker/worker-1", "worker.set_state", {"worker": "worker-1"}),
        ("PATCH", "/edge_worker/v1/worker/queues/worker-1", "worker.queues", {"worker": "worker-1"}),
        (
            "PATCH",
            "/edge_worker/v1/jobs/state/d/t/r/1/-1/running",
            "jobs.state",
            {"dag": "d", "task": "t", "run": "r", "try": "1", "map": "-1", "state": "running"},
        ),
        ("GET", "/execution/variables/a/b", "variables.get", {"key": "a/b"}),
        ("GET", "/execution/variables/keys", "variables.keys", {}),
        ("POST", "/execution/xcoms/d/r/t/k", "xcoms.set", {"dag": "d", "run": "r", "task": "t", "key": "k"}),
    ],
)
def test_a_request_is_an_operation_with_what_its_path_names(
    method: str, path: str, name: str, named: dict[str, str]
) -> None:
    call = understand(method, path)
    assert (call.name, call.path) == (name, named)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/execution/task-instances/0193/run"),
        ("PATCH", "/execution/task-instances/0193/run/more"),
        ("GET", "/"),
    ],
)
def test_an_unknown_request_is_named_by_method_and_path(method: str, path: str) -> None:
    call = understand(method, path)
    assert (call.name, call.path) == (f"{method} {path}", {})


def test_no_two_operations_have_one_name() -> None:
    assert len(set(NAMES)) == len(NAMES)
