"""Property: the mails of a thread end as one ticket, in whatever order, batches and repetitions.

The description is the text of whichever customer's mail opened the ticket, and the automatic
answer answers that one; everything else is the same.
"""

import asyncio
import itertools
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, select

from patchbay_contracts import AutomationClass, EmailDecided, MailPurpose, SendEmail
from patchbay_kit.db.tables import outbox
from patchbay_kit.ids import new_id
from patchbay_kit.runtime import Runtime
from patchbay_kit.testing.harness import deliver, make_runtime, published
from ticket_svc.accounts.tables import Account, Contact
from ticket_svc.definition import SERVICE
from ticket_svc.employees.tables import Employee
from ticket_svc.mail.tables import MailDecision
from ticket_svc.tickets.tables import HistoryEntry, Recipient, Ticket

_EXAMPLES = itertools.count()
LENGTH = 6
ORDERS = st.lists(st.integers(0, LENGTH - 1), max_size=5).flatmap(
    lambda again: st.permutations([*range(LENGTH), *again])
)


class World:
    """One service for all examples; each example has a customer of its own."""

    def __init__(self, runner: asyncio.Runner, runtime: Runtime, mail: Callable[..., Any]) -> None:
        self.runner = runner
        self.runtime = runtime
        self.mail = mail
        self.expected: dict[str, Any] = {}


@pytest.fixture(scope="module")
def world(
    tmp_path_factory: pytest.TempPathFactory, mail_maker: Callable[..., Any]
) -> Iterator[World]:
    """Its own event loop, since the examples of a property share it."""
    path: Path = tmp_path_factory.mktemp("thread") / "ticket.db"
    with asyncio.Runner() as runner:
        opened = make_runtime(SERVICE, f"sqlite+aiosqlite:///{path}", admin_password="x" * 12)
        opened_world = World(runner, runner.run(opened.__aenter__()), mail_maker)
        opened_world.expected = runner.run(_played(opened_world, list(range(LENGTH)), 1))
        yield opened_world
        runner.run(opened.__aexit__(None, None, None))


def story(mail: Callable[..., Any], domain: str) -> list[Any]:
    """A thread in the order in which it was written: customer, employee, customer, employee."""
    ann, mia = f"ann@{domain}", f"mia@desk-{domain}"
    ids = [f"<{n}@{domain}>" for n in range(LENGTH)]

    def answer(sender: str, n: int, **fields: Any) -> Any:
        refs = {"in_reply_to": ids[n - 1], "references": ids[:n]}
        return mail(sender, "Re: Printer", message_id=ids[n], new_text=str(n), **refs, **fields)

    return [
        mail(ann, "Printer", message_id=ids[0], new_text="0"),
        answer(mia, 1),
        answer(ann, 2),
        answer(mia, 3, addressed_as="cc"),
        answer(ann, 4, automation=AutomationClass.AUTO_REPLY),
        answer(ann, 5),
    ]


@pytest.mark.slow
@pytest.mark.any_order("EmailReceived")
@pytest.mark.covers("S2-94", "S4-09")
@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(order=ORDERS, size=st.integers(1, 5))
def test_any_order_and_repetition_of_a_threads_mails_ends_alike(
    world: World, order: list[int], size: int
) -> None:
    expected = world.expected
    assert world.runner.run(_played(world, order, size)) == expected
    assert [ticket["subject"] for ticket in expected["tickets"]] == ["Printer"]
    assert [entry["text"] for entry in expected["history"]] == [str(n) for n in range(LENGTH)]
    assert expected["auto_answers"] == len(expected["answers"]) == 1


async def _played(world: World, order: list[int], size: int) -> dict[str, Any]:
    """Deliver the thread in batches of `size` and return what is there in the end."""
    domain = f"example{next(_EXAMPLES)}.test"
    account_id = await _add_people(world.runtime, domain)
    mails = story(world.mail, domain)
    for start in range(0, len(order), size):
        batch = [mails[n] for n in order[start : start + size]]
        verdicts = await deliver(world.runtime, SERVICE, batch)
        assert all(verdict.retry_step is None for verdict in verdicts)
    return await _state(world.runtime, account_id, mails)


async def _add_people(runtime: Runtime, domain: str) -> str:
    """Ann is a contact, Mia an employee."""
    account_id = new_id()
    async with runtime.db.unit_of_work() as uow:
        await uow.session.execute(delete(outbox))
        uow.session.add(Account(id=account_id, name="ACME", created_at=uow.now))
        await uow.session.flush()
        ann = {"name": "Ann", "email1": f"ann@{domain}", "is_main": True}
        contact = Contact(id=new_id(), account_id=account_id, created_at=uow.now, **ann)
        mia = {"name": "Mia", "email1": f"mia@desk-{domain}", "permissions": []}
        uow.session.add_all([contact, Employee(id=new_id(), created_at=uow.now, **mia)])
    return account_id


async def _state(runtime: Runtime, account_id: str, mails: list[Any]) -> dict[str, Any]:
    ids = [mail.data.mail.mail_id for mail in mails]
    number = {mail_id: n for n, mail_id in enumerate(ids)}
    async with runtime.db.read() as session:

        async def rows(table: Any, where: Any, *names: str) -> list[dict[str, Any]]:
            columns = [table.__table__.c[name] for name in names]
            found = await session.execute(select(*columns).where(where))
            return sorted((dict(row._mapping) for row in found), key=repr)

        tickets = Ticket.__table__.c
        here = tickets.account_id == account_id
        (ticket_id,) = (await session.execute(select(tickets.id).where(here))).scalars()
        decision = MailDecision.__table__.c
        history = HistoryEntry.__table__.c
        of_ticket, came = history.ticket_id == ticket_id, history.mail_id.is_not(None)
        state: dict[str, Any] = {
            "tickets": await rows(Ticket, here, "subject", "status", "in_inbox", "version"),
            "history": await rows(HistoryEntry, of_ticket & came, "text", "kind", "public"),
            # Our answer has the ticket's number in it, which is another one each time.
            "answers": await rows(HistoryEntry, of_ticket & ~came, "kind", "public", "actor"),
            "recipients": len(
                await rows(Recipient, Recipient.__table__.c.ticket_id == ticket_id, "dedupe_key")
            ),
            "filed": await rows(MailDecision, decision.ticket_id == ticket_id, "mail_id"),
        }
    state["filed"] = sorted(number[row["mail_id"]] for row in state["filed"])
    events = await published(runtime)
    requests = [e.data for e in events if isinstance(e.data, SendEmail)]
    mine = [request for request in requests if request.ticket_id == ticket_id]
    state["sent_on"] = sorted(
        (number[r.original_mail_id], len(r.to), len(r.cc), len(r.bcc))
        for r in mine
        if r.purpose is MailPurpose.DISTRIBUTION
    )
    state["auto_answers"] = sum(r.purpose is MailPurpose.AUTO_ANSWER for r in mine)
    decided = [e for e in events if isinstance(e.data, EmailDecided) and e.subject in number]
    assert len(decided) == len({(e.subject, e.aggregateversion) for e in decided})
    return state
