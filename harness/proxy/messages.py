"""Requests and responses of the HTTP server."""

from __future__ import annotations

from dataclasses import dataclass, field
from email.utils import formatdate
from http import HTTPStatus

PLAIN = "text/plain; charset=utf-8"


@dataclass(frozen=True, kw_only=True)
class Request:
    """`target` is as it stands in the request line; header names are in lower case."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes
    keep_alive: bool


@dataclass(frozen=True, kw_only=True)
class Response:
    """What has no body has no content type; plain text is what Go's http.Error makes of a refusal."""

    status: int
    body: bytes = b""
    content_type: str = PLAIN
    headers: dict[str, str] = field(default_factory=dict)

    def encode(self, *, keep_alive: bool, head_only: bool = False) -> bytes:
        """The response as HTTP/1.1 has it."""
        lines = [f"HTTP/1.1 {self.status} {HTTPStatus(self.status).phrase}"]
        if self.body:
            lines += [f"Content-Type: {self.content_type}"]
            lines += ["X-Content-Type-Options: nosniff"] if self.content_type == PLAIN else []
        lines += [] if self.status == 204 else [f"Content-Length: {len(self.body)}"]
        lines += [f"Date: {formatdate(usegmt=True)}"]
        lines += [f"{name}: {value}" for name, value in self.headers.items()]
        lines += [] if keep_alive else ["Connection: close"]
        head = "\r\n".join([*lines, "", ""]).encode("latin-1")
        return head if head_only else head + self.body
