"""The story of a run: one screen of plain text, who did what when, and the command that replays it."""

from __future__ import annotations

import dataclasses
import json
import textwrap
from collections import Counter
from collections.abc import Iterable, Iterator

from harness.model.bodies import act
from harness.model.codec import to_json
from harness.model.faults import Fault, hosts
from harness.model.history import Event, History
from harness.model.moments import moment
from harness.model.plan import Plan
from harness.model.scenario import Workers
from harness.model.tls_faults import Tls
from harness.model.verdict import Counterexample, Verdict
from harness.report.control import as_text, measures
from harness.report.numbers import Numbers, count
from harness.report.timeline import WIDTH, timeline
from harness.units import NANOSECONDS, format_duration, nanoseconds

LINES = 40
_CODE = {
    Workers.EDGE: "released EdgeWorker",
    Workers.SUPERVISED: "worker with released supervisors",
    Workers.SCRIPTED: "scripted worker",
}
_MEANING = {0: "valid", 1: "safety violated", 2: "liveness missed", 3: "not exercised, or unknown"}


def tell(
    plan: Plan,
    history: History,
    verdict: Verdict,
    *,
    replay: str,
    world: str = "sim",
    wall_seconds: float | None = None,
    control: History | None = None,
) -> str:
    """About 40 lines of at most 100 columns; only the last one, `replay`, may be longer.

    All of it comes from the plan, the history and the verdict; `wall_seconds` is told if it is known, and what the
    faults changed if there is the history of its `control`.
    """
    head = [
        f"{plan.scenario} · seed {plan.seed} · {world} · {verdict.answer.upper()}",
        "",
        *_section("Planned", _planned(plan, history)),
        "",
    ]
    numbers = count(history, plan)
    changed = () if control is None else as_text(measures(history, control, plan))
    tail = [
        "",
        *_section("Verdict", _verdict(verdict, history)),
        "",
        *_section("Numbers", _numbers(numbers, world, wall_seconds)),
        *_section("Faults", (line for text in changed for line in _wrapped(text))),
        *_section("Exit", iter([f"{verdict.exit_code} ({_MEANING[verdict.exit_code]})"])),
    ]
    middle = timeline(history, plan, verdict, most=max(10, LINES - 2 - len(head) - len(tail)))
    lines = [_clean(line) for line in (*head, *middle, *tail)]
    return "\n".join([*lines, "", replay]) + "\n"


def _wrapped(text: str) -> list[str]:
    return textwrap.wrap(text, WIDTH - 9, subsequent_indent="  ")


def _section(name: str, lines: Iterator[str]) -> Iterator[str]:
    for n, line in enumerate(lines):
        yield f"{'' if n else name:<9}{line}"


def _clean(line: str) -> str:
    """Without what a terminal would obey, and no wider than the screen."""
    line = "".join(character if character.isprintable() else "·" for character in line).rstrip()
    return line if len(line) <= WIDTH else line[: WIDTH - 1] + "…"


def _planned(plan: Plan, history: History) -> Iterator[str]:
    fleet = Counter((worker.kind, worker.slots, worker.queues) for worker in plan.workers)
    for (kind, slots, queues), number in fleet.items():
        yield f"{_some(number, _CODE[kind])} × {_some(slots, 'slot')} on {', '.join(queues)}"
    yield _work(plan)
    if len(plan.faults) <= 3:
        yield from (_fault(fault) for fault in plan.faults)
    else:
        kinds = Counter(type(fault).__name__ for fault in plan.faults)
        yield f"{len(plan.faults)} faults: {', '.join(f'{number} {kind}' for kind, number in kinds.items())}"
    if plan.tls is not Tls.OFF:
        yield "over mutual TLS" if plan.tls is Tls.MUTUAL else "over TLS"
    yield from _options(plan)
    settle, until = format_duration(plan.settle), format_duration(plan.until)
    yield f"storm of up to {until}, then {settle} to settle{_longer(plan, history)}"


def _longer(plan: Plan, history: History) -> str:
    """By how much the calm lasted longer, in a live world that waited for what was still to come."""
    calm, end = act(history, "calm"), act(history, "end")
    more = end.t - calm.t - nanoseconds(plan.settle) if calm and end else 0
    return f" and {moment(more)} more for what was late" if more >= NANOSECONDS else ""


def _options(plan: Plan) -> Iterator[str]:
    """Airflow's options that the plan sets, as `--option` takes them."""
    told = " ".join(f"{name}={text}" for name, text in plan.options.items())
    yield from textwrap.wrap(told, WIDTH - 9, break_on_hyphens=False, max_lines=3, subsequent_indent="  ")


