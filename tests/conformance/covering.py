"""Which cases, recordings and tests run through which line: `… FILE` writes it down as JSON.

For choosing what to ask about a mutant: whatever does not run through a changed line cannot see the change.
"""

from __future__ import annotations

import json
import sys
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path

import coverage
import pytest

from tests.conformance.mutating import RECORDINGS, ROOT

UNDER_TRIAL = ("fake_api/transitions", "fake_api/auth")
#: These draw at random, start processes, or ask the installed Airflow: slow, and no better at telling mutants apart.
LEFT_OUT = (
    "test_laws",
    "test_faker_provider",
    "test_mock",
    "test_encodings",
    "test_operations",
    "test_versions",
)

#: File → line → killers that run through it.
Covering = dict[str, dict[int, list[str]]]


def measure() -> Covering:
    """Run everything once, unchanged, and note who comes by which line."""
    meter = coverage.Coverage(
        data_file=None, include=[f"{ROOT}/{each}/*" for each in UNDER_TRIAL], config_file=False
    )
    meter.start()
    _play(meter)
    _test(meter)
    meter.stop()
    data = meter.get_data()
    return {
        str(Path(file).relative_to(ROOT)): {
            line: sorted(each for each in contexts if each)
            for line, contexts in data.contexts_by_lineno(file).items()
        }
        for file in sorted(data.measured_files())
    }


def _play(meter: coverage.Coverage) -> None:
    from harness.conformance.arms import play
    from harness.conformance.faking import FakeArm
    from harness.conformance.replaying import replay
    from harness.conformance.suite import CASES

    for path in sorted(RECORDINGS.glob("*.json")):
        meter.switch_context(f"recording {path.stem}")
        replay(path)
    with FakeArm() as arm:
        for case in CASES:
            meter.switch_context(f"case {case.name}")
            play(case, arm)


class _Contexts:
    def __init__(self, meter: coverage.Coverage) -> None:
        self._meter = meter

    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        self._meter.switch_context("test " + item.nodeid.removeprefix("tests/unit/fake_api/"))


def _test(meter: coverage.Coverage) -> None:
    folder = ROOT / "tests/unit/fake_api"
    files = [str(path) for path in sorted(folder.glob("test_*.py")) if path.stem not in LEFT_OUT]
    with redirect_stdout(StringIO()):
        options = ["-q", "-p", "no:cacheprovider", "-W", "ignore:Module already imported"]
        code = pytest.main([*options, *files], plugins=[_Contexts(meter)])
    assert code == pytest.ExitCode.OK, f"the tests do not pass: {code!r}"


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(json.dumps(measure()))
