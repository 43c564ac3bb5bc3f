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
