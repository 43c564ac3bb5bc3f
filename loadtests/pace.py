"""How long users wait: Airflow's own defaults, as its own variables in the environment say otherwise, times a scale."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from random import Random

from harness.model.options import OPTIONS


@dataclass(frozen=True, slots=True)
class Retries:
    """Attempts at one call, and the seconds between them: drawn from `first` up to a bound that doubles until `most`."""

    attempts: int
    first: float
    most: float

    def wait(self, attempt: int, random: Random) -> float:
        """Seconds after that attempt, of which the first is 1."""
        return random.uniform(self.first, max(self.first, min(2.0 ** (attempt - 1), self.most)))


@dataclass(frozen=True)
class Pace:
    """Every interval of the users. Intervals are scaled; timeouts are not, for a server is as fast as it is."""

    scale: float = 1.0
    environ: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Raises ValueError for nonsense, before any user meets it."""
        for name in OPTIONS:
            if name.startswith(("edge.", "workers.")):
                self.option(name)

    def interval(self, option: str) -> float:
        """Seconds of an interval of Airflow, scaled."""
        return self.option(option) * self.scale

    def option(self, option: str) -> float:
        """An option of Airflow as the environment has it, else Airflow's default. Raises ValueError for nonsense."""
        row = OPTIONS[option]
        text = self.environ.get(row.variable, row.default)
        if wrong := row.wrong(text):
            raise ValueError(f"{row.variable}: {wrong}")
        return float(text)

    @property
    def task_retries(self) -> Retries:
        """Of the Task SDK's client."""
        first, most = (f"workers.execution_api_retry_wait_{end}" for end in ("min", "max"))
        attempts = int(self.option("workers.execution_api_retries"))
        return Retries(attempts, self.interval(first), self.interval(most))

    @property
    def edge_retries(self) -> Retries:
        """Of the edge worker's client."""
        first, most = (f"edge.api_retry_wait_{end}" for end in ("min", "max"))
        return Retries(int(self.option("edge.api_retries")), self.interval(first), self.interval(most))
