"""Full text: where it looks, in which order, and that nothing typed can break it."""

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from patchbay_kit.testing.harness import client, make_principal
from ticket_svc.definition import SERVICE
from ticket_svc.views import estimating, searching, statements
from ticket_svc.views.renewing import renew_texts


async def found(http: Any, q: str, **params: Any) -> list[str]:
    answer = await http.get("/v1/tickets", params={"q": q, **params})
    assert answer.is_success, answer.text
    return [item["subject"] for item in answer.json()["items"]]


async def test_words_are_found_in_every_text_of_a_ticket(desk: Any) -> None:
    account = await desk.account("Müller Haustechnik")
    asset = (await desk.post("/v1/assets", account_id=account, name="SRV-PRINT01"))["id"]
    ticket = await desk.ticket(
        account, subject="Paper jam", description="Tray /dev/lp0 stuck", asset_id=asset
    )
    await desk.ticket(subject="Screen", description="black")
    await desk.post(f"/v1/tickets/{ticket['id']}/notes", text="Ann@acme.example ordered a Fuser.")
    http = desk.http
    for q in (
        ticket["number"],
        ticket["number"].replace("-", ""),
        "PAPER",
        "jam pap",
        '"paper jam"',
        "lp0",
        "müller haus",
        "print01",
        "srv-print01",
        "ann@acme.example",
        "fuser",
        "paper fuser",
        "müller fuser",
    ):
        assert await found(http, q) == ["Paper jam"], q
    for q in ('"jam paper"', "aper", "paper screen", '"', "---", "%", "' OR 1=1 --", '"" ""'):
        assert await found(http, q) == [], q


async def test_the_most_relevant_comes_first_and_the_ticket_with_the_number_before_all(
    desk: Any,
) -> None:
    account = await desk.account()
    exact = await desk.ticket(account, subject="About something")
    named = await desk.ticket(account, subject="Toner")
    await desk.ticket(account, subject="Else", description="out of " + "x " * 30 + "toner")
    await desk.ticket(account, subject=f"See {exact['number']} again, {exact['number']}")
    assert (await found(desk.http, "toner"))[0] == named["subject"]
    assert await found(desk.http, "toner", sort="newest") == ["Else", "Toner"]
    numbers = await found(desk.http, exact["number"])
    assert (numbers[0], len(numbers)) == ("About something", 2)
    page = await desk.get("/v1/tickets", q="toner", limit=1)
    rest = await desk.get("/v1/tickets", q="toner", limit=1, cursor=page["next_cursor"])
    assert [item["subject"] for item in page["items"] + rest["items"]] == ["Toner", "Else"]
    assert rest["next_cursor"] is None


async def test_words_of_different_notes_find_their_ticket_behind_those_that_have_all_in_one(
    desk: Any, runtime: Any
) -> None:
    account = await desk.account("ACME")
    spread = await desk.ticket(account, subject="Spread", description="toner")
    for text, public in (("cable", True), ("fuser", False)):
        await desk.post(f"/v1/tickets/{spread['id']}/notes", text=text, public=public)
    await desk.ticket(account, subject="Together", description="fuser, cable, drum")
    await desk.ticket(account, subject="Neither", description="cable drum")
    assert await found(desk.http, "cable fuser") == ["Together", "Spread"]
    assert await found(desk.http, "toner cable fus") == ["Spread"]
    assert await found(desk.http, "fuser toner", sort="newest") == ["Spread"]
    assert await found(desk.http, '"fuser cable"') == ["Together"]
    customer = make_principal({"desk"}, kind="contact", account_id=account)
    async with client(runtime, SERVICE, principal=customer) as http:
        assert await found(http, "toner cable") == ["Spread"]
        assert await found(http, "toner fuser") == []


