"""`harness shrink`: the smallest plan that fails alike, written beside the one it was given."""

from __future__ import annotations

import argparse
import contextlib
import itertools
import json
import shlex
import tempfile
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rich.console import Console

from harness.cli.ending import complain, say_aside
from harness.errors import NotWritten
from harness.invariants.registry import INVARIANTS
from harness.model.codec import to_json
from harness.model.json_file import parse_json
from harness.model.plan import Plan
from harness.model.plan_file import plan_to_json, read_plan
from harness.model.verdict import EXIT_UNKNOWN, Kind
from harness.report import terminal
from harness.report.store import VERDICT
from harness.report.stored import plan_file
from harness.search import FailsOtherwise, Shrunk, examine
from harness.search import shrink as to_the_smallest


def shrink(arguments: argparse.Namespace) -> int:
    """Shrink the plan, write the smallest beside it, and print its story."""
    file = plan_file(arguments.plan)
    plan = read_plan(file, edited=arguments.edited)
    smallest = plan

    def tell(what: str, smaller: Plan, runs: int) -> None:
        nonlocal smallest
        smallest = smaller
        say_aside(f"harness: {runs} runs: less of {what}; {_size(smaller)}")

    try:
        shrunk = to_the_smallest(
            plan, most_runs=arguments.runs, tell=tell, expected=_recorded(file.parent / VERDICT)
        )
    except FailsOtherwise as error:
        return complain(str(error), EXIT_UNKNOWN)
    except KeyboardInterrupt:
        if smallest is not plan:
            say_aside(f"harness: the smallest plan so far: {_kept(smallest, beside=file)}")
        raise
    written = _kept(shrunk.plan, beside=file)
    replay = shlex.join(["harness", "replay", str(written)])
    if arguments.json:
        print(json.dumps(_as_json(shrunk, written, replay), ensure_ascii=False))
    else:
        # once more, as its story ends with the command that replays it
        terminal.show(examine(shrunk.plan, replay=replay).story, console=Console(highlight=False))
        print(f"\n{_said(plan, shrunk)}")
    return shrunk.examined.outcome.exit_code


def _recorded(verdict: Path) -> frozenset[str] | None:
    """The promises that the run's own verdict.json says were broken; None where there is none to read."""
    try:
        found = parse_json(verdict.read_text(encoding="utf-8"))["counterexamples"]
        names = {str(each["invariant"]) for each in found}
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return frozenset(
        name for name in names if name in INVARIANTS and INVARIANTS[name].kind is not Kind.EXERCISED
    )


def _kept(plan: Plan, *, beside: Path) -> Path:
    """Write the plan beside the one it comes of. Raises NotWritten, which says where it is instead: it took long."""
    try:
        return _write(plan, beside.parent, beside.stem)
    except OSError as error:
        refused = f"{beside.parent} cannot be written: {error.strerror}"
    try:
        elsewhere = _write(plan, Path(tempfile.gettempdir()), beside.stem)
    except OSError:
        print(plan_to_json(plan))
        raise NotWritten(f"{refused}, nor can the temporary folder: the smallest plan is on stdout") from None
    raise NotWritten(f"{refused}; the smallest plan is {elsewhere}")


def _write(plan: Plan, folder: Path, stem: str) -> Path:
    """Write the plan into that folder, under a name that is free. Raises OSError."""
    for n in itertools.count(1):
        file = folder / f"{stem}-minimal{'' if n == 1 else f'-{n}'}.json"
        with contextlib.suppress(FileExistsError):
            with file.open("x", encoding="utf-8") as opened:
                try:
                    opened.write(plan_to_json(plan))
                    opened.flush()
                except OSError:
                    file.unlink()
                    raise
            return file
    raise AssertionError("counting never ends")


def _size(plan: Plan) -> str:
    parts = {"fault": plan.faults, "task": plan.submissions, "worker": plan.workers, "option": plan.options}
    return ", ".join(
        f"{len(things)} {name}{'s' * (len(things) != 1)}" for name, things in parts.items() if things
    )


def _said(before: Plan, shrunk: Shrunk) -> str:
    head = f"{_size(before)} → {_size(shrunk.plan)}, in {shrunk.runs} runs."
    if not shrunk.finished:
        return f"{head} Not the smallest: the runs were used up; give more with --runs."
    if shrunk.needless:
        return f"{head} Not the smallest: it fails without {', '.join(shrunk.needless)}."
    total = sum(shrunk.without.values())
    told = ", ".join(f"{count} {what}" for what, count in _in_order(shrunk.without))
    return f"{head} Without any one of its {total} things it does not fail like this; each was tried: {told}."


def _in_order(without: Mapping[str, int]) -> list[tuple[str, int]]:
    return Counter(without).most_common()


def _as_json(shrunk: Shrunk, written: Path, replay: str) -> dict[str, Any]:
    return {
        "plan": str(written),
        "replay": replay,
        "runs": shrunk.runs,
        "minimal": shrunk.finished and not shrunk.needless,
        "without_any_one": dict(shrunk.without),
        **to_json(shrunk.examined.outcome),
    }
