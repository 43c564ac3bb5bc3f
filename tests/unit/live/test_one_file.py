"""The Dag file for a server of somebody's own."""

from __future__ import annotations

import ast
import json
import sys
from dataclasses import replace

import pytest

from harness import Scenario, Tasks
from harness.cli import main
from harness.errors import BadPlan
from harness.live.one_file import dag_file, workload_tag
from harness.live.workload import dag_runs, workload
from harness.model.planning import make_plan

TASKS = make_plan(Scenario(tasks=Tasks(count=3)), 1, name="quiet").submissions


def test_it_imports_airflow_and_the_standard_library_alone() -> None:
    tree = ast.parse(dag_file(TASKS))
    imported = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    imported |= {name.name for node in ast.walk(tree) if isinstance(node, ast.Import) for name in node.names}
    assert imported - sys.stdlib_module_names == {"airflow.sdk"}


def test_it_holds_the_whole_workload() -> None:
    constants = [
        node.value for node in ast.walk(ast.parse(dag_file(TASKS))) if isinstance(node, ast.Constant)
    ]
    assert json.dumps(workload(TASKS)) in constants


def test_the_tag_tells_the_workloads_of_two_plans_apart() -> None:
    assert workload_tag(TASKS) == workload_tag(tuple(reversed(TASKS)))
    assert workload_tag(TASKS) != workload_tag(TASKS[1:])


def test_the_command_prints_it(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["dag", "quiet", "--set", "tasks=2"]) == 0
    assert "with DAG(" in capsys.readouterr().out


def test_a_task_in_two_runs_of_one_dag_is_refused() -> None:
    twice = (*TASKS, replace(TASKS[0], run_id="run-2"))
    with pytest.raises(BadPlan, match="give the submissions of one dag_id one run_id"):
        dag_runs(twice)
