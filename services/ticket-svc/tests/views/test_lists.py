"""Views of the ticket list: what is in them, in which order, and who sees it."""

from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pytest
from sqlalchemy import text, update

from patchbay_kit.http import Page
from patchbay_kit.testing.harness import client, make_principal
from ticket_svc.definition import SERVICE
from ticket_svc.rights.viewer import Viewer
from ticket_svc.tickets import repository
from ticket_svc.tickets.labels import load_labels
from ticket_svc.tickets.presenting import summary
from ticket_svc.tickets.reading import read_ticket
from ticket_svc.tickets.schemas import TicketSummary
from ticket_svc.tickets.tables import Ticket
from ticket_svc.views import estimating, finding, statements
from ticket_svc.views.schemas import TicketFilter
from ticket_svc.views.scope import scope_of
from ticket_svc.views.sql import Parameters

DAY = datetime(2026, 11, 20, tzinfo=UTC)
TICKET = Ticket.__table__  # type: ignore[attr-defined]


@pytest.fixture
def change(runtime: Any) -> Any:
    """Writes columns of a ticket as any writer of the service might."""

    async def write(ticket_id: str, **values: Any) -> None:
        async with runtime.db.unit_of_work() as uow:
            await uow.session.execute(
                update(TICKET).where(TICKET.c.id == ticket_id).values(**values)
            )

    return write


async def ids(desk: Any, **params: Any) -> list[str]:
    return [item["id"] for item in (await desk.get("/v1/tickets", **params))["items"]]


@pytest.mark.covers("S2-19", "S2-21", "S2-23", "S2-24", "S2-31", "S2-34")
async def test_inbox_and_dispatcher_hold_any_status_and_all_holds_everything(
    desk: Any, change: Any
) -> None:
    account = await desk.account()
    plain, inboxed, waiting, closed = [(await desk.ticket(account))["id"] for _ in range(4)]
    for ticket in (inboxed, closed):
        await change(ticket, in_inbox=True, inbox_since=DAY)
    await change(waiting, awaits_dispatch=True)
    await desk.patch(f"/v1/tickets/{closed}", status="completed")
    await change(closed, awaits_dispatch=True, in_inbox=True, inbox_since=DAY)
    assert await ids(desk, view="inbox") == [closed, inboxed]
    assert await ids(desk, view="inbox", status="completed") == [closed]
    assert await ids(desk, view="dispatcher") == [closed, waiting]
    assert await ids(desk, view="all") == [closed, waiting, inboxed, plain]
    assert await ids(desk, view="open") == [waiting, inboxed, plain]
    assert await ids(desk, view="closed", status="new") == []


@pytest.mark.covers("S2-20", "S2-28", "S2-29")
async def test_filters_combine_and_managers_may_be_several_or_me(runtime: Any, change: Any) -> None:
    me = make_principal({"desk", "tickets.all", "*"})
    async with client(runtime, SERVICE, principal=me) as http:

        async def found(**params: Any) -> list[str]:
            answer = await http.get("/v1/tickets", params=params)
            assert answer.is_success, answer.text
            return [item["subject"] for item in answer.json()["items"]]

        async def made(path: str, **body: Any) -> str:
            return str((await http.post(path, json=body)).json()["id"])

        account = await made("/v1/accounts", name="ACME")
        other = await made("/v1/accounts", name="Bolt")
        mia = await made("/v1/employees", name="Mia", email1="mia@desk.example")
        tim = await made("/v1/employees", name="Tim", email1="tim@desk.example")
        for subject, manager, where in (
            ("a", mia, account),
            ("b", tim, account),
            ("c", None, account),
            ("d", mia, other),
        ):
            ticket = await made("/v1/tickets", subject=subject, account_id=where)
            await change(ticket, manager_id=manager or me.id)
        assert await found(manager_id=mia) == ["d", "a"]
        assert await found(manager_id=[mia, tim]) == ["d", "b", "a"]
        assert await found(manager_id=[mia, "me"], view="open") == ["d", "c", "a"]
        assert await found(manager_id="me", status="new") == ["c"]
        assert await found(manager_id=mia, account_id=account, status="new") == ["a"]
        assert await found(manager_id=[mia, tim], view="closed") == []
        assert await found(manager_id=[mia, tim], sort="updated_at") == ["d", "b", "a"]


