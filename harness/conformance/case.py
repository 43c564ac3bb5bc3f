"""What the suite is made of: a Case seeds a server and sends it calls. All of it is data.

Texts in paths, bodies, headers and tokens may hold `{dag}`, the Dag of the case, and ids the seed made: `{a}` is the
task instance of task `a` in the run `r`, `{r2.a}` that in the run `r2`, `{test}` the connection test.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

NEWEST = "2026-06-30"
#: Moments that are no server's now: all dates of seeds and bodies lie around them, so answers may show them.
DAY = "2020-01-01T00:00:00Z"
NEXT_DAY = "2020-01-02T00:00:00Z"
START = "2020-01-01T00:00:05Z"
END = "2020-01-01T00:01:05Z"
#: An id no server knows.
UNKNOWN = "11111111-2222-4333-8444-555555555555"


_NOT_IN_AN_ID = re.compile(r"[^A-Za-z0-9-]+")


class Nothing:
    """No body at all, which is not the body null."""


NOTHING: Final = Nothing()


@dataclass(frozen=True, kw_only=True)
class Task:
    """A task and its instance in each run. `mapped` is how many mapped instances it has, None if it is unmapped."""

    name: str = "a"
    state: str | None = "queued"
    retries: int = 0
    mapped: int | None = None
    group: str | None = None
    inlets: tuple[str, ...] = ()
    outlets: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Run:
    """A dag run whose dates are `logical_date`; without one it has none."""

    name: str = "r"
    state: str = "running"
    logical_date: str | None = DAY
    conf: Mapping[str, Any] | None = field(default_factory=dict)
    partition_key: str | None = None
    consumed: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class XCom:
    """A stored XCom of a task in the run `run`."""

    value: Any
    key: str = "k"
    task: str = "a"
    run: str = "r"
    map_index: int = -1


@dataclass(frozen=True, kw_only=True)
class SeededAsset:
    """An asset, called `{dag}-` and its name; its URI is `s3://{dag}/` and its name."""

    name: str
    active: bool = True
    alias: str | None = None


@dataclass(frozen=True, kw_only=True)
class Seed:
    """What the server has before the first call.

    Variables, connections and aliases are called `{dag}-` and their name. `dag` holds fields of the Dag.
    """

    tasks: tuple[Task, ...] = (Task(),)
    runs: tuple[Run, ...] = (Run(),)
    dag: Mapping[str, Any] = field(default_factory=dict)
    xcoms: tuple[XCom, ...] = ()
    variables: Mapping[str, str | None] = field(default_factory=dict)
    connections: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    assets: tuple[SeededAsset, ...] = ()
    connection_test: bool = False


@dataclass(frozen=True, kw_only=True)
class Token:
    """A bearer token. `age` seconds ago it was made, to live for `lifetime`; `claims` replace, None removes one."""

    sub: str = "{a}"
    scope: str = "execution"
    age: int = 0
    lifetime: int = 600
    claims: Mapping[str, Any] = field(default_factory=dict)
    secret: str | None = None
    algorithm: str = "HS512"


WORKLOAD: Final = Token(scope="workload")


@dataclass(frozen=True, kw_only=True)
class Call:
    """One request. `body` is sent as JSON, `content` as it is; `token` may be a whole Authorization header."""

    method: str
    path: str
    body: Any = NOTHING
    content: bytes | None = None
    chunked: bool = False
    headers: tuple[tuple[str, str], ...] = ()
    token: Token | str | None = Token()
    version: str | None = NEWEST

    @property
    def name(self) -> str:
        """The request line, for people."""
        return f"{self.method} {self.path}"


@dataclass(frozen=True, kw_only=True)
class Act:
    """Something that happens to the server besides the calls: `clear` a task instance, as a user does."""

    what: str
    task: str = "a"

    @property
    def name(self) -> str:
        """What happens, for people."""
        return f"{self.what} {self.task}"


Step = Call | Act


@dataclass(frozen=True, kw_only=True)
class Case:
    """A seed and the steps that follow. Names are unique; the Dag is named after the case, unless `dag` is given.

    A case that can be played `anywhere` tells something also of a server that has nothing of its seed.
    """

    name: str
    steps: tuple[Step, ...]
    seed: Seed = Seed()
    dag: str | None = None
    anywhere: bool = False

    @property
    def dag_id(self) -> str:
        """The Dag of this case, and the beginning of all its other names. No other case's begins so."""
        return self.dag or f"c.{_NOT_IN_AN_ID.sub('-', self.name)}."
