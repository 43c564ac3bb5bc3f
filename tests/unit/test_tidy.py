"""The lint of our own finds each thing it is there to find, and leaves correct code alone."""

from pathlib import Path
from textwrap import dedent

import pytest

from ci import tidy

RULED = "harness/driver.py"


def texts(source: str, path: str = RULED) -> list[str]:
    return [finding.text for finding in tidy.check_file(path, dedent(source))]


def function_of(lines: int) -> str:
    return "def long():\n" + "    x = 1\n" * (lines - 1)


@pytest.mark.parametrize(
    ("source", "name", "way_out"),
    [
        ("import time\ntime.time()", "time.time", "ports.Clock.now()"),
        ("import time as t\nt.monotonic()", "time.monotonic", "ports.Clock.now()"),
        ("from time import monotonic_ns as now\nnow()", "time.monotonic_ns", "ports.Clock.now()"),
        ("import time\ntime.sleep(1)", "time.sleep", "await asyncio.sleep()"),
        (
            "from datetime import datetime, UTC\ndatetime.now(UTC)",
            "datetime.datetime.now",
            "ports.Clock.now()",
        ),
        ("import datetime as dt\ndt.datetime.utcnow()", "datetime.datetime.utcnow", "ports.Clock.now()"),
        ("import random\nrandom.random()", "random.random", "Streams(seed)"),
        ("from random import choice\nchoice([1])", "random.choice", "Streams(seed)"),
        ("from random import Random\nRandom()", "random.Random()", "Streams(seed)"),
        ("import uuid\nuuid.uuid4()", "uuid.uuid4", "harness.rng"),
        ("from uuid import uuid4\nuuid4()", "uuid.uuid4", "harness.rng"),
        ("import secrets\nsecrets.token_hex()", "secrets.token_hex", "harness.rng"),
        ("import os\nos.urandom(8)", "os.urandom", "harness.rng"),
        ("import asyncio\nasyncio.to_thread(print)", "asyncio.to_thread", "stay on the loop"),
        (
            "from anyio import to_thread\nto_thread.run_sync(print)",
            "anyio.to_thread.run_sync",
            "stay on the loop",
        ),
        ("loop.run_in_executor(None, print)", "loop.run_in_executor", "stay on the loop"),
        (
            "import asyncio\nasyncio.get_running_loop().run_in_executor(None, print)",
            "run_in_executor",
            "stay on the loop",
        ),
    ],
)
def test_a_banned_call_is_found_and_its_replacement_named(source: str, name: str, way_out: str) -> None:
    (text,) = texts(source)
    assert text.startswith(f"{name} is banned here: ")
    assert way_out in text


def test_handing_a_banned_function_on_is_as_bad_as_calling_it() -> None:
    assert len(texts("import time\ndef act(now=time.time): ...")) == 1


def test_a_banned_function_behind_a_lazy_import_is_found() -> None:
    assert len(texts("def act():\n    import time\n    return time.time()")) == 1


@pytest.mark.parametrize(
    "source",
    [
        "from random import Random\nstream = Random(7)\nstream.random()",
        "import random\ndef draw(stream: random.Random) -> float:\n    return stream.random()",
        "from harness.rng import uuid4\nuuid4(stream)",
        "clock.now(); world.time.time(); self.time()",
        "import secrets\nsecrets.compare_digest(a, b)",
        "random = 4\nprint(random)",
    ],
)
def test_seeded_and_injected_things_pass(source: str) -> None:
    assert texts(source) == []


@pytest.mark.parametrize(
    "path",
    ["harness/sim/loop.py", "harness/live/world.py", "loadtests/users.py", "ci/bench.py", "tests/unit/x.py"],
)
def test_the_worlds_and_the_tools_around_them_may_read_the_real_clock(path: str) -> None:
    assert texts("import time\ntime.monotonic()", path) == []


def test_what_is_allowed_is_allowed_in_one_file_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tidy, "ALLOWED", {"fake_api/defaults.py": frozenset({"time.time"})})
    source = "import time\ntime.time()"
    assert texts(source, "fake_api/defaults.py") == []
    assert len(texts(source, "fake_api/app.py")) == 1


def test_an_allowance_nobody_uses_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tidy, "ALLOWED", {RULED: frozenset({"time.time"})})
    assert texts("x = 1") == ["no longer uses time.time: take it out of ALLOWED in ci/tidy.py"]


def test_a_file_may_have_400_lines_and_no_more() -> None:
    assert texts("x = 1\n" * 400) == []
    assert texts("x = 1\n" * 401) == ["401 lines: split it, a file has at most 400"]


def test_a_function_may_have_60_lines_and_no_more() -> None:
    assert texts(function_of(60)) == []
    assert texts(function_of(61)) == ["long() has 61 lines: split it, a function has at most 60"]


def test_a_coroutine_and_a_method_are_functions_too() -> None:
    assert len(texts("async " + function_of(61))) == 1
    assert len(texts("class C:\n    def long(self):\n" + "        x = 1\n" * 60)) == 1


def test_a_test_file_may_be_long_but_its_functions_may_not() -> None:
    path = "tests/unit/test_x.py"
    assert texts("x = 1\n" * 401, path) == []
    assert len(texts(function_of(61), path)) == 1


@pytest.mark.parametrize("word", ["TODO", "FIXME", "XXX"])
def test_a_promise_in_a_comment_is_found(word: str) -> None:
    (text,) = texts(f"x = 1  # {word}: later")
    assert text.startswith(f"{word} in a comment")


def test_a_promise_in_a_string_is_only_text() -> None:
    assert texts('x = "# TODO"') == []


def test_a_file_that_cannot_be_parsed_is_a_finding() -> None:
    (text,) = texts("def broken(:")
    assert text.startswith("cannot be read")


def test_main_prints_where_and_fails(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "harness").mkdir()
    (tmp_path / RULED).write_text("import time\n\nstarted = time.time()\n", encoding="utf-8")
    assert tidy.main([str(tmp_path)]) == 1
    out = capsys.readouterr().out
    assert f"{RULED}:3: time.time is banned here" in out
    assert "tidy: 1 finding\n" in out


def test_main_passes_a_clean_tree(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "harness").mkdir()
    (tmp_path / RULED).write_text("x = 1\n", encoding="utf-8")
    assert tidy.main([str(tmp_path)]) == 0
    assert capsys.readouterr().out == "tidy: no findings\n"
