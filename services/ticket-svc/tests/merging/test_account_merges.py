"""Merging accounts: all that belongs to one goes into the other, and back again when undone."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import update

from patchbay_contracts import (
    AccountMerged,
    AccountUnmerged,
    ContactUpdated,
    TicketCreated,
    TicketUpdated,
)
from patchbay_kit.testing.harness import client
from ticket_svc.definition import SERVICE
from ticket_svc.merging.late import carry_late_tickets
from ticket_svc.tickets.tables import Ticket

ACME = "ACME company"


async def merge(desk: Any, source: str, into: str) -> Any:
    return await desk.post(f"/v1/accounts/{source}/merge", into_account_id=into)


async def refused(desk: Any, source: str, into: str) -> tuple[int, str]:
    answer = await desk.http.post(f"/v1/accounts/{source}/merge", json={"into_account_id": into})
    return answer.status_code, answer.json()["code"]


@pytest.mark.covers("S1-113", "S1-115")
async def test_what_belongs_to_an_account_moves_and_comes_back_when_the_merge_is_undone(
    desk: Any,
) -> None:
    source, target = await desk.account("Old name"), await desk.account("Real name")
    ticket = await desk.ticket(source)
    contact = await desk.contact(source, "ann@old.example", is_main=True)
    staying = await desk.contact(target, "bob@real.example", is_main=True)
    await desk.http.put(f"/v1/accounts/{source}/domains/old.example")
    preview = await desk.get(f"/v1/accounts/{source}/merge-preview", into_account_id=target)
    assert preview["counts"] == {"ticket": 1, "contact": 1, "account_domain": 1}
    assert [notice["code"] for notice in preview["notices"]] == ["contact_is_main"]

    made = await merge(desk, source, target)

    assert made["counts"] == preview["counts"]
    moved = await desk.get(f"/v1/tickets/{ticket['id']}")
    assert moved["account"]["id"] == target
    assert moved["version"] == ticket["version"] + 1
    (entry,) = [e for e in await desk.history(ticket["id"]) if e["data"].get("field")]
    assert (entry["data"]["old_name"], entry["data"]["new_name"]) == ("Old name", "Real name")
    assert (await desk.get(f"/v1/contacts/{contact}"))["is_main"] is False
    assert (await desk.get(f"/v1/accounts/{target}"))["domains"] == ["old.example"]
    (told,) = await desk.events(AccountMerged)
    assert (told.data.account_id, told.data.into_account_id) == (source, target)
    (updated,) = await desk.events(TicketUpdated)
    assert (updated.data.changed, updated.data.account_name) == (["account_id"], "Real name")

    added = await desk.ticket(target)
    undone = await desk.post(f"/v1/account-merges/{made['id']}/undo")

    assert undone["left"] == {}
    assert (await desk.get(f"/v1/tickets/{ticket['id']}"))["account"]["id"] == source
    assert (await desk.get(f"/v1/tickets/{added['id']}"))["account"]["id"] == target
    assert (await desk.get(f"/v1/contacts/{contact}"))["is_main"] is True
    assert (await desk.get(f"/v1/contacts/{staying}"))["is_main"] is True
    assert (await desk.get(f"/v1/accounts/{source}"))["domains"] == ["old.example"]
    assert len(await desk.events(AccountUnmerged)) == 1
    assert len(await desk.events(ContactUpdated)) >= 2


async def test_what_has_moved_on_since_stays_when_a_merge_is_undone(desk: Any) -> None:
    source, target, third = [await desk.account(name) for name in ("A", "B", "C")]
    await desk.ticket(source)
    first = await merge(desk, source, target)
    second = await merge(desk, target, third)
    answer = await desk.http.post(f"/v1/account-merges/{first['id']}/undo")
    assert (answer.status_code, answer.json()["code"]) == (409, "merged_on")
    await desk.post(f"/v1/account-merges/{second['id']}/undo")
    undone = await desk.post(f"/v1/account-merges/{first['id']}/undo")
    assert undone["left"] == {}
    again = await desk.http.post(f"/v1/account-merges/{first['id']}/undo")
    assert (again.status_code, again.json()["code"]) == (409, "merge_undone")
    (ticket,) = await desk.tickets()
    assert ticket["account"]["id"] == source


async def test_a_merge_that_makes_no_sense_is_refused(desk: Any) -> None:
    source, target, other = [await desk.account(name) for name in ("A", "B", "C")]
    own = (await desk.get("/v1/settings"))["own_account_id"]
    missing = "01a09eb7-0f94-7e74-838c-003dcdab8924"
    assert await refused(desk, source, source) == (422, "merge_into_itself")
    assert await refused(desk, source, missing) == (422, "account_unknown")
    assert await refused(desk, missing, source) == (404, "account_not_found")
    assert await refused(desk, own, source) == (409, "own_company")
    await merge(desk, source, target)
    assert await refused(desk, source, other) == (409, "account_merged")
    assert await refused(desk, other, source) == (422, "merge_into_archived")
    answer = await desk.http.get(
        f"/v1/accounts/{other}/merge-preview", params={"into_account_id": other}
    )
    assert (answer.status_code, answer.json()["code"]) == (422, "merge_into_itself")


async def test_merging_needs_the_permission(desk: Any) -> None:
    source, target = await desk.account("A"), await desk.account("B")
    async with client(desk.runtime, SERVICE, permissions={"desk"}) as http:
        answer = await http.post(f"/v1/accounts/{source}/merge", json={"into_account_id": target})
    assert (answer.status_code, answer.json()["code"]) == (403, "permission_missing")


@pytest.mark.covers("S1-112", "S1-113")
async def test_later_tickets_of_a_site_go_where_its_temporary_account_went(
    desk: Any, rmm: Any
) -> None:
    await desk.take(rmm.received("1"))
    (first,) = await desk.tickets()
    real = await desk.account(ACME)
    made = await merge(desk, first["account"]["id"], real)
    await desk.take(rmm.received("2"))
    assert {ticket["account"]["id"] for ticket in await desk.tickets()} == {real}

    await desk.post(f"/v1/account-merges/{made['id']}/undo")
    await desk.take(rmm.received("3"))
    *_, last = await desk.tickets()
    assert last["account"]["id"] == first["account"]["id"]
    assert len(await desk.events(TicketCreated)) == 3


@pytest.mark.covers("S1-115")
async def test_mail_from_the_address_of_a_merged_account_belongs_to_the_one_it_went_into(
    desk: Any, mail: Callable[..., Any]
) -> None:
    source = await desk.account("Old", email1="office@old.example")
    target = await desk.account("Real")
    await merge(desk, source, target)
    await desk.take(mail(sender="office@old.example"))
    assert (await desk.only_ticket())["account"]["id"] == target


async def test_a_ticket_that_was_on_its_way_to_a_merged_account_follows_it(desk: Any) -> None:
    source, target = await desk.account("Old"), await desk.account("Real")
    late = await desk.ticket(target)
    made = await merge(desk, source, target)
    table = Ticket.__table__  # type: ignore[attr-defined]
    async with desk.runtime.db.unit_of_work() as uow:
        await uow.session.execute(update(table).values(account_id=source))

    async with desk.runtime.db.unit_of_work() as uow:
        assert await carry_late_tickets(uow)
    async with desk.runtime.db.unit_of_work() as uow:
        assert not await carry_late_tickets(uow)

    assert (await desk.only_ticket())["account"]["id"] == target
    undone = await desk.post(f"/v1/account-merges/{made['id']}/undo")
    assert (undone["counts"], undone["left"]) == ({"ticket": 1}, {})
    assert (await desk.get(f"/v1/tickets/{late['id']}"))["account"]["id"] == source
