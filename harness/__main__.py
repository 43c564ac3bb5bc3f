"""`python -m harness`."""

import sys

from harness.cli import main

code = main()
# CPython remembers a Ctrl-C that met generated code, that of a dataclass for instance, though it was handled, and would
# end by the signal instead of with the code: running a text makes it forget.
exec("")  # noqa: S102
sys.exit(code)
