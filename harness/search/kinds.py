"""Which faults can strike one call: one row each. A new kind of fault joins by a row."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Any

from harness.model.faults import (
    Aftermath,
    CloseIdle,
    CorruptReplies,
    DelayReplies,
    DelayRequests,
    DuplicateRequests,
    Fault,
    Flaw,
    LoseReplies,
    LoseRequests,
    ResetPeer,
    RestartServer,
    ServerErrors,
    TruncateReplies,
)
from harness.units import minutes, ms, seconds


class Span(StrEnum):
    """How long a fault is there: for one call, for a window, or to the end of the storm."""

    ONCE = "once"
    WINDOW = "window"
    FOR_EVER = "for-ever"


WINDOW = seconds(60)
BLINK = seconds(1)
"""How long a fault of links or of the server is there, once."""

EARLY = ms(1)
"""So long before the call a fault begins that is to be there when it is made."""

HOSTS: Mapping[str, Any] = {"a": "worker-*", "b": "api"}


@dataclass(frozen=True, kw_only=True)
class Aim:
    """The call to strike: its operation, when it is made in quiet weather, and until when the fault may stay."""

    call: str
    at: timedelta
    end: timedelta
    span: Span
    way: timedelta  # from the worker to the API

    @property
    def before(self) -> timedelta:
        """Just before the call."""
        return max(self.at - EARLY, timedelta(0))

    def lasting(self, once: timedelta) -> timedelta:
        """How long a fault without a limit of strikes lasts from `before` on."""
        longest = self.end - self.before
        return {Span.ONCE: min(once, longest), Span.WINDOW: min(WINDOW, longest), Span.FOR_EVER: longest}[
            self.span
        ]


@dataclass(frozen=True, kw_only=True)
class Kind:
    """One column of the matrix. `spans` are those that make a difference."""

    name: str
    code: str
    make: Callable[[Aim], Fault]
    spans: tuple[Span, ...] = tuple(Span)


def _rule(fault: Callable[..., Fault], **more: Any) -> Callable[[Aim], Fault]:
    """A rule waits for its one call, or strikes each within its time."""

    def make(aim: Aim) -> Fault:
        once = aim.span is Span.ONCE
        return fault(
            **HOSTS,
            at=aim.before,
            lasting=aim.lasting(once=aim.end - aim.before),
            calls=aim.call,
            times=1 if once else None,
            **more,
        )

    return make


def _reset(aim: Aim) -> Fault:
    return ResetPeer(**HOSTS, at=aim.at + aim.way / 2)


def _refused(aim: Aim) -> Fault:
    return RestartServer(at=aim.before, lasting=aim.lasting(once=BLINK))


STATUSES = (401, 403, 404, 409, 429, 500, 502, 503, 504)
SLOW, TOO_SLOW = seconds(2), minutes(6)
"""Under every client's timeout, and past it: that of the EdgeWorker is five minutes."""

KINDS: tuple[Kind, ...] = (
    Kind(name="request lost, reset", code="q-rst", make=_rule(LoseRequests, then=Aftermath.RESET)),
    Kind(name="request lost, silence", code="q-sil", make=_rule(LoseRequests, then=Aftermath.SILENCE)),
    Kind(name="reply lost, reset", code="p-rst", make=_rule(LoseReplies, then=Aftermath.RESET)),
    Kind(name="reply lost, silence", code="p-sil", make=_rule(LoseReplies, then=Aftermath.SILENCE)),
    Kind(name="request slow", code="q-slo", make=_rule(DelayRequests, delay=SLOW)),
    Kind(name="request too slow", code="q-too", make=_rule(DelayRequests, delay=TOO_SLOW)),
    Kind(name="reply slow", code="p-slo", make=_rule(DelayReplies, delay=SLOW)),
    Kind(name="reply too slow", code="p-too", make=_rule(DelayReplies, delay=TOO_SLOW)),
    Kind(name="request doubled", code="doubl", make=_rule(DuplicateRequests)),
    Kind(name="reply truncated", code="trunc", make=_rule(TruncateReplies)),
    Kind(name="reply garbled", code="garbl", make=_rule(CorruptReplies)),
    Kind(name="reply not JSON", code="html", make=_rule(CorruptReplies, flaw=Flaw.TYPE)),
    *(
        Kind(name=f"status {status}", code=str(status), make=_rule(ServerErrors, status=status))
        for status in STATUSES
    ),
    Kind(name="applied, status 500", code="a-500", make=_rule(ServerErrors, status=500, applied=True)),
    Kind(name="idle connection closed", code="idle", make=_rule(CloseIdle)),
    Kind(name="connections reset", code="reset", make=_reset, spans=(Span.ONCE,)),
    Kind(name="connection refused", code="refus", make=_refused),
)
"""Every kind of fault that can strike a call, in the order of the matrix's columns."""
