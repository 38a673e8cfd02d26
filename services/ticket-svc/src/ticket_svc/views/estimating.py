"""What a statement would cost, as PostgreSQL's statistics have it: decides between plans."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy.ext.asyncio import AsyncEngine

from patchbay_kit.db.reading import fetch
from ticket_svc.views.sql import Parameters

# In the planner's units. Reading a ticket through an index costs 1 to 4, a row of a table read from
# end to end 0.05: so it is some ten thousand tickets, or a small table.
_CHEAP = 25_000
_CHEAP_SCAN = 4_000


@dataclass(frozen=True, slots=True)
class Expected:
    """How many rows a statement would give, and whether it reads few to find them."""

    rows: int
    cheap: bool


async def expect(engine: AsyncEngine, sql: str, parameters: Parameters) -> Expected:
    """What the planner expects of the statement with these parameters."""
    # Planned for these values each time: EXPLAIN never takes a generic plan.
    rows = await fetch(engine, f"EXPLAIN (FORMAT JSON) {sql}", parameters.values)
    plan: dict[str, Any] = rows[0][0][0]["Plan"]
    scans = sum(node["Total Cost"] for node in _nodes(plan) if node["Node Type"] == "Seq Scan")
    cheap = plan["Total Cost"] <= _CHEAP and scans <= _CHEAP_SCAN
    return Expected(int(plan["Plan Rows"]), bool(cheap))


def _nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for part in plan.get("Plans", ()):
        yield from _nodes(part)
