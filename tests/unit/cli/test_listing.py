from collections.abc import Callable

from harness.cli import listing
from harness.model.faults import FAULTS
from harness.model.scenario import ALL_INVARIANTS

Harness = Callable[..., tuple[int, str, str]]


def test_every_scenario_is_listed_with_its_parameters(harness: Harness) -> None:
    code, out, err = harness("list")
    assert (code, err) == (0, "")
    lines = out.splitlines()
    at = lines.index("cut-off-worker")
    assert lines[at + 1].startswith("    One of the workers, busy, loses the API")
    assert "--set lasting=2m" in lines[at + 2]
    assert max(map(len, lines)) <= 100


def test_every_fault_is_listed_with_its_fields_and_defaults(harness: Harness) -> None:
    lines = harness("list", "--faults")[1].splitlines()
    assert "Partition(a, b, at, lasting, direction=both)" in lines
    assert [line.partition("(")[0] for line in lines if not line.startswith(" ")] == [
        kind.__name__ for kind in FAULTS
    ]


def test_every_invariant_is_listed_under_its_kind(harness: Harness) -> None:
    lines = harness("list", "--invariants")[1].splitlines()
    assert [line for line in lines if not line.startswith(" ")] == ["safety:", "liveness:", "exercised:"]
    assert {f"  {name}" for name in ALL_INVARIANTS} <= set(lines)


def test_a_long_text_is_wrapped_and_indented() -> None:
    lines = list(listing.faults())
    assert all(line.startswith("    ") for line in lines if "(" not in line.partition(" ")[0])
