"""Tickets that have to do with each other."""

from typing import Any

from patchbay_contracts import TicketRelated
from patchbay_kit.testing.harness import client, make_principal
from ticket_svc.definition import SERVICE


async def test_a_relation_is_seen_from_both_sides_and_told_once(desk: Any) -> None:
    account = await desk.account()
    child, parent = await desk.ticket(account), await desk.ticket(account)
    path = f"/v1/tickets/{child['id']}/relations"
    for _ in range(2):
        (made,) = await desk.post(path, ticket=parent["number"], kind="parent")
    assert (made["kind"], made["ticket"]["id"]) == ("parent", parent["id"])
    (seen,) = await desk.get(f"/v1/tickets/{parent['id']}/relations")
    assert (seen["kind"], seen["ticket"]["number"]) == ("child", child["number"])
    (event,) = await desk.events(TicketRelated)
    assert (event.data.ticket_id, event.data.other_ticket_id) == (child["id"], parent["id"])
    assert (event.data.kind, event.data.removed) == ("parent", False)
    for ticket in (child, parent):
        entry = (await desk.history(ticket["id"], kind="audit"))[-1]
        assert entry["data"]["field"] == "relations"
    otherwise = await desk.http.post(path, json={"ticket": parent["id"], "kind": "duplicate"})
    assert (otherwise.status_code, otherwise.json()["code"]) == (409, "related_otherwise")
    gone = await desk.http.delete(f"/v1/tickets/{parent['id']}/relations/{child['id']}")
    assert gone.status_code == 204
    assert await desk.get(path) == []
    assert (await desk.events(TicketRelated))[-1].data.removed is True
    again = await desk.http.delete(f"{path}/{parent['id']}")
    assert (again.status_code, again.json()["code"]) == (404, "relation_not_found")


async def test_parents_form_no_circle_and_no_ticket_is_its_own_relation(desk: Any) -> None:
    account = await desk.account()
    a, b, c = [await desk.ticket(account) for _ in range(3)]
    await desk.post(f"/v1/tickets/{a['id']}/relations", ticket=b["id"], kind="parent")
    await desk.post(f"/v1/tickets/{c['id']}/relations", ticket=b["id"], kind="child")
    for here, there, kind, code in (
        (c, a, "parent", "relation_circle"),
        (a, c, "child", "relation_circle"),
        (a, a, "related", "same_ticket"),
        (a, {"id": "1000-0000"}, "related", "ticket_unknown"),
    ):
        path = f"/v1/tickets/{here['id']}/relations"
        answer = await desk.http.post(path, json={"ticket": there["id"], "kind": kind})
        assert (answer.status_code, answer.json()["code"]) == (422, code)
        assert answer.json()["field"] == "/ticket"


async def test_a_related_ticket_that_one_may_not_see_is_not_shown(desk: Any, runtime: Any) -> None:
    account = await desk.account()
    mia = await desk.employee("Mia", "mia@desk.example")
    mine, other = await desk.ticket(account, manager_id=mia), await desk.ticket(account)
    await desk.post(f"/v1/tickets/{mine['id']}/relations", ticket=other["id"])
    async with client(runtime, SERVICE, principal=make_principal({"desk"}, id=mia)) as http:
        path = f"/v1/tickets/{mine['id']}/relations"
        assert (await http.get(path)).json() == []
        named = await http.post(path, json={"ticket": other["id"]})
        assert (named.status_code, named.json()["code"]) == (422, "ticket_unknown")
        assert (await http.delete(f"{path}/{other['id']}")).status_code == 404
