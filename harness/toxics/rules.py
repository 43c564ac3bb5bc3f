"""HTTP-aware faults as rules: which calls they strike, and what becomes of a call that is struck."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field
from enum import Enum
from fnmatch import fnmatchcase
from http import HTTPStatus

from harness.model.faults import Aftermath

_KNOWN = frozenset(HTTPStatus)


class Lost(Enum):
    """What a rule does to a call."""

    REQUEST = "request lost"
    REPLY = "reply lost"
    ANSWERED = "answered in the server's place"


BEFORE_THE_SERVER = frozenset({Lost.REQUEST, Lost.ANSWERED})
AFTER_THE_SERVER = frozenset({Lost.REPLY})


@dataclass(kw_only=True, eq=False)
class Rule:
    """Strikes calls whose name fits `calls`, from a host that fits `a` to one that fits `b`.

    A request is struck when its head has been read, a reply when its first bytes arrive.
    """

    a: str
    b: str
    calls: str
    does: Lost
    strike: Callable[[str, str], None]
    times: int | None = None
    then: Aftermath = Aftermath.RESET
    status: int = 503
    retry_after: int | None = None  # seconds
    struck: int = field(default=0, init=False)

    def fits(self, source: str, target: str, call: str) -> bool:
        """Whether the rule strikes that call now."""
        return (
            (self.times is None or self.struck < self.times)
            and fnmatchcase(call, self.calls)
            and fnmatchcase(source, self.a)
            and fnmatchcase(target, self.b)
        )

    def hit(self, source: str, call: str) -> None:
        """Count the strike and tell of it."""
        self.struck += 1
        self.strike(source, f"{call}: {self.does.value}")

    def answer(self, method: str) -> bytes:
        """The HTTP/1.1 response of something in front of the server; to HEAD, its head alone."""
        phrase = HTTPStatus(self.status).phrase if self.status in _KNOWN else "Unknown"
        retry = f"retry-after: {self.retry_after}\r\n" if self.retry_after is not None else ""
        head = f"HTTP/1.1 {self.status} {phrase}\r\ncontent-type: text/plain\r\n{retry}"
        body = "" if method == "HEAD" else phrase
        return f"{head}content-length: {len(phrase)}\r\n\r\n{body}".encode()


def strike_first(
    rules: Iterable[Rule], source: str, target: str, call: str, *, does: Collection[Lost]
) -> Rule | None:
    """The first rule of that kind which fits the call: it has struck it."""
    for rule in rules:
        if rule.does in does and rule.fits(source, target, call):
            rule.hit(source, call)
            return rule
    return None
