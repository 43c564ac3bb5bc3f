"""Latencies by operation, in HDR histograms, corrected for coordinated omission; they travel as text and add up."""

from __future__ import annotations

from typing import Any

from hdrh.histogram import HdrHistogram

#: Microseconds from 1 to ten minutes, three digits.
LEAST, MOST, DIGITS = 1, 600_000_000, 3
PERCENTILES = (50, 90, 99, 99.9)


class Latencies:
    """One histogram an operation. Times are seconds outside and microseconds within."""

    def __init__(self) -> None:
        self._of: dict[str, Any] = {}

    def know(self, op: str) -> None:
        """Tell of that operation, even where no call of it counts."""
        self._histogram(op)

    def record(self, op: str, seconds: float, *, every: float = 0) -> None:
        """One call; where such calls should begin `every` so many seconds, those that it kept waiting are added."""
        value = min(MOST, max(LEAST, int(seconds * 1e6)))
        self._histogram(op).record_corrected_value(value, int(every * 1e6))

    def _histogram(self, op: str) -> Any:
        if op not in self._of:
            self._of[op] = HdrHistogram(LEAST, MOST, DIGITS)
        return self._of[op]

    def encode(self) -> dict[str, str]:
        """As text, by operation."""
        return {op: each.encode().decode() for op, each in self._of.items()}

    def add(self, encoded: dict[str, str]) -> None:
        """Add what another process encoded."""
        for op, text in encoded.items():
            self._histogram(op).decode_and_add(text.encode())

    def summary(self) -> dict[str, dict[str, float]]:
        """By operation: count, mean, percentiles and maximum, in milliseconds."""
        return {op: _figures(self._of[op]) for op in sorted(self._of)}


def _figures(histogram: Any) -> dict[str, float]:
    percentiles = {f"p{each:g}": histogram.get_value_at_percentile(each) / 1000 for each in PERCENTILES}
    return {
        "count": histogram.get_total_count(),
        "mean": histogram.get_mean_value() / 1000,
        **percentiles,
        "max": histogram.get_max_value() / 1000,
    }
