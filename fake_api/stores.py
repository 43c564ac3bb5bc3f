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
    """Values by owner and key."""

    def __init__(self) -> None:
        self._rows: dict[Owner, dict[str, StoredValue]] = {}

    def get(self, owner: Owner, key: str) -> StoredValue | None:
        """The value stored under this key."""
        return self._rows.get(owner, {}).get(key)

    def set(self, owner: Owner, key: str, value: Any, *, expires_at: datetime | None = None) -> None:
        """Store a value in place of an earlier one."""
        self._rows.setdefault(owner, {})[key] = StoredValue(value, expires_at)

    def delete(self, owner: Owner, key: str) -> None:
        """Forget a value, if there is one."""
        self._rows.get(owner, {}).pop(key, None)

    def clear(self, owner: Owner) -> None:
        """Forget all values of an owner."""
        self._rows.pop(owner, None)
