"""Lists of tickets, and why a ticket is as it is."""

from typing import Any

import pytest

STATUSES = {
    "open": ["new", "scheduled", "in_progress", "waiting"],
    "closed": ["completed", "canceled"],
}


@pytest.mark.covers("S2-25", "S2-26", "X-19")
async def test_open_and_closed_are_classes_of_statuses_and_narrow_to_one(desk: Any) -> None:
    account = await desk.account()
    for status in [*STATUSES["open"], *STATUSES["closed"]]:
        ticket = await desk.ticket(account, subject=status)
        await desk.patch(f"/v1/tickets/{ticket['id']}", status=status)
    for view, statuses in STATUSES.items():
        assert [t["status"] for t in await desk.tickets(view=view)] == statuses
        for status in statuses:
            (found,) = await desk.tickets(view=view, status=status)
            assert found["subject"] == status
    assert await desk.tickets(view="open", status="completed") == []
    unknown = await desk.http.get("/v1/tickets", params={"status": "solved"})
    assert unknown.status_code == 422


async def test_a_list_can_be_narrowed_by_what_tickets_belong_to(desk: Any, rmm: Any) -> None:
    mia = await desk.employee("Mia", "mia@desk.example")
    acme, bolt = await desk.account("ACME", manager_id=mia), await desk.account("Bolt")
    ours = await desk.ticket(acme, subject="Printer 100%")
    await desk.ticket(bolt, subject="Screen")
    await desk.take(rmm.received("77"))
    remote = (await desk.tickets(connection_id=rmm.connection, remote_ticket_id="77"))[0]

    async def found(**params: Any) -> list[str]:
        return [ticket["id"] for ticket in await desk.tickets(**params)]

    assert await found(account_id=acme) == [ours["id"]]
    assert await found(manager_id=mia) == [ours["id"]]
    assert await found(q="printer 100%") == [ours["id"]]
    assert await found(q="PRINTER") == [ours["id"]]
    assert await found(q="0%_") == []
    assert await found(q=ours["number"][:8]) != []
    assert await found(view="inbox") == [remote["id"]]
    assert len(await found()) == 3


async def test_pages_hold_every_ticket_once_newest_first(desk: Any) -> None:
    account = await desk.account()
    made = [(await desk.ticket(account))["id"] for _ in range(7)]
    seen: list[str] = []
    cursor = None
    while True:
        params = {"limit": 3} | ({"cursor": cursor} if cursor else {})
        page = await desk.get("/v1/tickets", **params)
        seen += [ticket["id"] for ticket in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert seen == made[::-1]


async def test_history_is_paged_oldest_first(desk: Any) -> None:
    ticket = await desk.ticket()
    path = f"/v1/tickets/{ticket['number']}/history"
    for n in range(4):
        await desk.post(f"/v1/tickets/{ticket['id']}/notes", text=str(n))
    first = await desk.get(path, kind="note", limit=3)
    second = await desk.get(path, kind="note", limit=3, cursor=first["next_cursor"])
    assert [e["text"] for e in first["items"] + second["items"]] == ["0", "1", "2", "3"]
    assert second["next_cursor"] is None


async def test_explain_says_what_each_code_means_and_what_to_do(desk: Any, rmm: Any) -> None:
    event = rmm.received()
    await desk.take(event)
    await desk.take(rmm.closed())
    ticket = await desk.only_ticket()
    explanation = await desk.get(f"/v1/tickets/{ticket['number']}/explain")
    created, closed = explanation["decisions"]
    assert (created["about"], closed["about"]) == ("ticket.created", "remote_ticket.closed.v1")
    assert created["event_id"] == event.id
    assert created["actor"] == f"rmm:{rmm.connection}"
    account = next(r for r in created["reasons"] if r["code"] == "account.auto_created")
    assert account["params"]["remote_site_id"] == "S1"
    assert "temporary account" in account["meaning"]
    assert "rename" in account["remedy"]


async def test_a_ticket_that_is_not_there_is_a_404(desk: Any) -> None:
    for key in ("x", "0500-1000", "1'--", "01890000-0000-7000-8000-00000000000f"):
        for path in ("", "/history", "/explain", "/recipients"):
            answer = await desk.http.get(f"/v1/tickets/{key}{path}")
            assert (answer.status_code, answer.json()["code"]) == (404, "ticket_not_found")
