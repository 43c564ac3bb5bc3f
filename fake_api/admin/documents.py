"""What POST /admin/seed takes and answers. Fields are those of the rows, with the same defaults."""

from collections.abc import Sequence
from typing import Annotated
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, JsonValue

Name = Annotated[str, Field(min_length=1, max_length=250)]
MapIndex = Annotated[int, Field(ge=-1)]


class Seed(BaseModel):
    """A part of a document; what it does not know is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class DagSeed(Seed):
    """A Dag. It replaces an earlier one of that name."""

    dag_id: Name
    is_paused: bool = False
    is_stale: bool = False
    has_import_errors: bool = False
    fail_fast: bool = False
    relative_fileloc: str = "dag.py"
    bundle_name: str = "dags-folder"
    tags: tuple[str, ...] = ()
    start_date: AwareDatetime | None = None
    end_date: AwareDatetime | None = None


class RunSeed(Seed):
    """A dag run. Its Dag is made if it is missing."""

    dag_id: Name
    run_id: Name
    state: Annotated[str, Field(pattern="^(queued|running|success|failed)$")] = "running"
    conf: dict[str, JsonValue] = {}
    logical_date: AwareDatetime | None = None


class TaskInstanceSeed(Seed):
    """A task instance, queued and with an edge job. Dag and run are made if they are missing."""

    dag_id: Name
    task_id: Name
    run_id: Name
    map_index: MapIndex = -1
    queue: Name = "default"
    pool_slots: Annotated[int, Field(ge=1)] = 1
    priority_weight: int = 1
    retries: Annotated[int, Field(ge=0)] = 0
    retry_delay: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 300
    dag_rel_path: str = "dag.py"
    operator: str | None = None


class VariableSeed(Seed):
    """A variable."""

    key: Name
    val: str | None
    description: str | None = None


class ConnectionSeed(Seed):
    """A connection. `extra` is JSON text."""

    conn_id: Name
    conn_type: Name
    host: str | None = None
    schema_: Annotated[str | None, Field(alias="schema")] = None
    login: str | None = None
    password: str | None = None
    port: int | None = None
    extra: str | None = None


class XComSeed(Seed):
    """An XCom of a run that is there, or in the document."""

    dag_id: Name
    task_id: Name
    run_id: Name
    map_index: MapIndex = -1
    key: Name
    value: JsonValue


class AssetSeed(Seed):
    """An asset; its URI is its name unless given. The aliases stand for it, besides what they stand for."""

    name: Name
    uri: Name | None = None
    group: str = "asset"
    extra: dict[str, JsonValue] = {}
    aliases: tuple[Name, ...] = ()


class EdgeJobSeed(Seed):
    """An edge job without a task instance. `command` is what the worker gets: an ExecuteTask workload."""

    dag_id: Name
    task_id: Name
    run_id: Name
    map_index: MapIndex = -1
    try_number: Annotated[int, Field(ge=0)] = 1
    queue: Name = "default"
    concurrency_slots: Annotated[int, Field(ge=1)] = 1
    priority_weight: int = 1
    command: dict[str, JsonValue]


class SeedDocument(Seed):
    """What to put into the state; lists are applied from the first to the last."""

    dags: Sequence[DagSeed] = ()
    runs: Sequence[RunSeed] = ()
    task_instances: Sequence[TaskInstanceSeed] = ()
    variables: Sequence[VariableSeed] = ()
    connections: Sequence[ConnectionSeed] = ()
    xcoms: Sequence[XComSeed] = ()
    assets: Sequence[AssetSeed] = ()
    edge_jobs: Sequence[EdgeJobSeed] = ()


class SeededTaskInstance(BaseModel):
    """A task instance that was made.

    `workload_token` is the one its edge job carries: it may call run. `token` may call everything else.
    """

    dag_id: str
    task_id: str
    run_id: str
    map_index: int
    try_number: int
    id: UUID
    token: str
    workload_token: str


class Seeded(BaseModel):
    """The answer, in the order of the document."""

    task_instances: list[SeededTaskInstance]
