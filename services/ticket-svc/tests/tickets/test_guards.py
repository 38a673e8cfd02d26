"""What guards every change of a ticket: its version, and that it is done once."""

import asyncio
from typing import Any

import pytest

from patchbay_contracts import TicketMerged, TicketRemovedFromInbox


async def test_every_change_is_refused_where_the_version_has_moved_on(desk: Any) -> None:
    account = await desk.account()
    ticket, other = await desk.ticket(account), await desk.ticket(account)
    path = f"/v1/tickets/{ticket['id']}"
    await desk.patch(path, subject="Moved on")
    changes: list[tuple[str, str, Any]] = [
        ("PATCH", "", {"subject": "x"}),
        ("POST", "/status", {"status": "waiting"}),
        *(("POST", f"/{each}", None) for each in ("complete", "cancel", "reopen")),
        *(("POST", f"/{each}", None) for each in ("inbox", "read", "unread", "subscription")),
        ("DELETE", "/inbox", None),
        ("DELETE", "/subscription", None),
        ("POST", "/notes", {"text": "x"}),
        ("POST", "/recipients", {"email": "a@b.example"}),
        ("PUT", "/recipients", {}),
        ("DELETE", f"/recipients/{ticket['recipients'][0]['id']}", None),
        ("POST", "/relations", {"ticket": other["id"]}),
        ("POST", "/merge", {"into": other["id"]}),
    ]
    before = await desk.get(path)
    for method, tail, body in changes:
        stale = {"If-Match": '"1"'}
        answer = await desk.http.request(method, path + tail, json=body, headers=stale)
        assert (answer.status_code, answer.json()["code"]) == (412, "version_mismatch"), tail
        assert answer.json()["current_version"] == 2
    after = await desk.get(path)
    assert after | {"time_in_status": None} == before | {"time_in_status": None}


@pytest.mark.covers("S2-53")
async def test_of_several_removals_at_once_one_is_told(desk: Any) -> None:
    ticket = await desk.ticket()
    path = f"/v1/tickets/{ticket['id']}/inbox"
    await desk.post(path)
    answers = await asyncio.gather(*(desk.http.delete(path) for _ in range(4)))
    assert [answer.status_code for answer in answers] == [204] * 4
    assert len(await desk.events(TicketRemovedFromInbox)) == 1
    assert (await desk.only_ticket())["version"] == 3


async def test_of_two_tickets_merged_into_each_other_at_once_one_goes(desk: Any) -> None:
    account = await desk.account()
    a, b = await desk.ticket(account), await desk.ticket(account)
    answers = await asyncio.gather(
        desk.http.post(f"/v1/tickets/{a['id']}/merge", json={"into": b["id"]}),
        desk.http.post(f"/v1/tickets/{b['id']}/merge", json={"into": a["id"]}),
    )
    codes = sorted(answer.status_code for answer in answers)
    assert codes[0] == 201
    assert codes[1] in (409, 422)
    assert len(await desk.events(TicketMerged)) == 1
    merged = [(await desk.get(f"/v1/tickets/{t['id']}"))["merged_into_id"] for t in (a, b)]
    assert merged.count(None) == 1


async def test_a_repeated_request_with_its_key_is_answered_as_the_first_time(desk: Any) -> None:
    account = await desk.account()
    a, b = await desk.ticket(account), await desk.ticket(account)
    headers = {"Idempotency-Key": "merge-once"}
    path = f"/v1/tickets/{a['id']}/merge"
    first = await desk.http.post(path, json={"into": b["id"]}, headers=headers)
    again = await desk.http.post(path, json={"into": b["id"]}, headers=headers)
    assert (again.status_code, again.json()) == (201, first.json())
    assert again.headers["Idempotency-Replayed"] == "true"
    assert len(await desk.events(TicketMerged)) == 1
