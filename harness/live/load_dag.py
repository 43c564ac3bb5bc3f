"""A Dag for load: tasks that any worker may take, and that do nothing. It is copied into the Dag folder of a server."""

from datetime import UTC, datetime

from airflow.sdk import DAG, task

TASKS = 20

with DAG("load-runs", schedule=None, start_date=datetime(2025, 1, 1, tzinfo=UTC), catchup=False) as dag:
    for number in range(TASKS):
        task(task_id=f"task-{number}")(lambda: None)()
