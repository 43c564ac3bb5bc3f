from collections.abc import Callable
from functools import partial

import pytest

Broken = Callable[..., list[str]]

JOB = "dag_id=a task_id=b run_id=c try_number=1 map_index=-1 key=k"
HANDED = f"1m server api ok edge_job {JOB} old=queued new=restarting worker=worker-1"
HEARD = "1m client worker-1 ok jobs.fetch call=1 job=a/b/c/1/-1"


@pytest.fixture
def stranded(broken: Broken) -> Broken:
    return partial(broken, "every_job_is_accounted_for")


def test_a_job_whose_fetch_reply_was_lost_is_stranded(stranded: Broken) -> None:
    assert stranded(f"{HANDED}\n1m client worker-1 info jobs.fetch call=1 reason='reset by peer'") == [
        "job a/b/c/1/-1 is left restarting since 1m: handed to worker-1, which never heard the reply"
    ]


def test_a_job_that_its_worker_heard_of_and_left_is_stranded_too(stranded: Broken) -> None:
    running = f"2m server api ok edge_job {JOB} old=restarting new=running worker=worker-1"
    assert stranded(f"{HANDED}\n{HEARD}\n{running}") == [
        "job a/b/c/1/-1 is left running since 2m: handed to worker-1, which heard the reply"
    ]


def test_a_reply_to_an_earlier_fetch_says_nothing_about_a_later_one(stranded: Broken) -> None:
    again = f"2m server scheduler ok edge_job {JOB} old=restarting new=queued"
    assert stranded(f"{HANDED}\n{HEARD}\n{again}\n{HANDED.replace('1m', '3m')}") == [
        "job a/b/c/1/-1 is left restarting since 3m: handed to worker-1, which never heard the reply"
    ]


def test_a_job_that_nobody_fetched_is_named(stranded: Broken) -> None:
    assert stranded(f"1m server scheduler ok edge_job {JOB} old=null new=queued") == [
        "job a/b/c/1/-1 is left queued since 1m: nobody fetched it"
    ]


@pytest.mark.parametrize("new", ["success", "failed", "null", "up_for_retry"])
def test_a_job_that_ended_or_was_revoked_is_accounted_for(stranded: Broken, new: str) -> None:
    assert stranded(f"{HANDED}\n2m server api ok edge_job {JOB} old=running new={new}") == []
