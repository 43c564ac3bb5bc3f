"""From a Call to the bytes of a request, and from a reply's bytes to what it says."""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import httpx
import jwt

from harness.conformance.case import NOTHING, Call, Token

AUDIENCE = "urn:airflow.apache.org:task"
VERSION_HEADER = "airflow-api-version"
_NAME = re.compile(r"\{([\w.]+)\}")


@dataclass(frozen=True)
class Reply:
    """What came back. `broken` names the error when the connection ended without an answer."""

    status: int = 0
    headers: Mapping[str, str] | None = None
    body: bytes = b""
    broken: str | None = None


class Chunks(httpx.SyncByteStream, httpx.AsyncByteStream):
    """A body of unknown length, in pieces."""

    def __init__(self, content: bytes, size: int = 7) -> None:
        self._pieces = [content[at : at + size] for at in range(0, len(content), size)]

    def __iter__(self) -> Iterator[bytes]:
        yield from self._pieces

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for piece in self._pieces:
            yield piece


def filled(value: Any, names: Mapping[str, str]) -> Any:
    """The value with `{name}` replaced in every text of it; a name that is not known stays as it stands."""
    if isinstance(value, str):
        return _NAME.sub(lambda found: names.get(found[1], found[0]), value)
    if isinstance(value, Mapping):
        return {filled(name, names): filled(each, names) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [filled(each, names) for each in value]
    return value


def request(call: Call, names: Mapping[str, str], *, base: str, secret: str, now: float) -> httpx.Request:
    """The request of a call, with nothing in it that an HTTP library would add, but Host and Content-Length."""
    content = _content(call, names)
    headers = [("accept-encoding", "identity"), *_headers(call, names, secret=secret, now=now)]
    if content is not None and call.body is not NOTHING:
        headers.append(("content-type", "application/json"))
    raw = [(name.encode(), filled(value, names).encode("latin-1", "replace")) for name, value in headers]
    url = httpx.URL(base).copy_with(raw_path=filled(call.path, names).encode())
    if call.chunked and content is not None:
        raw += [(b"host", url.netloc), (b"transfer-encoding", b"chunked")]
        return httpx.Request(call.method, url, headers=raw, stream=Chunks(content))
    return httpx.Request(call.method, url, headers=raw, content=content)


def _content(call: Call, names: Mapping[str, str]) -> bytes | None:
    if call.content is not None or call.body is NOTHING:
        return call.content
    return json.dumps(filled(call.body, names)).encode()


def _headers(call: Call, names: Mapping[str, str], *, secret: str, now: float) -> list[tuple[str, str]]:
    headers = list(call.headers)
    if call.version is not None:
        headers.append((VERSION_HEADER, call.version))
    if isinstance(call.token, str):
        headers.append(("authorization", call.token))
    elif call.token:
        headers.append(("authorization", f"Bearer {mint(call.token, names, secret=secret, now=now)}"))
    return headers


def mint(token: Token, names: Mapping[str, str], *, secret: str, now: float) -> str:
    """The signed token, as Airflow's JWTGenerator makes it."""
    issued = int(now) - token.age
    claims: dict[str, Any] = {
        "jti": uuid.uuid5(uuid.NAMESPACE_OID, f"{token} {issued}").hex,
        "aud": AUDIENCE,
        "nbf": issued,
        "iat": issued,
        "exp": issued + token.lifetime,
        "sub": filled(token.sub, names),
        "scope": token.scope,
    } | filled(token.claims, names)
    shifted = {name: value for name, value in claims.items() if value is not None}
    return jwt.encode(shifted, token.secret or secret, token.algorithm, headers={"kid": "not-used"})


def refreshed_claims(headers: Mapping[str, str], secret: str) -> dict[str, Any] | None:
    """The claims of a refreshed token, with times relative to its own making; None when there is no such header.

    Of a token that is none, or that was signed with another secret, there is the reason only.
    """
    token = headers.get("refreshed-api-token")
    if token is None:
        return None
    unchecked: Any = {"verify_exp": False, "verify_iat": False, "verify_nbf": False, "verify_aud": False}
    try:
        return relative(jwt.decode(token, secret, algorithms=["HS512"], options=unchecked))
    except jwt.PyJWTError as error:
        return {"unreadable": str(error)}


def relative(claims: Mapping[str, Any]) -> dict[str, Any]:
    """Claims without what differs each time: the id, and the moment they were made. Odd ones stay as they are."""
    times = {name: claims.get(name) for name in ("exp", "nbf", "iat")}
    if not all(isinstance(each, int | float) for each in times.values()):
        return dict(claims)
    return {**claims, "jti": "<id>"} | {name: time - claims["iat"] for name, time in times.items()}
