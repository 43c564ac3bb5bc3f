"""What an EdgeExecutor keeps in memory, and loses when its scheduler restarts."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from fake_api.names import TaskInstanceState
from fake_api.rows import JobKey


class Event(NamedTuple):
    """The executor's final word on a try. `cause` is "state mismatch" unless the scheduler itself said it."""

    state: TaskInstanceState
    cause: str = "state mismatch"


@dataclass
class Executor:
    """Airflow: BaseExecutor.running and BaseExecutor.event_buffer, in the scheduler job `job_id`."""

    job_id: int
    latest_heartbeat: datetime
    running: dict[JobKey, None] = field(default_factory=dict)
    events: dict[JobKey, Event] = field(default_factory=dict)

    def change_state(self, key: JobKey, event: Event) -> None:
        """Stop counting the try as running and tell the scheduler at its next look."""
        self.running.pop(key, None)
        self.events[key] = event

    def drain_events(self) -> dict[JobKey, Event]:
        """The events since the last call."""
        events, self.events = self.events, {}
        return events
