"""A toxic as a proxy has it: under a name, on a stream, on a share of the connections."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from harness.toxics.toxic import Toxic


class Stream(StrEnum):
    """Which direction, in Toxiproxy's words."""

    UPSTREAM = "upstream"  # what the client sends
    DOWNSTREAM = "downstream"  # what the server sends


@dataclass(frozen=True, kw_only=True)
class NamedToxic:
    """One toxic of a proxy. `toxicity` is the share of connections that it strikes, 0 to 1."""

    name: str
    type: str
    stream: Stream
    toxicity: float
    toxic: Toxic
