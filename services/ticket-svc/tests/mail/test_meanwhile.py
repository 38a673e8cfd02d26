"""Mails that arrive while their ticket is being merged: filed once, and sent on once.

Two transactions at a time, so PostgreSQL only: SQLite has one writer, and a mail is decided about
and filed in one go there.
"""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import pytest
from sqlalchemy import text

from patchbay_contracts import Channel, EmailDecided, SendEmail, TicketNoteAdded
from patchbay_kit.runtime import Runtime
from patchbay_kit.testing.harness import client, deliver, make_principal, make_runtime
from patchbay_kit.testing.waiting import eventually
from ticket_svc.definition import SERVICE
from ticket_svc.mail.deciding import file_by_hand
from ticket_svc.mail.service import take_in
from ticket_svc.rights.viewer import Viewer
from ticket_svc.tickets.actors import By
from ticket_svc.tickets.changing import lock_tickets
from ticket_svc.tickets.merging import merge_tickets
from ticket_svc.tickets.unmerging import undo_merge

pytestmark = pytest.mark.integration
LEA = By("employee:lea", Channel.EMPLOYEE, external=False)
BLOCKED = text(
    "SELECT count(*) FROM pg_stat_activity"
    " WHERE datname = current_database() AND wait_event_type = 'Lock'"
)


@dataclass
class Pair:
    """Two tickets with a manager each; mails about the first have its number."""

    desk: Any
    source: dict[str, Any]
    target: dict[str, Any]

    @property
    def runtime(self) -> Runtime:
        return self.desk.runtime

    async def answered(self, mail: Any, ticket: dict[str, Any]) -> None:
        """The mail is on the ticket and nowhere else, and went to its manager once."""
        assert (await self.desk.decision(mail))["ticket_id"] == ticket["id"]
        (decided,) = await self.desk.events(EmailDecided)
        assert decided.data.ticket_number == ticket["number"]
        sent = [each.data for each in await self.desk.events(SendEmail)]
        (distributed,) = [each for each in sent if each.purpose == "distribution"]
        assert (distributed.ticket_id, distributed.ticket_number) == (
            ticket["id"],
            ticket["number"],
        )
        people = [person.email for person in [*distributed.to, *distributed.bcc]]
        assert ticket["manager"]["email"] in people
        (noted,) = await self.desk.events(TicketNoteAdded)
        assert (noted.subject, noted.data.mail_id) == (ticket["id"], mail.data.mail.mail_id)


@pytest.fixture
async def pair(pg_url: str, make_desk: Any) -> AsyncIterator[Pair]:
    async with make_runtime(SERVICE, pg_url) as runtime, client(runtime, SERVICE) as http:
        desk = make_desk(runtime, http)
        account = await desk.account(email1="ann@acme.example")
        people = [await desk.employee(n, f"{n}@desk.example") for n in ("mia", "leo", "lea")]
        source, target = [await desk.ticket(account, manager_id=each) for each in people[:2]]
        yield Pair(desk, source, target)


async def blocked_one(runtime: Runtime) -> None:
    """Wait until another transaction waits for a lock of ours."""

    async def blocked() -> bool:
        return bool(await runtime.db.scalar(BLOCKED))

    await eventually(blocked, message="nobody waits")


async def merged(pair: Pair, uow: Any) -> Any:
    rows = await lock_tickets(uow.session, [pair.source["id"], pair.target["id"]])
    return await merge_tickets(uow, rows[pair.source["id"]], rows[pair.target["id"]], LEA)


def about(pair: Pair, mail: Any, sender: str) -> Any:
    number = pair.source["number"]
    fields = {"subject_numbers": [number], "addressed_as": "to"}
    return mail(sender, f"Re: [{number}] Printer", **fields)


@pytest.mark.covers("S2-89")
@pytest.mark.parametrize("sender", ["ann@acme.example", "lea@desk.example"])
async def test_a_mail_that_was_decided_about_before_a_merge_goes_to_the_recipients_of_the_other(
    pair: Pair, mail: Any, sender: str
) -> None:
    received = about(pair, mail, sender)
    async with pair.runtime.db.unit_of_work(actor=LEA.actor) as uow:
        await merged(pair, uow)
        task = asyncio.create_task(deliver(pair.runtime, SERVICE, [received]))
        await blocked_one(pair.runtime)
    (verdict,) = await task
    assert verdict.retry_step is None
    await pair.answered(received, pair.target)


async def test_a_mail_that_was_filed_before_a_merge_goes_along_and_was_sent_on_already(
    pair: Pair, mail: Any
) -> None:
    received = about(pair, mail, "ann@acme.example")
    path = f"/v1/tickets/{pair.source['id']}/merge"
    async with pair.runtime.db.unit_of_work() as uow:
        await take_in(uow, [received])
        task = asyncio.create_task(pair.desk.post(path, into=pair.target["id"]))
        await blocked_one(pair.runtime)
    merge = await task
    await pair.answered(received, pair.source)
    there = await pair.desk.history(pair.target["id"], kind="email")
    assert [entry["mail_id"] for entry in there] == [received.data.mail.mail_id]
    assert await pair.desk.history(pair.source["id"], kind="email") == []
    await pair.desk.post(f"/v1/ticket-merges/{merge['id']}/undo")
    assert len(await pair.desk.history(pair.source["id"], kind="email")) == 1


async def test_a_mail_that_is_filed_by_hand_while_its_ticket_is_merged_follows_it(
    pair: Pair, mail: Any
) -> None:
    received = mail("stranger@elsewhere.example", "Help")
    await deliver(pair.runtime, SERVICE, [received])
    mail_id = received.data.mail.mail_id

    async def filed() -> None:
        async with pair.runtime.db.unit_of_work(actor=LEA.actor) as uow:
            await file_by_hand(uow, Viewer(make_principal()), mail_id, pair.source["id"])

    async with pair.runtime.db.unit_of_work(actor=LEA.actor) as uow:
        await merged(pair, uow)
        task = asyncio.create_task(filed())
        await blocked_one(pair.runtime)
    await task
    assert (await pair.desk.decision(received))["ticket_id"] == pair.target["id"]
    (sent,) = [
        e.data for e in await pair.desk.events(SendEmail) if e.data.purpose == "distribution"
    ]
    assert sent.ticket_number == pair.target["number"]


async def test_a_mail_that_arrives_while_a_merge_is_undone_is_on_one_of_both_and_sent_on_once(
    pair: Pair, mail: Any
) -> None:
    received = about(pair, mail, "ann@acme.example")
    merge = await pair.desk.post(f"/v1/tickets/{pair.source['id']}/merge", into=pair.target["id"])
    async with pair.runtime.db.unit_of_work(actor=LEA.actor) as uow:
        await undo_merge(uow, merge["id"], Viewer(make_principal()), LEA)
        task = asyncio.create_task(deliver(pair.runtime, SERVICE, [received]))
        await blocked_one(pair.runtime)
    (verdict,) = await task
    assert verdict.retry_step is None
    await pair.answered(received, pair.target)
