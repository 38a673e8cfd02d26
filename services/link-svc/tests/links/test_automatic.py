"""Links that events make."""

import random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from link_svc.definition import SERVICE
from patchbay_contracts import AccountRenamed, SiteLinked, TicketLinked
from patchbay_kit.testing.harness import client, make_envelope, published, show


async def items(desk: Any, path: str, **params: Any) -> list[dict[str, Any]]:
    answer = await desk.get(f"/v1/links/{path}", params=params)
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["items"]
    return found


@pytest.mark.covers("S1-112")
async def test_account_made_for_an_unknown_site_gets_the_link_of_that_site(
    runtime: Any, take: Any, desk: Any, events: Any
) -> None:
    account = events.account("[Continuum AUTO CREATED] + ACME company", site="s1")
    await take(account)
    (event,) = await published(runtime)
    assert event.data == SiteLinked(
        connection_id=events.connection,
        remote_site_id="s1",
        site_name="Site s1",
        account_id=account.data.account_id,
        auto_created=True,
    )
    assert event.subject == f"{events.connection}/s1"
    assert event.aggregateversion == 1
    assert event.causationid == account.id
    (link,) = await items(desk, "sites")
    assert link["account_name"] == "[Continuum AUTO CREATED] + ACME company"
    assert link["auto_created"] is True
    assert link["listed"] is False


async def test_account_that_somebody_made_gets_no_link(
    runtime: Any, take: Any, events: Any
) -> None:
    await take(events.account("ACME"))
    assert await published(runtime) == []


async def test_site_that_is_linked_already_keeps_its_link(
    runtime: Any, take: Any, desk: Any, events: Any
) -> None:
    first = events.account("First", site="s1")
    await take(first)
    await take(events.account("Second", site="s1"))
    (link,) = await items(desk, "sites")
    assert link["account_id"] == first.data.account_id
    assert len(await published(runtime)) == 1


async def test_ticket_made_from_a_remote_one_gets_its_link(
    runtime: Any, take: Any, desk: Any, events: Any
) -> None:
    ticket = events.ticket("r1")
    await take(ticket, events.ticket(None))
    (event,) = await published(runtime)
    assert event.data == TicketLinked(
        connection_id=events.connection, remote_ticket_id="r1", ticket_id=ticket.data.ticket_id
    )
    (link,) = await items(desk, "tickets", ticket_id=ticket.data.ticket_id)
    assert link["remote_number"] == "Tr1"
    explained = await desk.get(f"/v1/links/tickets/{link['id']}/explain")
    (step,) = explained.json()["steps"]
    assert (step["cause"], step["event_id"]) == ("ticket_created", ticket.id)


async def test_lists_show_the_newest_name_of_an_account_in_any_order(
    take: Any, desk: Any, events: Any
) -> None:
    account = events.account("[Continuum AUTO CREATED] + ACME", site="s1")
    renamed = make_envelope(
        AccountRenamed(account_id=account.data.account_id, name="ACME Ltd", auto_created=False),
        subject=account.data.account_id,
        version=2,
    )
    await take(renamed)
    await take(account)
    (link,) = await items(desk, "sites")
    assert link["account_name"] == "ACME Ltd"


async def test_remote_id_that_no_event_could_name_is_parked(
    runtime: Any, take: Any, events: Any
) -> None:
    long, good = events.account("Long", site="s" * 201), events.account("Good", site="s1")
    await take(long, good)
    assert [event.data.account_id for event in await published(runtime)] == [good.data.account_id]


@pytest.mark.any_order(
    "AccountCreated", "TicketCreated", "RemoteTicketReceived", "CatalogueRefreshed"
)
@given(seed=st.randoms(use_true_random=False), batch=st.integers(1, 20))
@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
async def test_any_order_and_repetition_of_events_gives_the_same_links(
    runtime: Any, take: Any, desk: Any, new_events: Any, seed: random.Random, batch: int
) -> None:
    events = new_events()
    accounts = {site: events.account(f"Account {site}", site=site) for site in ("s1", "s2", "s3")}
    tickets = {number: events.ticket(number) for number in ("r1", "r2", "r3", "r4")}
    origins = [events.remote_ticket(number, "s1") for number in ("r1", "r2")]
    parts = [events.sites(["s1", "s2"], part=1, parts=2), events.sites(["s4"], part=2, parts=2)]
    once = [*accounts.values(), *tickets.values(), *origins, *parts]
    stream = once + seed.sample(once, 4)
    seed.shuffle(stream)
    for start in range(0, len(stream), batch):
        await take(*stream[start : start + batch])
    here = {"connection_id": events.connection}
    sites = {
        link["remote_site_id"]: (link["account_id"], link["account_name"], link["listed"])
        for link in await items(desk, "sites", **here)
    }
    assert sites == {
        site: (account.data.account_id, f"Account {site}", site != "s3")
        for site, account in accounts.items()
    }
    twins = {
        link["remote_ticket_id"]: (link["ticket_id"], link["remote_site_id"], link["version"])
        for link in await items(desk, "tickets", **here)
    }
    assert twins == {
        number: (ticket.data.ticket_id, "s1" if number in ("r1", "r2") else None, 1)
        for number, ticket in tickets.items()
    }
    told = [e for e in await published(runtime) if e.subject.startswith(events.connection)]
    assert len(told) == len({event.subject for event in told}) == 7


@pytest.mark.covers("S2-30")
async def test_links_of_tickets_are_for_those_who_see_the_ticket(
    runtime: Any, take: Any, desk: Any, events: Any
) -> None:
    mine, other = events.ticket("r1"), events.ticket("r2")
    await take(mine, other)
    (seen,) = await items(desk, "tickets", ticket_id=mine.data.ticket_id)
    (hidden,) = await items(desk, "tickets", ticket_id=other.data.ticket_id)
    show(runtime, mine.data.ticket_id)
    async with client(runtime, SERVICE, permissions={"desk", "links.write"}) as http:
        assert await items(http, "tickets") == []
        assert await items(http, "tickets", remote_ticket_id="r2") == []
        assert await items(http, "tickets", ticket_id=other.data.ticket_id) == []
        assert await items(http, "tickets", ticket_id=mine.data.ticket_id) == [seen]
        for part in ("", "/explain"):
            answers = [
                (await http.get(f"/v1/links/tickets/{link['id']}{part}")).status_code
                for link in (seen, hidden)
            ]
            assert answers == [200, 404]
        assert (await http.delete(f"/v1/links/tickets/{hidden['id']}")).status_code == 404
        assert (await http.delete(f"/v1/links/tickets/{seen['id']}")).status_code == 204
    assert [each["id"] for each in await items(desk, "tickets")] == [hidden["id"]]
