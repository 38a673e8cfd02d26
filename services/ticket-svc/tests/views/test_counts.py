"""The numbers of the navigation pane: kept, and always what counting would give."""

import asyncio
import random
from collections import Counter
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, select, update

from patchbay_kit.db import insert_many
from patchbay_kit.ids import new_id
from patchbay_kit.testing.harness import client, make_principal
from ticket_svc.accounts.tables import Account
from ticket_svc.definition import SERVICE
from ticket_svc.desk.statuses import Status, class_of
from ticket_svc.tickets.tables import Ticket
from ticket_svc.views.counting import fold_counts

TICKET = Ticket.__table__  # type: ignore[attr-defined]
MANAGERS = (None, *(new_id() for _ in range(3)))
STATUSES = [str(status) for status in Status]


def ticket_row(number: int, account: str, status: str, manager: str | None, now: Any) -> Any:
    return {
        "id": new_id(),
        "number": f"{number // 10000:04d}-{number % 10000:04d}",
        "subject": "Printer",
        "description": "",
        "status": status,
        "status_class": class_of(status),
        "priority": "normal",
        "account_id": account,
        "manager_id": manager,
        "channel": "web",
        "in_inbox": number % 3 == 0,
        "type": "",
        "awaits_dispatch": number % 5 == 0,
        "unread": False,
        "seconds_in_status": {},
        "custom_fields": {},
        "occurred_at": now,
        "created_at": now,
        "updated_at": now,
        "version": 1,
    }


async def act(runtime: Any, account: str, numbers: Any, chance: random.Random) -> None:
    """One random change by whatever statement a writer might choose."""
    manager = chance.choice(MANAGERS)
    status = chance.choice(STATUSES)
    async with runtime.db.unit_of_work() as uow:
        known = list(
            (await uow.session.execute(select(TICKET.c.id).order_by(TICKET.c.id))).scalars()
        )
        some = chance.sample(known, min(len(known), 3))
        match chance.randrange(6) if some else 0:
            case 0:
                rows = [ticket_row(next(numbers), account, status, manager, uow.now) for _ in "ab"]
                await insert_many(uow.session, TICKET, rows)
            case 1:
                values = {"status": status, "status_class": class_of(status)}
                await uow.session.execute(
                    update(TICKET).where(TICKET.c.id.in_(some)).values(**values)
                )
            case 2:
                await uow.session.execute(
                    update(TICKET).where(TICKET.c.id.in_(some)).values(manager_id=manager)
                )
            case 3:
                into = chance.choice([None, known[0]])
                await uow.session.execute(
                    update(TICKET).where(TICKET.c.id == some[0]).values(merged_into_id=into)
                )
            case 4:
                await uow.session.execute(delete(TICKET).where(TICKET.c.id == some[0]))
            case _:
                await fold_counts(uow)


async def an_account(runtime: Any) -> str:
    async with runtime.db.unit_of_work() as uow:
        values = {"id": new_id(), "name": "ACME", "created_at": uow.now}
        uow.session.add(Account(**values))
        return str(values["id"])


async def counted(runtime: Any, managers: list[str]) -> Counter[str]:
    statement = select(TICKET.c.status, TICKET.c.manager_id, TICKET.c.in_inbox).where(
        TICKET.c.merged_into_id.is_(None)
    )
    found: Counter[str] = Counter()
    async with runtime.db.read() as session:
        for row in await session.execute(statement):
            if not managers or row.manager_id in managers:
                found.update([row.status, class_of(row.status), "all"])
                found.update(["inbox"] if row.in_inbox else [])
    return found


async def check(runtime: Any) -> None:
    async with client(runtime, SERVICE) as http:
        for managers in ([], [MANAGERS[1]], list(MANAGERS[1:3])):
            answer = await http.get("/v1/tickets/counts", params={"manager_id": managers})
            pane = answer.json()
            truth = await counted(runtime, managers)
            assert pane["by_status"] == {status: truth[status] for status in STATUSES}
            for name in ("open", "closed", "all", "inbox"):
                assert pane[name] == truth[name], name


@settings(max_examples=2, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 2**32))
async def test_counts_equal_counting_after_any_changes_folded_or_not(
    runtime: Any, seed: int
) -> None:
    account, numbers = await an_account(runtime), iter(range(seed % 9000 * 10000, 10**8))
    chance = random.Random(seed)
    for _ in range(15):
        await act(runtime, account, numbers, chance)
    await check(runtime)
    async with runtime.db.unit_of_work() as uow:
        await fold_counts(uow)
    await check(runtime)


async def test_counts_equal_counting_while_several_write_and_fold_at_once(runtime: Any) -> None:
    account, numbers = await an_account(runtime), iter(range(10**8))

    async def writer(seed: int) -> None:
        chance = random.Random(seed)
        for _ in range(12):
            await act(runtime, account, numbers, chance)

    async def folder() -> None:
        for _ in range(12):
            async with runtime.db.unit_of_work() as uow:
                await fold_counts(uow)

    for _ in range(3):
        await act(runtime, account, numbers, random.Random(1))
    # Writers lock tickets in the order of their choice; what PostgreSQL ends for that is no harm.
    await asyncio.gather(writer(1), folder(), folder(), writer(2), return_exceptions=True)
    await check(runtime)


@pytest.mark.covers("S2-20", "S2-25", "S2-26", "S2-30")
async def test_the_pane_counts_what_the_viewer_may_see(runtime: Any, desk: Any) -> None:
    me = make_principal({"desk"})
    account = await desk.account()
    tickets = [await desk.ticket(account) for _ in range(3)]
    async with runtime.db.unit_of_work() as uow:
        await uow.session.execute(
            update(TICKET)
            .where(TICKET.c.id == tickets[0]["id"])
            .values(
                manager_id=me.id,
                unread=True,
                external_update_at=uow.now,
                in_inbox=True,
                awaits_dispatch=True,
            )
        )
    everybody = await desk.get("/v1/tickets/counts")
    assert (everybody["all"], everybody["open"], everybody["closed"]) == (3, 3, 0)
    async with client(runtime, SERVICE, principal=me) as http:
        pane = (await http.get("/v1/tickets/counts")).json()
        assert pane == {
            "inbox": 1,
            "dispatcher": 1,
            "all": 1,
            "open": 1,
            "closed": 0,
            "by_status": {status: int(status == "new") for status in STATUSES},
            "unread": 1,
        }
        other = {"manager_id": [new_id(), new_id()]}
        none = (await http.get("/v1/tickets/counts", params=other)).json()
        names = ("inbox", "dispatcher", "all", "open", "closed")
        assert [none[name] for name in names] == [0] * 5
        # What is unread is one's own, whomever one looks at.
        assert none["unread"] == 1
    customer = make_principal({"desk"}, kind="contact", account_id=account)
    async with client(runtime, SERVICE, principal=customer) as http:
        assert (await http.get("/v1/tickets/counts")).json()["all"] == 3
