"""What a History keeps of a request and of its reply."""

from __future__ import annotations

import base64
import gzip
import json
import re
import zlib
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

_KEPT_OF_REQUEST = {
    "ti.state": ("state",),
    "worker.set_state": ("state", "jobs_active"),
    "worker.register": ("state",),
}
_GZIP = b"\x1f\x8b"
_TOKEN = re.compile(rb"\r\nauthorization: *(?:bearer +)?[\w-]*\.([\w-]+)\.", re.IGNORECASE)
_CLAIMS = ("exp", "sub")


def kept(name: str, body: bytes) -> dict[str, Any]:
    """What a reader of the History wants to know of a request's body."""
    if name == "logs.push":
        return _chunk(_json(body))
    fields = _KEPT_OF_REQUEST.get(name)
    if not fields:
        return {}
    document = _json(body)
    return {field: document[field] for field in fields if field in document}


def _chunk(pushed: dict[str, Any]) -> dict[str, Any]:
    """A piece of a log: the time it is pushed under, and enough of its text to know it again."""
    text = str(pushed.get("log_chunk_data", ""))
    return {
        "log_chunk_time": pushed.get("log_chunk_time"),
        "length": len(text),
        "crc32": zlib.crc32(text.encode()),
    }


def carried(head: bytes) -> Mapping[str, Any]:
    """What the token in a request's head says: until when it is good (`exp`, seconds of Unix time), whose it is (`sub`)."""
    found = _TOKEN.search(head)
    return _claims(found[1]) if found else {}


@lru_cache(maxsize=4096)
def _claims(payload: bytes) -> Mapping[str, Any]:
    try:
        claims = _json(base64.urlsafe_b64decode(payload + b"=="))
    except ValueError:
        return {}
    return {name: claims[name] for name in _CLAIMS if name in claims}


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
