"""An error in code that is not ours, told in a line that leads to it."""

from __future__ import annotations

import traceback
from pathlib import Path


def told(error: BaseException, file: str) -> str:
    """`links.py:12: ZeroDivisionError: division by zero`: the last line of `file` that was on its way."""
    text, kind = str(error), type(error).__name__
    lines = [
        line for frame, line in traceback.walk_tb(error.__traceback__) if frame.f_code.co_filename == file
    ]
    if isinstance(error, SyntaxError) and error.filename == file:
        text, lines = error.msg, [error.lineno or 1]
    return f"{place(file, lines[-1] if lines else None)}: {kind}{': ' if text else ''}{text}"


def place(file: str, line: int | None = None) -> str:
    """`scenarios/links.py:12`, seen from the folder in which the command was given."""
    path = Path(file)
    near = path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path
    return str(near) if line is None else f"{near}:{line}"
