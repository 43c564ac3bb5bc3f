"""The plan's tasks as files that real workers can load: a DAG file and the data it reads."""

from __future__ import annotations

import json
import shutil
from collections import defaultdict
from pathlib import Path
from typing import Any

from harness.model.plan import Submission

DAG_FILE = "workload_dag.py"
_HERE = Path(__file__).parent


def write_workload(folder: Path, submissions: tuple[Submission, ...]) -> None:
    """Put the DAG file, what it imports and its data into the folder."""
    for name in (DAG_FILE, "marks.py"):
        shutil.copy(_HERE / name, folder / name)
    work: dict[str, dict[str, Any]] = defaultdict(dict)
    for task in submissions:
        work[task.dag_id][task.task_id] = {
            "lasting": task.lasting.total_seconds(),
            "retries": task.retries,
            "retry_delay": task.retry_delay.total_seconds(),
            "failing_tries": task.failing_tries,
            "queue": task.queue,
            "slots": task.slots,
            "xcom_bytes": task.xcom_bytes,
            "reads": task.reads,
        }
    (folder / "workload.json").write_text(json.dumps(work, indent=1))
