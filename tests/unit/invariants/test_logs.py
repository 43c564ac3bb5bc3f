from collections.abc import Callable
from functools import partial

import pytest

Broken = Callable[..., list[str]]


@pytest.fixture
def unkept(broken: Broken) -> Broken:
    return partial(broken, "logs_are_kept")


def at(second: int) -> str:
    return f"2026-01-01T00:00:{second:02}+00:00"


def push(t: int, text: int, *, how: str = "ok", time: int | None = None, worker: str = "worker-1") -> str:
    piece = f'log_chunk_time="{at(time or t)}" length=9 crc32={text}'
    return (
        f"{t}s client {worker} invoke logs.push call={t} dag=a task=1 run=r try=1 map=-1 {piece}\n"
        f"{t}s client {worker} {how} logs.push call={t}\n"
    )


def stored(t: int, text: int, *, time: int | None = None) -> str:
    piece = f'log_chunk_time="{at(time or t).replace("T", " ")}" length=9 crc32={text}'
    job = "dag_id=a task_id=1 run_id=r try_number=1 map_index=-1"
    return f'{t}s server api ok log key=k old=null new="log chunk" cause="POST logs/push" {job} {piece}\n'


def test_pieces_that_are_stored_once_and_in_order_are_right(unkept: Broken) -> None:
    assert unkept(push(1, 11) + stored(1, 11) + push(2, 22) + stored(2, 22)) == []


def test_a_piece_that_is_acknowledged_and_not_stored_is_lost(unkept: Broken) -> None:
    assert unkept(push(1, 11) + stored(1, 11) + push(2, 22)) == [
        "a piece of the log of a/1/r/1/-1, which worker-1 was told at 2s is stored, is not"
    ]


@pytest.mark.parametrize("how", ["info", "fail"])
def test_a_piece_that_nobody_acknowledged_may_be_lost(unkept: Broken, how: str) -> None:
    assert unkept(push(1, 11, how=how)) == []


def test_a_piece_that_is_stored_under_two_times_is_doubled(unkept: Broken) -> None:
    twice = push(1, 11, how="info") + stored(1, 11) + push(3, 11) + stored(3, 11)
    assert unkept(twice) == ["a piece of the log of a/1/r/1/-1 is stored twice, at 1s and 3s"]


def test_a_piece_that_is_pushed_twice_under_one_time_and_stored_once_is_right(unkept: Broken) -> None:
    assert unkept(push(1, 11, how="info") + stored(1, 11) + push(3, 11, how="info", time=1)) == []


def test_pieces_whose_times_are_not_in_the_order_of_their_pushes_are_told(unkept: Broken) -> None:
    early = push(1, 11, time=5) + stored(1, 11, time=5) + push(2, 22, time=4) + stored(2, 22, time=4)
    assert unkept(early) == [
        "the log of a/1/r/1/-1 is out of order: what worker-1 pushed at 1s is read after what it pushed at 2s"
    ]


def test_the_clocks_of_two_workers_need_not_agree(unkept: Broken) -> None:
    first = push(1, 11, time=5) + stored(1, 11, time=5)
    assert unkept(first + push(2, 22, time=4, worker="worker-2") + stored(2, 22, time=4)) == []


def test_with_its_job_a_log_is_deleted_and_may_begin_anew(unkept: Broken) -> None:
    gone = (
        '2s server scheduler ok edge_job key=k old=running new=null cause="stuck in queued"'
        " dag_id=a task_id=1 run_id=r try_number=1 map_index=-1\n"
    )
    again = push(3, 11, how="info", time=1) + stored(3, 11, time=1)
    assert unkept(push(1, 11) + stored(1, 11) + gone + again) == []
