"""What is known of a caller is a few seconds old at most."""

from typing import Any

import pytest

from patchbay_kit.auth import Principal
from ticket_svc.sign_ins.standing import FRESH_SECONDS, Standings

MIA = Principal("1", "employee", "Mia")


async def test_a_caller_is_looked_up_again_after_some_seconds_or_when_told_to() -> None:
    now = [0.0]
    looks: list[float] = []

    async def look() -> Principal | None:
        looks.append(now[0])
        return MIA if len(looks) < 3 else None

    standings = Standings(lambda: now[0])
    assert [await standings.of("mia", look) for _ in range(3)] == [MIA] * 3
    assert looks == [0.0]
    now[0] = FRESH_SECONDS
    assert await standings.of("mia", look) == MIA
    standings.forget()
    # Nobody is kept too: a flood with a wrong key is one question.
    assert [await standings.of("mia", look) for _ in range(3)] == [None] * 3
    assert len(looks) == 3


async def test_what_was_read_before_a_change_is_not_kept_after_it() -> None:
    standings = Standings()

    async def slow() -> Principal | None:
        standings.forget()
        return MIA

    async def now() -> Principal | None:
        return None

    assert await standings.of("mia", slow) == MIA
    assert await standings.of("mia", now) is None


@pytest.mark.covers("S2-30")
async def test_other_services_are_told_who_sees_a_ticket(
    runtime: Any, desk: Any, sign_in: Any
) -> None:
    password = "correct horse battery"
    mia = await desk.employee("Mia", "mia@desk.example", password=password)
    ticket = await desk.ticket(manager_id=mia)
    other = await desk.ticket(ticket["account"]["id"])
    key = await desk.post("/v1/api-keys", name="All", scopes=["desk", "tickets.all"])
    signed_in = await sign_in("mia@desk.example", password)
    verifier = runtime.extras["verifier"]._other

    async def seen(credential: str) -> list[bool]:
        ids = (ticket["id"], other["id"], mia)
        return [await verifier.sees(credential, each) for each in ids]

    token = signed_in["Authorization"].partition(" ")[2]
    assert await seen(token) == [True, False, False]
    assert await seen(key["key"]) == [True, True, False]
    # What was about the other one hangs on hers now.
    merge = await desk.post(f"/v1/tickets/{other['id']}/merge", into=ticket["id"])
    assert await seen(token) == [True, True, False]
    await desk.post(f"/v1/ticket-merges/{merge['id']}/undo")
    assert await seen(token) == [True, False, False]
    await desk.patch(f"/v1/tickets/{ticket['id']}", manager_id=None)
    assert await seen(token) == [False, False, False]
