"""Whatever it is sent, the fake answers as its document says, and a refusal changes nothing."""

import json
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from fake_api.versions import NEWEST, RELEASED

pytest.importorskip("jsonschema_rs", reason="needs Schemathesis: pip install '.[test]'")
#: It takes a minute, and several where others want the processor too.
pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

ROOT = Path(__file__).parents[2]
#: The oldest, which has less of everything, every night.
VERSIONS = (NEWEST, pytest.param(RELEASED[0], marks=pytest.mark.nightly))
#: Cases an operation in the phases that draw them; some ten seconds a version.
MAX_EXAMPLES = 2


@cache
def fuzzed(version: str) -> dict[str, Any]:
    """What Schemathesis did and found, in a process of its own."""
    asked = [sys.executable, "-m", "tests.conformance.fuzz", version, str(MAX_EXAMPLES)]
    said = subprocess.run(asked, cwd=ROOT, capture_output=True, text=True, check=False)
    assert said.returncode == 0, said.stderr
    found: dict[str, Any] = json.loads(said.stdout.partition("FOUND\n")[2])
    return found


@pytest.mark.parametrize("version", VERSIONS)
def test_no_call_makes_the_server_fail_or_break_its_word(version: str) -> None:
    """No 500 that Airflow would not give too, every body fits its schema, a refused call leaves all as it was."""
    assert fuzzed(version)["failures"] == []


@pytest.mark.parametrize("version", VERSIONS)
def test_every_phase_called_and_got_every_kind_of_answer(version: str) -> None:
    found = fuzzed(version)
    assert {phase for phase, cases in found["cases"].items() if cases >= 10} >= {
        "examples",
        "coverage",
        "fuzzing",
        "stateful",
    }
    assert found["statuses"].keys() >= {"200", "201", "204", "404", "405", "422"}
