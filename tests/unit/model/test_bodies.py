from collections.abc import Callable

from harness.model.bodies import act, bodies, task_of
from harness.model.history import History

Past = Callable[[str], History]


def test_a_body_has_a_begin_and_an_end_or_runs_to_the_last_event(past: Past) -> None:
    history = past(
        """
        1s body worker-1 invoke body call=1 task=a/b/c try=2 slots=3
        2s body worker-2 invoke body call=2 task=a/x/c try=1 slots=1
        5s body worker-1 info body call=1 task=a/b/c try=2
        9s world driver info act act=end
        """
    )
    first, second = bodies(history)
    assert (first.task, first.attempt, first.worker, first.slots) == ("a/b/c", 2, "worker-1", 3)
    assert (first.begins, first.ends, first.ordinals) == (1_000_000_000, 5_000_000_000, (0, 2))
    assert (second.end, second.ends, second.ordinals) == (None, 9_000_000_000, (1,))


def test_a_task_is_named_by_its_name_or_its_parts(past: Past) -> None:
    history = past(
        """
        1s world driver info task.submit task=a/b/c
        1s server api ok task_instance dag_id=a task_id=b run_id=c
        """
    )
    assert [task_of(event) for event in history] == ["a/b/c", "a/b/c"]


def test_an_act_is_found_by_its_name(past: Past) -> None:
    history = past("1s world driver info act act=storm\n2s world driver info act act=calm")
    calm = act(history, "calm")
    assert calm
    assert calm.n == 1
    assert act(history, "end") is None
