"""What a toxic is: it decides what becomes of the bytes on one direction of a connection.

The words and the attributes are Toxiproxy's. A toxic holds its settings and nothing else; what it remembers of a
connection, its randomness and its timers are its Stage's, one for each connection.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from harness.toxics.stage import Stage


class Mark(Enum):
    """What travels a direction besides bytes."""

    END = "the sender has no more to say (FIN); the other direction may go on"
    CLOSE = "both ends are closed, with FIN, once they have what was sent before"
    RESET = "both ends lose the connection to RST"


Chunk = bytes
Item = Chunk | Mark


@dataclass(frozen=True, kw_only=True)
class Toxic:
    """Passes everything on unchanged, as `noop` does; the toxics change what they are about.

    Attributes are integers of 0 or more, or floats between 0 and 1. `window` is how many bytes may wait in a stage
    before its sender has to.
    """

    window: ClassVar[int] = 64 * 1024

    def begin(self, on: Stage) -> None:
        """A connection is made, or has this toxic from now on."""

    def data(self, chunk: Chunk, on: Stage) -> None:
        """Bytes arrive."""
        on.hand_on(chunk)

    def mark(self, mark: Mark, on: Stage) -> None:
        """An end arrives."""
        on.hand_on(mark)

    def removed(self, on: Stage) -> None:
        """The connection has this toxic no longer; what waited in the stage has been handed on."""

    def problem(self) -> str | None:
        """What is wrong with the attributes together, as a line that names the mend."""
        return None


UNTOUCHED = Toxic()
"""Stands in for a toxic on the connections that its toxicity spares."""
