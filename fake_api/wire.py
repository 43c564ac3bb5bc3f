"""Replies as bytes, and request bodies as they come in."""

from typing import Any

from pydantic_core import to_json
from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from fake_api.outcome import EMPTY, Reply

#: Exactly this, without a charset: the task SDK parses an error only under this content type.
JSON = (b"content-type", b"application/json")


class InvalidRequestError(Exception):
    """The request does not validate: answered 422 with pydantic's list of errors."""

    def __init__(self, errors: list[dict[str, Any]]) -> None:
        super().__init__(f"{len(errors)} validation errors")
        self.errors = errors


class ReplyResponse(Response):
    """Sends a Reply as Airflow does: JSON, a 204 with a content type, an empty 200 without one."""

    def __init__(self, reply: Reply) -> None:
        self.reply = reply

    async def __call__(self, scope: Scope, _receive: Receive, send: Send) -> None:
        """Send the reply, as an ASGI application."""
        body, headers = render(self.reply)
        await send({"type": "http.response.start", "status": self.reply.status, "headers": headers})
        await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else body})


def render(reply: Reply) -> tuple[bytes, list[tuple[bytes, bytes]]]:
    """The body and the raw headers of a reply."""
    if reply.body is not EMPTY:
        body = to_json(reply.body)
        length = (b"content-length", str(len(body)).encode())
        return body, [JSON, length, *reply.headers]
    if reply.status == 204:
        return b"", [JSON, *reply.headers]
    return b"", [(b"content-length", b"0"), *reply.headers]


async def read_body(receive: Receive) -> bytes:
    """The whole request body. Raises ClientDisconnect when the client leaves before its end."""
    chunks = []
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        chunks.append(message.get("body", b""))
        if not message.get("more_body", False):
            return b"".join(chunks)
