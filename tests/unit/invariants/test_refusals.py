from collections.abc import Callable
from functools import partial

import pytest

from harness.model.faults import ServerErrors
from harness.units import minutes, seconds

Broken = Callable[..., list[str]]

ASKED = "1m client worker-1 invoke ti.run call=1 ti=t"
ANSWER = "1m client worker-1 fail ti.run call=1 status={} reason='Signature has expired'"


@pytest.fixture
def refused(broken: Broken) -> Broken:
    return partial(broken, "no_token_is_refused")


@pytest.mark.parametrize("status", [401, 403])
def test_a_token_that_nothing_explains_to_be_no_good_is_found(refused: Broken, status: int) -> None:
    assert refused(f"{ASKED}\n{ANSWER.format(status)}") == [
        "worker-1: ti.run was refused at 1m: Signature has expired"
    ]


@pytest.mark.parametrize("status", [404, 409, 410, 422])
def test_other_refusals_are_about_something_else(refused: Broken, status: int) -> None:
    assert refused(f"{ASKED}\n{ANSWER.format(status)}") == []


def test_a_fault_on_the_worker_may_explain_it(refused: Broken) -> None:
    gateway = ServerErrors(a="worker-1", b="api", at=seconds(30), lasting=minutes(1), status=403)
    assert refused(f"{ASKED}\n{ANSWER.format(403)}", faults=(gateway,)) == []


BEAT = "9s client worker-1 invoke ti.heartbeat call=2 ti=t\n9s client worker-1 fail ti.heartbeat call=2 status={}"
HAD = "5s server scheduler ok task_instance key={} old=running new=up_for_retry dag_id=a task_id=b run_id=c"


def test_a_try_that_was_withdrawn_and_is_told_that_it_is_unknown_is_found(broken: Broken) -> None:
    assert broken("withdrawals_are_told", f"{HAD.format('t')}\n{BEAT.format(404)}") == [
        "worker-1: the heartbeat of a try that it had was answered 404 at 9s"
    ]


@pytest.mark.parametrize(("key", "status"), [("t", 409), ("t", 410), ("another", 404)])
def test_a_withdrawal_is_told_and_a_stranger_is_unknown(broken: Broken, key: str, status: int) -> None:
    assert broken("withdrawals_are_told", f"{HAD.format(key)}\n{BEAT.format(status)}") == []
