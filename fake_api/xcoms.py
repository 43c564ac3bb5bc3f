"""The XCom table: values by task, key and map index."""

from collections.abc import Iterator
from typing import Any, NamedTuple


class XComTask(NamedTuple):
    """The task an XCom belongs to."""

    dag_id: str
    run_id: str
    task_id: str


class XComs:
    """XCom values; each (key, map_index) of a task has at most one.

    `rows` is assigned to whenever something below a task changes: that is how a durable state learns of it.
    """

    def __init__(self) -> None:
        self.rows: dict[XComTask, dict[tuple[str, int], Any]] = {}

    def keys(self, task: XComTask, map_index: int) -> list[str]:
        """The keys a task instance has to clear before it runs again; of all map indexes when it is unmapped.

        Airflow: ti_run, xcom_keys_to_clear.
        """
        rows = self.rows.get(task, {})
        return [key for key, index in rows if map_index < 0 or index == map_index]

    def values(self, task: XComTask, key: str) -> dict[int, Any]:
        """All values of a key by map index, in ascending order."""
        rows = self.rows.get(task, {})
        found = {index: value for (name, index), value in rows.items() if name == key}
        return dict(sorted(found.items()))

    def set(self, task: XComTask, key: str, map_index: int, value: Any) -> bool:
        """Set a value; says whether it replaced one. A replaced one goes to the end, as a new row does."""
        rows = self.rows.get(task, {})
        replaced = (key, map_index) in rows
        rows.pop((key, map_index), None)
        rows[key, map_index] = value
        self.rows[task] = rows
        return replaced

    def delete(self, task: XComTask, key: str, map_index: int) -> bool:
        """Delete a value; says whether there was one."""
        rows = self.rows.get(task, {})
        if (key, map_index) not in rows:
            return False
        del rows[key, map_index]
        self.rows[task] = rows
        return True

    def __iter__(self) -> Iterator[tuple[XComTask, str, int, Any]]:
        for task, rows in self.rows.items():
            for (key, map_index), value in rows.items():
                yield task, key, map_index, value
