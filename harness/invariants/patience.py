"""Retry-After is heeded: who is told when to come again does not come before. A scenario names this promise if it wants it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from harness.invariants.registry import Finding, safety
from harness.model.history import Event, History
from harness.model.moments import moment, span
from harness.model.plan import Plan
from harness.units import NANOSECONDS

BUSY = (429, 503)
"""The statuses with which a server asks for time (RFC 6585, RFC 9110)."""

_NO_NAMES = frozenset({"call", "exp", "sub", "jobs_active", "log_chunk_time", "length", "crc32"})
"""What of a call's value does not say which call it is."""


@safety
def retry_after_is_heeded(history: History, plan: Plan) -> Iterator[Finding]:  # noqa: ARG001
    """After an answer 429 or 503 with Retry-After, a worker makes the same call not sooner than it was told."""
    asked: dict[int, tuple[Any, ...]] = {}
    told: dict[tuple[Any, ...], Event] = {}
    for event in history:
        if event.witness == "world" and event.f == "worker.start":  # a new process cannot know
            told = {key: answer for key, answer in told.items() if key[0] != event.process}
        elif event.witness != "client" or "call" not in event.value:
            continue
        elif event.type == "invoke":
            key = asked[event.value["call"]] = _key(event)
            answer = told.pop(key, None)
            if answer and event.t < answer.t + answer.value["retry_after"] * NANOSECONDS:
                yield Finding(
                    f"{event.process} was told at {moment(answer.t)} to make {event.f} again after"
                    f" {answer.value['retry_after']:g} s and did so {span(answer.t, event.t)}",
                    (answer.n, event.n),
                )
        elif event.value.get("status") in BUSY and "retry_after" in event.value:
            key_of_call = asked.get(event.value["call"])
            if key_of_call is not None:
                told[key_of_call] = event


def _key(event: Event) -> tuple[Any, ...]:
    return event.process, event.f, *sorted((n, str(v)) for n, v in event.value.items() if n not in _NO_NAMES)
