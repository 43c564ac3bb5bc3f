"""What version 2026-04-06 changed, told backwards (Airflow: execution_api/versions/v2026_04_06.py)."""

from cadwyn import VersionChange, endpoint, schema

from fake_api.execution.answers import DagRun, TIRunContext
from fake_api.execution.content_answers import AssetEventResponse, AssetEventsResponse, DagRunAssetReference
from fake_api.execution.payloads import UtcDatetime
from fake_api.versions.bodies import Body, downgrade, in_each, in_run, old_next_kwargs, or_else, without


def _upstream_map_indexes(context: Body) -> None:
    context["upstream_map_indexes"] = None


class AddPartitionKeyField(VersionChange):
    """2026-04-06: partition keys of runs and asset events.

    Those of the runs that an event made are not taken away, so that such a reply is a 500, as Airflow's is.
    """

    description = __doc__
    instructions_to_migrate_to_previous_version = (
        schema(DagRun).field("partition_key").didnt_exist,
        schema(AssetEventResponse).field("partition_key").didnt_exist,
        schema(DagRunAssetReference).field("partition_key").didnt_exist,
    )
    context = downgrade(TIRunContext, in_run(without("partition_key")))
    events = downgrade(AssetEventsResponse, in_each("asset_events", without("partition_key")))


class MovePreviousRunEndpoint(VersionChange):
    """2026-04-06: the previous run moves from a Dag's path to a query."""

    description = __doc__
    instructions_to_migrate_to_previous_version = (
        endpoint("/dag-runs/previous", ["GET"]).didnt_exist,
        endpoint("/dag-runs/{dag_id}/previous", ["GET"]).existed,
    )


class AddDagRunDetailEndpoint(VersionChange):
    """2026-04-06: a dag run can be asked for."""

    description = __doc__
    instructions_to_migrate_to_previous_version = (
        endpoint("/dag-runs/{dag_id}/{run_id}", ["GET"]).didnt_exist,
    )


class MakeDagRunStartDateNullable(VersionChange):
    """2026-04-06: a dag run may not have started. Before, it started when it may run."""

    description = __doc__
    instructions_to_migrate_to_previous_version = (schema(DagRun).field("start_date").had(type=UtcDatetime),)
    context = downgrade(TIRunContext, in_run(or_else("start_date", lambda run: run.get("run_after"))))
    run = downgrade(DagRun, or_else("start_date", lambda run: run.get("run_after")))


class ModifyDeferredTaskKwargsToJsonValue(VersionChange):
    """2026-04-06: what a deferred task keeps is JSON, in the task SDK's own encoding."""

    description = __doc__
    instructions_to_migrate_to_previous_version = ()
    context = downgrade(TIRunContext, old_next_kwargs)


class RemoveUpstreamMapIndexesField(VersionChange):
    """2026-04-06: the task SDK finds upstream_map_indexes by itself. Before, they are null."""

    description = __doc__
    instructions_to_migrate_to_previous_version = (
        schema(TIRunContext)
        .field("upstream_map_indexes")
        .existed_as(type=dict[str, int | list[int] | None] | None),
    )
    context = downgrade(TIRunContext, _upstream_map_indexes)


class AddNoteField(VersionChange):
    """2026-04-06: notes on dag runs."""

    description = __doc__
    instructions_to_migrate_to_previous_version = (schema(DagRun).field("note").didnt_exist,)
    context = downgrade(TIRunContext, in_run(without("note")))


class AddTaskInstanceStartDateField(VersionChange):
    """2026-04-06: a task that goes on after deferral learns when it first began."""

    description = __doc__
    instructions_to_migrate_to_previous_version = (schema(TIRunContext).field("start_date").didnt_exist,)
    context = downgrade(TIRunContext, without("start_date"))


class AddDagEndpoint(VersionChange):
    """2026-04-06: a Dag can be asked for."""

    description = __doc__
    instructions_to_migrate_to_previous_version = (endpoint("/dags/{dag_id}", ["GET"]).didnt_exist,)
