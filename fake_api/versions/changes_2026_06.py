"""What version 2026-06-30 changed, told backwards (Airflow: execution_api/versions/v2026_06_30.py)."""

from cadwyn import VersionChange, endpoint, schema

from fake_api.execution.answers import AssetEventDagRunReference, DagRun, TIRunContext
from fake_api.versions.bodies import downgrade, in_each, in_run, without
from fake_api.versions.documents import TaskInstance

STORES = (
    ("/store/ti/{task_instance_id}/{key:path}", ["GET"]),
    ("/store/ti/{task_instance_id}/{key:path}", ["PUT"]),
    ("/store/ti/{task_instance_id}/{key:path}", ["DELETE"]),
    ("/store/ti/{task_instance_id}", ["DELETE"]),
    ("/store/asset/by-name/value", ["GET"]),
    ("/store/asset/by-name/value", ["PUT"]),
    ("/store/asset/by-name/value", ["DELETE"]),
    ("/store/asset/by-name/clear", ["DELETE"]),
    ("/store/asset/by-uri/value", ["GET"]),
    ("/store/asset/by-uri/value", ["PUT"]),
    ("/store/asset/by-uri/value", ["DELETE"]),
    ("/store/asset/by-uri/clear", ["DELETE"]),
)


class AddVariableKeysEndpoint(VersionChange):
    """2026-06-30: the keys of variables. Before, /variables/keys is the variable of that name."""

    description = __doc__
    instructions_to_migrate_to_previous_version = (endpoint("/variables/keys", ["GET"]).didnt_exist,)


class AddConnectionTestEndpoint(VersionChange):
    """2026-06-30: workers try connections."""

    description = __doc__
    instructions_to_migrate_to_previous_version = (
        endpoint("/connection-tests/{connection_test_id}", ["PATCH"]).didnt_exist,
        endpoint("/connection-tests/{connection_test_id}/connection", ["GET"]).didnt_exist,
    )


class AddTaskInstanceQueueField(VersionChange):
    """2026-06-30: a task instance has a queue."""

    description = __doc__
    instructions_to_migrate_to_previous_version = (schema(TaskInstance).field("queue").didnt_exist,)


class AddTeamNameField(VersionChange):
    """2026-06-30: a dag run has a team."""

    description = __doc__
    instructions_to_migrate_to_previous_version = (schema(DagRun).field("team_name").didnt_exist,)
    context = downgrade(TIRunContext, in_run(without("team_name")))
    run = downgrade(DagRun, without("team_name"))
    # A route that answers `DagRun | None` is no route of DagRun to Cadwyn: it is known by its path.
    previous_run = downgrade("/dag-runs/previous", without("team_name"))


class AddTaskAndAssetStateStoreEndpoints(VersionChange):
    """2026-06-30: tasks and assets have memories."""

    description = __doc__
    instructions_to_migrate_to_previous_version = tuple(
        endpoint(path, methods).didnt_exist for path, methods in STORES
    )


class AddAssetsByAliasEndpoint(VersionChange):
    """2026-06-30: what an asset alias stands for."""

    description = __doc__
    instructions_to_migrate_to_previous_version = (endpoint("/assets/by-alias", ["GET"]).didnt_exist,)


class AddPartitionDateField(VersionChange):
    """2026-06-30: a dag run has the date of its partition."""

    description = __doc__
    instructions_to_migrate_to_previous_version = (schema(DagRun).field("partition_date").didnt_exist,)
    context = downgrade(TIRunContext, in_run(without("partition_date")))
    run = downgrade(DagRun, without("partition_date"))
    previous_run = downgrade("/dag-runs/previous", without("partition_date"))


class AddConsumedAssetEventPartitionKeyField(VersionChange):
    """2026-06-30: consumed asset events have partition keys."""

    description = __doc__
    instructions_to_migrate_to_previous_version = (
        schema(AssetEventDagRunReference).field("partition_key").didnt_exist,
    )
    context = downgrade(TIRunContext, in_run(in_each("consumed_asset_events", without("partition_key"))))
