"""What a task instance may wait for: a trigger, a later time, a human. These rows hang on its own."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Trigger:
    """What a deferred task instance waits for. `kwargs` is a dict, or text the worker encrypted."""

    classpath: str
    kwargs: Mapping[str, Any] | str
    created_date: datetime
    queue: str | None = None


@dataclass(frozen=True, kw_only=True)
class TaskReschedule:
    """One time a sensor asked to be called again later; `start_date` is when it asked."""

    start_date: datetime
    end_date: datetime
    reschedule_date: datetime


@dataclass(frozen=True, kw_only=True)
class HitlDetail:
    """A question to a human, and the answer once `responded_at` is set. Users are {"id", "name"}."""

    options: tuple[str, ...]
    subject: str
    body: str | None = None
    defaults: tuple[str, ...] | None = None
    multiple: bool = False
    params: Mapping[str, Any] = field(default_factory=dict)
    assigned_users: tuple[Mapping[str, str], ...] = ()
    responded_at: datetime | None = None
    responded_by: Mapping[str, str] | None = None
    chosen_options: tuple[str, ...] = ()
    params_input: Mapping[str, Any] = field(default_factory=dict)
