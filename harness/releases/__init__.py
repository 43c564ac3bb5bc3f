"""Released Task SDKs, each in an environment of its own, running real tasks against the fake API.

`harness matrix` runs them. The supervisor and the task runner are released code in processes of their own; ours are
the server, the Dag and the triggerer's part: the trigger fires at once.
"""

from harness.releases.matrix import run_matrix
from harness.releases.outcome import Cell, Row
from harness.releases.table import Release, releases

__all__ = ["Cell", "Release", "Row", "releases", "run_matrix"]
