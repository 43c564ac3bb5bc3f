"""Descriptions of storms: each is a Chaos, which a plan turns into concrete faults that all end by `until`.

A fault that is handed in is a template: its `at` is set here. With `hosts`, each strikes one of them instead of those
it names. Faults of one description follow each other, but for `swizzle`.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import fields, replace
from datetime import timedelta
from typing import Any

from harness.errors import BadPlan
from harness.model.draws import Draw
from harness.model.faults import Fault, OnHost, ends_at
from harness.model.scenario import Chaos
from harness.units import format_duration, ms, seconds

FAULTS_MOST = 10_000
"""So many faults come of one description at most."""


def every(
    period: timedelta,
    *faults: Fault,
    until: timedelta,
    start: timedelta = seconds(0),
    hosts: Sequence[str] = (),
) -> Chaos:
    """At each beat of `period` from `start` on, one of the faults, drawn; while one lasts, no other begins."""
    _check(faults, period=period)
    beats = _beats(start, until, period)

    def chaos(draw: Draw) -> Iterator[Fault]:
        last = start - period
        for at in beats:
            fault = _placed(draw.choice(faults), at=at, host=_one_of(hosts, draw))
            if at > last and _end(fault) <= until:
                last = _end(fault)
                yield fault

    return chaos


def mix(
    *faults: Fault,
    until: timedelta,
    start: timedelta = seconds(0),
    pause: timedelta = seconds(10),
    hosts: Sequence[str] = (),
) -> Chaos:
    """One fault after the other, each drawn from those given, with a pause of up to `pause` before each."""
    _check(faults, pause=pause)

    def chaos(draw: Draw) -> Iterator[Fault]:
        chosen = (draw.choice(faults) for _ in itertools.count())
        pauses = (draw.between(ms(1), max(ms(1), pause)) for _ in itertools.count())
        return _in_turn(chosen, pauses, start=start, until=until, hosts=hosts, draw=draw)

    return chaos


def flip_flop(
    *faults: Fault,
    until: timedelta,
    start: timedelta = seconds(0),
    pause: timedelta = seconds(10),
    hosts: Sequence[str] = (),
) -> Chaos:
    """The faults in their order, over and over, with `pause` before each."""
    _check(faults, pause=pause)

    def chaos(draw: Draw) -> Iterator[Fault]:
        pauses = itertools.repeat(pause)
        return _in_turn(itertools.cycle(faults), pauses, start=start, until=until, hosts=hosts, draw=draw)

    return chaos


def swizzle(fault: Fault, *, hosts: Sequence[str], until: timedelta, start: timedelta = seconds(0)) -> Chaos:
    """The fault strikes some of the hosts, drawn, one by one until half time, and heals one by one in another order.

    FoundationDB's swizzle-clogging. How long it lasts on a host is drawn.
    """
    _check((fault,))
    if not hosts:
        raise BadPlan("swizzle has no hosts: name some, like ('worker-1', 'worker-2')")
    if "lasting" not in {field.name for field in fields(fault)}:
        raise BadPlan(f"swizzle needs a fault that lasts: {type(fault).__name__} strikes once")
    if until - start < ms(4):
        raise BadPlan(f"swizzle has no time from {format_duration(start)} to {format_duration(until)}")
    middle = start + (until - start) / 2

    def chaos(draw: Draw) -> Iterator[Fault]:
        struck = [host for host in hosts if draw.chance(0.5)] or [draw.choice(hosts)]
        for host in struck:
            mine = draw.named(host)
            begin, end = mine.between(start, middle), mine.between(middle + ms(1), until)
            lasting: dict[str, Any] = {"lasting": end - begin}
            yield replace(_placed(fault, at=begin, host=host), **lasting)

    return chaos


def rolling(
    fault: Fault,
    *,
    hosts: Sequence[str],
    until: timedelta,
    start: timedelta = seconds(0),
    pause: timedelta = seconds(10),
) -> Chaos:
    """The fault strikes one host after the other, in their order, each once, with `pause` between."""
    return _once_each("rolling", [_aimed(fault, host) for host in hosts], start, until, pause)


def staircase(
    fault: Fault,
    *,
    until: timedelta,
    start: timedelta = seconds(0),
    pause: timedelta = seconds(10),
    **steps: Sequence[Any],
) -> Chaos:
    """The fault step by step, one after the other: `delay=(ms(100), seconds(1), seconds(10))`."""
    known = [field.name for field in fields(fault) if field.name != "at"]
    if unknown := [name for name in steps if name not in known]:
        raise BadPlan(f"{type(fault).__name__} has no {unknown[0]!r}; it has {', '.join(known)}")
    if len({len(values) for values in steps.values()}) > 1:
        raise BadPlan(
            f"staircase has steps of several lengths: give {' and '.join(steps)} as many values each"
        )
    climbed: list[Fault] = [
        replace(fault, **dict(zip(steps, values, strict=True)))
        for values in zip(*steps.values(), strict=True)
    ]
    return _once_each("staircase", climbed, start, until, pause)


def _once_each(
    name: str, faults: Sequence[Fault], start: timedelta, until: timedelta, pause: timedelta
) -> Chaos:
    _check(faults, pause=pause)
    pauses = itertools.chain([timedelta(0)], itertools.repeat(pause))
    placed = tuple(_in_turn(iter(faults), pauses, start=start, until=until))
    if len(placed) < len(faults):
        raise BadPlan(
            f"{name} has time for {len(placed)} of {len(faults)} faults until {format_duration(until)}:"
            " shorten fault or pause, or raise `until`"
        )

    return lambda draw: placed


def _in_turn(
    faults: Iterator[Fault],
    pauses: Iterator[timedelta],
    *,
    start: timedelta,
    until: timedelta,
    hosts: Sequence[str] = (),
    draw: Draw | None = None,
) -> Iterator[Fault]:
    """Each after a pause, for as long as there is time."""
    at = start
    for fault, pause in itertools.islice(zip(faults, pauses, strict=False), FAULTS_MOST):
        placed = _placed(fault, at=at + pause, host=_one_of(hosts, draw) if draw else None)
        if _end(placed) > until:
            return
        yield placed
        at = _end(placed)


def _beats(start: timedelta, until: timedelta, period: timedelta) -> list[timedelta]:
    count = max(0, (until - start) // period + 1)
    if count > FAULTS_MOST:
        raise BadPlan(f"every {format_duration(period)} makes {count:,} faults: at most {FAULTS_MOST:,}")
    return [start + period * n for n in range(count)]


def _one_of(hosts: Sequence[str], draw: Draw) -> str | None:
    return draw.choice(hosts) if hosts else None


def _placed(fault: Fault, *, at: timedelta, host: str | None) -> Fault:
    return replace(fault if host is None else _aimed(fault, host), at=at)


def _aimed(fault: Fault, host: str) -> Fault:
    return replace(fault, target=host) if isinstance(fault, OnHost) else replace(fault, a=host)


def _end(fault: Fault) -> timedelta:
    return ends_at(fault) or fault.at


def _check(faults: Sequence[Fault], **above_zero: timedelta) -> None:
    """Raise BadPlan where a description could make no faults, or none that heal."""
    if not faults:
        raise BadPlan("a description of chaos has no fault: give it one")
    for fault in faults:
        if getattr(fault, "lasting", ...) is None:
            raise BadPlan(f"{type(fault).__name__} would never heal: give it a `lasting`")
    for name, value in above_zero.items():
        if value <= timedelta(0):
            raise BadPlan(f"`{name}` must be longer than 0s")
