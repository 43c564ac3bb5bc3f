"""The tables of assets, of their aliases and of their events."""

from collections.abc import Iterator
from dataclasses import replace

from fake_api.catalogue import Asset, AssetEvent
from fake_api.rows import AssetKey


class Assets:
    """Assets by name and URI, aliases with the assets they stand for, events by id in the order they came."""

    def __init__(self) -> None:
        self.aliases: dict[str, dict[AssetKey, None]] = {}
        self.events: dict[int, AssetEvent] = {}
        self.rows: dict[AssetKey, Asset] = {}

    def __iter__(self) -> Iterator[Asset]:
        return iter(self.rows.values())

    def get(self, key: AssetKey) -> Asset | None:
        """The asset with this key, active or not."""
        return self.rows.get(key)

    def named(self, name: str) -> Asset | None:
        """The active asset with this name."""
        return next((each for each in self if each.active and each.name == name), None)

    def at(self, uri: str) -> Asset | None:
        """The active asset with this URI."""
        return next((each for each in self if each.active and each.uri == uri), None)

    def of_alias(self, alias: str) -> list[Asset]:
        """What an alias stands for, active or not; nothing for an unknown one."""
        return [self.rows[key] for key in self.aliases.get(alias, ())]

    def put(self, row: Asset) -> None:
        """Store an asset in place of the one with the same key."""
        self.rows[row.key] = row

    def link(self, alias: str, key: AssetKey) -> None:
        """Let an alias stand for one more asset."""
        self.aliases[alias] = {**self.aliases.get(alias, {}), key: None}

    def add_event(self, event: AssetEvent) -> AssetEvent:
        """Store an event under the next id, and link its aliases with its asset."""
        numbered = replace(event, id=len(self.events) + 1)
        self.events[numbered.id] = numbered
        for alias in event.aliases:
            self.link(alias, event.asset)
        return numbered
