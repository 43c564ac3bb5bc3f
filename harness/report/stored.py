"""Reads a run's folder back, and refuses one whose files do not belong together."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from reprlib import repr as short
from typing import Any

from harness.errors import BadHistory
from harness.model.history import History
from harness.model.history_checks import wrong_history
from harness.model.history_file import read_history
from harness.model.json_file import parse_json
from harness.model.plan import Plan
from harness.model.plan_file import read_plan
from harness.report.store import HISTORY, PLAN, VERDICT

OF_THE_OCCASION = frozenset({"replay", "wall_seconds"})
"""What verdict.json says of the run and not of its history."""


@dataclass(frozen=True, kw_only=True)
class Stored:
    """What was read back from a run's folder."""

    folder: Path
    plan: Plan
    history: History
    verdict: Mapping[str, Any] | None = None
    """verdict.json, as it was found; None where there is none."""

    def differences(self, judged: Mapping[str, Any]) -> list[str]:
        """What verdict.json says otherwise than a summary of now: an edit, or another release, judged otherwise."""
        if self.verdict is None:
            return []
        said = {name: self.verdict.get(name) for name in judged if name not in OF_THE_OCCASION}
        return [
            f"{name} was {short(was)} and is {short(judged[name])}"
            for name, was in said.items()
            if was != judged[name]
        ]


def load(path: Path, *, edited: bool = False) -> Stored:
    """Read a run's folder, or a history with its plan.json beside it. Raises BadPlan or BadHistory.

    A history that is of another plan, or that is not the one its verdict.json was made of, is refused
    unless `edited` says that this is meant.
    """
    folder, file = (path, path / HISTORY) if _is_folder(path) else (path.parent, path)
    if not os.path.lexists(file) and (folder / PLAN).exists():
        raise BadHistory(
            f"{folder} has no {file.name}: its run did not end; `harness replay {folder / PLAN}`"
        )
    history = read_history(file)
    plan = read_plan(folder / PLAN, edited=edited)
    if edited:
        return Stored(folder=folder, plan=plan, history=history)
    _check_origin(file, history, plan)
    verdict = _verdict_of(file, history, folder / VERDICT)
    _check_possible(file, history, plan)
    return Stored(folder=folder, plan=plan, history=history, verdict=verdict)


def _check_origin(file: Path, history: History, plan: Plan) -> None:
    if history.header.get("plan") != plan.digest():
        raise BadHistory(
            f"{file} is not a history of the {PLAN} beside it: take both from the folder of one run;"
            " if this is meant, add --edited"
        )


def _check_possible(file: Path, history: History, plan: Plan) -> None:
    for wrong in wrong_history(history, plan):
        raise BadHistory(
            f"{file} is no history that a run of its {PLAN} can have: {wrong}; run the plan again,"
            " or add --edited if that is meant"
        )


def _verdict_of(file: Path, history: History, verdict: Path) -> dict[str, Any] | None:
    if not verdict.exists():
        return None
    try:
        found: dict[str, Any] = parse_json(verdict.read_text(encoding="utf-8"))
        digest = found["digest"]
    except (OSError, ValueError, TypeError, KeyError):
        raise BadHistory(f"{verdict} is no verdict of a run: take it away, or add --edited") from None
    if digest != history.digest():
        raise BadHistory(
            f"{file} is not the history that {verdict.name} was made of: one of them was edited or put there;"
            " if that is meant, add --edited"
        )
    return found


def plan_file(path: Path) -> Path:
    """The plan file that a person means by a run's folder or the file itself."""
    return path / PLAN if _is_folder(path) else path


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except OSError:  # a name that is too long, say: reading it will tell
        return False
