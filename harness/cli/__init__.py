"""The command line: `harness run`, `replay`, `list`, `check`, `serve` and more.

Exit codes: 0 valid · 1 safety violated · 2 liveness missed · 3 not exercised or unknown ·
64 usage · 70 internal error · 74 output or run not written · 129 hung up · 130 interrupted ·
141 broken pipe · 143 terminated.
"""

from __future__ import annotations

import sys

TYPE_CHECKING = False  # that of `typing`, which takes long to import

if TYPE_CHECKING:
    from collections.abc import Sequence


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code; errors are one line on stderr."""
    try:
        from harness.cli.command import run  # here, where Ctrl-C is caught from the start

        return run(argv)
    except KeyboardInterrupt:
        if sys.stderr is not None:
            print("harness: interrupted", file=sys.stderr)
        return 130
