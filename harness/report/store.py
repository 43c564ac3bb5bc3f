"""A run's folder: plan.json, history.jsonl, story.txt and verdict.json, in that order.

plan.json is there before the run begins, so that one that never ends can be replayed too;
verdict.json comes last, so a folder that has it has everything. Nothing is ever overwritten: a folder
that a run left with its plan alone, because it was interrupted, takes another run of the same plan.
"""

from __future__ import annotations

import contextlib
import errno
import itertools
import json
import os
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from harness.errors import NotWritten, UsageError
from harness.model.history import History
from harness.model.plan import Plan
from harness.model.plan_file import plan_to_json

RUNS = Path("runs")
PLAN, HISTORY, STORY, VERDICT = "plan.json", "history.jsonl", "story.txt", "verdict.json"
_PART = re.compile(r"\.(plan\.json|history\.jsonl|story\.txt|verdict\.json)\.\d+\.part")


def reserve(plan: Plan, *, runs: Path = RUNS, out: Path | None = None) -> Path:
    """A folder of its own for a run of this plan, with the plan in it.

    `runs/<scenario>-<seed>`, numbered where that exists; or `out`, which must be absent, empty, or
    hold this very plan alone. Raises UsageError when the folder cannot be had.
    """
    text = plan_to_json(plan)
    try:
        folder = _numbered(runs, plan) if out is None else _given(out, text)
        if not (folder / PLAN).exists():
            _write_first(folder, text)
    except OSError as error:
        raise UsageError(f"the run cannot be stored: {error}; give another --out, or --no-store") from None
    return folder


def _write_first(folder: Path, text: str) -> None:
    try:
        write_whole(folder / PLAN, text)
    except OSError:
        release(folder)
        raise


def release(folder: Path) -> None:
    """Undo `reserve` for a run that never began."""
    (folder / PLAN).unlink(missing_ok=True)
    with contextlib.suppress(OSError):  # somebody put a file there: theirs stays
        folder.rmdir()


def discard(folder: Path) -> None:
    """Take away a folder of ours with a run that a simpler one has replaced; what else stands in it stays."""
    for name in (VERDICT, STORY, HISTORY):
        (folder / name).unlink(missing_ok=True)
    release(folder)


def keep(folder: Path, *, history: History, story: str, summary: Mapping[str, Any]) -> None:
    """Store what became of the run. Raises NotWritten when the disk does not take it; what is there then is whole."""
    try:
        _write(folder / HISTORY, history.write)
        write_whole(folder / STORY, story)
        write_whole(folder / VERDICT, json.dumps(summary, indent=2, ensure_ascii=False) + "\n")
    except OSError as error:
        reason = error.strerror or error
        raise NotWritten(
            f"the run cannot be stored in {folder}: {reason}; make room, then replay its plan"
        ) from None


def point_latest(folder: Path) -> None:
    """Let the link `latest` beside the folder point to it; silently not, where there are no links.

    Only a link of ours is moved: a file, a folder or a link to elsewhere that somebody named so stays.
    """
    link = folder.parent / "latest"
    fresh = folder.parent / f".latest-{folder.name}"
    with contextlib.suppress(OSError):
        if not os.path.lexists(link):
            link.symlink_to(folder.name, target_is_directory=True)
        elif link.is_symlink() and link.readlink().parent == Path():
            fresh.unlink(missing_ok=True)
            fresh.symlink_to(folder.name, target_is_directory=True)
            fresh.replace(link)


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


def _given(out: Path, plan: str) -> Path:
    if out.exists() and not out.is_dir():
        raise UsageError(f"--out {out} is a file: give a folder that is absent or empty")
    out.mkdir(parents=True, exist_ok=True)
    if any(out.iterdir()) and not _was_interrupted(out, plan):
        raise UsageError(f"--out {out} is not empty and nothing is overwritten: give another folder")
    return out


def _was_interrupted(out: Path, plan: str) -> bool:
    """Whether a run of that plan left its plan there and nothing more, or what it was just writing."""
    whole = {path.name for path in out.iterdir() if not _PART.fullmatch(path.name)}
    return whole == {PLAN} and (out / PLAN).read_bytes() == plan.encode()


def write_whole(path: Path, text: str) -> None:
    """Write the file, or nothing of it. Raises OSError, and FileExistsError where it is there: nothing is overwritten."""
    _write(path, lambda part: part.write_text(text, encoding="utf-8"))


def _write(path: Path, write: Callable[[Path], object]) -> None:
    """Write beside it, then rename: an interrupted run leaves no file that looks whole."""
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        write(part)
        if path.exists():
            raise FileExistsError(errno.EEXIST, f"{path.name} is there already", str(path))
        part.rename(path)
    finally:
        part.unlink(missing_ok=True)
