"""Plan files: JSON text that reads back equal, and tells when it was edited."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

from harness.errors import BadPlan
from harness.model.codec import from_json
from harness.model.faults import FAULTS, Fault
from harness.model.json_file import parse_json
from harness.model.plan import Plan, plan_body
from harness.model.plan_checks import check_plan

FORMAT, VERSION = "airflow-remote-harness/plan", 1


def plan_to_json(plan: Plan) -> str:
    """The plan as indented JSON text."""
    document = {"format": FORMAT, "version": VERSION, "digest": plan.digest(), **plan_body(plan)}
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def plan_from_json(text: str, *, source: str = "the plan", edited: bool = False) -> Plan:
    """The plan that `plan_to_json` wrote. Raises BadPlan, naming the fix.

    A plan whose text was changed since is refused unless `edited` says that this is meant.
    """
    document = _document(text, source)
    digest = document.pop("digest", None)
    try:
        items = document.pop("faults")
        if not isinstance(items, list):
            raise ValueError(f"Plan.faults: {items!r} is not a list")
        faults = tuple(_fault(item) for item in items)
        plan: Plan = replace(from_json(Plan, {**document, "faults": []}), faults=faults)
        check_plan(plan)
    except KeyError as error:
        raise BadPlan(f"{source} lacks {error}: take the plan.json of a run's folder") from None
    except ValueError as error:
        raise BadPlan(f"{source} is no plan: {error}") from None
    if digest != plan.digest() and not edited:
        raise BadPlan(f"{source} was edited after it was written: if that is meant, add --edited")
    return plan


def _document(text: str, source: str) -> dict[str, Any]:
    try:
        document = parse_json(text)
        kind, version = document.pop("format"), document.pop("version")
    except (ValueError, KeyError, AttributeError, TypeError):
        raise BadPlan(f"{source} is truncated or no plan: take the plan.json of a run's folder") from None
    if kind != FORMAT:
        raise BadPlan(
            f"{source} has the format {kind!r}, not {FORMAT!r}: take the plan.json of a run's folder"
        )
    if type(version) is not int or version != VERSION:  # to Python, True and 1.0 are 1
        raise BadPlan(f"{source} is of version {version!r} and this release reads version {VERSION}")
    return dict(document)


def _fault(item: Any) -> Fault:
    kinds = {kind.__name__: kind for kind in FAULTS}
    fields = dict(item) if isinstance(item, dict) else {}
    name = str(fields.pop("fault", None))
    if name not in kinds:
        raise ValueError(f"{name!r} is no fault; there are {', '.join(kinds)}")
    fault: Fault = from_json(kinds[name], fields)
    return fault


def read_plan(path: Path, *, edited: bool = False) -> Plan:
    """Read a plan file. Raises BadPlan, naming the fix."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise BadPlan(f"{path} cannot be read: {error}") from None
    return plan_from_json(text, source=str(path), edited=edited)
