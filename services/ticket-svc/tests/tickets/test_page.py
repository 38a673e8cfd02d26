"""One read for a ticket's page."""

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event

from patchbay_kit.testing.harness import client, make_runtime
from ticket_svc.definition import SERVICE

ADMIN = {"admin_email": "admin@desk.example", "admin_password": "a long enough password"}


@pytest.mark.covers("S2-05")
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


@pytest.mark.covers("S2-04", "S2-11", "S2-12", "S2-18")
async def test_each_kind_of_record_has_a_part_of_the_page_and_opens_from_it(
    database_url: str, tmp_path: Path, make_desk: Any, mail: Any
) -> None:
    """The parts are the tabs: several records of each kind, with the id under which each is read.
    Of tasks and appointments those are there that are still to come.
    """
    async with (
        make_runtime(SERVICE, database_url, blob_dir=tmp_path / "blobs", **ADMIN) as runtime,
        client(runtime, SERVICE) as http,
    ):
        desk = make_desk(runtime, http)
        me = (await desk.get("/v1/employees"))["items"][0]["id"]
        account = await desk.account(email1="ann@acme.example")
        asset = (await desk.post("/v1/assets", account_id=account, name="SRV-01"))["id"]
        terms = {"name": "Support", "kind": "time_and_materials"}
        contract = (await desk.post("/v1/contracts", account_id=account, **terms))["id"]
        ticket = await desk.ticket(account, asset_id=asset, contract_id=contract)
        path, number = f"/v1/tickets/{ticket['id']}", ticket["number"]
        slot = {"starts_at": "2026-11-23T08:00:00Z", "ends_at": "2026-11-23T10:00:00Z"}
        for n in range(3):
            task = await desk.post(f"{path}/tasks", title=str(n))
            planned = await desk.post(f"{path}/appointments", employee_id=me, **slot)
            await desk.post(f"{path}/messages", to=[{"employee_id": me}], text=str(n))
            await desk.post(f"{path}/charges", kind="work", minutes=n + 1)
            await desk.http.post(f"{path}/documents?name={n}.txt", content=b"x")
            await desk.take(mail("ann@acme.example", f"[{number}]", subject_numbers=[number]))
        await desk.post(f"/v1/tasks/{task['id']}/complete")
        await desk.post(f"/v1/appointments/{planned['id']}/complete")
        page = await desk.get(f"{path}/page")
        kinds = [entry["kind"] for entry in page["history"]["items"]]
        assert (kinds.count("email"), kinds.count("charge")) == (3, 3)
        assert page["charges"]["minutes"] == 6
        listed = {name: page[name] for name in ("tasks", "appointments", "messages", "documents")}
        assert {name: len(found) for name, found in listed.items()} == {
            "tasks": 2,
            "appointments": 2,
            "messages": 3,
            "documents": 3,
        }
        listed["charges"] = (await desk.get(f"{path}/charges"))["items"]
        listed |= {f"{name}s": [page[name]] for name in ("account", "asset", "contract")}
        for name, found in listed.items():
            for each in found:
                assert (await desk.get(f"/v1/{name}/{each['id']}"))["id"] == each["id"]


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
