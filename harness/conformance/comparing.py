"""How two observations of one case differ, and which differences are meant."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any, Final

from harness.conformance.arms import Observation

ABSENT: Final = "(absent)"


@dataclass(frozen=True)
class Difference:
    """Where two servers differ: in which case, in which answer or row, and what each of them says."""

    case: str
    where: str
    path: str
    expected: Any
    actual: Any

    def __str__(self) -> str:
        return f"{self.case}: {self.where}: {self.path}: {self.expected!r} became {self.actual!r}"


@dataclass(frozen=True, kw_only=True)
class Divergence:
    """A difference that is meant, by patterns, and why."""

    reason: str
    case: str = "*"
    where: str = "*"
    path: str = "*"

    def covers(self, difference: Difference) -> bool:
        """Whether it is this difference that is meant."""
        texts = (difference.case, difference.where, difference.path)
        return all(map(fnmatchcase, texts, (self.case, self.where, self.path)))


def differences(expected: Observation, actual: Observation) -> Iterator[Difference]:
    """All differences of two observations of one case, in order; of their states only where both have one."""
    name = expected.case.name
    for one, other in zip(expected.answers, actual.answers, strict=True):
        for path, *values in unequal(one, other):
            yield Difference(name, one["call"], path, *values)
    if expected.state is not None and actual.state is not None:
        for path, *values in unequal(expected.state, actual.state):
            yield Difference(name, "afterwards", path, *values)


def unmeant(found: Iterable[Difference], meant: Iterable[Divergence]) -> list[Difference]:
    """The differences that no divergence covers."""
    table = list(meant)
    return [each for each in found if not any(divergence.covers(each) for divergence in table)]


def unequal(one: Any, other: Any, path: str = "") -> Iterator[tuple[str, Any, Any]]:
    """Where two JSON values differ: the path, and what each of them has there."""
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        for name in sorted({*one, *other}):
            yield from unequal(
                one.get(name, ABSENT), other.get(name, ABSENT), f"{path}.{name}" if path else name
            )
    elif isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        for index, pair in enumerate(zip(one, other, strict=True)):
            yield from unequal(*pair, f"{path}[{index}]")
    elif type(one) is not type(other) or one != other:
        yield path, one, other
