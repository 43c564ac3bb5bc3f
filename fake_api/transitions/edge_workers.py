"""What the Edge worker API does to a worker: register, set state, update queues.

Airflow: providers/edge3/worker_api/routes/worker.py.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from fake_api.names import EdgeWorkerState as Worker
from fake_api.outcome import NULL, Outcome, Reply, edge_worker_moved
from fake_api.rows import EdgeWorker
from fake_api.settings import Settings

WORKER_NOT_FOUND = Outcome(reply=Reply(404, {"detail": "Worker not found"}))

#: A worker in one of these states has left, so its name is free again.
GONE = frozenset({Worker.OFFLINE, Worker.UNKNOWN, Worker.OFFLINE_MAINTENANCE})
#: A worker that comes back from one of these states goes on with its maintenance.
MAINTAINED = frozenset({Worker.OFFLINE_MAINTENANCE, Worker.MAINTENANCE_MODE, Worker.MAINTENANCE_PENDING})
COMMENTED = MAINTAINED | {Worker.MAINTENANCE_REQUEST}
COMMENT_MAX_LENGTH = 1020

#: Versions as PEP 440 writes them, and the three numbers that count.
_VERSION = re.compile(
    r"\s*v?(?:\d+!)?(\d+)(?:\.(\d+))?(?:\.(\d+))?(?:\.\d+)*"
    r"(?:[-_.]?(?:alpha|a|beta|b|preview|pre|c|rc)[-_.]?\d*)?"
    r"(?:-\d+|[-_.]?(?:post|rev|r)[-_.]?\d*)?(?:[-_.]?dev[-_.]?\d*)?"
    r"(?:\+[a-z0-9]+(?:[-_.][a-z0-9]+)*)?\s*",
    re.IGNORECASE,
)

#: What is stored when a worker in the first state reports the second. What is not here is stored as reported.
REDEFINED: Mapping[tuple[Worker, Worker], Worker] = {
    **{
        (Worker.MAINTENANCE_REQUEST, reported): Worker.MAINTENANCE_REQUEST
        for reported in Worker
        if reported not in (Worker.MAINTENANCE_PENDING, Worker.MAINTENANCE_MODE)
    },
    **{(stored, Worker.STARTING): Worker.MAINTENANCE_REQUEST for stored in MAINTAINED},
    (Worker.MAINTENANCE_EXIT, Worker.MAINTENANCE_PENDING): Worker.RUNNING,
    (Worker.MAINTENANCE_EXIT, Worker.MAINTENANCE_MODE): Worker.IDLE,
    **{
        (Worker.SHUTDOWN_REQUEST, reported): Worker.SHUTDOWN_REQUEST
        for reported in Worker
        if reported not in GONE
    },
}


class VersionRejectedError(Exception):
    """The server does not take work reports from this version of Airflow or of the edge provider."""


class UnreadableVersionError(Exception):
    """A version has to be compared and cannot be: Airflow answers 500."""


def register_worker(
    worker: EdgeWorker | None,
    *,
    worker_name: str,
    body: Mapping[str, Any],
    settings: Settings,
    now: datetime,
) -> Outcome:
    """POST worker: 200, 400 for a version that is not accepted, 409 when the name is in use."""
    try:
        versions_match = check_versions(body["sysinfo"], settings)
    except VersionRejectedError as error:
        return _refused(400, str(error))
    if worker is not None and worker.state not in GONE:
        return _refused(
            409,
            f"Worker '{worker_name}' is already active in state '{worker.state}'. "
            "Cannot start a duplicate worker with the same name.",
        )
    known = worker or EdgeWorker(
        worker_name=worker_name, state=body["state"], last_update=now, first_online=now
    )
    row = replace(_reported(known, body, now), queues=_queues(body["queues"]), team_name=body["team_name"])
    answer = {"last_update": now, "versions_match": versions_match}
    changes = edge_worker_moved(worker, row, at=now, cause="POST worker")
    return Outcome(reply=Reply(200, answer), rows=(row,), changes=changes)


def set_worker_state(
    worker: EdgeWorker | None, *, body: Mapping[str, Any], settings: Settings, now: datetime
) -> Outcome:
    """PATCH worker, the heartbeat: 200, 404, or 400 for a version, with the state stored all the same."""
    if worker is None:
        return WORKER_NOT_FOUND
    row = replace(_reported(worker, body, now), jobs_active=body["jobs_active"])
    answer = Outcome(rows=(row,), changes=edge_worker_moved(worker, row, at=now, cause="PATCH worker"))
    try:
        versions_match = check_versions(body["sysinfo"], settings)
    except VersionRejectedError as error:
        return replace(answer, reply=_refused(400, str(error)).reply)
    told = {
        "state": row.state,
        "queues": row.queues,
        "maintenance_comments": row.maintenance_comment,
        "concurrency": row.concurrency,
        "versions_match": versions_match,
    }
    return replace(answer, reply=Reply(200, told))


def update_queues(
    worker: EdgeWorker | None, *, new_queues: Sequence[str] | None, remove_queues: Sequence[str] | None
) -> Outcome:
    """PATCH worker/queues: 200 null or 404."""
    if worker is None:
        return WORKER_NOT_FOUND
    added = with_queues(worker, new_queues) if new_queues else worker
    return Outcome(reply=NULL, rows=(without_queues(added, remove_queues or ()),))


def with_queues(worker: EdgeWorker, queues: Sequence[str]) -> EdgeWorker:
    """The worker with more queues, none of them twice. Airflow keeps no order here, the fake that of coming."""
    return replace(worker, queues=_queues(list(dict.fromkeys([*(worker.queues or ()), *queues]))))


def without_queues(worker: EdgeWorker, queues: Sequence[str]) -> EdgeWorker:
    """The worker with fewer queues; of one it has twice, it loses one. With none left it takes all jobs."""
    left = list(worker.queues or ())
    for queue in queues:
        if queue in left:
            left.remove(queue)
    return replace(worker, queues=_queues(left))


def lose_worker(worker: EdgeWorker, *, now: datetime) -> Outcome:
    """A worker that has not reported for too long is unknown; in maintenance it is remembered as such.

    Its jobs stay as they are. Airflow: EdgeExecutor._check_worker_liveness.
    """
    state = Worker.OFFLINE_MAINTENANCE if worker.state in COMMENTED else Worker.UNKNOWN
    sysinfo = {name: value for name, value in worker.sysinfo.items() if name != "status_text"}
    row = replace(worker, state=state, sysinfo=sysinfo | {"status": 0})
    return Outcome(rows=(row,), changes=edge_worker_moved(worker, row, at=now, cause="worker liveness"))


def redefine_state(stored: Worker, reported: Worker) -> Worker:
    """What becomes of a reported state when an administrator asked for maintenance, its end, or shutdown."""
    return REDEFINED.get((stored, reported), reported)


def check_versions(sysinfo: Mapping[str, Any], settings: Settings) -> bool:
    """Whether the worker runs the server's versions. Raises VersionRejectedError when they may not mix."""
    airflow = sysinfo.get("airflow_version")
    if airflow is None:
        raise VersionRejectedError("Edge Worker does not specify the version it is running on.")
    lowest = settings.minimum_acceptable_core_version_for_workers
    if not _acceptable(airflow, settings.airflow_version, lowest):
        raise VersionRejectedError(
            f"Edge Worker runs on Airflow {airflow} which is below the minimum acceptable version "
            f"{lowest}. Rejecting access due to incompatible version."
        )
    provider = sysinfo.get("edge_provider_version")
    if provider is None:
        raise VersionRejectedError("Edge Worker does not specify the provider version it is running on.")
    ours = settings.edge_provider_version
    if not _acceptable(provider, ours, settings.minimum_acceptable_edge_version_for_workers):
        raise VersionRejectedError(
            f"Edge Worker runs on Edge Provider {provider} and the core runs on {ours}. "
            "Rejecting access due to difference."
        )
    return bool(airflow == settings.airflow_version and provider == ours)


