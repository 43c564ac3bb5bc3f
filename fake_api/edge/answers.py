"""Response bodies of the edge app (Airflow: edge3/worker_api/datamodels.py, datamodels_ui.py).

Routes send what they have, unchecked. These models say what that is, for the OpenAPI document.
"""

from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, Field

from fake_api.edge.payloads import WorkerStateBody
from fake_api.names import EdgeWorkerState, TaskInstanceState


class BundleInfo(BaseModel):
    """Which Dag bundle to run from."""

    name: str
    version: str | None = None


class Workload(BaseModel):
    """What every workload has."""

    token: str


class BundleWorkload(Workload):
    """What a workload has that needs a Dag bundle."""

    dag_rel_path: Path
    bundle_info: BundleInfo
    log_path: str | None


class TaskInstanceDTO(BaseModel):
    """The task instance of a workload."""

    id: UUID
    dag_version_id: UUID
    task_id: str
    dag_id: str
    run_id: str
    try_number: int
    map_index: int = -1
    hostname: str | None = None
    context_carrier: dict[str, Any] | None = None
    queue: str = "default"
    pool_slots: int
    priority_weight: int


class ExecuteTask(BundleWorkload):
    """Run a task."""

    ti: TaskInstanceDTO
    sentry_integration: str = ""
    type: Literal["ExecuteTask"] = "ExecuteTask"


class CallbackFetchMethod(StrEnum):
    """How a callback is found."""

    DAG_ATTRIBUTE = "dag_attribute"
    IMPORT_PATH = "import_path"


class CallbackDTO(BaseModel):
    """The callback of a workload."""

    id: str
    fetch_method: CallbackFetchMethod
    data: dict[str, Any]


class ExecuteCallback(BundleWorkload):
    """Run a callback."""

    callback: CallbackDTO
    type: Literal["ExecuteCallback"] = "ExecuteCallback"


class TestConnection(Workload):
    """Try a connection. Airflow has the word for it, and never hands one to an edge worker."""

    connection_test_id: UUID
    connection_id: str
    timeout: int
    queue: str | None = None
    type: Literal["TestConnection"] = "TestConnection"


class EdgeJobBase(BaseModel):
    """The name of a job."""

    dag_id: str
    task_id: str
    run_id: str
    map_index: int
    try_number: int


class EdgeJobFetched(EdgeJobBase):
    """A job that was handed out."""

    command: Annotated[ExecuteTask | ExecuteCallback | TestConnection, Field(discriminator="type")]
    concurrency_slots: int
    task_instance_id: UUID | None = None


class WorkerRegistrationReturn(BaseModel):
    """What a worker hears when it registers."""

    last_update: datetime
    versions_match: bool = False


class WorkerSetStateReturn(BaseModel):
    """What a worker hears to its heartbeat."""

    state: EdgeWorkerState
    queues: list[str] | None
    maintenance_comments: str | None = None
    concurrency: int | None = None
    versions_match: bool = False


class Worker(WorkerStateBody):
    """A worker as an administrator sees it."""

    worker_name: str
    first_online: datetime | None = None
    last_heartbeat: datetime | None = None


class WorkerCollectionResponse(BaseModel):
    """Workers, by name."""

    workers: list[Worker]
    total_entries: int


class Job(EdgeJobBase):
    """A job as an administrator sees it."""

    task_instance_id: str = ""
    state: TaskInstanceState
    queue: str
    queued_dttm: datetime | None = None
    edge_worker: str | None = None
    last_update: datetime | None = None


class JobCollectionResponse(BaseModel):
    """Jobs, the oldest first."""

    jobs: list[Job]
    total_entries: int
