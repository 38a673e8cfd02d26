"""Tickets that several requests open at the same time: each is answered as if it were alone."""

import asyncio
from typing import Any

import pytest
from sqlalchemy import text

from patchbay_contracts import TicketCreated
from patchbay_kit.ids import new_id
from patchbay_kit.runtime import Runtime

pytestmark = [
    pytest.mark.integration,
    pytest.mark.parametrize("database_url", ["postgres"], indirect=True),
]


async def opened(desk: Any, body: dict[str, Any], key: str = "") -> Any:
    headers = {"X-Correlation-Id": str(body.get("subject")), "Idempotency-Key": key or new_id()}
    return await desk.http.post("/v1/tickets", json=body, headers=headers)


async def test_what_is_refused_of_one_leaves_the_others_be(desk: Any) -> None:
    account, other = await desk.account(), await desk.account("Other")
    theirs = await desk.contact(other, "bob@other.example")
    gone = await desk.account("Gone")
    await desk.post(f"/v1/accounts/{gone}/archive")
    bad = {
        "contact_of_other_account": {"account_id": account, "contact_id": theirs},
        "account_archived": {"account_id": gone},
        "account_unknown": {"account_id": new_id()},
        "validation_failed": {"account_id": account, "shape": "round"},
    }
    wanted = []
    for n in range(6):
        wanted.append({"account_id": account, "subject": f"good-{n}"})
        wanted += [{"subject": code, **body} for code, body in bad.items()]
    keys = [new_id() for _ in wanted]
    pairs = zip(wanted, keys, strict=True)
    answers = await asyncio.gather(*(opened(desk, body, key) for body, key in pairs))
    for body, answer in zip(wanted, answers, strict=True):
        said = answer.json()
        assert (said.get("code") or said["subject"]) == body["subject"]
    subjects = [f"good-{n}" for n in range(6)]
    assert sorted(each["subject"] for each in await desk.tickets()) == subjects
    events = await desk.events(TicketCreated)
    assert sorted(each.data.subject for each in events) == subjects
    assert [each.correlationid for each in events] == [each.data.subject for each in events]
    assert len({each.traceparent[3:35] for each in events}) == len(events)
    refused = keys[1]
    again = await opened(desk, {"account_id": account, "subject": "put right"}, refused)
    assert (again.status_code, "Idempotency-Replayed" in again.headers) == (201, False)


async def test_one_key_is_for_one_request_also_among_those_who_ask_together(desk: Any) -> None:
    account, key = await desk.account(), new_id()
    bodies = [{"account_id": account, "subject": subject} for subject in "abcaabca"]
    answers = await asyncio.gather(*(opened(desk, body, key) for body in bodies))
    (ticket,) = await desk.tickets()
    for body, answer in zip(bodies, answers, strict=True):
        said = answer.json()
        if body["subject"] == ticket["subject"]:
            assert said["id"] == ticket["id"]
        else:
            assert said["code"] == "idempotency_key_reused"


async def test_one_that_the_database_does_not_take_spoils_nobodys(
    desk: Any, runtime: Runtime
) -> None:
    await on_insert(runtime, "IF NEW.subject = 'poison' THEN RAISE 'not this one'; END IF;")
    account = await desk.account()
    subjects = ["a", "b", "c", "poison", "d", "e", "f"]
    answers = await asyncio.gather(
        *(opened(desk, {"account_id": account, "subject": subject}) for subject in subjects)
    )
    assert [answer.status_code for answer in answers] == [201, 201, 201, 500, 201, 201, 201]
    found = sorted(each["subject"] for each in await desk.tickets())
    assert found == ["a", "b", "c", "d", "e", "f"]


async def test_a_commit_with_an_unknown_end_is_told_and_not_tried_again(
    desk: Any, runtime: Runtime
) -> None:
    account = await desk.account()
    # A sequence counts what is rolled back as well: the second commit would do.
    dying = "IF nextval('tries') = 1 THEN PERFORM pg_terminate_backend(pg_backend_pid()); END IF;"
    async with runtime.db.unit_of_work() as uow:
        await uow.session.execute(text("CREATE SEQUENCE tries"))
    await on_insert(runtime, dying, "CONSTRAINT", "AFTER", "DEFERRABLE INITIALLY DEFERRED")
    answer = await opened(desk, {"account_id": account, "subject": "x"})
    assert (answer.status_code, answer.json()["code"]) == (503, "database_unavailable")
    assert "not known" in answer.json()["detail"]
    assert await desk.tickets() == []
    again = await opened(desk, {"account_id": account, "subject": "x"})
    assert again.status_code == 201


async def on_insert(
    runtime: Runtime, body: str, kind: str = "", when: str = "BEFORE", deferred: str = ""
) -> None:
    async with runtime.db.unit_of_work() as uow:
        await uow.session.execute(
            text(
                "CREATE FUNCTION odd() RETURNS trigger LANGUAGE plpgsql AS "
                f"$$ BEGIN {body} RETURN NEW; END $$"
            )
        )
        await uow.session.execute(
            text(
                f"CREATE {kind} TRIGGER odd {when} INSERT ON ticket {deferred} "
                "FOR EACH ROW EXECUTE FUNCTION odd()"
            )
        )
