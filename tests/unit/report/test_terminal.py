from __future__ import annotations

import io
from collections.abc import Callable

from rich.console import Console

from harness.model.plan import Plan
from harness.report import terminal

Planned = Callable[..., Plan]

STORY = "x · seed 1 · sim · INVALID\n\nVerdict  invalid: 0 of 1 promises kept\n         ✗ it (safety)\n"


def printed(*, colours: bool) -> str:
    out = io.StringIO()
    console = Console(
        file=out,
        force_terminal=colours,
        color_system="standard" if colours else None,
        width=100,
        highlight=False,
    )
    terminal.show(STORY, console=console)
    return out.getvalue()


def test_elsewhere_than_on_a_terminal_a_story_is_plain() -> None:
    assert printed(colours=False) == STORY


def test_on_a_terminal_verdict_and_broken_promises_are_red() -> None:
    text = printed(colours=True)
    assert "\x1b[1;31mINVALID\x1b[0m" in text
    assert "\x1b[1;31minvalid\x1b[0m: 0 of 1" in text
    assert "✗ it (safety)\x1b[0m" in text


def test_square_brackets_in_a_story_are_text_and_no_markup() -> None:
    out = io.StringIO()
    terminal.show("[red]text[/red]\n", console=Console(file=out, width=100))
    assert out.getvalue() == "[red]text[/red]\n"


def test_there_is_no_progress_where_nobody_looks(planned: Planned) -> None:
    with terminal.progress(planned(), console=Console(file=io.StringIO())) as progress:
        assert progress is None


def test_progress_shows_simulated_time(planned: Planned) -> None:
    out = io.StringIO()
    console = Console(file=out, force_terminal=True, width=100)
    with terminal.progress(planned(), console=console) as progress:
        assert progress
        progress(250.2)
    assert "4m10.2s simulated, in" in out.getvalue()
