"""The command line: `harness run`, `replay`, `list`, `check` and `serve`.

Exit codes: 0 valid · 1 safety violated · 2 liveness missed · 3 not exercised or unknown ·
64 usage · 70 internal error · 130 interrupted.
"""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Sequence

from harness.cli.options import parse
from harness.errors import HarnessError, UsageError
from harness.model.verdict import EXIT_INTERNAL, EXIT_USAGE

EXIT_INTERRUPTED, EXIT_PIPE = 130, 141


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code; errors are one line on stderr."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a terminal that knows no ↔ gets a ?
    try:
        arguments = parse(argv)
        code: int = arguments.command(arguments)
        sys.stdout.flush()
    except UsageError as error:
        return _complain(str(error), EXIT_USAGE)
    except HarnessError as error:
        return _complain(f"{type(error).__name__}: {error}", EXIT_INTERNAL)
    except KeyboardInterrupt:
        return _complain("interrupted", EXIT_INTERRUPTED)
    except (BrokenPipeError, SystemExit) as end:
        # rich turns a broken pipe into SystemExit(1), which would read as a broken promise
        if isinstance(end, SystemExit) and not isinstance(end.__context__, BrokenPipeError):
            raise
        # whoever read us went away; Python's own flush at exit must not complain either
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return EXIT_PIPE
    except Exception as error:
        if sys.flags.dev_mode:
            raise
        where = "`python -X dev -m harness …` shows where; please report it"
        return _complain(f"internal error: {type(error).__name__}: {error} ({where})", EXIT_INTERNAL)
    return code


def _complain(text: str, code: int) -> int:
    print("harness:", " ".join(text.split()), file=sys.stderr)
    return code