def _work(plan: Plan) -> str:
    tasks = plan.submissions
    if not tasks:
        return "no tasks"
    lasting = dict.fromkeys(
        moment(nanoseconds(task.lasting)) for task in sorted(tasks, key=lambda task: task.lasting)
    )
    retries = dict.fromkeys(str(number) for number in sorted(task.retries for task in tasks))
    failing = sum(bool(task.failing_tries) for task in tasks)
    last = moment(nanoseconds(max(task.at for task in tasks)))
    text = f"{_some(len(tasks), 'task')} by {last}, of {_range(lasting)}, with {_range(retries)} {'retry' if list(retries) == ['1'] else 'retries'}"
    return f"{text}, {failing} to fail at first" if failing else text


def _range(sorted_texts: Iterable[str]) -> str:
    first, *others = sorted_texts
    return f"{first}–{others[-1]}" if others else first


def _some(number: int, thing: str) -> str:
    noun, *more = thing.split(" ", 1) if " with " in thing else (thing,)
    return " ".join([f"{number:,} {noun}{'' if number == 1 else 's'}", *more])


def _fault(fault: Fault) -> str:
    lasting = to_json(fault).get("lasting")
    details = "".join(
        f", {field.name}={to_json(getattr(fault, field.name))}"
        for field in dataclasses.fields(fault)
        if field.name not in ("a", "b", "target", "at", "lasting")
        and getattr(fault, field.name) != field.default
    )
    text = f"{type(fault).__name__} {' ↔ '.join(hosts(fault))} at {format_duration(fault.at)}"
    return f"{text} for {lasting}{details}" if lasting else f"{text}{details}"


def _verdict(verdict: Verdict, history: History) -> Iterator[str]:
    broken: dict[str, list[Counterexample]] = {}
    for counterexample in verdict.counterexamples:
        broken.setdefault(counterexample.invariant, []).append(counterexample)
    kept = len(verdict.checked) - len(broken) - len(verdict.crashed) - len(verdict.unjudged)
    yield f"{verdict.answer}: {kept} of {len(verdict.checked)} promises kept"
    roomy = len(broken) <= 2
    for name, found in broken.items():
        yield f"✗ {name} ({found[0].kind})"
        for counterexample in found[: 2 if roomy else 1]:
            yield from textwrap.wrap(
                counterexample.summary, WIDTH - 9, initial_indent="  ", subsequent_indent="    ", max_lines=3
            )
        if roomy:
            yield from (_event(history[n]) for n in found[0].events[:4] if n < len(history))
        if (more := len(found) - (2 if roomy else 1)) > 0:
            yield f"  and {more} more"
    yield from (f"? {crash} (the check itself crashed)" for crash in verdict.crashed)
    yield from _unjudged(verdict)
    if act(history, "end") is None:
        yield "! the history stops before the end of its run"


def _unjudged(verdict: Verdict) -> Iterator[str]:
    """Those of one reason together: a server that nobody saw leaves many."""
    names: dict[str, list[str]] = {}
    for each in verdict.unjudged:
        name, _, reason = each.partition(": ")
        names.setdefault(reason, []).append(name)
    for reason, of in names.items():
        text = f"? {', '.join(of)}: {reason} (not judged)"
        yield from textwrap.wrap(text, WIDTH, subsequent_indent="    ", break_on_hyphens=False)


def _event(event: Event) -> str:
    value = json.dumps(event.value, ensure_ascii=False, separators=(", ", ": "))
    return f"    #{event.n} {moment(event.t)} {event.process} {event.f} {event.type} {value}"


def _ends(numbers: Numbers) -> str:
    tasks, bodies = _some(numbers.tasks, "task"), _some(numbers.bodies, "body run")
    if numbers.bodies and not numbers.watched:
        left = numbers.bodies - numbers.bodies_well - numbers.bodies_failed
        return (
            f"{tasks}, states not seen; {bodies}: {numbers.bodies_well} ended well, {numbers.bodies_failed} failed,"
            f" {left} otherwise"
        )
    left = numbers.tasks - numbers.succeeded - numbers.failed
    return (
        f"{tasks}: {numbers.succeeded} succeeded, {numbers.failed} failed, {left} otherwise; {numbers.retried} retried;"
        f" {bodies}"
    )


def _numbers(numbers: Numbers, world: str, wall_seconds: float | None) -> Iterator[str]:
    yield _ends(numbers)
    yield (
        f"{_some(numbers.calls, 'API call')}: {numbers.lost:,} lost, {numbers.refused:,} refused;"
        f" {_some(numbers.unconnected, 'connection')} failed"
    )
    took = "" if wall_seconds is None else f" in {wall_seconds:.1f} s of wall time"
    yield f"{moment(numbers.simulated)} of the world's time{took}"
    if world != "sim":
        yield "deterministic: no; the plan constrains a live run and does not determine it"
