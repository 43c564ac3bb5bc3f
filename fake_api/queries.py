"""What the Execution API finds out by looking at several tables. Nothing here changes a row."""

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from fake_api.catalogue import AssetEvent
from fake_api.names import FINISHED, TaskInstanceState
from fake_api.rows import AssetKey, DagRun, TaskInstance, TaskSpec
from fake_api.state import State
from fake_api.views import consumed_event_view
from fake_api.xcoms import XComTask


@dataclass(frozen=True, slots=True)
class Criteria:
    """Which task instances are meant. What is None or empty leaves all in."""

    map_index: int | None = None
    logical_dates: Collection[datetime] | None = None
    run_ids: Collection[str] | None = None


def prior_xcoms(state: State, task: XComTask, key: str, *, by_name: bool) -> list[tuple[int, Any]]:
    """(map index, value) of a key in this run of a task and in all earlier ones, those of the latest run first.

    `by_name` is by the names of the runs, as SQLite finds rows; PostgreSQL finds them in any order. Airflow: XComModel.get_many with include_prior_dates.
    """
    run = state.dag_runs.get((task.dag_id, task.run_id))
    if run is None:
        return []
    latest = run.logical_date or run.run_after
    runs = latest_first(state, task.dag_id)
    if by_name:
        runs.sort(key=lambda each: each.run_id)
    return [
        row
        for each in runs
        if (each.logical_date or each.run_after) <= latest
        for row in state.xcoms.values(task._replace(run_id=each.run_id), key).items()
    ]


def latest_first(state: State, dag_id: str) -> list[DagRun]:
    """The runs of a Dag by logical date. To PostgreSQL those without one are the latest, to SQLite the earliest."""
    found = state.dag_runs.latest_first(dag_id)
    if state.settings.database == "postgresql":
        found.sort(key=lambda each: each.logical_date is not None)
    return found


def consumed_events(state: State, run: DagRun | None) -> list[dict[str, Any]]:
    """The asset events a run was made for, as /run tells them."""
    if run is None or not run.consumed_asset_events:
        return []
    found = [each for each in state.assets.events.values() if each.id in run.consumed_asset_events]
    return [consumed_event_view(each, asset) for each in found if (asset := state.assets.get(each.asset))]


def created_runs(state: State, event: AssetEvent) -> list[DagRun]:
    """The runs that were made for an asset event."""
    return [run for run in state.dag_runs if event.id in run.consumed_asset_events]


def fail_fast_siblings(state: State, ti: TaskInstance | None) -> Sequence[TaskInstance]:
    """The other task instances of the run when the Dag stops all of them at the first failure, else none."""
    dag = state.dags.get(ti.task.dag_id) if ti else None
    if ti is None or dag is None or not dag.fail_fast:
        return ()
    return [each for each in of_run(state, ti.task.dag_id, ti.task.run_id) if each.id != ti.id]


def of_run(state: State, dag_id: str, run_id: str) -> list[TaskInstance]:
    """The live task instances of a run."""
    return [each for each in state.task_instances if (each.task.dag_id, each.task.run_id) == (dag_id, run_id)]


def find_task_instances(
    state: State,
    dag_id: str,
    criteria: Criteria,
    *,
    task_ids: Collection[str] | None = None,
) -> list[TaskInstance]:
    """The live task instances of a Dag that fit every criterion given."""
    tests: list[Callable[[TaskSpec], bool]] = [lambda task: task.dag_id == dag_id]
    if criteria.map_index is not None:
        tests.append(lambda task: task.map_index == criteria.map_index)
    if task_ids:
        tests.append(lambda task: task.task_id in task_ids)
    if run_ids := criteria.run_ids:
        tests.append(lambda task: task.run_id in run_ids)
    if logical_dates := criteria.logical_dates:
        tests.append(lambda task: state.dag_runs[dag_id, task.run_id].logical_date in logical_dates)
    return [each for each in state.task_instances if all(test(each.task) for test in tests)]


def in_group(state: State, dag_id: str, criteria: Criteria, group: str) -> list[TaskInstance]:
    """Those that fit and are in this task group."""
    return [each for each in find_task_instances(state, dag_id, criteria) if group in each.task.groups]


def has_group(state: State, dag_id: str, group: str) -> bool:
    """Whether any task of the Dag, declared or submitted, is in this task group."""
    dag = state.dags.get(dag_id)
    declared = dag.tasks if dag else ()
    submitted = (each.task for each in state.task_instances if each.task.dag_id == dag_id)
    return any(group in task.groups for task in (*declared, *submitted))


def in_states(instances: Iterable[TaskInstance], states: Collection[str] | None) -> list[TaskInstance]:
    """Those in one of these states, where "null" stands for no state; all without any."""
    return [each for each in instances if not states or (each.state or "null") in states]


def states_by_run(instances: Iterable[TaskInstance]) -> dict[str, dict[str, TaskInstanceState | None]]:
    """States by run and task; a mapped task instance has its map index in its name."""
    found: dict[str, dict[str, TaskInstanceState | None]] = {}
    for each in instances:
        task = each.task
        name = task.task_id if task.map_index < 0 else f"{task.task_id}_{task.map_index}"
        found.setdefault(task.run_id, {})[name] = each.state
    return found


def finished_of_run(state: State, dag_id: str, run_id: str) -> list[TaskInstance]:
    """The finished task instances of a run, by task and map index."""
    finished = [each for each in of_run(state, dag_id, run_id) if each.state in FINISHED]
    return sorted(finished, key=lambda each: (each.task.task_id, each.task.map_index))


def inactive_assets(state: State, task: TaskSpec) -> list[AssetKey]:
    """The inlets and outlets of a task that are not active assets, each once."""
    known = [(key, state.assets.get(key)) for key in dict.fromkeys((*task.inlets, *task.outlets))]
    return [key for key, asset in known if asset is None or not asset.active]
