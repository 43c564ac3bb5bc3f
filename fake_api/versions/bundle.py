"""Which version made which changes: the table that Cadwyn builds the older versions from.

Airflow's table also takes fields away from the requests of older versions, but its server does not: Cadwyn resolves
the postponed annotations of its routes for the newest version only. So every version accepts, and documents, the
requests of the newest, and what changed nothing but requests is missing here: rendered_map_index in 2025-04-28,
include_prior_dates in 2025-08-10, run_after and the types of deferred kwargs in 2026-04-06, awaiting_input and the
retry policy in 2026-06-30.
"""

from cadwyn import HeadVersion, Version, VersionBundle

from fake_api.versions.changes_2025 import (
    AddDagRunStateFieldAndPreviousEndpoint,
    AddDagVersionIdField,
    AddTriggeringUserNameField,
    DowngradeUpstreamMapIndexes,
    MakeDagRunConfNullable,
)
from fake_api.versions.changes_2026_04 import (
    AddDagEndpoint,
    AddDagRunDetailEndpoint,
    AddNoteField,
    AddPartitionKeyField,
    AddTaskInstanceStartDateField,
    MakeDagRunStartDateNullable,
    ModifyDeferredTaskKwargsToJsonValue,
    MovePreviousRunEndpoint,
    RemoveUpstreamMapIndexesField,
)
from fake_api.versions.changes_2026_06 import (
    AddAssetsByAliasEndpoint,
    AddConnectionTestEndpoint,
    AddConsumedAssetEventPartitionKeyField,
    AddPartitionDateField,
    AddTaskAndAssetStateStoreEndpoints,
    AddTaskInstanceQueueField,
    AddTeamNameField,
    AddVariableKeysEndpoint,
)

BUNDLE = VersionBundle(
    HeadVersion(),
    Version(
        "2026-06-30",
        AddVariableKeysEndpoint,
        AddConnectionTestEndpoint,
        AddTaskInstanceQueueField,
        AddTeamNameField,
        AddTaskAndAssetStateStoreEndpoints,
        AddAssetsByAliasEndpoint,
        AddPartitionDateField,
        AddConsumedAssetEventPartitionKeyField,
    ),
    Version(
        "2026-04-06",
        AddPartitionKeyField,
        MovePreviousRunEndpoint,
        AddDagRunDetailEndpoint,
        MakeDagRunStartDateNullable,
        ModifyDeferredTaskKwargsToJsonValue,
        RemoveUpstreamMapIndexesField,
        AddNoteField,
        AddTaskInstanceStartDateField,
        AddDagEndpoint,
    ),
    Version("2025-11-05", AddTriggeringUserNameField),
    Version("2025-10-27", MakeDagRunConfNullable),
    Version("2025-09-23", AddDagVersionIdField),
    Version("2025-08-10", AddDagRunStateFieldAndPreviousEndpoint),
    Version("2025-05-20", DowngradeUpstreamMapIndexes),
    Version("2025-04-28"),
    Version("2025-04-11"),
)
