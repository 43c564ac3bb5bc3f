"""The states Airflow knows, by Airflow's names and values."""

from enum import StrEnum


class TaskInstanceState(StrEnum):
    """State of a task instance and, with the same words, of an edge job."""

    REMOVED = "removed"
    SCHEDULED = "scheduled"
    QUEUED = "queued"
    RUNNING = "running"
    SUCCESS = "success"
    RESTARTING = "restarting"
    FAILED = "failed"
    UP_FOR_RETRY = "up_for_retry"
    UP_FOR_RESCHEDULE = "up_for_reschedule"
    UPSTREAM_FAILED = "upstream_failed"
    SKIPPED = "skipped"
    DEFERRED = "deferred"
    AWAITING_INPUT = "awaiting_input"


class EdgeWorkerState(StrEnum):
    """State of an edge worker."""

    STARTING = "starting"
    RUNNING = "running"
    IDLE = "idle"
    SHUTDOWN_REQUEST = "shutdown request"
    TERMINATING = "terminating"
    OFFLINE = "offline"
    UNKNOWN = "unknown"
    MAINTENANCE_REQUEST = "maintenance request"
    MAINTENANCE_PENDING = "maintenance pending"
    MAINTENANCE_MODE = "maintenance mode"
    MAINTENANCE_EXIT = "maintenance exit"
    OFFLINE_MAINTENANCE = "offline maintenance"


#: A task instance in one of these states never moves again by itself.
FINISHED = frozenset(
    {
        TaskInstanceState.SUCCESS,
        TaskInstanceState.FAILED,
        TaskInstanceState.SKIPPED,
        TaskInstanceState.UPSTREAM_FAILED,
        TaskInstanceState.REMOVED,
    }
)
