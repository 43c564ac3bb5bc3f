"""Rows of the edge tables as an administrator sees them."""

from typing import Any

from fake_api.rows import EdgeJob, EdgeWorker


def worker_view(worker: EdgeWorker) -> dict[str, Any]:
    """A worker. Its team is not told, although the body has a place for it."""
    return {
        "queues": worker.queues,
        "team_name": None,
        "state": worker.state,
        "jobs_active": worker.jobs_active,
        "sysinfo": worker.sysinfo,
        "maintenance_comments": worker.maintenance_comment,
        "worker_name": worker.worker_name,
        "first_online": worker.first_online,
        "last_heartbeat": worker.last_update,
    }


def job_view(job: EdgeJob) -> dict[str, Any]:
    """A job, without the workload and its token."""
    return {
        **job.key._asdict(),
        "task_instance_id": job.task_instance_id,
        "state": job.state,
        "queue": job.queue,
        "queued_dttm": job.queued_dttm,
        "edge_worker": job.edge_worker,
        "last_update": job.last_update,
    }
