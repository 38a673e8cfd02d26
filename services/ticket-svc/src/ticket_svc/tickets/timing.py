"""How long a ticket was in each status, and until it was resolved (S2-03). Pure; whole seconds."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any


def left_status(
    spent: Mapping[str, Any], status: str, since: datetime, at: datetime
) -> dict[str, int]:
    """`spent` with the stay in `status` that ends `at` added; no stay is shorter than nothing."""
    seconds = max(0, int((at - since).total_seconds()))
    return {**spent, status: spent.get(status, 0) + seconds}


def time_to_resolution(created_at: datetime, closed_at: datetime | None) -> int | None:
    """From creation to the close date; None while the ticket is open."""
    if closed_at is None:
        return None
    return max(0, int((closed_at - created_at).total_seconds()))
