"""How real Airflow leaves each task instance of the Dag, whatever the release: the table the runs are held to.

Tasks of a real Airflow 3.3.2, run by Task SDK 1.1.8, 1.2.2 and 1.3.2 against its api-server, ended so, every one. Read from
Task SDK 1.3.2 (execution_time/task_runner.py, `run` and `finalize`; execution_time/supervisor.py) and from
the api-server of Airflow 3.3.2 (execution_api/routes/task_instances.py).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from fake_api.rows import Connection

DAG_ID = "release_tasks"
DAG_FILE = f"{DAG_ID}.py"
#: What the Dag reads: variables by key, and one connection.
VARIABLES = {"greeting": "hello", "limits": '{"most": 7}'}
CONNECTION = Connection(
    conn_id="warehouse",
    conn_type="postgres",
    host="db.example",
    login="reader",
    password="s3cret",  # noqa: S106 - it opens nothing
    port=5432,
    extra='{"sslmode": "require"}',
)
#: What the trigger says when it fires.
EVENT = {"answer": 42}

#: The first Task SDK that tells the server a label: execution_api/versions/v2025_04_28.py.
LABEL_SINCE = (1, 0, 1)

ONCE = ("queued", "running")
SUCCEEDED = (*ONCE, "success")


@dataclass(frozen=True, kw_only=True)
class Expected:
    """One task instance at its end: the states it went through, the XComs it left, and by what in Airflow.

    `retries` is what the Dag gives it, and `xcoms` are in the order in which they are set. `label` is its rendered map
    index.
    """

    task_id: str
    because: str
    states: tuple[str, ...] = SUCCEEDED
    tries: int = 1
    retries: int = 0
    reschedules: int = 0
    map_index: int = -1
    label: str | None = None
    xcoms: Mapping[str, Any] = field(default_factory=dict)

    def of(self, version: tuple[int, ...]) -> Expected:
        """What is expected of this Task SDK."""
        return self if version >= LABEL_SINCE else replace(self, label=None)


def _returned(value: Mapping[str, Any]) -> dict[str, Any]:
    return {**value, "return_value": value}


_MULTIPLE = "task_runner._push_xcom_if_needed: a dict annotated as such is pushed key by key, then as a whole"
_PUSHED = {"rows": 3, "text": "Grüße"}
_MAPPED = (
    "task_runner: a mapped task instance pushes under its own map index; its label is map_index_template"
)

#: The columns: each is a chain of task instances, one after the other.
COLUMNS: dict[str, tuple[Expected, ...]] = {
    "xcom": (
        Expected(task_id="push", because=_MULTIPLE, xcoms={"note": ["a", {"b": None}]} | _returned(_PUSHED)),
        Expected(
            task_id="pull",
            because="a TaskFlow argument is an XComArg, resolved through GET xcoms; xcom_pull does the same",
            xcoms=_returned({"rows": 4, "text": "Grüße", "note": ["a", {"b": None}]}),
        ),
    ),
    "variable": (
        Expected(
            task_id="variables",
            because="definitions/variable.py: a default is used when the server answers 404",
            xcoms=_returned({"text": "hello", "json": 7, "missing": "none"}),
        ),
    ),
    "connection": (
        Expected(
            task_id="connections",
            because="definitions/connection.py: Connection.get, extra parsed by extra_dejson",
            xcoms=_returned(
                {
                    "host": "db.example",
                    "login": "reader",
                    "password": "s3cret",
                    "port": 5432,
                    "extra": {"sslmode": "require"},
                }
            ),
        ),
    ),
    "retry": (
        Expected(
            task_id="retries",
            because="task_runner: an exception with should_retry sends RetryTask; ti_update_state makes a new id",
            states=(*ONCE, "up_for_retry", *SUCCEEDED),
            tries=2,
            retries=1,
            xcoms={"return_value": 2},
        ),
    ),
    "deferral": (
        Expected(
            task_id="defer",
            because="task_runner._defer_task; models/trigger.py, handle_event_submit: same try, next_method with event",
            states=(*ONCE, "deferred", "scheduled", *SUCCEEDED),
            xcoms={"return_value": {"event": EVENT, "kept": {"days": [1, 2]}, "lasting": 120.0}},
        ),
    ),
    "reschedule": (
        Expected(
            task_id="reschedule",
            because="bases/sensor.py: AirflowRescheduleException sends RescheduleTask; a reschedule is no new try",
            states=(*ONCE, "up_for_reschedule", *SUCCEEDED),
            reschedules=1,
        ),
    ),
    "skip": (
        Expected(
            task_id="skip",
            because="task_runner: AirflowSkipException ends in skipped",
            states=(*ONCE, "skipped"),
        ),
    ),
    "mapped": (
        Expected(task_id="double", map_index=0, label="number 3", because=_MAPPED, xcoms={"return_value": 6}),
        Expected(task_id="double", map_index=1, label="number 4", because=_MAPPED, xcoms={"return_value": 8}),
        Expected(
            task_id="total",
            because="execution_time/lazy_sequence.py: what a mapped task returned is read index by index",
            xcoms={"return_value": 14},
        ),
    ),
    "failure": (
        Expected(
            task_id="fail",
            because="task_runner: AirflowFailException ends in failed, whatever retries are left",
            states=(*ONCE, "failed"),
            retries=2,
        ),
    ),
}
