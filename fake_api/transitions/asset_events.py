"""The asset events a task leaves when it succeeds.

Airflow: TaskInstance.register_asset_changes_in_db and assets/manager.py. Dags that wait for an asset are not
started: which do is not modelled.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from fake_api.assets import Assets
from fake_api.catalogue import Asset, AssetEvent
from fake_api.rows import AssetKey, TaskInstance

Outlets = Sequence[Mapping[str, Any]]


class MalformedOutletEventError(Exception):
    """An outlet event without its asset or its extra: Airflow fails the task instance that reports it."""


class Emission(NamedTuple):
    """What a task says of one write to an asset."""

    extra: Mapping[str, Any]
    partition_key: str | None


def written_assets(
    ti: TaskInstance,
    *,
    outlets: Outlets,
    events: Outlets,
    assets: Assets,
    partition_key: str | None,
    now: datetime,
) -> tuple[Asset | AssetEvent, ...]:
    """The rows for what a task wrote: one event per active outlet and emission, and what came by aliases.

    An outlet that is not known or not active is passed over. `partition_key` is the run's, for emissions
    without one. Raises MalformedOutletEventError.
    """
    if not outlets and not events:
        return ()
    emitted = _emissions(events)
    rows: list[Asset | AssetEvent] = []
    for asset in _active(outlets, assets):
        for each in emitted.get(asset.key, [Emission({}, None)]):
            key = partition_key if each.partition_key is None else each.partition_key
            rows.append(_event(ti, asset.key, each.extra, now=now, partition_key=key))
    rows.extend(_by_aliases(ti, outlets, events, assets, partition_key, now))
    return tuple(rows)


def _emissions(events: Outlets) -> dict[AssetKey, list[Emission]]:
    found: dict[AssetKey, list[Emission]] = {}
    for event in events:
        if "source_alias_name" not in event:
            emission = Emission(_extra(event), event.get("partition_key"))
            found.setdefault(_key(event), []).append(emission)
    return found


def _active(outlets: Outlets, assets: Assets) -> Iterator[Asset]:
    # In this order, and each once, does Airflow go through them.
    for kind in ("Asset", "AssetNameRef", "AssetUriRef"):
        for name, uri in dict.fromkeys(_named(outlets, kind)):
            asset = _look_up(assets, kind, name, uri)
            if asset is not None and asset.active:
                yield asset


def _named(outlets: Outlets, kind: str) -> Iterable[tuple[str, str]]:
    return ((each.get("name") or "", each.get("uri") or "") for each in outlets if each["type"] == kind)


def _look_up(assets: Assets, kind: str, name: str, uri: str) -> Asset | None:
    if kind == "AssetNameRef":
        return assets.named(name)
    return assets.at(uri) if kind == "AssetUriRef" else assets.get(AssetKey(name, uri))


def _by_aliases(
    ti: TaskInstance,
    outlets: Outlets,
    events: Outlets,
    assets: Assets,
    partition_key: str | None,
    now: datetime,
) -> Iterator[Asset | AssetEvent]:
    # Equal writes through several aliases are one event. An asset nobody knows is made, but not active.
    declared = {name for name, _ in _named(outlets, "AssetAlias")}
    names: dict[tuple[AssetKey, str, str], dict[str, None]] = {}
    for event in events:
        if event.get("source_alias_name") in declared:
            extras = (event.get("dest_asset_extra", {}), _extra(event))
            texts = [json.dumps(extra, sort_keys=True) for extra in extras]
            group = names.setdefault((_key(event), texts[0], texts[1]), {})
            group[event["source_alias_name"]] = None
    made: set[AssetKey] = set()
    for (key, asset_extra, extra), aliases in names.items():
        if assets.get(key) is None and key not in made:
            made.add(key)
            yield Asset(name=key.name, uri=key.uri, extra=json.loads(asset_extra), active=False)
        yield _event(ti, key, json.loads(extra), now=now, partition_key=partition_key, aliases=tuple(aliases))


def _event(
    ti: TaskInstance,
    asset: AssetKey,
    extra: Mapping[str, Any],
    *,
    now: datetime,
    partition_key: str | None,
    aliases: tuple[str, ...] = (),
) -> AssetEvent:
    return AssetEvent(
        asset=asset,
        timestamp=now,
        extra=extra or {},
        source_dag_id=ti.task.dag_id,
        source_task_id=ti.task.task_id,
        source_run_id=ti.task.run_id,
        source_map_index=ti.task.map_index,
        aliases=aliases,
        partition_key=partition_key,
    )


def _key(event: Mapping[str, Any]) -> AssetKey:
    try:
        return AssetKey(**event["dest_asset_key"])
    except (KeyError, TypeError) as error:
        raise MalformedOutletEventError(f"an outlet event has no usable dest_asset_key: {error}") from None


def _extra(event: Mapping[str, Any]) -> Mapping[str, Any]:
    try:
        extra: Mapping[str, Any] = event["extra"]
    except KeyError:
        raise MalformedOutletEventError("an outlet event has no extra: send an empty one") from None
    return extra
