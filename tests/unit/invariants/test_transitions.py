from collections.abc import Callable
from functools import partial

import pytest

Broken = Callable[..., list[str]]


@pytest.fixture
def illegal(broken: Broken) -> Broken:
    return partial(broken, "only_legal_transitions")


def test_a_task_that_leaves_success_is_named_by_dag_task_and_run(illegal: Broken) -> None:
    assert illegal(
        """
        1s server api ok task_instance key=0193 old=null new=queued
        2s server api ok task_instance key=0193 old=queued new=running
        3s server api ok task_instance key=0193 old=running new=success
        4m10s server api ok task_instance key=0193 old=success new=running cause='PATCH run' \
            dag_id=storm task_id=task-7 run_id=run-1
        """.replace("\\\n", "")
    ) == ["task instance storm/task-7/run-1 went from success to running at 4m10s (PATCH run)"]


def test_edge_jobs_and_edge_workers_have_tables_too(illegal: Broken) -> None:
    assert illegal(
        """
        1s server api ok edge_job key=d/t/r/1/-1 old=null new=running cause=x
        2s server api ok edge_worker key=worker-1 old=null new=running cause=x
        """
    ) == [
        "edge job d/t/r/1/-1 went from nothing to running at 1s (x)",
        "edge worker worker-1 went from nothing to running at 2s (x)",
    ]


def test_a_state_that_airflow_does_not_know_is_illegal(illegal: Broken) -> None:
    assert len(illegal("1s server api ok task_instance key=1 old=null new=finished cause=x")) == 1


def test_legal_changes_staying_and_rows_without_a_table_break_nothing(illegal: Broken) -> None:
    assert (
        illegal(
            """
            1s server scheduler ok task_instance key=1 old=null new=queued
            2s server api ok task_instance key=1 old=queued new=running
            3s server api ok task_instance key=1 old=running new=running
            4s server api ok edge_job key=j old=null new=queued
            5s server api ok edge_job key=j old=queued new=null
            5s server api ok edge_job key=j old=null new=queued
            5s server api ok edge_worker key=w old=null new='maintenance mode'
            6s server api ok xcom key=x old=null new=set
            """
        )
        == []
    )


def test_a_row_goes_on_from_where_its_last_change_left_it(illegal: Broken) -> None:
    assert illegal(
        """
        1s server scheduler ok edge_job key=j old=null new=queued cause=submit
        2s server api ok edge_job key=j old=restarting new=running cause=x
        """
    ) == ["edge job j went from restarting to running at 2s (x), and it was queued before"]


def test_a_row_begins_from_nothing(illegal: Broken) -> None:
    assert illegal("1s server api ok edge_worker key=w old=idle new=running cause=x") == [
        "edge worker w went from idle to running at 1s (x), and it was nothing before"
    ]


def test_a_retry_goes_on_under_its_new_id(illegal: Broken) -> None:
    text = """
        1s server scheduler ok task_instance key=a old=null new=queued
        2s server api ok task_instance key=a old=queued new=running
        3s server api ok task_instance key=a old=running new=up_for_retry new_id=b
        4s server scheduler ok task_instance key={} old=up_for_retry new=queued
        """
    assert illegal(text.format("b")) == []
    assert len(illegal(text.format("a"))) == 1


def test_a_job_that_was_revoked_and_queued_again_may_be_reported_on_by_whoever_had_it_before(
    illegal: Broken,
) -> None:
    late = "4s server api ok edge_job key=j old=queued new=running cause='PATCH jobs/state'\n"
    queued = "1s server scheduler ok edge_job key=j old=null new=queued\n"
    revoked = "2s server scheduler ok edge_job key=j old=queued new=null\n"
    assert illegal(queued + revoked + queued.replace("1s", "3s") + late) == []
    assert illegal(queued + late) == ["edge job j went from queued to running at 4s (PATCH jobs/state)"]


def test_a_late_report_strikes_even_a_job_that_has_succeeded_since_it_was_queued_again(
    illegal: Broken,
) -> None:
    events = (
        "1s server scheduler ok edge_job key=j old=null new=queued\n"
        "2s server api ok edge_job key=j old=queued new=restarting\n"
        "3s server scheduler ok edge_job key=j old=restarting new=null\n"
        "4s server scheduler ok edge_job key=j old=null new=queued\n"
        "5s server api ok edge_job key=j old=queued new=restarting\n"
        "6s server api ok edge_job key=j old=restarting new=success\n"
    )
    late = "7s server api ok edge_job key=j old=success new=running cause='PATCH jobs/state'\n"
    assert illegal(events + late) == []
    assert illegal("".join(events.splitlines(keepends=True)[3:]) + late) == [
        "edge job j went from success to running at 7s (PATCH jobs/state)"
    ]
