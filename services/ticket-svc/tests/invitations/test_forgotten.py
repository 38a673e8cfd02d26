"""Whoever forgot the password is mailed a link, and nobody learns who is known here."""

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Any

import httpx
import pytest

from patchbay_contracts import SendEmail
from patchbay_kit.clock import utc_now
from patchbay_kit.secretbox import SecretBox
from patchbay_kit.testing.harness import client, make_runtime
from ticket_svc.auth.forgotten import mail_resets
from ticket_svc.auth.tables import PasswordRequest
from ticket_svc.definition import SERVICE

KEY = "k" * 40
PASSWORD = "correct horse battery"
MIA = "mia@desk.example"
ANN = "ann@acme.example"
ADMIN = {"admin_email": "admin@desk.example", "admin_password": "a long enough password"}


class Clock:
    """The time, and how far it is ahead."""

    def __init__(self) -> None:
        self.ahead = timedelta(0)

    def __call__(self) -> datetime:
        return utc_now() + self.ahead


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def desk(database_url: str, clock: Clock, make_desk: Any) -> AsyncIterator[Any]:
    """A desk that mails links."""
    settings = {**ADMIN, "mail_secret_key": KEY, "sign_in_failures": 8}
    async with (
        make_runtime(SERVICE, database_url, clock=clock, **settings) as runtime,
        client(runtime, SERVICE) as http,
    ):
        yield make_desk(runtime, http)


async def ask(desk: Any, email: str) -> httpx.Response:
    answer: httpx.Response = await desk.http.post(
        "/v1/auth/password-requests", json={"email": email}
    )
    return answer


async def links(desk: Any) -> list[str]:
    """The links that were mailed so far, oldest first."""
    await mail_resets(desk.runtime)
    return [SecretBox(KEY).open(event.data.sealed) for event in await desk.events(SendEmail)]


async def test_a_forgotten_password_is_chosen_anew(desk: Any, clock: Clock) -> None:
    await desk.employee("Mia", MIA, password=PASSWORD)
    ann = await desk.contact(await desk.account(), ANN)
    await desk.http.put(f"/v1/contacts/{ann}/password", json={"password": PASSWORD})
    invited = await desk.post(f"/v1/contacts/{ann}/invitation", mail=False)
    nobody = await ask(desk, "nobody@acme.example")
    known = [await ask(desk, email) for email in (f" {MIA.upper()}", ANN, ANN)]
    assert {(each.status_code, each.text) for each in [*known, nobody]} == {(202, "")}
    customers, employees = await links(desk)
    assert await links(desk) == [customers, employees], "asked once, mailed once"
    assert await desk.rows(PasswordRequest) == []
    assert "/portal/" not in employees
    assert "/portal/" in customers
    new = PASSWORD + "!"
    for link, path in ((employees, "/v1/auth"), (customers, "/v1/portal")):
        body = {"token": link.partition("#")[2], "password": new}
        accepted = await desk.http.post(f"{path}/invitations/accept", json=body)
        assert accepted.status_code == 204
        assert (await desk.http.post(f"{path}/invitations/accept", json=body)).status_code == 422
    for email in (MIA, ANN):
        await desk.post("/v1/auth/token", email=email, password=new)
    # What was left of the invitation by the desk ended with the new password.
    body = {"token": invited["token"], "password": new}
    assert (await desk.http.post("/v1/portal/invitations/accept", json=body)).status_code == 422


async def test_only_who_signs_in_with_a_password_is_mailed(desk: Any) -> None:
    await desk.employee("Mia", MIA)
    await desk.contact(await desk.account(), ANN)
    two = "two@desk.example"
    for name in ("Kim", "Tom"):
        await desk.employee(name, two, password=PASSWORD)
    for email in (MIA, ANN, two):
        assert (await ask(desk, email)).status_code == 202
    assert await links(desk) == []


async def test_a_link_is_good_for_an_hour_and_asked_for_again_after_ten_minutes(
    desk: Any, clock: Clock
) -> None:
    mia = await desk.employee("Mia", MIA, password=PASSWORD)
    await desk.post(f"/v1/employees/{mia}/invitation", mail=False)
    await ask(desk, MIA)
    assert len(await links(desk)) == 1
    clock.ahead = timedelta(minutes=9)
    await ask(desk, MIA)
    assert len(await links(desk)) == 1
    clock.ahead = timedelta(minutes=11)
    await ask(desk, MIA)
    [first, second] = await links(desk)
    clock.ahead += timedelta(hours=1)
    for link in (first, second):
        body = {"token": link.partition("#")[2], "password": PASSWORD}
        assert (await desk.http.post("/v1/auth/invitations/accept", json=body)).status_code == 422
    # Strangers who ask do not end what the desk gave.
    assert (await desk.get(f"/v1/employees/{mia}/access"))["invited_until"] is not None


async def test_a_client_that_asks_too_often_waits(desk: Any) -> None:
    answers = [await ask(desk, f"x{each}@desk.example") for each in range(9)]
    assert [each.status_code for each in answers] == [202] * 8 + [429]
    assert answers[-1].json()["code"] == "client_locked"


async def test_without_a_key_nothing_is_promised(desk: Any) -> None:
    desk.runtime.settings.mail_secret_key = None
    refused = await ask(desk, MIA)
    assert (refused.status_code, refused.json()["code"]) == (409, "mail_not_set_up")
