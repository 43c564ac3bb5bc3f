"""Known defects of released Airflow: each found on a release that has it, and not on one in which it is mended.

`harness matrix --bugs` runs them. No check knows a bug: a row of the table names the plan that provokes it and the
promises that are broken by it.
"""

from harness.bugs.outcome import Result, Shown
from harness.bugs.running import errands, run_bugs, shown
from harness.bugs.table import BUGS, Bug, Release, bugs

__all__ = ["BUGS", "Bug", "Release", "Result", "Shown", "bugs", "errands", "run_bugs", "shown"]
