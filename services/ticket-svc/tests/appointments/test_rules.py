"""Time slots."""

from datetime import UTC, datetime, timedelta, timezone

from ticket_svc.appointments.rules import LONGEST, fault_of, slot_text

START = datetime(2026, 11, 20, 8, tzinfo=UTC)


def test_a_slot_ends_after_it_starts_and_is_a_month_at_most() -> None:
    assert fault_of(START, START, LONGEST) == "ends_before_start"
    assert fault_of(START, START - timedelta(1), LONGEST) == "ends_before_start"
    assert fault_of(START, START + timedelta(seconds=1), LONGEST) is None
    assert fault_of(START, START + LONGEST, LONGEST) is None
    assert fault_of(START, START + LONGEST + timedelta(seconds=1), LONGEST) == "too_long"


def test_a_slot_reads_in_utc_with_its_last_day_where_that_is_another() -> None:
    here = timezone(timedelta(hours=1))
    assert slot_text(START.astimezone(here), START + timedelta(hours=2)) == (
        "2026-11-20 08:00 - 10:00 UTC"
    )
    assert slot_text(START, START + timedelta(1)) == "2026-11-20 08:00 - 2026-11-21 08:00 UTC"
