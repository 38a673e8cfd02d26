"""One read for a ticket's page."""

from typing import Any

import pytest
from sqlalchemy import event


@pytest.mark.covers("S2-04", "S2-05")
async def test_a_page_holds_the_ticket_with_all_that_hangs_on_it(desk: Any) -> None:
    account = await desk.account(phone="+1 555 0100")
    await desk.contact(account, "ann@acme.example", name="Ann", is_main=True)
    location = {"account_id": account, "name": "Main office", "city": "Springfield"}
    await desk.post("/v1/locations", **location)
    asset = (await desk.post("/v1/assets", account_id=account, name="SRV-01"))["id"]
    contract = await desk.post(
        "/v1/contracts",
        account_id=account,
        name="Ten hours",
        kind="block_hours",
        block_minutes=60,
    )
    ticket = await desk.ticket(account)
    other = await desk.ticket(account)
    path = f"/v1/tickets/{ticket['id']}"
    await desk.patch(path, asset_id=asset, contract_id=contract["id"])
    await desk.post(f"{path}/notes", text="Called Ann.")
    await desk.post(f"{path}/tasks", title="Order a part")
    await desk.post(f"{path}/charges", kind="work", minutes=90)
    await desk.post(f"{path}/relations", ticket=other["id"])
    page = await desk.get(f"/v1/tickets/{ticket['number']}/page")
    assert page["ticket"] == await desk.get(path) | {
        "time_in_status": page["ticket"]["time_in_status"]
    }
    assert (page["account"]["phone"], page["asset"]["name"]) == ("+1 555 0100", "SRV-01")
    assert page["account"]["main_contact"]["email"] == "ann@acme.example"
    assert page["account"]["main_location"]["city"] == "Springfield"
    assert page["contract"]["name"] == "Ten hours"
    assert page["contract"]["warnings"] != []
    assert [task["title"] for task in page["tasks"]] == ["Order a part"]
    assert page["charges"]["minutes"] == 90
    assert [each["ticket"]["id"] for each in page["relations"]] == [other["id"]]
    assert (page["appointments"], page["documents"], page["messages"]) == ([], [], [])
    assert page["decisions"] == 1
    assert page["viewer"]["may_mark_read"] is True
    history = await desk.get(f"{path}/history", order="newest")
    assert page["history"] == history


async def test_the_history_of_a_page_goes_on_where_the_page_ends(desk: Any) -> None:
    ticket = await desk.ticket()
    path = f"/v1/tickets/{ticket['id']}"
    for n in range(51):
        await desk.post(f"{path}/notes", text=str(n))
    page = await desk.get(f"{path}/page")
    cursor = page["history"]["next_cursor"]
    rest = await desk.get(f"{path}/history", order="newest", cursor=cursor)
    texts = [entry["text"] for entry in page["history"]["items"] + rest["items"]]
    assert texts == [*(str(n) for n in range(50, -1, -1)), "The ticket was opened."]


async def test_a_page_takes_as_many_statements_with_much_on_it_as_with_little(
    desk: Any, runtime: Any
) -> None:
    account = await desk.account()
    ticket, other = await desk.ticket(account), await desk.ticket(account)
    path = f"/v1/tickets/{ticket['id']}"
    few = await _statements(desk, runtime, path)
    for n in range(5):
        await desk.post(f"{path}/notes", text=str(n))
        await desk.post(f"{path}/tasks", title=str(n))
        await desk.post(f"{path}/charges", kind="work", minutes=1)
        await desk.post(f"{path}/recipients", email=f"a{n}@acme.example")
    await desk.post(f"{path}/relations", ticket=other["id"])
    assert await _statements(desk, runtime, path) == few
    assert few <= 20


async def _statements(desk: Any, runtime: Any, path: str) -> int:
    counted: list[str] = []

    def count(*args: Any) -> None:
        counted.append(args[2])

    engine = runtime.db.engine.sync_engine
    event.listen(engine, "before_cursor_execute", count)
    await desk.get(f"{path}/page")
    event.remove(engine, "before_cursor_execute", count)
    return len([sql for sql in counted if sql.lstrip().upper().startswith("SELECT")])