def _acceptable(version: Any, ours: str, lowest: str | None) -> bool:
    return version == ours or (bool(lowest) and _numbers(version) >= _numbers(lowest))


def _numbers(version: Any) -> tuple[int, ...]:
    """Major, minor and micro; what else stands in a version does not count."""
    found = _VERSION.fullmatch(version) if isinstance(version, str) else None
    if found is None:
        raise UnreadableVersionError(f"{version!r} is no version: give one as PEP 440 writes it, as '3.3.2'")
    return tuple(int(part or 0) for part in found.groups())


def _reported(worker: EdgeWorker, body: Mapping[str, Any], now: datetime) -> EdgeWorker:
    state = redefine_state(worker.state, body["state"])
    return replace(
        worker,
        state=state,
        maintenance_comment=redefine_comment(state, worker.maintenance_comment, body["maintenance_comments"]),
        sysinfo=body["sysinfo"],
        last_update=now,
    )


def redefine_comment(state: Worker, stored: str | None, reported: str | None) -> str | None:
    """What a worker's comment becomes: outside of maintenance none, else the new one goes below the old one."""
    if state not in COMMENTED:
        return None
    if not reported or reported == stored:
        return stored
    if stored and len(stored) + len(reported) < COMMENT_MAX_LENGTH:
        return f"{stored}\n\n{reported}"
    return reported


def _queues(queues: Sequence[str] | None) -> tuple[str, ...] | None:
    return tuple(queues) if queues else None


def _refused(status: int, detail: str) -> Outcome:
    return Outcome(reply=Reply(status, {"detail": detail}))
