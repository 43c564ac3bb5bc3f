from __future__ import annotations

import pytest

from harness.model.lifecycle import TABLES, TERMINAL, is_legal


@pytest.mark.parametrize("table", TABLES)
def test_every_state_that_can_be_entered_has_a_row_of_its_own(table: str) -> None:
    entered = {new for row in TABLES[table].values() for new in row if new is not None}
    assert entered - set(TABLES[table]) == set()


@pytest.mark.parametrize("state", sorted(TERMINAL))
def test_a_task_stays_in_a_terminal_state(state: str) -> None:
    assert TABLES["task_instance"][state] == frozenset()


@pytest.mark.parametrize(
    ("table", "old", "new"),
    [
        ("task_instance", None, "queued"),
        ("task_instance", "running", "up_for_retry"),
        ("task_instance", "running", "running"),
        ("edge_job", "queued", "restarting"),
        ("edge_job", "success", None),
        ("edge_worker", "idle", "maintenance request"),
        ("edge_worker", "unknown", "running"),
    ],
)
def test_what_airflow_does_is_legal(table: str, old: str | None, new: str | None) -> None:
    assert is_legal(table, old, new)


@pytest.mark.parametrize(
    ("table", "old", "new"),
    [
        ("task_instance", "success", "running"),
        ("task_instance", "failed", "up_for_retry"),
        ("task_instance", None, "running"),
        ("edge_job", "queued", "running"),
        ("edge_worker", "offline", "running"),
        ("edge_worker", "no such state", "running"),
    ],
)
def test_what_it_never_does_is_not(table: str, old: str | None, new: str | None) -> None:
    assert not is_legal(table, old, new)
