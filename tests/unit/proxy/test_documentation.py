"""harness/proxy/README.md says what the code does."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from harness import proxy
from harness.proxy.divergences import DIVERGENCES
from harness.toxics.kinds import KINDS

README = (Path(proxy.__file__).parent / "README.md").read_text(encoding="utf-8")


def test_every_divergence_from_toxiproxy_stands_in_the_table_and_no_other():
    rows = README.split("| about | Toxiproxy 2.12 | here |\n|---|---|---|\n")[1].split("\n\n")[0]
    assert rows.splitlines() == [f"| {row.about} | {row.upstream} | {row.here} |" for row in DIVERGENCES]


@pytest.mark.parametrize("name", KINDS)
def test_every_toxic_stands_in_the_table_with_its_attributes(name):
    (row,) = [line for line in README.splitlines() if line.startswith(f"| `{name}` |")]
    attributes = [f"`{field.name}`" for field in dataclasses.fields(KINDS[name])]
    assert row.split("|")[2].strip() == (", ".join(attributes) or "–")
