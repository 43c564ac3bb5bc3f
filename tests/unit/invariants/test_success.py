from collections.abc import Callable
from functools import partial

import pytest

Broken = Callable[..., list[str]]

WON = "3m server api ok task_instance key=ti-1 old=running new=success cause='PATCH state' dag_id=a task_id=b run_id=c"


@pytest.fixture
def lost(broken: Broken) -> Broken:
    return partial(broken, "no_success_is_lost")


def test_a_state_after_success_is_a_lost_success(lost: Broken) -> None:
    assert lost(
        f"""
        {WON}
        4m server scheduler ok task_instance key=ti-1 old=success new=failed cause='PATCH state' dag_id=a task_id=b run_id=c
        """
    ) == ["a/b/c had succeeded at 3m and became failed at 4m (PATCH state)"]


def test_a_body_that_begins_after_success_is_a_lost_success(lost: Broken) -> None:
    assert lost(
        f"""
        {WON}
        4m body worker-2 invoke body call=1 task=a/b/c try=2
        """
    ) == ["a/b/c had succeeded at 3m and ran again on worker-2 at 4m"]


def test_what_the_client_was_told_counts_as_success_too(lost: Broken) -> None:
    assert lost(
        """
        1m body worker-1 invoke body call=1 task=a/b/c ti=ti-1 try=1
        2m client worker-1 invoke ti.state call=2 ti=ti-1 state=success
        2m client worker-1 ok ti.state call=2 status=204
        3m body worker-2 invoke body call=3 task=a/b/c ti=ti-2 try=2
        """
    ) == ["a/b/c had succeeded at 2m and ran again on worker-2 at 3m"]


def test_a_server_that_acknowledges_success_and_does_not_apply_it_loses_it(lost: Broken) -> None:
    assert lost(
        """
        1m server api ok task_instance key=ti-1 old=queued new=running cause='PATCH run' dag_id=a task_id=b run_id=c
        2m client worker-1 invoke ti.state call=2 ti=ti-1 state=success
        2m client worker-1 ok ti.state call=2 status=204
        """
    ) == ["a/b/c: worker-1 was told at 2m that it succeeded, the server has it as running"]


def test_success_reported_twice_stays_success(lost: Broken) -> None:
    assert lost(f"{WON}\n{WON.replace('old=running', 'old=success')}") == []


@pytest.mark.parametrize(
    "completion",
    [
        "2m client worker-1 info ti.state call=2 reason='reset by peer'",
        "2m client worker-1 fail ti.state call=2 status=409",
    ],
)
def test_a_success_that_was_not_acknowledged_may_run_again(lost: Broken, completion: str) -> None:
    assert (
        lost(
            f"""
            1m body worker-1 invoke body call=1 task=a/b/c ti=ti-1 try=1
            2m client worker-1 invoke ti.state call=2 ti=ti-1 state=success
            {completion}
            3m body worker-2 invoke body call=3 task=a/b/c ti=ti-2 try=2
            """
        )
        == []
    )


def test_a_body_that_began_before_the_success_breaks_nothing_here(lost: Broken) -> None:
    assert (
        lost(
            f"""
            1m body worker-1 invoke body call=1 task=a/b/c ti=ti-1 try=1
            2m body worker-1 ok body call=1 task=a/b/c ti=ti-1 try=1
            {WON}
            """
        )
        == []
    )
