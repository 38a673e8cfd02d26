"""CPU time of processes: on a loaded machine it still tells something where seconds do not."""

import os
from collections.abc import Iterable, Mapping
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")
_UTIME = 11  # counted from the field after the bracketed name (proc(5): fields 14 to 17)
_PARENT = 1


class CpuMeter:
    """Seconds of CPU of named process trees since this was made.

    Children that ended meanwhile count; the tree is read anew at the end.
    """

    def __init__(self, roots: Mapping[str, int]) -> None:
        self._roots = dict(roots)
        self._before = _seconds(self._roots)

    def per_event(self, events: int) -> dict[str, float]:
        """Microseconds of CPU per event, by name; `all` is their sum."""
        after = _seconds(self._roots)
        spent = {
            name: max(0.0, (after[name] - self._before[name]) * 1e6 / events) for name in after
        }
        return {**spent, "all": sum(spent.values())}


def resident(pid: int) -> float:
    """MiB of a process that are in memory (RSS)."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    return 0.0


def _seconds(roots: Mapping[str, int]) -> dict[str, float]:
    stats = dict(_stats())
    children: dict[int, list[int]] = {}
    for pid, fields in stats.items():
        children.setdefault(int(fields[_PARENT]), []).append(pid)
    return {name: _tree(pid, stats, children) for name, pid in roots.items()}


def _tree(pid: int, stats: Mapping[int, list[str]], children: Mapping[int, list[int]]) -> float:
    if pid not in stats:
        return 0.0
    own = sum(int(value) for value in stats[pid][_UTIME : _UTIME + 4]) / _TICKS
    return own + sum(_tree(child, stats, children) for child in children.get(pid, ()))


def _stats() -> Iterable[tuple[int, list[str]]]:
    for entry in Path("/proc").glob("[0-9]*/stat"):
        try:
            text = entry.read_text()
        except OSError:
            continue  # it ended while we looked
        yield int(entry.parent.name), text.rpartition(")")[2].split()
