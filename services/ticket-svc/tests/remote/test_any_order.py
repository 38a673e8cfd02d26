"""Property: whatever order, batches and repetitions remote events come in, the end is the same.

One thing is decided at the moment of arrival on purpose: the account, by the links known then
(S1-112). So the account of the ticket is left out here; tests of arrival prove it.
"""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from patchbay_contracts import ReturnReason
from patchbay_kit.runtime import Runtime
from patchbay_kit.testing.harness import deliver, make_runtime
from ticket_svc.accounts.tables import Account
from ticket_svc.definition import SERVICE
from ticket_svc.links.tables import SiteLinkView
from ticket_svc.tickets.tables import Decision, HistoryEntry, Recipient, Ticket

# Ids and our own clock differ from run to run; the account is decided at arrival.
_OWN = {
    "id",
    "number",
    "ticket_id",
    "connection_id",
    "account_id",
    "created_at",
    "updated_at",
    "external_update_at",
    "inbox_since",
    "recorded_at",
}
COMMAND = "command"


class World:
    """One service for all examples; each example has a connection of its own."""

    def __init__(self, runner: asyncio.Runner, runtime: Runtime, rmm: type) -> None:
        self.runner = runner
        self.runtime = runtime
        self.rmm = rmm


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory, rmm_class: type) -> Iterator[World]:
    """Its own event loop, since the examples of a property share it."""
    path: Path = tmp_path_factory.mktemp("order") / "ticket.db"
    with asyncio.Runner() as runner:
        opened = make_runtime(SERVICE, f"sqlite+aiosqlite:///{path}", admin_password="x" * 12)
        runtime = runner.run(opened.__aenter__())
        runner.run(_add_accounts(runtime))
        yield World(runner, runtime, rmm_class)
        runner.run(opened.__aexit__(None, None, None))


def story(rmm: Any, accounts: tuple[str, str]) -> list[Any]:
    """A ticket's life in the order in which it happened; COMMAND needs the ticket to be there."""
    first, second = accounts
    return [
        rmm.site_linked(first, version=1),
        rmm.received(),
        rmm.received(),
        rmm.noted("On it."),
        rmm.returned(ReturnReason.INFO_NEEDED, hour=10),
        rmm.closed(hour=11),
        COMMAND,
        rmm.site_unlinked(first, version=2),
        rmm.returned(ReturnReason.WORK_COMPLETED, hour=12),
        rmm.closed(hour=13),
        rmm.site_linked(second, version=3),
    ]


LENGTH = 11
ACCOUNTS = ("01890000-0000-7000-8000-00000000000a", "01890000-0000-7000-8000-00000000000b")
# Which parts of the story come, in which order; every part comes at least once.
ORDERS = st.lists(st.integers(0, LENGTH - 1), max_size=6).flatmap(
    lambda again: st.permutations([*range(LENGTH), *again])
)


@pytest.mark.covers("S1-11", "S1-51", "S1-61")
@pytest.mark.slow
@pytest.mark.any_order(
    "RemoteTicketReceived",
    "RemoteTicketClosed",
    "RemoteTicketReturned",
    "RemoteTicketNoteReceived",
    "RemoteCommandSucceeded",
)
@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(order=ORDERS, size=st.integers(1, 5))
def test_any_order_and_repetition_of_remote_events_ends_alike(
    world: World, order: list[int], size: int
) -> None:
    expected = world.runner.run(_played(world, list(range(LENGTH)), 1))
    assert world.runner.run(_played(world, order, size)) == expected
    assert expected["tickets"][0]["status"] == "new"
    assert expected["tickets"][0]["inbox_awaiting"] == "done"
    assert expected["links"] == [{"remote_site_id": "S1", "account_id": ACCOUNTS[1], "version": 3}]


async def _played(world: World, order: list[int], size: int) -> dict[str, Any]:
    """Deliver the story in batches of `size` and return what is there in the end."""
    rmm = world.rmm()
    parts = story(rmm, ACCOUNTS)
    command = None
    postponed = 0
    batches = [order[start : start + size] for start in range(0, len(order), size)]
    for batch in batches:
        events = [parts[n] for n in batch if parts[n] != COMMAND]
        await _deliver(world, events)
        postponed += len(batch) - len(events)
        ticket_id = await _ticket_id(world, rmm.connection)
        if postponed and ticket_id is not None:
            command = command or rmm.succeeded(ticket_id)
            await _deliver(world, [command] * postponed)
            postponed = 0
    return await _state(world, rmm.connection)


async def _add_accounts(runtime: Runtime) -> None:
    async with runtime.db.unit_of_work() as uow:
        for account_id in ACCOUNTS:
            uow.session.add(Account(id=account_id, name="ACME", created_at=uow.now))


async def _deliver(world: World, events: list[Any]) -> None:
    verdicts = await deliver(world.runtime, SERVICE, events)
    assert all(verdict.retry_step is None for verdict in verdicts)


async def _ticket_id(world: World, connection: str) -> str | None:
    async with world.runtime.db.read() as session:
        where = Ticket.__table__.c.connection_id == connection
        return await session.scalar(select(Ticket.__table__.c.id).where(where))


async def _state(world: World, connection: str) -> dict[str, Any]:
    async with world.runtime.db.read() as session:

        async def rows(table: Any, where: Any) -> list[dict[str, Any]]:
            found = await session.execute(select(table.__table__).where(where))
            return [
                {key: _plain(each, connection) for key, each in row._mapping.items()}
                for row in found
            ]

        tickets = await rows(Ticket, Ticket.__table__.c.connection_id == connection)
        ids = [ticket["id"] for ticket in tickets]
        parts = {
            table.__tablename__: await rows(table, table.__table__.c.ticket_id.in_(ids))
            for table in (HistoryEntry, Recipient, Decision)
        }
        links = await rows(SiteLinkView, SiteLinkView.__table__.c.connection_id == connection)
    reasons = sorted(
        reason["code"]
        for decision in parts.pop("decision")
        for reason in decision["reasons"]
        if not reason["code"].startswith("account.")
    )
    # The time of the command's end is the time of its event.
    for entry in parts["history_entry"]:
        if "command_id" in entry["data"]:
            entry["data"] = entry["occurred_at"] = COMMAND
    cleaned = {name: _cleaned(part) for name, part in parts.items()}
    return {**cleaned, "tickets": _cleaned(tickets), "reasons": reasons, "links": _cleaned(links)}


def _cleaned(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    keep = [
        {
            key: value
            for key, value in row.items()
            if key not in _OWN or (key == "account_id" and "remote_site_id" in row)
        }
        for row in rows
    ]
    return sorted(keep, key=repr)


def _plain(value: Any, connection: str) -> Any:
    return value.replace(connection, "<connection>") if value == f"rmm:{connection}" else value
