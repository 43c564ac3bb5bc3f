"""The toxics on one direction of one connection, one after the other, each in a Stage."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from harness.toxics.named import NamedToxic
from harness.toxics.stage import Stage, Take
from harness.toxics.toxic import Item, Mark


class Chain:
    """Items go in at `take` and come out at `sink`, through the stages in the order in which they were added.

    `draw` gives the random stream of a stage by the toxic's name; `drained` is called when less waits than before.
    After CLOSE or RESET nothing comes out any more.
    """

    def __init__(self, sink: Take, *, draw: Callable[[str], Random], drained: Callable[[], None]) -> None:
        self._sink, self._draw, self._drained = sink, draw, drained
        self.stages: dict[str, Stage] = {}
        self.take: Take = self._out
        self._over = False

    def add(self, named: NamedToxic) -> None:
        """Put a toxic at the end of the chain."""
        if self._over:
            return
        last = next(reversed(self.stages.values()), None)
        stage = Stage(
            named.toxic,
            toxicity=named.toxicity,
            random=self._draw(named.name),
            next=self._out,
            drained=self._drained,
        )
        self.stages[named.name] = stage
        if last is None:
            self.take = stage.take
        else:
            last.next = stage.take

    def update(self, named: NamedToxic) -> None:
        """The toxic of that name has other settings."""
        if named.name in self.stages:
            self.stages[named.name].update(named.toxic, toxicity=named.toxicity)

    def remove(self, name: str) -> None:
        """Take a toxic off; what waited for it goes on at once."""
        if name not in self.stages:
            return
        self.stages[name].heal()
        del self.stages[name]
        before: Stage | None = None
        for each in self.stages.values():
            if before is not None:
                before.next = each.take
            before = each
        if before is not None:
            before.next = self._out
        self.take = next(iter(self.stages.values())).take if self.stages else self._out

    @property
    def is_full(self) -> bool:
        """Whether the sender has to wait, as with a full TCP window."""
        # asked for each chunk: with a generator it takes twice as long
        for stage in self.stages.values():  # noqa: SIM110
            if stage.pending > stage.toxic.window:
                return True
        return False

    def drop(self) -> None:
        """The connection is gone."""
        self._over = True
        for stage in self.stages.values():
            stage.drop()

    def _out(self, item: Item) -> None:
        if not self._over:
            # `in` would compare bytes with an Enum, slowly
            self._over = item is Mark.CLOSE or item is Mark.RESET
            self._sink(item)
