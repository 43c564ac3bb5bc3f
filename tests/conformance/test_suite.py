"""The same calls get the same answers from the fake and from a released server, and leave the same rows."""

import pytest

from harness.conformance.case import NOTHING, Call, Case
from harness.conformance.comparing import differences, unmeant
from harness.conformance.divergences import meant
from harness.conformance.suite import CASES, calls
from harness.conformance.tables.operations import OPERATIONS
from tests.conformance.conftest import Observations

#: The first live test installs Airflow and sets the server up: minutes on a new machine.
SET_UP = 1500


def test_every_operation_of_the_newest_version_is_called() -> None:
    assert len({each.name for each in OPERATIONS}) == 55
    called = {call.path for call in calls()}
    assert all(each.call.path in called for each in OPERATIONS)


def test_there_are_enough_calls_to_mean_something() -> None:
    assert len({repr(each) for each in calls()}) >= 300


def test_no_case_sees_the_names_of_another() -> None:
    names = [case.dag_id for case in CASES]
    assert len(set(names)) == len(names)
    assert not [(one, other) for one in names for other in names if one != other and other.startswith(one)]


def test_the_fake_answers_each_time_the_same(faked: Observations) -> None:
    """One more play of some cases on a new fake shows no difference, or nothing could be told from one."""
    from harness.conformance.arms import play
    from harness.conformance.faking import FakeArm

    with FakeArm(database="sqlite") as arm:
        for case in CASES[::10]:
            assert list(differences(faked[case.name], play(case, arm))) == []


@pytest.mark.live
@pytest.mark.slow
@pytest.mark.timeout(SET_UP)
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_the_fake_answers_as_a_released_server(
    case: Case, released: Observations, faked: Observations
) -> None:
    found = unmeant(differences(released[case.name], faked[case.name]), meant("sqlite"))
    assert "\n".join(map(str, found)) == ""


@pytest.mark.live
@pytest.mark.slow
@pytest.mark.timeout(SET_UP)
@pytest.mark.parametrize("divergence", meant("sqlite"), ids=lambda each: each.reason[:40])
def test_each_divergence_is_there(divergence: object, released: Observations, faked: Observations) -> None:
    """A difference that is gone is struck from the table."""
    found = [each for case in CASES for each in differences(released[case.name], faked[case.name])]
    assert any(divergence.covers(each) for each in found)  # type: ignore[attr-defined]


@pytest.mark.live
@pytest.mark.slow
@pytest.mark.timeout(SET_UP)
def test_the_fake_fails_only_where_a_released_server_does(
    released: Observations, faked: Observations
) -> None:
    """Never a 500 that the real one does not give."""
    ours = {
        (case.name, position)
        for case in CASES
        for position, answer in enumerate(faked[case.name].answers)
        if answer.get("status", 500) >= 500
    }
    theirs = {
        (case.name, position)
        for case in CASES
        for position, answer in enumerate(released[case.name].answers)
        if answer.get("status", 500) >= 500
    }
    assert ours <= theirs


def test_refused_calls_change_nothing(faked: Observations) -> None:
    """The rows after a case of which every call was refused are those it began with."""
    from harness.conformance.arms import play
    from harness.conformance.faking import FakeArm

    calling = [case for case in CASES if all(isinstance(step, Call) for step in case.steps)]
    refused = [case for case in calling if all(_refused(each) for each in faked[case.name].answers)]
    assert len(refused) >= 20
    with FakeArm(database="sqlite") as arm:
        for case in refused:
            untouched = Case(
                name=case.name, seed=case.seed, steps=(Call(method="GET", path="/none", body=NOTHING),)
            )
            assert play(untouched, arm).state == faked[case.name].state


def _refused(answer: dict[str, object]) -> bool:
    status = answer.get("status")
    return isinstance(status, int) and status >= 400
