"""A Faker provider for what an Airflow deployment holds, valid by Airflow's own rules and the same for one seed.

    fake = Faker()
    fake.add_provider(AirflowProvider)
    fake.seed_instance(7)
    state.submit(fake.task_spec())

Faker comes with the extra `test`. The rules: sdk/definitions/_internal/node.py (validate_key), [scheduler]
allowed_run_id_pattern, sdk/definitions/connection.py (sanitize_conn_id), and the columns of models/.
"""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

try:
    from faker.providers import BaseProvider
except ModuleNotFoundError as missing:
    raise ModuleNotFoundError(
        f"fake_api.faker_provider needs {missing.name}: pip install 'airflow-remote-harness[test]'",
        name=missing.name,
    ) from None

from fake_api.rows import Connection, TaskSpec, Variable

#: Characters that fit: ids and keys of XComs have their own columns, a worker's name has the shortest.
ID_MAX, QUEUE_MAX, XCOM_KEY_MAX, WORKER_MAX = 250, 256, 512, 64

_EPOCH = datetime(2025, 1, 1, tzinfo=UTC)
_NOUNS = (
    "orders",
    "customers",
    "invoices",
    "clicks",
    "sensor_data",
    "inventory",
    "payments",
    "umsätze",
    "файлы",
)
_VERBS = ("extract", "load", "transform", "publish", "validate", "train", "archive", "notify")
_PLACES = ("eu-west", "us-east", "on-prem", "edge", "lab", "factory-7")
_KINDS = (("postgres", 5432), ("http", 443), ("ssh", 22), ("aws", None), ("kafka", 9092), ("fs", None))
_EVENTS = (
    "Rows written",
    "Connecting to server",
    "Retrying after error",
    "Checkpoint reached",
    "Größe geprüft",
)


class AirflowProvider(BaseProvider):
    """Everything is drawn from the generator's own seeded random numbers; no clock is read."""

    def dag_id(self, *, length: int | None = None) -> str:
        """The id of a Dag; with `length`, one of just so many characters, at most 250."""
        return self._fitted(f"{self._word(_VERBS)}_{self._word(_NOUNS)}{self._suffix()}", length, ID_MAX)

    def task_id(self, *, length: int | None = None) -> str:
        """The id of a task, one in three inside a task group."""
        group = f"{self._word(_PLACES)}." if self.random_int(1, 3) == 1 else ""
        return self._fitted(f"{group}{self._word(_VERBS)}{self._suffix()}", length, ID_MAX)

    def run_id(self) -> str:
        """The id of a dag run, as the scheduler, a user or an asset makes it."""
        kind = self._word(("manual", "scheduled", "asset_triggered"))
        return f"{kind}__{self.moment().isoformat()}"

    def queue(self) -> str:
        """A queue."""
        return self._word(("default", *_PLACES))

    def host(self) -> str:
        """The name of a host that runs tasks."""
        return f"worker-{self.random_int(1, 999)}.{self._word(_PLACES)}.example"

    def worker_name(self, *, length: int | None = None) -> str:
        """The name of an edge worker, at most 64 characters."""
        return self._fitted(f"{self._word(_PLACES)}-{self.random_int(1, 999)}", length, WORKER_MAX)

    def xcom_key(self, *, length: int | None = None) -> str:
        """The key of an XCom; most are `return_value`."""
        if length is None and self.random_int(1, 3) > 1:
            return "return_value"
        return self._fitted(f"{self._word(_NOUNS)}{self._suffix()}", length, XCOM_KEY_MAX)

    def variable_key(self, *, length: int | None = None) -> str:
        """The key of a variable."""
        return self._fitted(f"{self._word(_NOUNS)}{self._suffix()}", length, ID_MAX)

    def variable(self) -> Variable:
        """A variable: text, or JSON in text."""
        value = self._word(_PLACES) if self.random_int(0, 1) else json.dumps({"most": self.random_int()})
        return Variable(val=value, description=None if self.random_int(0, 1) else self._word(_NOUNS))

    def conn_id(self, *, length: int | None = None) -> str:
        """The id of a connection."""
        return self._fitted(f"{self._word(_NOUNS)}_{self._word(_PLACES)}{self._suffix()}", length, ID_MAX)

    def connection(self) -> Connection:
        """A connection with its secrets."""
        kind, port = self.random_element(_KINDS)
        return Connection(
            conn_id=self.conn_id(),
            conn_type=kind,
            host=self.host() if port else None,
            schema=self._word(_NOUNS) if port else None,
            login=self.lexify("user-????"),
            password=self.lexify("????????????", letters="abcXYZ012%/@: "),
            port=port,
            extra=json.dumps({"timeout": self.random_int(1, 60)}) if self.random_int(0, 1) else None,
        )

    def log_line(self) -> str:
        """A line of a task's log, JSON as the supervisor writes it."""
        entry = {
            "timestamp": self.moment().isoformat().replace("+00:00", "Z"),
            "level": self._word(("info", "info", "warning", "error", "debug")),
            "event": f"{self._word(_EVENTS)} {self.random_int()}",
            "logger": "task",
        }
        return json.dumps(entry, ensure_ascii=False)

    def payload(self, size: int = 1024) -> Any:
        """A JSON value, as for an XCom, whose compact UTF-8 text has exactly `size` bytes; at least 2."""
        if size < 2:
            raise ValueError(f"no such value has {size} bytes: ask for at least 2")
        empty = _compact({"rows": [], "pad": ""})
        if size < empty:
            return "x" * (size - 2)
        rows: list[Any] = []
        left = size - empty
        # half of it in rows, each with the comma after it, the rest is padded
        while left > size // 2:
            row = {"id": self.random_int(), "what": self._word(_NOUNS)}
            if (left := left - _compact(row) - bool(rows)) < 0:
                break
            rows.append(row)
        value = {"rows": rows, "pad": ""}
        return value | {"pad": "x" * (size - _compact(value))}

    def moment(self) -> datetime:
        """A time in 2025 or 2026."""
        return _EPOCH + timedelta(
            seconds=self.random_int(0, 2 * 365 * 86_400), microseconds=self.random_int(0, 999_999)
        )

    def task_spec(self, **fields: Any) -> TaskSpec:
        """A task to submit; `fields` are those of TaskSpec that are not to be drawn."""
        drawn: dict[str, Any] = {
            "dag_id": self.dag_id(),
            "task_id": self.task_id(),
            "run_id": self.run_id(),
            "queue": self.queue(),
            "pool_slots": self.random_int(1, 4),
            "priority_weight": self.random_int(1, 100),
            "retries": self.random_int(0, 3),
            "retry_delay": float(self.random_int(0, 600)),
        }
        return TaskSpec(**drawn | fields)

    def _word(self, words: tuple[str, ...]) -> str:
        word: str = self.random_element(words)
        return word

    def _suffix(self) -> str:
        return self._word(("", "", ".v2", "-daily", "_2026", f"_{self.random_int(1, 99)}"))

    def _fitted(self, name: str, length: int | None, most: int) -> str:
        if length is None:
            return name
        if not 1 <= length <= most:
            raise ValueError(f"length={length}: Airflow takes 1 to {most} characters here")
        return (name + "x" * length)[:length]


def _compact(value: Any) -> int:
    return len(json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode())
