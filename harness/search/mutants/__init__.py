"""The checkers on trial: wrong workers, servers and schedulers, and whether the promises tell.

The catalogue has a row for each; `trial` runs one, and the correct system in the same weather.
"""

from __future__ import annotations

from harness.search.mutants.mutant import Mutant
from harness.search.mutants.of_schedulers import SCHEDULERS
from harness.search.mutants.of_servers import SERVERS
from harness.search.mutants.of_tries import TRIES
from harness.search.mutants.of_workers import WORKERS

MUTANTS: dict[str, Mutant] = {each.name: each for each in (*SERVERS, *SCHEDULERS, *WORKERS, *TRIES)}
"""The catalogue, by name."""

__all__ = ["MUTANTS", "Mutant"]
