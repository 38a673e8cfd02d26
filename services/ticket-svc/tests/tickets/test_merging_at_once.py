"""Many people and mails at a few tickets that are being merged and parted, all at the same time."""

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator
from typing import Any

import pytest

from patchbay_contracts import SendEmail
from patchbay_kit.testing.harness import client, deliver, make_runtime, published
from ticket_svc.definition import SERVICE

ROUNDS, AT_ONCE = 12, 8
KINDS = ("merge", "undo", "note", "mail", "relate", "unrelate", "close", "reopen", "bulk")


class Crowd:
    """Everybody works on the same tickets. `written` are the notes and mails that were taken."""

    def __init__(self, desk: Any, mail: Any, tickets: list[Any]) -> None:
        self.desk, self.mail, self.tickets = desk, mail, tickets
        self.chance = random.Random(5)  # no secret
        self.merges: list[str] = []
        self.mails: list[str] = []
        self.written: Counter[str] = Counter()

    async def act(self, number: int) -> None:
        kind, text = self.chance.choice(KINDS), f"text {number}"
        one, other = self.chance.sample(self.tickets, 2)
        if kind == "mail":
            await self.send(one, text)
        elif kind != "undo" or self.merges:
            answer = await self.ask(kind, one, other, text)
            # Each is done or refused for what it is, and nobody waits in a ring.
            assert answer.status_code in (200, 201, 204, 404, 409, 422), answer.text
            if kind == "note" and answer.is_success:
                self.written[text] += 1
            if kind == "merge" and answer.is_success:
                self.merges.append(answer.json()["id"])

    async def ask(self, kind: str, one: Any, other: Any, text: str) -> Any:
        path, http = f"/v1/tickets/{one['id']}", self.desk.http
        match kind:
            case "merge":
                return await http.post(f"{path}/merge", json={"into": other["id"]})
            case "undo":
                return await http.post(f"/v1/ticket-merges/{self.chance.choice(self.merges)}/undo")
            case "note":
                return await http.post(f"{path}/notes", json={"text": text})
            case "relate":
                return await http.post(f"{path}/relations", json={"ticket": other["id"]})
            case "unrelate":
                return await http.delete(f"{path}/relations/{other['id']}")
            case "bulk":
                body = {"tickets": [each["id"] for each in self.tickets]}
                action = {"kind": "change", "fields": {"subject": text}}
                return await http.post("/v1/tickets/bulk", json={**body, "action": action})
        return await http.post(f"{path}/{'complete' if kind == 'close' else 'reopen'}")

    async def send(self, ticket: Any, text: str) -> None:
        numbers = [ticket["number"]]
        event = self.mail("ann@acme.example", "Re", subject_numbers=numbers, new_text=text)
        (verdict,) = await deliver(self.desk.runtime, SERVICE, [event])
        assert verdict.retry_step is None
        self.written[text] += 1
        self.mails.append(event.data.mail.mail_id)


@pytest.fixture
async def crowd(pg_url: str, make_desk: Any, mail: Any) -> AsyncIterator[Crowd]:
    async with make_runtime(SERVICE, pg_url) as runtime, client(runtime, SERVICE) as http:
        desk = make_desk(runtime, http)
        account = await desk.account(email1="ann@acme.example")
        mia = await desk.employee("Mia", "mia@desk.example")
        tickets = [await desk.ticket(account, manager_id=mia) for _ in range(5)]
        yield Crowd(desk, mail, tickets)


@pytest.mark.slow
@pytest.mark.integration
async def test_whatever_happens_at_once_nothing_is_lost_doubled_or_sent_on_twice(
    crowd: Crowd,
) -> None:
    for turn in range(ROUNDS):
        await asyncio.gather(*(crowd.act(turn * AT_ONCE + each) for each in range(AT_ONCE)))
    desk = crowd.desk
    assert crowd.merges
    assert crowd.mails
    found: Counter[str] = Counter()
    for ticket in crowd.tickets:
        written = await desk.history(ticket["id"], kind=["note", "email"], limit=200)
        found.update(entry["text"] for entry in written)
    assert found == crowd.written
    sent = [e.data for e in await desk.events(SendEmail) if e.data.purpose == "distribution"]
    assert Counter(each.original_mail_id for each in sent) == Counter(crowd.mails)
    told = await published(desk.runtime)
    for ticket in crowd.tickets:
        versions = sorted(e.aggregateversion for e in told if e.subject == ticket["id"])
        assert versions == list(range(1, len(versions) + 1))
        assert (await desk.get(f"/v1/tickets/{ticket['id']}"))["version"] == versions[-1]
