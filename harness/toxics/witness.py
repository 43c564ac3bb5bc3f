"""What a History keeps of a request and of its reply."""

from __future__ import annotations

import gzip
import json
import zlib
from typing import Any

_KEPT_OF_REQUEST = {
    "ti.state": ("state",),
    "worker.set_state": ("state", "jobs_active"),
    "worker.register": ("state",),
}
_GZIP = b"\x1f\x8b"


def kept(name: str, body: bytes) -> dict[str, Any]:
    """What a reader of the History wants to know of a request's body."""
    fields = _KEPT_OF_REQUEST.get(name)
    if not fields:
        return {}
    document = _json(body)
    return {field: document[field] for field in fields if field in document}


def told(name: str, status: int, body: bytes) -> dict[str, Any]:
    """What a reply tells the client that a reader of the History wants to know."""
    if status >= 400:
        detail = _json(body).get("detail")
        reason = detail.get("reason") if isinstance(detail, dict) else detail
        return {"reason": reason if isinstance(reason, str) else body[:80].decode(errors="replace")}
    if name == "jobs.fetch":
        return _job(_json(body))
    return {"state": _json(body).get("state")} if name == "worker.set_state" else {}


def _job(job: dict[str, Any]) -> dict[str, Any]:
    if not job:
        return {"job": None}
    key = "/".join(str(job[name]) for name in ("dag_id", "task_id", "run_id", "try_number", "map_index"))
    return {"job": key, "ti": job["command"]["ti"]["id"]}


def _json(body: bytes) -> dict[str, Any]:
    try:
        # Airflow's api-server compresses what is longer than a kilobyte
        document = json.loads(gzip.decompress(body) if body.startswith(_GZIP) else body)
    except (ValueError, OSError, EOFError, zlib.error):
        return {}
    return document if isinstance(document, dict) else {}
