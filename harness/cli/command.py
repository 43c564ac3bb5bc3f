"""One command from its words to its exit code: whatever ends it, it is one line on stderr and a code."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from harness.cli.ending import (
    EXIT_INTERRUPTED,
    EXIT_NOT_WRITTEN,
    EXIT_PIPE,
    Terminated,
    buffer_stdout,
    complain,
    give_up,
    stdout_failure,
    terminable,
)
from harness.errors import HarnessError, NotWritten, UsageError
from harness.model.verdict import EXIT_INTERNAL, EXIT_USAGE


def run(argv: Sequence[str] | None) -> int:
    """Run one command and return its exit code."""
    if sys.stderr is None:  # started with `2>&-`: print would then write to stdout
        sys.stderr = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115 - for good
    if sys.stdout is None:
        return complain("stdout is closed: redirect it, to /dev/null if nobody reads it", EXIT_NOT_WRITTEN)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a terminal that knows no ↔ gets a ?
    buffer_stdout()
    with terminable():
        return _guarded(argv)


def _guarded(argv: Sequence[str] | None) -> int:
    try:
        return _command(argv)
    except UsageError as error:
        return complain(str(error), EXIT_USAGE)
    except NotWritten as error:
        return complain(str(error), EXIT_NOT_WRITTEN)
    except HarnessError as error:
        return complain(f"{type(error).__name__}: {error}", EXIT_INTERNAL)
    except Terminated as end:
        return complain(end.word, end.code)
    except KeyboardInterrupt:
        return complain("interrupted", EXIT_INTERRUPTED)
    except BrokenPipeError:  # whoever read us went away
        give_up(1)
        return EXIT_PIPE
    except Exception as error:
        if isinstance(error, OSError) and (reason := stdout_failure()):
            give_up(1)
            return complain(f"stdout cannot be written: {reason}; redirect it elsewhere", EXIT_NOT_WRITTEN)
        if sys.flags.dev_mode:
            raise
        where = "`python -X dev -m harness …` shows where; please report it"
        return complain(f"internal error: {type(error).__name__}: {error} ({where})", EXIT_INTERNAL)


def _command(argv: Sequence[str] | None) -> int:
    from harness.cli.options import parse

    try:
        arguments = parse(argv)
        code: int = arguments.command(arguments)
    except SystemExit as end:
        # rich turns a broken pipe into SystemExit(1), which would read as a broken promise
        if isinstance(end.__context__, BrokenPipeError):
            raise BrokenPipeError from None
        sys.stdout.flush()  # of --help and --version
        raise
    sys.stdout.flush()
    return code
