"""Faults on single calls, as data: each strikes requests of workers to the API, or the replies to them.

`calls` is a pattern over the operation names of `harness.model.operations` (`ti.run`, `jobs.*`) or, where it has a
space, over method and path (`PATCH /execution/*`). `header` is a request header and a pattern of its value
(`user-agent: *httpx*`). Of the calls that fit, the first `nth` - 1 pass, then at most `times` are struck.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from harness.model.codec import later
from harness.units import seconds


class Aftermath(StrEnum):
    """What the client sees of its connection after a request or reply was lost."""

    RESET = "reset"  # the connection breaks at once (RST)
    SILENCE = "silence"  # nothing more comes: the client's own timeout must end the call
    CLOSE = "close"  # the server seems to have closed it (FIN)


class Flaw(StrEnum):
    """What is wrong with a reply."""

    BYTES = "bytes"  # each eighth byte of the body, from the first, is another
    TYPE = "type"  # the content type is text/html
    SHORT = "short"  # half of the body, rightly framed


@dataclass(frozen=True, kw_only=True)
class OnCalls:
    """What all faults on calls have: which they strike."""

    a: str
    b: str
    at: timedelta
    lasting: timedelta
    calls: str = "*"
    times: int | None = None
    nth: int = later(1)
    header: str | None = later(None)


@dataclass(frozen=True, kw_only=True)
class LoseRequests(OnCalls):
    """Requests from `a` to `b` are lost before the server sees them; at most `times` of them."""

    then: Aftermath = Aftermath.RESET


@dataclass(frozen=True, kw_only=True)
class LoseReplies(OnCalls):
    """The server applies the request and the client never hears; at most `times` times."""

    then: Aftermath = Aftermath.RESET


@dataclass(frozen=True, kw_only=True)
class ServerErrors(OnCalls):
    """Something before the server answers `status` itself; the server never sees the request.

    With `applied`, it has applied the request, and its own reply is exchanged for that.
    """

    status: int = 503
    retry_after: timedelta | None = None
    applied: bool = later(False)


@dataclass(frozen=True, kw_only=True)
class DelayRequests(OnCalls):
    """Requests reach the server later by `delay`; one whose client gave up meanwhile reaches it all the same."""

    delay: timedelta = seconds(2)


@dataclass(frozen=True, kw_only=True)
class DelayReplies(OnCalls):
    """The server applies the request at once, and its reply comes later by `delay`."""

    delay: timedelta = seconds(2)


@dataclass(frozen=True, kw_only=True)
class DuplicateRequests(OnCalls):
    """Requests reach the server a second time, `delay` after they were sent; the client sees the first reply only."""

    delay: timedelta = seconds(1)


@dataclass(frozen=True, kw_only=True)
class TruncateReplies(OnCalls):
    """The server applies the request; of its reply come the head and `keep` bytes of the body, then the end."""

    keep: int = 1
    then: Aftermath = Aftermath.CLOSE


@dataclass(frozen=True, kw_only=True)
class CorruptReplies(OnCalls):
    """The server applies the request, and its reply comes whole, with a flaw: other bytes, another type, half a body."""

    flaw: Flaw = Flaw.BYTES


@dataclass(frozen=True, kw_only=True)
class CloseIdle(OnCalls):
    """A kept-alive connection closes under the client: the next request on it is lost, and the server never sees it."""

    then: Aftermath = Aftermath.CLOSE
