"""What is read of a ticket into which others were merged, by those who see all and by others."""

from contextlib import AbstractAsyncContextManager
from typing import Any

import httpx
import pytest

from patchbay_contracts import TicketRelated, TicketUpdated
from patchbay_kit.testing.harness import client, make_principal
from ticket_svc.definition import SERVICE


async def merged(desk: Any, source: Any, into: Any, **body: Any) -> Any:
    return await desk.post(f"/v1/tickets/{source['id']}/merge", into=into["id"], **body)


async def undone(desk: Any, merge: Any) -> Any:
    return await desk.post(f"/v1/ticket-merges/{merge['id']}/undo")


async def related(desk: Any, ticket: Any) -> list[tuple[str, str]]:
    """Numbers of the tickets that are related to this one, and what they are to it."""
    found = await desk.get(f"/v1/tickets/{ticket['id']}/relations")
    return [(each["ticket"]["number"], each["kind"]) for each in found]


def colleague(runtime: Any, employee: str) -> AbstractAsyncContextManager[httpx.AsyncClient]:
    return client(runtime, SERVICE, principal=make_principal({"desk"}, id=employee))


async def lines(desk: Any, ticket: Any) -> list[tuple[str, str]]:
    told = await desk.get(f"/v1/tickets/{ticket['id']}/explain")
    numbers = {each["ticket_id"]: each["number"] for each in told["decisions"]}
    assert len(set(numbers.values())) == len(numbers)
    page = await desk.get(f"/v1/tickets/{ticket['id']}/page")
    assert page["decisions"] == len(told["decisions"])
    return [(each["number"], each["about"]) for each in told["decisions"]]


async def test_the_explanation_tells_the_story_of_all_that_was_merged_in(desk: Any) -> None:
    account = await desk.account()
    a, b, c = [await desk.ticket(account) for _ in range(3)]
    before = await lines(desk, c)
    first = await merged(desk, a, b)
    second = await merged(desk, b, c)
    assert await lines(desk, c) == [
        (a["number"], "ticket.created"),
        (b["number"], "ticket.created"),
        (c["number"], "ticket.created"),
        (a["number"], "ticket.merged"),
        (b["number"], "ticket.merged"),
    ]
    assert {number for number, _ in await lines(desk, a)} == {a["number"]}
    await undone(desk, second)
    assert await lines(desk, c) == before
    assert {number for number, _ in await lines(desk, b)} == {a["number"], b["number"]}
    await undone(desk, first)
    assert {number for number, _ in await lines(desk, b)} == {b["number"]}


async def test_relations_are_seen_through_the_ticket_into_which_one_went(desk: Any) -> None:
    account = await desk.account()
    source, target, parent, both, away, beyond = [await desk.ticket(account) for _ in range(6)]
    path = f"/v1/tickets/{source['id']}/relations"
    for other, kind in (
        (target, "original"),
        (parent, "parent"),
        (both, "parent"),
        (away, "child"),
    ):
        await desk.post(path, ticket=other["id"], kind=kind)
    await desk.post(f"/v1/tickets/{target['id']}/relations", ticket=both["id"])
    before = {each["id"]: await related(desk, each) for each in (source, target, parent, away)}
    preview = await desk.get(f"/v1/tickets/{source['id']}/merge-preview", into=target["id"])
    assert preview["moves"]["relations"] == 2
    elsewhere = await merged(desk, away, beyond)
    merge = await merged(desk, source, target)
    assert merge["moved"]["relations"] == 2
    assert "relations" in (await desk.events(TicketUpdated))[-1].data.changed
    # None doubled, none to itself; what stood with the target's own name stays as it was.
    assert sorted(await related(desk, target)) == [
        (parent["number"], "parent"),
        (both["number"], "related"),
        (beyond["number"], "child"),
    ]
    assert await related(desk, source) == []
    assert await related(desk, parent) == [(target["number"], "child")]
    assert await related(desk, both) == [(target["number"], "related")]
    page = await desk.get(f"/v1/tickets/{target['id']}/page")
    assert page["relations"] == await desk.get(f"/v1/tickets/{target['id']}/relations")
    # In another order than they were merged in.
    await undone(desk, merge)
    await undone(desk, elsewhere)
    assert {each["id"]: await related(desk, each) for each in (source, target, parent, away)} == (
        before
    )


async def test_what_came_with_a_merge_is_known_when_tickets_are_related_and_parted(
    desk: Any,
) -> None:
    account = await desk.account()
    source, target, parent, grandparent = [await desk.ticket(account) for _ in range(4)]
    path = f"/v1/tickets/{source['id']}/relations"
    await desk.post(path, ticket=parent["id"], kind="parent")
    await desk.post(
        f"/v1/tickets/{parent['id']}/relations", ticket=grandparent["id"], kind="parent"
    )
    merge = await merged(desk, source, target)
    path = f"/v1/tickets/{target['id']}/relations"
    circle = await desk.http.post(
        f"/v1/tickets/{grandparent['id']}/relations",
        json={"ticket": target["id"], "kind": "parent"},
    )
    assert (circle.status_code, circle.json()["code"]) == (422, "relation_circle")
    otherwise = await desk.http.post(path, json={"ticket": parent["id"], "kind": "related"})
    assert (otherwise.status_code, otherwise.json()["code"]) == (409, "related_otherwise")
    version = (await desk.get(f"/v1/tickets/{target['id']}"))["version"]
    await desk.post(path, ticket=parent["id"], kind="parent")
    assert (await desk.get(f"/v1/tickets/{target['id']}"))["version"] == version
    of_merged = await desk.http.delete(f"/v1/tickets/{parent['id']}/relations/{source['id']}")
    assert (of_merged.status_code, of_merged.json()["code"]) == (409, "ticket_merged")
    gone = await desk.http.delete(f"{path}/{parent['id']}")
    assert gone.status_code == 204
    assert await related(desk, parent) == [(grandparent["number"], "parent")]
    event = (await desk.events(TicketRelated))[-1]
    assert (event.subject, event.data.removed) == (target["id"], True)
    assert (event.data.ticket_id, event.data.other_ticket_id) == (source["id"], parent["id"])
    await undone(desk, merge)
    assert await related(desk, source) == []


