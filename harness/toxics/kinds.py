"""The toxics by their type's name, and their attributes as JSON has them."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from typing import Any, get_type_hints

from harness.toxics.bandwidth import Bandwidth
from harness.toxics.corrupt import Corrupt
from harness.toxics.drop_after import DropAfter
from harness.toxics.half_open import HalfOpen
from harness.toxics.latency import Latency
from harness.toxics.limit_data import LimitData
from harness.toxics.packet_loss import PacketLoss
from harness.toxics.reset_peer import ResetPeer
from harness.toxics.slicer import Slicer
from harness.toxics.slow_close import SlowClose
from harness.toxics.timeout import Timeout
from harness.toxics.toxic import Toxic

KINDS: dict[str, type[Toxic]] = {
    "noop": Toxic,
    "latency": Latency,
    "bandwidth": Bandwidth,
    "slow_close": SlowClose,
    "timeout": Timeout,
    "reset_peer": ResetPeer,
    "slicer": Slicer,
    "limit_data": LimitData,
    "packet_loss": PacketLoss,
    "corrupt": Corrupt,
    "half_open": HalfOpen,
    "drop_after": DropAfter,
}
OURS = ("corrupt", "half_open", "drop_after")
"""Those that Toxiproxy does not have."""
INTEGER_MOST = 2**63 - 1
"""Toxiproxy's attributes are signed integers of 64 bits."""


def attributes_of(toxic: Toxic) -> dict[str, Any]:
    """The attributes as JSON has them."""
    return dataclasses.asdict(toxic)


def with_attributes(toxic: Toxic, attributes: Mapping[str, Any]) -> Toxic:
    """The toxic with these attributes instead of its own; those it does not know, and null, are ignored.

    Their names may be in any case, as Go reads them. Raises ValueError with a line that names attribute and mend.
    """
    hints = {field.name: _hint(type(toxic), field.name) for field in dataclasses.fields(toxic)}
    given = {name.lower(): value for name, value in attributes.items() if value is not None}
    changes = {name: read(name, hint, given[name]) for name, hint in hints.items() if name in given}
    changed = dataclasses.replace(toxic, **changes)
    if problem := changed.problem():
        raise ValueError(problem)
    return changed


def read(name: str, hint: type, value: Any) -> int | float:
    """An attribute's value: an integer of 0 or more, or a number between 0 and 1. Raises ValueError."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError(f"{name} is {_shown(value)}: give a number")
    if isinstance(value, float) and not math.isfinite(value):  # an integer may be too large for that question
        raise ValueError(f"{name} is {value}: give a finite number")
    if hint is float:
        if not 0 <= value <= 1:
            raise ValueError(f"{name} is {_shown(value)}: give a number between 0 and 1")
        return float(value)
    if isinstance(value, float):  # 1.0 too: Go takes no point in an integer
        raise ValueError(f"{name} is {value}: give a whole number, without a point or an exponent")
    if not 0 <= value <= INTEGER_MOST:
        raise ValueError(f"{name} is {_shown(value)}: give a whole number between 0 and {INTEGER_MOST}")
    return value


def _hint(kind: type[Toxic], name: str) -> type:
    hint: type = get_type_hints(kind)[name]
    return hint


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 40 else f"{text[:36]}…"
