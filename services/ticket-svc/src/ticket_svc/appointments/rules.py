"""Time slots. Pure."""

from datetime import UTC, datetime, timedelta

LONGEST = timedelta(days=31)
LONGEST_BOARD = timedelta(days=62)


def fault_of(starts_at: datetime, ends_at: datetime, longest: timedelta) -> str | None:
    """Why this is no slot: `ends_before_start`, `too_long`; None where it is one."""
    if ends_at <= starts_at:
        return "ends_before_start"
    return "too_long" if ends_at - starts_at > longest else None


def slot_text(starts_at: datetime, ends_at: datetime) -> str:
    """The slot for people: `2026-11-20 08:00 - 10:00 UTC`."""
    start, end = starts_at.astimezone(UTC), ends_at.astimezone(UTC)
    until = "%H:%M" if start.date() == end.date() else "%Y-%m-%d %H:%M"
    return f"{start:%Y-%m-%d %H:%M} - {end.strftime(until)} UTC"
