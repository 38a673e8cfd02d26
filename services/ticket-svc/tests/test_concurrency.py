"""Several workers at once: the unique keys decide, and nothing is made twice."""

import asyncio
import random
from typing import Any

import pytest

from patchbay_contracts import AccountCreated, EmailDecided, TicketCreated
from patchbay_kit.testing.harness import deliver
from ticket_svc.definition import SERVICE


async def _at_once(desk: Any, batches: list[list[Any]]) -> None:
    """Deliver each batch as a worker of its own would, until all are settled."""
    while batches:
        verdicts = await asyncio.gather(*(deliver(desk.runtime, SERVICE, b) for b in batches))
        batches = [
            batch
            for batch, answers in zip(batches, verdicts, strict=True)
            if any(verdict.retry_step is not None for verdict in answers)
        ]
    assert (await desk.get("/v1/dead-letters/ticket-svc"))["items"] == []


@pytest.mark.covers("S1-61", "S1-111", "S1-112")
async def test_workers_that_meet_the_same_tickets_make_one_each_and_one_account_a_site(
    desk: Any, rmm: Any
) -> None:
    shuffled = random.Random(7)
    batches = []
    for _ in range(4):
        events = [rmm.received(str(n), site=f"S{n % 5}", site_name="Same name") for n in range(20)]
        events += [rmm.closed(str(n)) for n in range(0, 20, 5)]
        shuffled.shuffle(events)
        batches.append(events)
    await _at_once(desk, batches)
    tickets = (await desk.get("/v1/tickets", limit=200))["items"]
    assert sorted(int(t["remote"]["remote_ticket_id"]) for t in tickets) == list(range(20))
    assert len({ticket["number"] for ticket in tickets}) == 20
    accounts = (await desk.get("/v1/accounts", auto_created=True))["items"]
    assert len(accounts) == 5
    assert len(await desk.events(TicketCreated)) == 20
    made = [e for e in await desk.events(AccountCreated) if e.data.auto_created]
    assert len(made) == 5


async def test_workers_that_meet_one_thread_make_one_ticket(desk: Any, mail: Any) -> None:
    account = await desk.account()
    await desk.contact(account, "ann@acme.example")
    ids = [f"<{n}@acme.example>" for n in range(8)]
    mails = [
        mail(subject="Re: Printer", message_id=ids[n], in_reply_to=ids[n - 1], references=ids[:n])
        if n
        else mail(subject="Printer", message_id=ids[0])
        for n in range(8)
    ]
    await _at_once(desk, [[mails[n], mails[(n + 3) % 8]] for n in range(8)])
    ticket = await desk.only_ticket()
    assert len(await desk.mails(ticket["id"])) == 8
    assert len(await desk.history(ticket["id"], kind="email")) == 9, "and one answer of ours"
    decided = await desk.events(EmailDecided)
    assert len({event.subject for event in decided}) == 8
    assert {event.data.ticket_id for event in decided} == {ticket["id"]}
