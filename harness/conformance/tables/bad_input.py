"""What no client of Airflow sends: bodies, headers and paths that are broken in every way we could think of."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from harness.conformance.case import NOTHING, Call, Case
from harness.conformance.tables.operations import BY_NAME, OPERATIONS, WORLD, Operation
from harness.conformance.tables.words import beat, call, get, run

MEGABYTE = 1024 * 1024
JSON = (("content-type", "application/json"),)


@dataclass(frozen=True)
class Raw:
    """Bytes in place of an operation's body, and the headers they come with."""

    name: str
    content: bytes = b""
    headers: tuple[tuple[str, str], ...] = JSON
    chunked: bool = False

    def of(self, operation: Operation) -> Call:
        """The operation's call with these bytes."""
        return replace(
            operation.call, body=NOTHING, content=self.content, headers=self.headers, chunked=self.chunked
        )


RAW: tuple[Raw, ...] = (
    Raw("empty", b""),
    Raw("null", b"null"),
    Raw("number", b"1"),
    Raw("text", b'"text"'),
    Raw("true", b"true"),
    Raw("list", b"[]"),
    Raw("object", b"{}"),
    Raw("cut off", b'{"state": "run'),
    Raw("two values", b"{} {}"),
    Raw("trailing comma", b'{"a": 1,}'),
    Raw("single quotes", b"{'a': 1}"),
    Raw("not a number", b'{"value": NaN, "val": NaN}'),
    Raw("infinity", b'{"value": 1e999, "val": 1e999}'),
    Raw("bad UTF-8", b'{"val": "\xff\xfe"}'),
    Raw("lone surrogate", b'{"val": "\\ud800", "value": "\\ud800"}'),
    Raw("NUL", b'{"val": "a\\u0000b", "value": "a\\u0000b"}'),
    Raw("NUL byte", b'{"val": "a\x00b"}'),
    Raw("UTF-16", '{"val": "x"}'.encode("utf-16")),
    Raw("byte order mark", b'\xef\xbb\xbf{"val": "x"}'),
    Raw("duplicate keys", b'{"val": "1", "val": "2", "value": 1, "value": 2}'),
    Raw("huge integer", b'{"val": ' + b"9" * 5000 + b"}"),
    Raw("deep", b"[" * 100 + b"]" * 100),
    Raw("no content type", b'{"val": "x"}', ()),
    Raw("plain text", b'{"val": "x"}', (("content-type", "text/plain"),)),
    Raw("form", b"val=x", (("content-type", "application/x-www-form-urlencoded"),)),
    Raw("JSON of a kind", b'{"val": "x"}', (("content-type", "application/vnd.api+json"),)),
    Raw("JSON with a charset", b'{"val": "x"}', (("content-type", "application/json; charset=latin-1"),)),
    Raw("chunked", b'{"val": "chunked"}', chunked=True),
    Raw("chunked nonsense", b"{nonsense", chunked=True),
)
#: Bodies that are costly are sent to a few operations only.
HEAVY: tuple[Raw, ...] = (
    Raw("10 MB of text", b'{"val": "' + b"x" * (10 * MEGABYTE) + b'"}'),
    Raw("10 MB of nothing JSON", b"x" * (10 * MEGABYTE)),
    Raw("very deep", b"[" * 100_000),
    Raw("very deep objects", b'{"a":' * 5_000 + b"1" + b"}" * 5_000),
)
TAKES_BODY = tuple(each for each in OPERATIONS if each.call.body is not NOTHING)
FEW = tuple(BY_NAME[name] for name in (
    "PUT /variables/{variable_key}",
    "PUT /task-instances/{task_instance_id}/heartbeat",
    "POST /xcoms/{dag_id}/{run_id}/{task_id}/{key}",
))  # fmt: skip
BEAT = BY_NAME["PUT /task-instances/{task_instance_id}/heartbeat"]
RUN = BY_NAME["PATCH /task-instances/{task_instance_id}/run"]
ODD: tuple[Any, ...] = (
    None,
    True,
    1.5,
    -1,
    2**31,
    2**63,
    2**64,
    10**30,
    "",
    "1",
    " 1",
    "1.0",
    "x",
    [],
    {},
    "\x00",
)
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE")


def _without(body: Any) -> list[Any]:
    """A body with each of its fields missing, and with one too many."""
    if not isinstance(body, dict):
        return []
    return [{key: body[key] for key in body if key != gone} for gone in body] + [body | {"unknown": 1}]


CASES: tuple[Case, ...] = (
    *(
        Case(name=f"bodies {each.name}", seed=WORLD, steps=tuple(raw.of(each) for raw in RAW))
        for each in TAKES_BODY
    ),
    *(
        Case(name=f"fields {each.name}", seed=WORLD, steps=tuple(replace(each.call, body=body) for body in bodies))
        for each in TAKES_BODY
        if (bodies := _without(each.call.body))
    ),
    *(Case(name=f"heavy {each.name}", steps=tuple(raw.of(each) for raw in HEAVY)) for each in FEW),
    *(
        Case(name=f"odd {field} of {each.name}", steps=tuple(
            replace(each.call, body=each.call.body | {field: odd}) for odd in ODD
        ))
        for each in (BEAT, RUN)
        for field in each.call.body
    ),
    *(
        Case(name=f"methods of {each.path}", anywhere=True, seed=WORLD, steps=tuple(
            replace(each.call, method=method, body=NOTHING)
            for method in METHODS
            if f"{method} {each.path}" not in BY_NAME
        ))
        for each in {each.path: each for each in OPERATIONS}.values()
    ),
    Case(name="paths", anywhere=True, steps=tuple(call("GET", path) for path in (
        "", "/", "//", "/health/", "/health/ping/", "/Health", "/none", "/task-instances", "/task-instances/",
        "/task-instances/{a}", "/task-instances/{a}/", "/task-instances/{a}/none", "/task-instances/{a}/run/",
        "/task-instances/not-a-uuid/validate-inlets-and-outlets", "/xcoms/{dag}/r/a", "/xcoms/{dag}/r", "/dag-runs/{dag}",
        "/store/ti", "/store/asset", "/store/asset/by-none/value?key=k", "/docs", "/redoc", "/%2e%2e/health",
    ))),
    Case(name="ids in other spellings", steps=(
        run(),
        beat(),
        get("/task-reschedules/not-a-uuid/start_date"),
        get("/task-reschedules/not-a-uuid/start_date", token="Bearer x"),  # noqa: S106 - no token at all
    )),
    Case(name="headers", anywhere=True, steps=(
        beat(headers=(("correlation-id", "mine"),)),
        beat(headers=(("correlation-id", ""),)),
        beat(headers=(("correlation-id", "one"), ("correlation-id", "two"))),
        beat(headers=(("Correlation-ID", "Mixed Case"),)),
        beat(headers=(("correlation-id", "x" * 2000),)),
        beat(headers=(("correlation-id", "é"),)),
        beat(headers=(("airflow-api-version", "2025-04-11"),)),
        beat(headers=(("content-type", "text/plain"),)),
        beat(headers=(("authorization", "Bearer garbage"),)),
        beat(headers=(("accept", "text/html"),)),
        beat(headers=(("expect", "100-continue"),)),
        beat(headers=(("x" * 200, "y" * 4000),)),
        get("/none", headers=(("correlation-id", "mine"),)),
        get("/health", headers=(("correlation-id", "mine"),), token=None),
    )),
    Case(name="a 500 tells its correlation id", steps=(
        call("POST", "/xcoms/{dag}/r/no-task/k", 1, headers=(("correlation-id", "mine"),)),
    )),
)  # fmt: skip