async def test_every_other_filter_narrows(desk: Any, change: Any) -> None:
    account = await desk.account()
    one, two = [(await desk.ticket(account))["id"] for _ in range(2)]
    other = "01890000-0000-7000-8000-00000000000a"
    for values, params in (
        ({"asset_id": None, "contact_id": other}, {"contact_id": other}),
        ({"contract_id": other}, {"contract_id": other}),
        ({"asset_id": other}, {"asset_id": other}),
        ({"priority": "high"}, {"priority": "high"}),
        ({"type": "incident"}, {"type": "incident"}),
        ({"unread": True}, {"unread": True}),
        ({"connection_id": "c", "remote_ticket_id": "7"}, {"connection_id": "c"}),
        ({"due_at": DAY}, {"due_after": DAY.isoformat()}),
        ({"due_at": DAY}, {"due_before": (DAY + timedelta(days=1)).isoformat()}),
        ({"created_at": DAY + timedelta(days=900)}, {"created_since": "2029-01-01T00:00:00Z"}),
        ({"updated_at": DAY + timedelta(days=900)}, {"updated_since": "2029-01-01T00:00:00Z"}),
    ):
        await change(one, **values)
        assert await ids(desk, **params) == [one], params
        assert await ids(desk, **params, manager_id=other) == []
    assert await ids(desk, unread=False) == [two]
    await change(two, merged_into_id=one)
    assert await ids(desk) == [one]
    assert await ids(desk, merged=True) == [two, one]


