"""The Dag file of a plan for somebody's own deployment: one file that needs Airflow and nothing else."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from harness.live.workload import DAG_FILE, workload
from harness.model.plan import Submission

_HERE = Path(__file__).parent
_IMPORT = "from marks import mark  # type: ignore[import-not-found]\n"
_READ = 'Path(__file__).with_name("workload.json").read_text()'
_ABOUT = '"""Tasks of a plan, printed by `harness dag`; each does what the plan says, and leaves marks on a harness\' worker."""\n'


def dag_file(submissions: tuple[Submission, ...]) -> str:
    """The text of the file."""
    marks, dag = (_without_docstring((_HERE / name).read_text()) for name in ("marks.py", DAG_FILE))
    for seam in (_IMPORT, _READ):
        assert dag.count(seam) == 1, f"{DAG_FILE} has {seam!r}"
    data = json.dumps(workload(submissions))
    return _ABOUT + marks + dag.replace(_IMPORT, "").replace(_READ, repr(data))


def workload_tag(submissions: tuple[Submission, ...]) -> str:
    """The tag that the Dags of that file have."""
    text = json.dumps(workload(submissions), sort_keys=True)
    return f"workload-{hashlib.sha256(text.encode()).hexdigest()[:12]}"


def _without_docstring(source: str) -> str:
    return source.split('"""', 2)[2]
