"""The state stores: JSON values by key, for a task instance or for an asset."""

from collections.abc import Hashable
from datetime import datetime
from typing import Any, Generic, NamedTuple, TypeVar

Owner = TypeVar("Owner", bound=Hashable)


class StoredValue(NamedTuple):
    """A value, and when a cleanup may remove it. Until that runs, an expired value is still served."""

    value: Any
    expires_at: datetime | None = None


class Store(Generic[Owner]):
    """Values by owner and key.

    `rows` is assigned to whenever something below an owner changes: that is how a durable state learns of it.
    """

    def __init__(self) -> None:
        self.rows: dict[Owner, dict[str, StoredValue]] = {}

    def get(self, owner: Owner, key: str) -> StoredValue | None:
        """The value stored under this key."""
        return self.rows.get(owner, {}).get(key)

    def items(self, owner: Owner) -> list[tuple[str, StoredValue]]:
        """All values of an owner, with their keys."""
        return list(self.rows.get(owner, {}).items())

    def set(self, owner: Owner, key: str, value: Any, *, expires_at: datetime | None = None) -> None:
        """Store a value in place of an earlier one."""
        self.rows[owner] = {**self.rows.get(owner, {}), key: StoredValue(value, expires_at)}

    def delete(self, owner: Owner, key: str) -> None:
        """Forget a value, if there is one."""
        if key in (rows := self.rows.get(owner, {})):
            self.rows[owner] = {name: value for name, value in rows.items() if name != key}

    def clear(self, owner: Owner) -> None:
        """Forget all values of an owner."""
        self.rows.pop(owner, None)
