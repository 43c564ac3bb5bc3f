from collections.abc import Callable

import pytest

from harness.invariants import judge
from harness.model.history import History
from harness.model.plan import Plan
from harness.model.verdict import Verdict

Checked = Callable[..., Verdict]


@pytest.fixture
def checked(past: Callable[[str], History], planned: Callable[..., Plan]) -> Checked:
    """The verdict over calls of a run that begins at 1,000 s of Unix time."""

    def verdict(text: str, *, epoch: float | None = 1000.0) -> Verdict:
        history = past(text)
        if epoch is not None:
            history.header["epoch"] = epoch
        return judge(history, planned(invariants=("tokens_are_checked",)))

    return verdict


def beat(t: str, about: str, answer: str = "ok") -> str:
    return (
        f"{t} client worker-1 invoke ti.heartbeat call=1 ti=ti-1 {about}\n"
        f"{t} client worker-1 {answer} ti.heartbeat call=1 status=204\n"
    )


def _told(verdict: Verdict) -> list[str]:
    return [found.summary for found in verdict.counterexamples]


def test_a_token_in_its_time_of_its_own_task_is_right(checked: Checked) -> None:
    assert _told(checked(beat("50s", "exp=1060 sub=ti-1"))) == []


def test_a_token_is_good_for_as_long_as_the_leeway_after_its_time(checked: Checked) -> None:
    assert _told(checked(beat("70s", "exp=1060 sub=ti-1"))) == []
    assert _told(checked(beat("72s", "exp=1060 sub=ti-1"))) == [
        "worker-1 was granted ti.heartbeat of ti-1 at 1m12s with a token that had expired 12 s before"
    ]


def test_a_token_of_another_task_is_told(checked: Checked) -> None:
    assert _told(checked(beat("5s", "exp=1060 sub=ti-2"))) == [
        "worker-1 was granted ti.heartbeat of ti-1 at 5s with the token of ti-2"
    ]


@pytest.mark.parametrize("answer", ["fail", "info"])
def test_what_was_not_granted_is_right(checked: Checked, answer: str) -> None:
    text = beat("2m", "exp=1060 sub=ti-2", answer) + beat("3m", "exp=2000 sub=ti-1").replace(
        "call=1", "call=2"
    )
    assert _told(checked(text)) == []


def test_without_tokens_or_the_time_of_the_clock_nothing_can_be_said(checked: Checked) -> None:
    assert checked(beat("5s", "")).unjudged == ("tokens_are_checked: nobody saw the tokens of the calls",)
    (reason,) = checked(beat("5s", "exp=1060 sub=ti-1"), epoch=None).unjudged
    assert "at which time of the clock it begins" in reason
