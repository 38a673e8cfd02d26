"""Ten failures lock an address, whoever has it and however fast they come."""

import asyncio
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select

from patchbay_kit.clock import utc_now
from patchbay_kit.testing.harness import client, make_runtime
from ticket_svc.definition import SERVICE
from ticket_svc.sign_ins.attempts import FORGOTTEN_AFTER, forget_old
from ticket_svc.sign_ins.tables import SignInAttempt

PASSWORD = "correct horse battery"


async def test_a_hundred_attempts_at_once_are_ten_guesses(desk: Any) -> None:
    await desk.employee("Mia", "mia@desk.example", password=PASSWORD)
    wrong = {"email": "mia@desk.example", "password": "wrong"}
    answers = await asyncio.gather(
        *(desk.http.post("/v1/auth/token", json=wrong) for _ in range(25))
    )
    statuses = [answer.status_code for answer in answers]
    assert (statuses.count(401), statuses.count(429)) == (10, 15)


async def test_an_address_that_nobody_has_is_locked_just_the_same(desk: Any) -> None:
    await desk.employee("Mia", "mia@desk.example", password=PASSWORD)
    seen = []
    for address in ("mia@desk.example", "nobody@desk.example"):
        body = {"email": address, "password": "wrong"}
        answers = [await desk.http.post("/v1/auth/token", json=body) for _ in range(12)]
        seen.append([(each.status_code, each.json()["code"]) for each in answers])
    assert seen[0] == seen[1]
    assert seen[0][-1] == (429, "locked")
    assert "nobody" not in str(await desk.rows(SignInAttempt))


async def test_a_lock_ends_by_itself_and_a_right_password_ends_the_count(database_url: str) -> None:
    clock = _Clock()
    settings = {"admin_email": "a@desk.example", "admin_password": PASSWORD}
    async with (
        make_runtime(SERVICE, database_url, clock=clock, **settings) as runtime,
        client(runtime, SERVICE) as http,
    ):

        async def attempt(password: str) -> int:
            body = {"email": "A@desk.example ", "password": password}
            return int((await http.post("/v1/auth/token", json=body)).status_code)

        assert [await attempt("wrong") for _ in range(9)] == [401] * 9
        assert await attempt(PASSWORD) == 200
        assert [await attempt("wrong") for _ in range(10)] == [401] * 10
        assert await attempt(PASSWORD) == 429
        clock.ahead = timedelta(minutes=15, seconds=1)
        assert await attempt(PASSWORD) == 200
        clock.ahead += FORGOTTEN_AFTER
        async with runtime.db.unit_of_work() as uow:
            await forget_old(uow)
        left = select(func.count()).select_from(SignInAttempt)
        assert await runtime.db.scalar(left) == 0


class _Clock:
    """The time, and how far it is ahead."""

    def __init__(self) -> None:
        self.ahead = timedelta(0)

    def __call__(self) -> datetime:
        return utc_now() + self.ahead
