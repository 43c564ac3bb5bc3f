import pytest


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (
            ["--sdk", "9.9.9"],
            "--sdk 9.9.9: name releases of the Task SDK such as 1.0.6, 1.1.5, 1.1.8, 1.2.2, 1.3.2",
        ),
        (["--sdk", "newest"], "--sdk newest: name releases of the Task SDK"),
        (["--sdk"], "argument --sdk: expected at least one argument"),
        (["1.0.6"], "unrecognized arguments: 1.0.6"),
    ],
)
def test_a_release_that_cannot_be_is_a_usage_error(harness, words: list[str], line: str) -> None:
    code, out, err = harness("matrix", *words)
    assert (code, out) == (64, "")
    assert line in err


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["--bugs", "B99"], "--bugs B99: there is no bug 'B99'"),
        (["--bugs", "B03", "--jobs", "0"], "argument --jobs: 0 is too few: give 1 or more"),
        (["--jobs", "2"], "--out and --jobs are for --bugs"),
        (["--bugs", "--sdk", "1.0.6"], "not allowed with argument --bugs"),
    ],
)
def test_what_cannot_be_asked_of_the_bugs_is_a_usage_error(harness, words: list[str], line: str) -> None:
    code, out, err = harness("matrix", *words)
    assert (code, out) == (64, "")
    assert line in err
