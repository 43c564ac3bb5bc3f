"""From which environments the released code of a live run is: its workers' and its server's."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from harness.live.environments import Environment


@dataclass(frozen=True, kw_only=True)
class Installed:
    """None stands for the releases that the harness is installed with.

    `fake` are settings of the fake API that those workers need, should it be the server.
    """

    workers: Environment | None = None
    server: Environment | None = None
    fake: Mapping[str, Any] = field(default_factory=dict)


OURS = Installed()