@pytest.mark.covers("S2-30")
async def test_the_other_ticket_of_a_merge_is_named_to_those_who_see_it_only(
    desk: Any, runtime: Any
) -> None:
    account = await desk.account()
    mia, leo = [await desk.employee(n, f"{n}@desk.example") for n in ("mia", "leo")]
    source = await desk.ticket(account, manager_id=mia)
    target = await desk.ticket(account, manager_id=leo)
    beyond = await desk.ticket(account, manager_id=mia)
    view = await merged(desk, source, target)
    for employee, own, other in ((mia, source, target), (leo, target, source)):
        async with colleague(runtime, employee) as http:
            here = f"/v1/tickets/{own['id']}"
            told = []
            for path in (
                here,
                f"{here}/merges",
                f"{here}/explain",
                f"{here}/page",
                f"{here}/history",
            ):
                told.append((await http.get(path)).text)
            told.append((await http.get(f"/v1/ticket-merges/{view['id']}")).text)
            listed = await http.get("/v1/tickets", params={"merged": True})
            assert own["id"] in listed.text
            told.append(listed.text)
            told.append((await http.post(f"{here}/notes", json={"text": "x"})).text)
            for answer in told:
                assert other["id"] not in answer
                assert other["number"] not in answer
            (seen,) = (await http.get(f"{here}/merges")).json()
            shown = seen["ticket_id"], seen["into_id"]
            assert shown == ((own["id"], None) if own is source else (None, own["id"]))
            undoing = await http.post(f"/v1/ticket-merges/{view['id']}/undo")
            assert (undoing.status_code, undoing.json()["code"]) == (404, "merge_not_found")
    await merged(desk, target, beyond)
    async with colleague(runtime, mia) as http:
        # Hers are the first and the last of the chain; what is between stays hidden.
        told = (await http.get(f"/v1/tickets/{beyond['id']}/explain")).json()["decisions"]
        assert {each["number"] for each in told} == {source["number"], beyond["number"]}
        assert (await http.get(f"/v1/tickets/{beyond['id']}/page")).json()["decisions"] == len(told)
    merges = await desk.get(f"/v1/tickets/{target['id']}/merges")
    assert [(m["ticket_id"], m["into_id"]) for m in merges] == [
        (source["id"], target["id"]),
        (target["id"], beyond["id"]),
    ]
    async with client(runtime, SERVICE, principal=make_principal({"desk"})) as http:
        assert (await http.get(f"/v1/ticket-merges/{view['id']}")).status_code == 404


@pytest.mark.covers("S2-30")
async def test_customers_are_told_nothing_of_a_ticket_of_somebody_else_into_which_theirs_went(
    desk: Any, runtime: Any
) -> None:
    ours, theirs = await desk.account("ACME"), await desk.account("Bolt")
    source, target = await desk.ticket(ours), await desk.ticket(theirs)
    await merged(desk, source, target, allow_other_account=True)
    ann = make_principal({"customer"}, kind="contact", account_id=ours)
    async with client(runtime, SERVICE, principal=ann) as http:
        path = f"/v1/portal/tickets/{source['id']}"
        note = await http.post(f"{path}/notes", json={"text": "Hello?"})
        assert (note.status_code, note.json()["code"]) == (409, "ticket_merged")
        answers = [note, await http.get(path), await http.get(f"{path}/history")]
        answers.append(await http.get(f"/v1/tickets/{source['id']}/merges"))
        assert answers[-1].status_code == 403
        for answer in answers:
            assert target["id"] not in answer.text
            assert target["number"] not in answer.text


async def test_who_sees_where_a_mail_is_now_is_told_why_it_is_there(
    desk: Any, runtime: Any, mail: Any
) -> None:
    account = await desk.account(email1="ann@acme.example")
    mia, leo = [await desk.employee(n, f"{n}@desk.example") for n in ("mia", "leo")]
    source = await desk.ticket(account, manager_id=mia)
    target = await desk.ticket(account, manager_id=leo)
    received = mail("ann@acme.example", subject_numbers=[source["number"]])
    await desk.take(received)
    path = f"/v1/mail-decisions/{received.data.mail.mail_id}"
    async with colleague(runtime, leo) as http:
        assert (await http.get(path)).status_code == 404
        merge = await merged(desk, source, target)
        assert (await http.get(path)).status_code == 200
        await undone(desk, merge)
        assert (await http.get(path)).status_code == 404
