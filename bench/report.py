"""What a run prints: a line while it measures, and a table with must, aim and a word at the end.

Nothing here fails a run: seconds on a shared machine prove nothing, ratios of one run do.
"""

import statistics
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Line:
    """One row of the table. `at_least`: the bigger the better, else the smaller."""

    path: str
    ours: str
    base: str
    value: float
    must: float
    aim: float
    at_least: bool = True

    @property
    def word(self) -> str:
        """aim, pass or fail."""
        if self.at_least:
            return (
                "aim" if self.value >= self.aim else "pass" if self.value >= self.must else "fail"
            )
        return "aim" if self.value <= self.aim else "pass" if self.value <= self.must else "fail"


def ratio(path: str, ours: float, base: float, must: float, aim: float) -> Line:
    """Ours by the floor, both per second."""
    return Line(path, f"{ours:.0f}/s", f"{base:.0f}/s", ours / base, must, aim)


def table(lines: Sequence[Line]) -> str:
    """The lines below each other."""
    rows = [("path", "ours", "floor", "ratio", "must", "aim", "")]
    for line in lines:
        sign = "≥" if line.at_least else "≤"
        rows.append(
            (
                line.path,
                line.ours,
                line.base,
                f"{line.value:.2f}",
                f"{sign} {line.must:g}",
                f"{sign} {line.aim:g}",
                line.word,
            )
        )
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    )


def cpu_of(name: str, measured: Sequence[Mapping[str, float]]) -> str:
    """Medians of µs of CPU per event, by process."""
    shown = (f"{key} {median([each[key] for each in measured]):.0f}" for key in measured[0])
    return f"  CPU µs per event, {name}: " + ", ".join(shown)


def median(values: Sequence[float]) -> float:
    return float(statistics.median(values))


def load() -> str:
    """How busy the machine is besides: it explains numbers that are off."""
    return "load average " + " ".join(Path("/proc/loadavg").read_text().split()[:3])


def say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()
