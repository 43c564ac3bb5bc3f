"""HTTP-aware faults as rules: which calls they strike, and what becomes of a call that is struck."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field
from enum import Enum
from fnmatch import fnmatchcase
from http import HTTPStatus
from typing import Protocol

from harness.model.http_faults import Aftermath, Flaw

_KNOWN = frozenset(HTTPStatus)


class Does(Enum):
    """What a rule does to a call, in the words of a strike."""

    LOSE_REQUEST = "request lost"
    CLOSE_IDLE = "the connection it came on was closed"
    ANSWER = "answered in the server's place"
    DELAY_REQUEST = "request delayed"
    DUPLICATE = "request sent twice"
    LOSE_REPLY = "reply lost"
    EXCHANGE_REPLY = "applied, and answered in the server's place"
    DELAY_REPLY = "reply delayed"
    CUT_REPLY = "reply cut short"
    SPOIL_REPLY = "reply corrupted"


TO_REQUESTS = frozenset({Does.LOSE_REQUEST, Does.CLOSE_IDLE, Does.ANSWER, Does.DELAY_REQUEST, Does.DUPLICATE})
"""Strike when the request's head has been read."""

LET_THROUGH = frozenset({Does.DELAY_REQUEST, Does.DUPLICATE})
"""Of these: the server sees the request, and its reply may be struck as well."""

TO_REPLIES = frozenset({Does.LOSE_REPLY, Does.EXCHANGE_REPLY, Does.DELAY_REPLY})
"""Strike when the reply's first bytes arrive."""

TO_BODIES = frozenset({Does.CUT_REPLY, Does.SPOIL_REPLY})
"""Strike when the reply has arrived whole, if it has enough of a body."""


class Asked(Protocol):
    """What a rule looks at of a request: `number` counts the requests on its connection from 1."""

    name: str
    method: str
    path: str
    number: int

    @property
    def head(self) -> bytes: ...


@dataclass(kw_only=True, eq=False)
class Rule:
    """Strikes calls that fit `calls` and `header`, from a host that fits `a` to one that fits `b`.

    Of those, the first `nth` - 1 pass, then at most `times` are struck. `delay` and `retry_after` are seconds.
    """

    a: str
    b: str
    calls: str
    does: Does
    strike: Callable[[str, str], None]
    times: int | None = None
    nth: int = 1
    header: str | None = None
    then: Aftermath = Aftermath.RESET
    status: int = 503
    retry_after: float | None = None
    delay: float = 0.0
    keep: int = 0
    flaw: Flaw = Flaw.BYTES
    struck: int = field(default=0, init=False)
    fitted: int = field(default=0, init=False)

    def fits(self, source: str, target: str, asked: Asked) -> bool:
        """Whether the rule is about that call, and not used up."""
        return (
            (self.times is None or self.struck < self.times)
            and fnmatchcase(f"{asked.method} {asked.path}" if " " in self.calls else asked.name, self.calls)
            and fnmatchcase(source, self.a)
            and fnmatchcase(target, self.b)
            and (self.does is not Does.CLOSE_IDLE or asked.number > 1)
            and (self.header is None or has_header(asked.head, self.header))
        )

    def takes(self, source: str, call: str) -> bool:
        """Count a call that fits; whether it is struck: the strike is told."""
        self.fitted += 1
        if self.fitted < self.nth:
            return False
        self.struck += 1
        self.strike(source, f"{call}: {self.does.value}")
        return True

    def changes(self, body_size: int) -> bool:
        """Whether a reply with so many bytes of body would be another after it."""
        return body_size > (self.keep if self.does is Does.CUT_REPLY else 0)

    def answer(self, method: str) -> bytes:
        """The HTTP/1.1 response of something in front of the server; to HEAD, its head alone."""
        phrase = HTTPStatus(self.status).phrase if self.status in _KNOWN else "Unknown"
        retry = f"retry-after: {self.retry_after:.0f}\r\n" if self.retry_after is not None else ""
        head = f"HTTP/1.1 {self.status} {phrase}\r\ncontent-type: text/plain\r\n{retry}"
        body = "" if method == "HEAD" else phrase
        return f"{head}content-length: {len(phrase)}\r\n\r\n{body}".encode()


def has_header(head: bytes, wanted: str) -> bool:
    """Whether a request's head has the header `name: pattern`."""
    name, _, pattern = (part.strip() for part in wanted.partition(":"))
    for line in head.decode("latin-1").split("\r\n")[1:]:
        found, _, value = line.partition(":")
        if found.strip().lower() == name.lower() and fnmatchcase(value.strip(), pattern):
            return True
    return False


def strike_first(
    rules: Iterable[Rule],
    source: str,
    target: str,
    asked: Asked,
    *,
    does: Collection[Does],
    body_size: int = 0,
) -> Rule | None:
    """The first rule of those kinds which strikes the call."""
    for rule in rules:
        if (
            rule.does in does
            and rule.fits(source, target, asked)
            and (rule.does not in TO_BODIES or rule.changes(body_size))
            and rule.takes(source, asked.name)
        ):
            return rule
    return None
