"""The runs of task bodies in a History: what the third witness saw."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from harness.model.history import Event, History


@dataclass(frozen=True, slots=True, kw_only=True)
class Body:
    """One run of a task's body. `end` is None where it never ended; then it counts as running to the last."""

    task: str
    ti: str  # the id of its try
    attempt: int
    worker: str
    slots: int
    begin: Event
    end: Event | None
    begins: int  # nanoseconds
    ends: int

    @property
    def ordinals(self) -> tuple[int, ...]:
        """The events that show it."""
        return (self.begin.n,) if self.end is None else (self.begin.n, self.end.n)


def bodies(history: History) -> Iterator[Body]:
    """Each body in the order in which they began."""
    last = history[-1].t if len(history) else 0
    for begin, end in history.pairs(witness="body"):
        yield Body(
            task=begin.value.get("task", "?"),
            ti=begin.value.get("ti", "?"),
            attempt=begin.value.get("try", 1),
            worker=begin.process,
            slots=begin.value.get("slots", 1),
            begin=begin,
            end=end,
            begins=begin.t,
            ends=last if end is None else end.t,
        )


def task_of(event: Event) -> str:
    """`dag/task/run` of an event whose value names them."""
    value = event.value
    return value.get("task") or f"{value.get('dag_id')}/{value.get('task_id')}/{value.get('run_id')}"


def act(history: History, name: str) -> Event | None:
    """The event at which the driver began that act: `storm`, `calm` or `end`."""
    return next(
        history.where(witness="world", f="act", test=lambda event: event.value.get("act") == name), None
    )
