"""The Dag whose tasks each release of the Task SDK runs, every one for one thing a task can do.

It is parsed by the release under test, in its own environment, so it uses only names that `airflow.sdk` and
Airflow's core have had since 3.0.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from airflow.exceptions import AirflowFailException, AirflowSkipException
from airflow.sdk import (
    DAG,
    BaseOperator,
    BaseSensorOperator,
    Connection,
    Context,
    Variable,
    get_current_context,
    task,
)
from airflow.triggers.testing import SuccessTrigger


class Deferring(BaseOperator):
    """Waits for a trigger, and returns what it kept meanwhile and what the trigger said."""

    def execute(self, context: Context) -> None:
        self.defer(
            trigger=SuccessTrigger(),
            method_name="resumed",
            kwargs={"kept": {"days": [1, 2]}, "lasting": timedelta(minutes=2)},
            timeout=timedelta(hours=1),
        )

    def resumed(
        self, context: Context, event: Any, kept: dict[str, list[int]], lasting: timedelta
    ) -> dict[str, Any]:
        return {"event": event, "kept": kept, "lasting": lasting.total_seconds()}


class OnSecondLook(BaseSensorOperator):
    """Finds what it waits for when it looks a second time."""

    def poke(self, context: Context) -> bool:
        looked: int = context["task_reschedule_count"]
        return looked > 0


with DAG(dag_id="release_tasks", schedule=None):

    @task
    def push() -> dict[str, Any]:
        """Push one XCom by hand, and more by returning a dict."""
        get_current_context()["ti"].xcom_push(key="note", value=["a", {"b": None}])
        return {"rows": 3, "text": "Grüße"}

    @task
    def pull(pushed: Any) -> dict[str, Any]:
        """Take one as a TaskFlow argument and pull the other."""
        note = get_current_context()["ti"].xcom_pull(task_ids="push", key="note")
        return {"rows": pushed["rows"] + 1, "text": pushed["text"], "note": note}

    @task
    def variables() -> dict[str, Any]:
        """Read a variable as text, one as JSON, and one that is not there."""
        return {
            "text": Variable.get("greeting"),
            "json": Variable.get("limits", deserialize_json=True)["most"],
            "missing": Variable.get("no_such_variable", default="none"),
        }

    @task
    def connections() -> dict[str, Any]:
        """Read a connection."""
        warehouse = Connection.get("warehouse")
        return {
            "host": warehouse.host,
            "login": warehouse.login,
            "password": warehouse.password,
            "port": warehouse.port,
            "extra": warehouse.extra_dejson,
        }

    @task(retries=1, retry_delay=timedelta(0))
    def retries() -> int:
        """Fail the first try."""
        this_try = int(get_current_context()["ti"].try_number)
        if this_try == 1:
            raise ValueError("the first try fails, as planned")
        return this_try

    @task
    def skip() -> None:
        """Skip itself."""
        raise AirflowSkipException("skipped, as planned")

    @task(retries=2)
    def fail() -> None:
        """Fail, although retries are left."""
        raise AirflowFailException("fails without a retry, as planned")

    @task(map_index_template="number {{ task.op_kwargs['number'] }}")
    def double(number: int) -> int:
        """One of the mapped ones."""
        return number * 2

    @task
    def total(doubled: Any) -> int:
        """Take what all mapped ones returned."""
        return int(sum(doubled))

    pull(push())
    variables()
    connections()
    retries()
    Deferring(task_id="defer")
    OnSecondLook(task_id="reschedule", mode="reschedule", poke_interval=1, timeout=3600)
    skip()
    fail()
    total(double.expand(number=[3, 4]))
