"""Every error the harness raises, in one tree.

HarnessError
├── UsageError                 the caller can mend it; exit code 64
│   ├── UnknownScenario
│   ├── BadParameter           --set, --seed and other options
│   ├── BadPlan                truncated, edited, of another version
│   ├── BadHistory             truncated, of another version
│   ├── MissingExtra           an optional dependency is not installed
│   ├── NotCapable             the plan asks for what the world cannot do
│   ├── NotInstallable         a release cannot be installed here
│   ├── NotStarted             a server or a database that a command needs did not come up
│   ├── BadRecording           a recording cannot be read
│   └── NotAlone               another run, or an event loop, is under way where the run would be
├── NotWritten                 the run's folder could not be written; exit code 74
└── SimulationError            the run cannot go on; exit code 70
    ├── Deadlock               nothing can ever happen again
    ├── BudgetExceeded         more virtual time or events than allowed
    └── ThreadRefused          code in the simulation tried to start a thread
"""

from __future__ import annotations


class HarnessError(Exception):
    """Base of all errors below; its text is one line that names the fix."""


class UsageError(HarnessError):
    """The input is wrong and the caller can mend it."""


class UnknownScenario(UsageError):
    """No scenario of that name is in the catalogue."""


class BadParameter(UsageError):
    """A parameter has a name or a value that the scenario does not take."""


class BadPlan(UsageError):
    """A plan file cannot be read, was edited, or is of another version."""


class BadHistory(UsageError):
    """A history file cannot be read or is of another version."""


class MissingExtra(UsageError):
    """An optional dependency is needed and not installed."""


class NotCapable(UsageError):
    """The plan asks for something this world has declared it cannot do."""


class NotInstallable(UsageError):
    """A released package cannot be installed into an environment of its own."""


class NotStarted(UsageError):
    """A process that a command needs ended at once, or was not ready in time."""


class BadRecording(UsageError):
    """A recording of a server's answers cannot be read, or says nothing that could be replayed."""


class NotAlone(UsageError):
    """A simulated run swaps clock and sleep for its whole process, and something else needs them now."""


class NotWritten(HarnessError):
    """What became of a run could not be written to its folder: the disk is full, or will not have it."""


class SimulationError(HarnessError):
    """The simulated world cannot go on."""


class Deadlock(SimulationError):
    """No timer and no ready task is left: nothing can ever happen again."""


class BudgetExceeded(SimulationError):
    """The run used more virtual time or more events than it was given."""


class ThreadRefused(SimulationError):
    """Code in the simulation asked for a thread, which would end determinism."""
