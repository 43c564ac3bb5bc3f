"""Request bodies of the edge app (Airflow: edge3/worker_api/datamodels.py, datamodels_ui.py)."""

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel, Field

from fake_api.names import EdgeWorkerState


class WorkerStateBody(BaseModel):
    """A worker's state as it sees itself."""

    state: EdgeWorkerState
    jobs_active: int = 0
    queues: list[str] | None = None
    sysinfo: dict[str, str | int | float | datetime]
    maintenance_comments: str | None = None
    team_name: str | None = None


class WorkerQueuesBody(BaseModel):
    """What a worker takes jobs from, and for how many slots."""

    queues: list[str] | None = None
    team_name: str | None = None
    free_concurrency: int
    supports_task_instance_uuid: bool = False


class WorkerQueueUpdateBody(BaseModel):
    """Queues to add to a worker and to take from it."""

    new_queues: list[str] | None
    remove_queues: list[str] | None


class MaintenanceRequest(BaseModel):
    """Why a worker is maintained."""

    maintenance_comment: str


class ConcurrencyRequest(BaseModel):
    """How many tasks a worker may run at once."""

    concurrency: int = Field(gt=0)


class JobStateBody(BaseModel):
    """Which task instance the reported job runs."""

    task_instance_id: UUID | None = None


class PushLogsBody(BaseModel):
    """A piece of a task's log."""

    log_chunk_time: datetime
    log_chunk_data: str
    task_instance_id: UUID | None = None
