"""`harness doctor`: what this machine can do, and how to get what is missing."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Sequence
from typing import Any

from harness.live.doctor import Finding, examine


def doctor(arguments: argparse.Namespace) -> int:
    """Look, and tell. What is missing is no failure."""
    findings = examine()
    if arguments.json:
        print(json.dumps(as_json(findings), indent=2, ensure_ascii=False))
    else:
        print("\n".join(as_text(findings)))
    return 0


def as_text(findings: Sequence[Finding]) -> Iterator[str]:
    """A paragraph each: ✓ or ✗ and what was found, what it is good for, how to get it."""
    wide = max(len(each.probe.name) for each in findings) + 2
    for each in findings:
        yield f"{'✓' if each.there else '✗'} {each.probe.name:{wide}}{each.found}"
        yield f"  {'':{wide}}for {each.probe.good_for}"
        if not each.there:
            yield f"  {'':{wide}}get it: {each.probe.get}"


def as_json(findings: Sequence[Finding]) -> dict[str, Any]:
    """The same as one object; `get` is null for what is there."""
    return {
        "probes": [
            {
                "name": each.probe.name,
                "there": each.there,
                "found": each.found,
                "for": each.probe.good_for,
                "get": None if each.there else each.probe.get,
            }
            for each in findings
        ]
    }
