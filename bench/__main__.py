"""Runs the benchmarks and prints ratios: floor and ours in turn, medians of several rounds."""

import argparse
import asyncio
import statistics
import sys

from bench import tickets
from bench.servers import Servers, servers


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--backlog", type=int, default=tickets.BACKLOG)
    options = parser.parse_args()
    with servers() as started:
        asyncio.run(_tickets(started, options.rounds, options.backlog))


async def _tickets(started: Servers, rounds: int, backlog: int) -> None:
    ours, floor = [], []
    for number in range(rounds):
        floor.append(await tickets.measure_floor(started, backlog=backlog))
        ours.append(await tickets.measure_ours(started, backlog=backlog))
        _say(f"round {number + 1}: floor {floor[-1]}, ours {ours[-1]}")
    rate, base = _median(ours, "rate"), _median(floor, "rate")
    _say(
        f"remote ticket -> TicketCreated: ours {rate:.0f}/s, floor {base:.0f}/s, "
        f"ratio {rate / base:.2f} (must 0.50, aim 0.70)"
    )
    for name in ("p50", "p99"):
        mine, theirs = _median(ours, name), _median(floor, name)
        at = f"{name} at {tickets.RATE}/s"
        _say(f"  {at}: ours {mine:.1f} ms, floor {theirs:.1f} ms, {mine / theirs:.1f}x")


def _median(measured: list[tickets.Measured], name: str) -> float:
    return float(statistics.median(getattr(each, name) for each in measured))


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


main()
