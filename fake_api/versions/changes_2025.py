"""What each version of 2025 changed, told backwards: how to serve a client that does not know of it yet.

Airflow: execution_api/versions/v2025_*.py.
"""

from cadwyn import VersionChange, endpoint, schema

from fake_api.execution.answers import DagRun, TIRunContext
from fake_api.versions.bodies import downgrade, first_upstream_map_indexes, in_run, or_else, without
from fake_api.versions.documents import TaskInstance


class DowngradeUpstreamMapIndexes(VersionChange):
    """2025-05-20: upstream_map_indexes may hold lists."""

    description = __doc__
    instructions_to_migrate_to_previous_version = (
        schema(TIRunContext).field("upstream_map_indexes").had(type=dict[str, int | None] | None),
    )
    context = downgrade(TIRunContext, first_upstream_map_indexes)


class AddDagRunStateFieldAndPreviousEndpoint(VersionChange):
    """2025-08-10: the state of a dag run, and the run before it."""

    description = __doc__
    instructions_to_migrate_to_previous_version = (
        schema(DagRun).field("state").didnt_exist,
        endpoint("/dag-runs/{dag_id}/previous", ["GET"]).didnt_exist,
    )
    context = downgrade(TIRunContext, in_run(without("state")))


class AddDagVersionIdField(VersionChange):
    """2025-09-23: a task instance has the id of its Dag's version."""

    description = __doc__
    instructions_to_migrate_to_previous_version = (schema(TaskInstance).field("dag_version_id").didnt_exist,)


class MakeDagRunConfNullable(VersionChange):
    """2025-10-27: a dag run may have no conf. Before, it has an empty one."""

    description = __doc__
    instructions_to_migrate_to_previous_version = ()
    context = downgrade(TIRunContext, in_run(or_else("conf", lambda run: {})))


class AddTriggeringUserNameField(VersionChange):
    """2025-11-05: a dag run says who triggered it."""

    description = __doc__
    instructions_to_migrate_to_previous_version = (schema(DagRun).field("triggering_user_name").didnt_exist,)
    context = downgrade(TIRunContext, in_run(without("triggering_user_name")))
