"""A new ticket's answer is made of what was written, and says the same as the ticket read back."""

import asyncio
from typing import Any

import pytest
from sqlalchemy import update

from patchbay_kit.ids import new_id
from ticket_svc.accounts.tables import Account

ACCOUNT = Account.__table__  # type: ignore[attr-defined]


@pytest.mark.covers("S2-05", "S2-126", "S2-138")
async def test_the_answer_to_a_new_ticket_is_the_ticket_read_back(desk: Any) -> None:
    reader = await desk.employee("Rita", "rita@desk.example", receives_all_mail=True)
    manager = await desk.employee("Max", "max@desk.example")
    account = await desk.account(email1="office@acme.example", manager_id=manager)
    contact = await desk.contact(account, "ann@acme.example", is_main=True)
    asset = (await desk.post("/v1/assets", account_id=account, name="SRV-01"))["id"]
    kind = {"account_id": account, "kind": "time_and_materials"}
    await desk.post("/v1/contracts", name="Support", is_default=True, **kind)
    project = await desk.post("/v1/contracts", name="Project", **kind)
    await desk.post("/v1/custom-fields", record="ticket", key="floor", label="Floor", kind="text")
    twice = [{"email": "b@x.example"}, {"email": "B@x.example", "name": "B"}]
    await desk.patch("/v1/settings", status_labels={"new": "Fresh"}, default_manager_id=reader)
    for given in (
        {},
        {"contact_id": contact, "asset_id": asset, "contract_id": project["id"]},
        {"manager_id": reader, "recipients": twice, "due_at": "2026-12-01T10:00:00+02:00"},
        {"status": "completed", "type": "incident", "custom_fields": {"floor": "3 Ø"}},
        {"account_id": await desk.account("Other"), "description": "Line\n2", "priority": "high"},
    ):
        body = {"account_id": account, "subject": " Ø  it\u0000 jams ", **given}
        answer = await desk.http.post("/v1/tickets", json=body)
        assert answer.status_code == 201
        read = await desk.http.get(answer.headers["Location"])
        assert answer.headers["ETag"] == read.headers["ETag"]
        assert without_clock(answer.json()) == without_clock(read.json())
        assert list(answer.json()) == list(read.json())


def without_clock(ticket: dict[str, Any]) -> dict[str, Any]:
    """The present status runs on between the two answers."""
    return {**ticket, "time_in_status": list(ticket["time_in_status"])}


async def test_one_key_opens_one_ticket_however_many_ask_at_once(desk: Any) -> None:
    body, key = {"account_id": await desk.account(), "subject": "x"}, {"Idempotency-Key": new_id()}
    answers = await asyncio.gather(
        *(desk.http.post("/v1/tickets", json=body, headers=key) for _ in range(5))
    )
    assert {(answer.status_code, answer.text) for answer in answers} == {(201, answers[0].text)}
    assert {answer.headers["Location"] for answer in answers} == {answers[0].headers["Location"]}
    assert sorted("Idempotency-Replayed" in answer.headers for answer in answers)[0] is False
    await desk.post(f"/v1/accounts/{body['account_id']}/archive")
    again = await desk.http.post("/v1/tickets", json=body, headers=key)
    assert (again.text, again.headers["Idempotency-Replayed"]) == (answers[0].text, "true")
    for other in ({**body, "subject": "y"}, {"subject": 7}):
        refused = await desk.http.post("/v1/tickets", json=other, headers=key)
        assert refused.json()["code"] == "idempotency_key_reused"
    assert len(await desk.tickets()) == 1


async def test_a_key_is_free_again_after_a_refusal(desk: Any) -> None:
    account, key = await desk.account(), {"Idempotency-Key": new_id()}
    body = {"account_id": account, "subject": "x", "contact_id": new_id()}
    refused = await desk.http.post("/v1/tickets", json=body, headers=key)
    assert refused.json()["code"] == "contact_unknown"
    opened = await desk.http.post("/v1/tickets", json={**body, "contact_id": None}, headers=key)
    assert (opened.status_code, "Idempotency-Replayed" in opened.headers) == (201, False)


async def test_a_new_ticket_waits_for_who_changes_its_account(desk: Any, runtime: Any) -> None:
    body = {"account_id": await desk.account(), "subject": "x"}
    for key in ({}, {"Idempotency-Key": new_id()}):
        async with runtime.db.unit_of_work() as uow:
            await uow.session.execute(
                update(ACCOUNT)
                .where(ACCOUNT.c.id == body["account_id"])
                .values(archived_at=uow.now)
            )
            asking = asyncio.create_task(desk.http.post("/v1/tickets", json=body, headers=key))
            done, _ = await asyncio.wait([asking], timeout=0.2)
            assert not done
        assert (await asking).json()["code"] == "account_archived"
    assert await desk.tickets() == []
