"""A run's folder: plan.json, history.jsonl, story.txt and verdict.json, in that order.

plan.json is there before the run begins, so that one that never ends can be replayed too;
verdict.json comes last, so a folder that has it has everything. Nothing is ever overwritten.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.errors import BadHistory, UsageError
from harness.model.history import History, read_history
from harness.model.plan import Plan
from harness.model.plan_file import plan_to_json, read_plan

RUNS = Path("runs")
PLAN, HISTORY, STORY, VERDICT = "plan.json", "history.jsonl", "story.txt", "verdict.json"


@dataclass(frozen=True, kw_only=True)
class Stored:
    """What was read back from a run's folder."""

    folder: Path
    plan: Plan
    history: History


def reserve(plan: Plan, *, runs: Path = RUNS, out: Path | None = None) -> Path:
    """A folder of its own for a run of this plan, with the plan in it.

    `runs/<scenario>-<seed>`, numbered where that exists; or `out`, which must be absent or empty.
    Raises UsageError when the folder cannot be had.
    """
    try:
        folder = _numbered(runs, plan) if out is None else _given(out)
        _write(folder / PLAN, lambda path: path.write_text(plan_to_json(plan), encoding="utf-8"))
    except OSError as error:
        raise UsageError(f"the run cannot be stored: {error}; give another --out, or --no-store") from None
    return folder


def release(folder: Path) -> None:
    """Undo `reserve` for a run that never began."""
    (folder / PLAN).unlink(missing_ok=True)
    with contextlib.suppress(OSError):  # somebody put a file there: theirs stays
        folder.rmdir()


def keep(folder: Path, *, history: History, story: str, summary: Mapping[str, Any]) -> None:
    """Store what became of the run. Raises UsageError when the disk does not take it."""
    try:
        _write(folder / HISTORY, history.write)
        _write(folder / STORY, lambda path: path.write_text(story, encoding="utf-8"))
        text = json.dumps(summary, indent=2, ensure_ascii=False) + "\n"
        _write(folder / VERDICT, lambda path: path.write_text(text, encoding="utf-8"))
    except OSError as error:
        raise UsageError(f"the run cannot be stored in {folder}: {error}") from None


def point_latest(folder: Path) -> None:
    """Let the link `latest` beside the folder point to it; silently not, where there are no links."""
    link = folder.parent / "latest"
    fresh = folder.parent / f".latest-{folder.name}"
    with contextlib.suppress(OSError):
        fresh.unlink(missing_ok=True)
        fresh.symlink_to(folder.name, target_is_directory=True)
        try:
            fresh.replace(link)
        except OSError:
            fresh.unlink()


def load(path: Path, *, edited: bool = False) -> Stored:
    """Read a run's folder, or a history with its plan.json beside it. Raises BadPlan or BadHistory."""
    folder, file = (path, path / HISTORY) if path.is_dir() else (path.parent, path)
    if not file.exists() and (folder / PLAN).exists():
        raise BadHistory(
            f"{folder} has no {file.name}: its run did not end; `harness replay {folder / PLAN}`"
        )
    history = read_history(file)
    return Stored(folder=folder, plan=read_plan(folder / PLAN, edited=edited), history=history)


def plan_file(path: Path) -> Path:
    """The plan file that a person means by a run's folder or the file itself."""
    return path / PLAN if path.is_dir() else path


def _numbered(runs: Path, plan: Plan) -> Path:
    runs.mkdir(parents=True, exist_ok=True)
    # the name may come from an edited plan: it must not lead out of `runs`
    scenario = re.sub(r"[^\w.-]+", "-", plan.scenario).strip(".-") or "run"
    for n in itertools.count(1):
        folder = runs / (f"{scenario}-{plan.seed}" if n == 1 else f"{scenario}-{plan.seed}-{n}")
        with contextlib.suppress(FileExistsError):
            folder.mkdir()  # whoever makes it owns it, however many processes try
            return folder
    raise AssertionError("counting never ends")


def _given(out: Path) -> Path:
    if out.exists() and not out.is_dir():
        raise UsageError(f"--out {out} is a file: give a folder that is absent or empty")
    out.mkdir(parents=True, exist_ok=True)
    if any(out.iterdir()):
        raise UsageError(f"--out {out} is not empty and nothing is overwritten: give another folder")
    return out


def _write(path: Path, write: Callable[[Path], object]) -> None:
    """Write beside it, then rename: an interrupted run leaves no file that looks whole."""
    part = path.with_name(f".{path.name}.part")
    try:
        write(part)
        part.rename(path)
    finally:
        part.unlink(missing_ok=True)
