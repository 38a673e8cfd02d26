"""Property: any duplication and any order of deliveries ends in the same ledger and events."""

import asyncio
import itertools
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from patchbay_contracts import ConnectionStateChanged, RemoteTicketReceived
from patchbay_kit.testing import harness
from rmm_gateway.definition import SERVICE
from rmm_gateway.ledger import service as ledger
from rmm_gateway.providers.base import RemoteUpdate, Target
from rmm_gateway.providers.continuum.mapping import to_update

CONNECTION = "01890000-0000-7000-8000-000000000001"
TARGET = Target(CONNECTION, "continuum", "http://continuum.test", "code")
MOMENT = datetime(2026, 5, 1, tzinfo=UTC)
KINDS = ("ticket_created", "note_added", "ticket_returned", "ticket_closed")
_FILES = itertools.count()


def _updates() -> list[RemoteUpdate]:
    """Three tickets with four updates each, and one creation told twice under another number."""
    pairs = [(ticket, kind) for ticket in ("A", "B", "C") for kind in KINDS]
    pairs.append(("B", "ticket_created"))
    return [
        to_update(
            {
                "seq": seq,
                "kind": kind,
                "ticketId": ticket,
                "description": f"{kind} {seq}",
                "occurredAt": MOMENT.isoformat(),
            },
            TARGET,
        )
        for seq, (ticket, kind) in enumerate(pairs)
    ]


UPDATES = _updates()
# Batches of (which update, is the connection enabled while it comes).
DELIVERIES = st.lists(
    st.tuples(st.lists(st.sampled_from(UPDATES), max_size=8), st.booleans()), max_size=6
)


@pytest.mark.covers("S1-61")
@pytest.mark.slow
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(deliveries=DELIVERIES, order=st.permutations(UPDATES))
def test_every_ticket_is_published_once_and_every_update_once(
    deliveries: list[tuple[list[RemoteUpdate], bool]], order: list[RemoteUpdate]
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite+aiosqlite:///{Path(folder) / f'{next(_FILES)}.db'}"
        asyncio.run(_check(url, [*deliveries, (order, False)]))


async def _check(url: str, deliveries: list[tuple[list[RemoteUpdate], bool]]) -> None:
    async with harness.make_runtime(SERVICE, url) as runtime:
        for batch, enabled in deliveries:
            async with runtime.db.unit_of_work() as uow:
                await ledger.record(uow, CONNECTION, batch, enabled=enabled)
        more = True
        while more:
            async with runtime.db.unit_of_work() as uow:
                more = await ledger.release_held(uow, CONNECTION, MOMENT, 5)
        events = [e for e in await harness.published(runtime) if not _switch(e)]
    received = [e.data for e in events if isinstance(e.data, RemoteTicketReceived)]
    assert sorted(data.remote.remote_ticket_id for data in received) == ["A", "B", "C"]
    told = sorted(_text(e.data) for e in events if not isinstance(e.data, RemoteTicketReceived))
    kinds = ("note_added", "ticket_returned", "ticket_closed")
    assert told == sorted(f"{u.kind} {u.seq}" for u in UPDATES if u.kind.value in kinds)
    for subject in {e.subject for e in events}:
        versions = [e.aggregateversion for e in events if e.subject == subject]
        assert versions == list(range(1, len(versions) + 1))


def _switch(event: Any) -> bool:
    return isinstance(event.data, ConnectionStateChanged)


def _text(data: Any) -> str:
    return str(data.note).rsplit("\n", 1)[-1]