async def test_every_order_is_paged_without_losing_or_repeating_a_ticket(
    desk: Any, change: Any
) -> None:
    account = await desk.account()
    made = [(await desk.ticket(account))["id"] for _ in range(7)]
    for n, ticket in enumerate(made):
        at = DAY + timedelta(hours=n * 5 % 7 // 2)  # some of them the same
        await change(ticket, in_inbox=True, inbox_since=at, due_at=at, updated_at=at)

    async def walk(**params: Any) -> list[dict[str, Any]]:
        seen: list[dict[str, Any]] = []
        more: dict[str, Any] = {}
        while True:
            page = await desk.get("/v1/tickets", limit=2, **params, **more)
            seen += page["items"]
            if page["next_cursor"] is None:
                return seen
            more = {"cursor": page["next_cursor"]}

    for sort, view in (
        ("newest", "all"),
        ("newest", "open"),
        ("inbox_since", "inbox"),
        ("due_at", "all"),
        ("due_at", "open"),
        ("updated_at", "all"),
    ):
        found = await walk(sort=sort, view=view)
        assert sorted(item["id"] for item in found) == made
        keys = [(item.get(sort, ""), item["id"]) for item in found]
        assert keys == sorted(keys, reverse=sort != "due_at"), sort
    cursor = (await desk.get("/v1/tickets", limit=2))["next_cursor"]
    for params in ({"sort": "updated_at"}, {"q": "Printer"}):
        answer = await desk.http.get("/v1/tickets", params={"cursor": cursor, **params})
        assert (answer.status_code, answer.json()["code"]) == (422, "cursor_invalid")


async def test_however_a_list_is_read_its_pages_hold_the_same_tickets(
    desk: Any, change: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    account = await desk.account()
    mia, tim = "01890000-0000-7000-8000-00000000000a", "01890000-0000-7000-8000-00000000000b"
    for n in range(12):
        at = DAY + timedelta(hours=n * 5 % 7)
        await change(
            (await desk.ticket(account))["id"],
            priority="high" if n % 3 else "normal",
            type="incident" if n % 4 == 1 else "",
            manager_id=mia if n % 2 else tim,
            due_at=at if n % 5 else None,
            updated_at=at,
            in_inbox=n % 4 == 2,
        )

    async def walk(**params: Any) -> list[str]:
        seen: list[str] = []
        more: dict[str, Any] = {}
        for _ in range(99):
            page = await desk.get("/v1/tickets", limit=2, **params, **more)
            seen += [item["id"] for item in page["items"]]
            if page["next_cursor"] is None:
                return seen
            more = {"cursor": page["next_cursor"]}
        raise AssertionError("the list does not end")

    since = (DAY + timedelta(hours=3)).isoformat()
    lists: list[dict[str, Any]] = [
        {**filters, "sort": sort}
        for filters in (
            {"priority": "high"},
            {"priority": "normal", "type": "incident"},
            {"manager_id": [mia, tim], "priority": "high"},
            {"manager_id": mia, "view": "inbox"},
            {"account_id": account, "unread": False, "view": "open"},
            {"updated_since": since},
            {"created_since": "2020-01-01T00:00:00Z"},
            {"created_since": "2199-01-01T00:00:00Z"},
            {"due_after": since, "due_before": (DAY + timedelta(hours=6)).isoformat()},
        )
        for sort in ("newest", "updated_at", "due_at")
    ]
    usual = [await walk(**params) for params in lists]
    assert sum(map(len, usual)) > 60
    if not desk.runtime.db.is_postgres:
        return  # SQLite has one way of reading lists.
    monkeypatch.setattr(finding, "_SHORT_WALK", 1)
    monkeypatch.setattr(statements, "_LEAST", 1)
    assert [await walk(**params) for params in lists] == usual, "gathered"
    monkeypatch.setattr(finding, "_LONG_WALK", 3)
    monkeypatch.setattr(estimating, "_CHEAP", -1)
    assert [await walk(**params) for params in lists] == usual, "walked in short steps"


async def test_sqlite_reads_lists_along_indexes(desk: Any) -> None:
    if desk.runtime.db.is_postgres:
        return  # test_plans.py reads PostgreSQL's plans on many tickets.
    me = "01890000-0000-7000-8000-00000000000a"
    viewer = Viewer(make_principal({"desk", "tickets.all"}))
    for params, index in (
        ({}, "sqlite_autoindex_ticket_1"),
        ({"view": "open"}, "ix_ticket_status_class_id"),
        ({"view": "inbox"}, "ix_ticket_inbox_id"),
        ({"view": "inbox", "sort": "inbox_since"}, "ix_ticket_inbox_since_id"),
        ({"view": "dispatcher"}, "ix_ticket_awaits_dispatch_id"),
        ({"status": "scheduled"}, "ix_ticket_status_id"),
        ({"manager_id": [me], "view": "open"}, "ix_ticket_manager_id_status_class_id"),
        ({"account_id": me, "view": "open"}, "ix_ticket_account_id_status_class_id"),
        ({"asset_id": me}, "ix_ticket_asset_id_id"),
        ({"sort": "updated_at", "view": "open"}, "ix_ticket_status_class_updated_at_id"),
        ({"sort": "due_at", "view": "open"}, "ix_ticket_status_class_due_at_id"),
        ({"priority": "high"}, "ix_ticket_priority_id"),
        ({"type": "incident"}, "ix_ticket_type_id"),
        ({"connection_id": "c"}, "ix_ticket_connection_id_id"),
    ):
        parameters = Parameters(postgres=False)
        scope = scope_of(viewer, TicketFilter.model_validate(params))
        sql = statements.plain_sql(statements.Part(scope, None, 51, parameters))
        async with desk.runtime.db.read() as session:
            plan = await session.execute(text(f"EXPLAIN QUERY PLAN {sql}"), parameters.named())
            steps = [row.detail for row in plan]
        # The page itself comes before what is shown beside it.
        beside = next(
            n for n, step in enumerate(steps) if step.startswith(("SEARCH a ", "SCAN a "))
        )
        page = steps[:beside]
        assert any(f"USING INDEX {index}" in step for step in page), (params, page)
        assert not any("B-TREE" in step for step in page), (params, page)


@pytest.mark.covers("S2-27", "S2-30")
async def test_without_the_privilege_one_sees_what_one_manages_whatever_one_asks_for(
    runtime: Any, desk: Any, change: Any
) -> None:
    account = await desk.account()
    mine, other = [(await desk.ticket(account, subject="Printer"))["id"] for _ in range(2)]
    me = make_principal({"desk"})
    await change(mine, manager_id=me.id)
    async with client(runtime, SERVICE, principal=me) as http:
        for params in (
            {},
            {"view": "open"},
            {"manager_id": "me"},
            {"account_id": account},
            {"q": "printer"},
            {"sort": "updated_at"},
            {"status": "new"},
        ):
            answer = (await http.get("/v1/tickets", params=params)).json()
            assert [item["id"] for item in answer["items"]] == [mine], params
        hidden = {"manager_id": "01890000-0000-7000-8000-00000000000a"}
        assert (await http.get("/v1/tickets", params=hidden)).json()["items"] == []
        number = (await desk.get(f"/v1/tickets/{other}"))["number"]
        assert (await http.get("/v1/tickets", params={"number": number})).json()["items"] == []


async def test_what_cannot_be_asked_for_is_said_with_the_field(desk: Any) -> None:
    for params in (
        {"view": "drafts"},
        {"sort": "inbox_since"},
        {"sort": "relevance"},
        {"q": "x", "sort": "due_at"},
        {"manager_id": "you"},
        {"due_before": "2026-11-20"},
        {"due_before": "9999-12-31T23:59:59-12:00"},
        {"limit": 0},
        {"nonsense": "1"},
        {"cursor": "x"},
        {"saved_view": "x"},
    ):
        answer = await desk.http.get("/v1/tickets", params=params)
        assert answer.status_code == 422, (params, answer.text)


async def test_a_list_is_to_the_byte_what_its_model_says(desk: Any, rmm: Any, change: Any) -> None:
    """Rows go to JSON without the model; every field, empty and filled, must come out the same."""
    account = await desk.account('Größe & Söhne \\ "x"')
    mia = await desk.employee("Mia", "mia@desk.example")
    asset = str((await desk.post("/v1/assets", account_id=account, name="SRV"))["id"])
    await desk.take(rmm.received("7"))
    full, bare = [await desk.ticket(account, subject="Ünï \u2028 <b>") for _ in range(2)]
    await change(
        full["id"],
        asset_id=asset,
        manager_id=mia,
        due_at=DAY,
        in_inbox=True,
        inbox_since=DAY + timedelta(microseconds=5),
        inbox_awaiting="approval",
        external_update_at=DAY,
        unread=True,
        closed_at=DAY,
        type="incident",
        awaits_dispatch=True,
    )
    await change(bare["id"], manager_id=None)
    await desk.patch("/v1/settings", status_labels={"new": "Fresh"})
    for principal in (make_principal(), make_principal(id=mia)):
        async with client(desk.runtime, SERVICE, principal=principal) as http:
            fast = (await http.get("/v1/tickets", params={"merged": True})).content
        viewer = Viewer(principal)
        async with desk.runtime.db.read() as session:
            labels = await load_labels(session)
            keys = [item["id"] for item in orjson.loads(fast)["items"]]
            rows = [await repository.find_ticket(session, repository.by_id(key)) for key in keys]
        page = Page(items=[summary(row, viewer, labels) for row in rows])
        assert fast == Page[TicketSummary].model_validate(page).model_dump_json().encode()
        assert len(keys) == 3
        assert orjson.loads(fast)["items"][0]["status_label"] == "Fresh"


async def test_one_ticket_is_to_the_byte_what_its_model_says(
    desk: Any, change: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    account = await desk.account("ACME")
    mia = await desk.employee("Mia", "mia@desk.example")
    contact = await desk.contact(account, "ann@acme.example", is_main=True)
    full = await desk.ticket(account, subject="Full", manager_id=mia, contact_id=contact)
    bare = await desk.ticket(subject="Bare")
    spent = {"seconds_in_status": {"new": 7}, "custom_fields": {"floor": "3", "\u00fc": [1, None]}}
    await change(full["id"], status_since=DAY, closed_at=DAY + timedelta(days=9999), **spent)
    await change(bare["id"], manager_id=None)
    now = desk.runtime.clock()
    monkeypatch.setattr(desk.runtime, "clock", lambda: now)
    customer = make_principal({"desk"}, kind="contact", account_id=account)
    for principal in (make_principal(), make_principal(id=mia), customer):
        for ticket in (full, bare):
            async with client(desk.runtime, SERVICE, principal=principal) as http:
                fast = await http.get(f"/v1/tickets/{ticket['number']}")
            if principal is customer and ticket is bare:
                assert (fast.status_code, fast.json()["code"]) == (404, "ticket_not_found")
                continue
            async with desk.runtime.db.read() as session:
                view = await read_ticket(session, ticket["id"], Viewer(principal), now=now)
            assert fast.content == view.model_dump_json().encode()
            assert fast.headers["etag"] == f'"{view.version}"'
