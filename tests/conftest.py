"""Hypothesis' profiles: `--hypothesis-profile nightly` looks longer; with CI set, the same examples are drawn each time."""

from __future__ import annotations

import os

from hypothesis import settings

# no deadline: what a machine has besides is no matter of a test
settings.register_profile("dev", deadline=None, print_blob=True)
settings.register_profile("ci", deadline=None, print_blob=True, derandomize=True, database=None)
settings.register_profile("nightly", deadline=None, print_blob=True, max_examples=2000)
settings.load_profile("ci" if "CI" in os.environ else "dev")
