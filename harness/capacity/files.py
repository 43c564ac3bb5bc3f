"""What a capacity run leaves: capacity.json, story.txt, junit.xml and, where matplotlib is installed, capacity.svg."""

from __future__ import annotations

import json
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from xml.etree import ElementTree as ET

from harness.capacity.locusts import check_room
from harness.capacity.measuring import Capacity
from harness.capacity.step import Answer
from harness.capacity.telling import UNITS, line_of, story
from harness.errors import BadParameter, NotWritten
from harness.model.codec import from_json, to_json
from harness.model.json_file import parse_json
from harness.report.store import write_whole

FORMAT, VERSION = "airflow-remote-harness/capacity", 1
FILE, PLOT = "capacity.json", "capacity.svg"


def new_folder(folder: Path) -> Path:
    """The folder, made and empty. Raises BadParameter: nothing is overwritten."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if any(folder.iterdir()):
            raise BadParameter(f"{folder} is not empty: give another --out")
    except OSError as error:
        raise BadParameter(f"{folder} cannot be written: {error.strerror}; give another --out") from None
    return folder


def keep(capacity: Capacity, folder: Path) -> None:
    """Write all of it, each file whole. Raises NotWritten, also where the search was broken off for a full disk."""
    head = {"format": FORMAT, "version": VERSION}
    texts = {
        FILE: json.dumps({**head, **to_json(capacity)}, indent=1) + "\n",
        "story.txt": story(capacity) + "\n",
        "junit.xml": junit(capacity),
    }
    try:
        for name, text in texts.items():
            write_whole(folder / name, text)
        _plot(capacity, folder / PLOT)
    except OSError as error:
        raise NotWritten(f"{folder} cannot be written: {error.strerror or error}") from None
    if capacity.series.broken_off:
        check_room(folder)


def can_plot() -> bool:
    """Whether there is the extra `report`, which draws."""
    return find_spec("matplotlib") is not None


def _plot(capacity: Capacity, file: Path) -> None:
    if can_plot():
        from harness.capacity.plot import plot

        plot(capacity, file)


def load(path: Path) -> Capacity:
    """What a folder, or its capacity.json, holds. Raises BadParameter."""
    file = path / FILE if path.is_dir() else path
    try:
        told = parse_json(file.read_text(encoding="utf-8"))
        if not isinstance(told, dict) or told.pop("format", None) != FORMAT:
            raise ValueError(f"its format is not {FORMAT}")
        if (version := told.pop("version", None)) != VERSION:
            raise ValueError(f"it has version {version!r}, and {VERSION} is known here: measure again")
        found: Capacity = from_json(Capacity, told)
    except OSError as error:
        raise BadParameter(f"{file} cannot be read: {error.strerror}") from None
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise BadParameter(f"{file} is no {FILE}: {error}") from None
    return found


def junit(capacity: Capacity) -> str:
    """A test case for each step: missed is a failure, unknown an error."""
    setting, steps = capacity.series.setting, capacity.series.steps
    told = [step.answer for step in steps]
    suite = ET.Element(
        "testsuite",
        name=f"capacity of {capacity.target}",
        tests=str(len(steps)),
        failures=str(told.count(Answer.MISSED)),
        errors=str(told.count(Answer.UNKNOWN)),
    )
    for number, step in enumerate(steps, start=1):
        name = f"step {number}: {step.amount:g} {UNITS[setting.load]}"
        case = ET.SubElement(suite, "testcase", classname="capacity", name=name, time=f"{step.seconds:g}")
        if step.answer is not Answer.KEPT:
            tag = "failure" if step.answer is Answer.MISSED else "error"
            ET.SubElement(case, tag, message="; ".join(step.why)).text = line_of(setting, step)
    return ET.tostring(suite, encoding="unicode", xml_declaration=True) + "\n"


def differences(first: Capacity, second: Capacity) -> list[str]:
    """What changed from one run to another, a line each; nothing where neither knee nor settings differ."""
    pairs = {"server": (first.target, second.target)} | {
        name: (first.releases.get(name, "none"), second.releases.get(name, "none"))
        for name in sorted({*first.releases, *second.releases})
    }
    lines = [f"{what}: {one} → {other}" for what, (one, other) in pairs.items() if one != other]
    before, after = first.series, second.series
    if replace(before.setting, seed=0) != replace(after.setting, seed=0):
        lines.append("their settings differ: the knees do not mean the same")
    if before.knee.amount != after.knee.amount:
        lines.append(
            f"knee: {_amount(before.knee.amount)} → {_amount(after.knee.amount)}{_ratio(first, second)}"
        )
    if before.bottleneck != after.bottleneck:
        lines.append(f"bottleneck: {before.bottleneck} → {after.bottleneck}")
    for amount in sorted({step.amount for step in before.steps} & {step.amount for step in after.steps}):
        one, other = (
            next(step for step in series.steps if step.amount == amount) for series in (before, after)
        )
        lines.append(
            f"at {amount:g} {UNITS[before.setting.load]}: {one.answer} → {other.answer},"
            f" p99 {one.p99 * 1000:.0f} → {other.p99 * 1000:.0f} ms"
        )
    return lines


def _amount(amount: float | None) -> str:
    return "none" if amount is None else f"{amount:g}"


def _ratio(first: Capacity, second: Capacity) -> str:
    was, now = first.series.knee.amount, second.series.knee.amount
    alike = first.series.setting.load == second.series.setting.load
    return f" ({now / was - 1:+.0%})" if was and now and alike else ""