async def test_however_frequent_its_words_a_search_finds_the_newest(
    desk: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each way of searching, as if words were too frequent for the ways before it."""
    account = await desk.account("ACME")
    for n in range(6):
        more = "urgent" if n % 2 else "later"
        await desk.ticket(account, subject=f"Disk {n}", description=f"full {more}")
    expected = ["Disk 5", "Disk 3", "Disk 1"]

    async def ways() -> None:
        assert sorted(await found(desk.http, "disk urgent"), reverse=True) == expected
        assert await found(desk.http, "disk urgent", sort="newest") == expected
        first = await desk.get("/v1/tickets", q="disk urgent", sort="newest", limit=2)
        rest = await desk.get(
            "/v1/tickets", q="disk urgent", sort="newest", cursor=first["next_cursor"]
        )
        page = [item["subject"] for item in first["items"] + rest["items"]]
        assert page == expected

    await ways()
    monkeypatch.setattr(searching, "_HANDFUL", -1)
    await ways()
    monkeypatch.setattr(estimating, "_CHEAP", -1)  # the filter lets too many through
    await ways()
    monkeypatch.setattr(searching, "_FEW", -1)
    await ways()


async def test_a_search_that_stops_at_its_bound_goes_on_with_the_next_page(
    desk: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    account = await desk.account("ACME")
    for n in range(7):
        await desk.ticket(account, subject=f"Disk {n}", description="old" if n < 2 else "new")
    for name in ("_HANDFUL", "_FEW"):
        monkeypatch.setattr(searching, name, -1)
    monkeypatch.setattr(searching, "_WALK", 3)
    monkeypatch.setattr(statements, "_LEAST", 1)
    seen: list[str] = []
    more: dict[str, Any] = {}
    for _ in range(9):
        page = await desk.get("/v1/tickets", q="old disk", sort="newest", **more)
        seen += [item["subject"] for item in page["items"]]
        if page["next_cursor"] is None:
            break
        more = {"cursor": page["next_cursor"]}
    assert (seen, page["next_cursor"]) == (["Disk 1", "Disk 0"], None)


async def test_changes_are_found_by_their_new_words_only(desk: Any, runtime: Any) -> None:
    account = await desk.account("Oldname")
    ticket = await desk.ticket(account, subject="Before")
    await desk.post(f"/v1/tickets/{ticket['id']}/notes", text="noted")
    await desk.patch(f"/v1/tickets/{ticket['id']}", subject="After")
    assert await found(desk.http, "before") == []
    assert await found(desk.http, "after noted") == ["After"]
    await desk.patch(f"/v1/accounts/{account}", name="Newname")
    async with runtime.db.unit_of_work() as uow:
        assert await renew_texts(uow)
    assert await found(desk.http, "oldname") == []
    assert await found(desk.http, "newname noted") == ["After"]


@pytest.mark.covers("S2-30")
async def test_a_search_shows_nothing_that_the_searcher_may_not_read(
    desk: Any, runtime: Any
) -> None:
    account, other = await desk.account("ACME"), await desk.account("Bolt")
    ticket = await desk.ticket(account, subject="Printer")
    await desk.ticket(other, subject="Printer of others")
    for text, public in (("secretword", False), ("publicword", True)):
        await desk.post(f"/v1/tickets/{ticket['id']}/notes", text=text, public=public)
    customer = make_principal({"desk"}, kind="contact", account_id=account)
    async with client(runtime, SERVICE, principal=customer) as http:
        assert await found(http, "printer") == ["Printer"]
        assert await found(http, "publicword") == ["Printer"]
        assert await found(http, "secretword") == []
    async with client(runtime, SERVICE, principal=make_principal({"desk"})) as http:
        assert await found(http, "printer") == []


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    q=st.one_of(
        st.text(max_size=60),
        st.text(alphabet="\"'&|!():*<->\\ \x00ab0-^NEAR", max_size=40),
        st.sampled_from(
            ["a AND", "NOT", "a:b", 'x"y', "*", "a*b", "NEAR(a b)", "\u2028", "é\u0301"]
        ),
    )
)
async def test_no_text_breaks_a_search(desk: Any, q: str) -> None:
    for sort in (None, "newest"):
        params = {"q": q.encode("utf-8", "replace").decode()} | ({"sort": sort} if sort else {})
        answer = await desk.http.get("/v1/tickets", params=params)
        # An empty search is none at all, and NUL is refused in every URL.
        assert answer.status_code in (200, 422 if sort is None or not q.strip() else 200, 400), (
            answer.text
        )


async def test_what_is_written_in_batches_is_found_a_moment_later(
    desk: Any, runtime: Any, rmm: Any
) -> None:
    await desk.take(rmm.received("1", summary="Batchword one"), rmm.received("2", summary="Two"))
    tickets = await desk.tickets()
    assert await found(desk.http, tickets[0]["number"]) == [tickets[0]["subject"]]
    async with runtime.db.unit_of_work() as uow:
        await renew_texts(uow)
    assert await found(desk.http, "batchword") == ["Batchword one"]
