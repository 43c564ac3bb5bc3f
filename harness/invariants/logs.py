"""Logs are kept: what a worker pushed of a task's log is in it once, and in the order in which it was pushed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from harness.invariants.registry import Finding, Unwitnessed, safety, sampled
from harness.model.history import Event, History
from harness.model.moments import moment
from harness.model.plan import Plan

Text = tuple[Any, Any]
"""Enough of a piece to know it again. Each line of a log has its time in it: no two pieces are alike."""


@safety
def logs_are_kept(history: History, plan: Plan) -> Iterator[Finding]:  # noqa: ARG001
    """Each piece of a log whose push went well is stored; none is stored twice; their times are in order.

    Whoever reads a log reads its pieces in the order of their times.
    """
    stored, logs = _stored(history)
    pushes: defaultdict[str, list[tuple[Event, Event | None]]] = defaultdict(list)
    for asked, answer in history.pairs(witness="client"):
        if asked.f == "logs.push" and "crc32" in asked.value:
            pushes[_job(asked, "dag", "task", "run", "try", "map")].append((asked, answer))
    if pushes and not stored and any(sampled(event) for event in history.where(witness="server")):
        raise Unwitnessed("the server told of its tasks and not of their logs")
    for job, pushed in pushes.items():
        yield from _lost(job, pushed, stored[job])
        for log in logs[job]:
            yield from _doubled(job, log)
            yield from _reordered(job, [asked for asked, _ in pushed], log)


def _stored(history: History) -> tuple[defaultdict[str, list[Event]], defaultdict[str, list[list[Event]]]]:
    """By job: all pieces that were ever stored, and the logs they made: with a job its log is deleted, and may begin anew."""
    stored: defaultdict[str, list[Event]] = defaultdict(list)
    logs: defaultdict[str, list[list[Event]]] = defaultdict(lambda: [[]])
    for event in history.where(witness="server"):
        if event.f == "edge_job" and event.value.get("new") is None:
            logs[_job_of_row(event)].append([])
        elif event.f == "log" and event.value.get("new") == "log chunk":
            stored[_job_of_row(event)].append(event)
            logs[_job_of_row(event)][-1].append(event)
    return stored, logs


def _job_of_row(event: Event) -> str:
    return _job(event, "dag_id", "task_id", "run_id", "try_number", "map_index")


def _job(event: Event, *names: str) -> str:
    return "/".join(str(event.value.get(name)) for name in names)


def _at(event: Event) -> datetime | None:
    try:
        return datetime.fromisoformat(str(event.value.get("log_chunk_time")))
    except ValueError:
        return None


def _text(event: Event) -> Text:
    return event.value.get("length"), event.value.get("crc32")


def _lost(job: str, pushed: list[tuple[Event, Event | None]], stored: list[Event]) -> Iterator[Finding]:
    kept = {_text(event) for event in stored}
    for asked, answer in pushed:
        if answer is not None and answer.type == "ok" and _text(asked) not in kept:
            yield Finding(
                f"a piece of the log of {job}, which {asked.process} was told at {moment(answer.t)} is stored, is not",
                (asked.n, answer.n),
            )


def _doubled(job: str, stored: list[Event]) -> Iterator[Finding]:
    first: dict[Text, Event] = {}
    for event in stored:
        before = first.setdefault(_text(event), event)
        if before is not event:
            yield Finding(
                f"a piece of the log of {job} is stored twice, at {moment(before.t)} and {moment(event.t)}",
                (before.n, event.n),
            )


def _reordered(job: str, pushed: list[Event], stored: list[Event]) -> Iterator[Finding]:
    """Of each worker: a try may have begun on two, whose clocks need not agree."""
    place: dict[Text, tuple[str, int]] = {}
    for n, asked in enumerate(pushed):
        place.setdefault(_text(asked), (asked.process, n))
    read = [(at, event) for event in stored if _text(event) in place and (at := _at(event)) is not None]
    last: dict[str, Event] = {}
    for _, event in sorted(read, key=lambda each: each[0]):
        worker, n = place[_text(event)]
        before = last.get(worker)
        if before and place[_text(before)][1] > n:
            yield Finding(
                f"the log of {job} is out of order: what {worker} pushed at {moment(pushed[n].t)} is read after what"
                f" it pushed at {moment(pushed[place[_text(before)][1]].t)}",
                (event.n, before.n),
            )
        last[worker] = event
