"""The plan's tasks as files that real workers can load: a DAG file and the data it reads."""

from __future__ import annotations

import json
import shutil
from collections import defaultdict
from pathlib import Path
from typing import Any

from harness.errors import BadPlan
from harness.model.plan import Submission

DAG_FILE = "workload_dag.py"
Workload = dict[str, dict[str, dict[str, Any]]]
"""By dag_id and task_id, what the task does."""

_HERE = Path(__file__).parent


def pool_of(task: Submission) -> str:
    """The name of the task's own pool, as the DAG file has it."""
    return f"{task.dag_id}.{task.task_id}"


def dag_runs(submissions: tuple[Submission, ...]) -> list[tuple[str, str]]:
    """Each (dag_id, run_id) once. Raises BadPlan where a task is in two runs: its pool could not tell them apart."""
    runs = dict.fromkeys((task.dag_id, task.run_id) for task in submissions)
    if len(runs) > len({dag_id for dag_id, _ in runs}):
        raise BadPlan(
            "a released server takes one run of each Dag: give the submissions of one dag_id one run_id"
        )
    return list(runs)


def write_workload(folder: Path, submissions: tuple[Submission, ...]) -> None:
    """Put the DAG file, what it imports and its data into the folder."""
    for name in (DAG_FILE, "marks.py"):
        shutil.copy(_HERE / name, folder / name)
    (folder / "workload.json").write_text(json.dumps(workload(submissions), indent=1))


def workload(submissions: tuple[Submission, ...]) -> Workload:
    """What the tasks of each Dag do, as JSON."""
    work: Workload = defaultdict(dict)
    for task in submissions:
        work[task.dag_id][task.task_id] = {
            "lasting": task.lasting.total_seconds(),
            "retries": task.retries,
            "retry_delay": task.retry_delay.total_seconds(),
            "failing_tries": list(task.failing_tries),
            "queue": task.queue,
            "slots": task.slots,
            "xcom_bytes": task.xcom_bytes,
            "reads": task.reads,
            "apart": task.apart,
            "triggers": task.triggers,
            "reschedules": task.reschedules.total_seconds() if task.reschedules else 0,
            "leaves": task.leaves.total_seconds() if task.leaves else 0,
        }
    return work
