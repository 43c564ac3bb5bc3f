"""Every difference between the fake and a released server that is meant, each with its reason."""

from __future__ import annotations

from harness.conformance.comparing import Divergence

#: Over the calls of the suite.
SUITE: tuple[Divergence, ...] = ()
#: Over recordings, of which nobody can tell all that had been there.
RECORDED: tuple[Divergence, ...] = ()
