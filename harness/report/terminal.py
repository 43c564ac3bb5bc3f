"""What a terminal gets more than a file: the verdict in colour, and progress while the run goes on."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.text import Text

from harness.model.moments import moment
from harness.model.plan import Plan
from harness.units import NANOSECONDS

_COLOURS = {"valid": "bold green", "invalid": "bold red", "unknown": "bold yellow"}


def show(story: str, *, console: Console) -> None:
    """Print a story; on a terminal its verdict is in colour, elsewhere it is plain."""
    text = Text(story.rstrip("\n"))
    for answer, colour in _COLOURS.items():
        text.highlight_regex(rf"(?m)\b({answer.upper()}$|{answer}(?=: \d))", colour)
    text.highlight_regex(r"(?m)^.{0,9}[✗?!] .*$", "red")
    console.print(text, soft_wrap=True)


@contextmanager
def progress(plan: Plan, *, console: Console) -> Iterator[Callable[[float], None] | None]:
    """A function that takes the world's seconds and shows them beside the wall's; None where nobody looks."""
    if not console.is_terminal:
        yield None
        return
    total = (plan.until + plan.settle) / timedelta(seconds=1)
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.fields[simulated]} simulated, in"),
        TimeElapsedColumn(),
    )
    # without auto_refresh, which is a thread: there are none while a simulation runs
    with Progress(*columns, console=console, transient=True, auto_refresh=False) as bar:
        task = bar.add_task(plan.scenario, total=total, simulated="0s")
        yield lambda now: bar.update(
            task, completed=now, simulated=moment(round(now * NANOSECONDS)), refresh=True
        )
