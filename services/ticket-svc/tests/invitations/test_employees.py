"""Employees choose their password by a link that was given to them, or mailed."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import httpx
import pytest

from patchbay_contracts import EmailFailed, EmailSent, EmployeeUpdated, MailPurpose, SendEmail
from patchbay_kit.clock import utc_now
from patchbay_kit.ids import new_id
from patchbay_kit.secretbox import SecretBox
from patchbay_kit.testing.harness import client, make_envelope, make_principal, make_runtime
from ticket_svc.auth.housekeeping import rotate_keys
from ticket_svc.definition import SERVICE
from ticket_svc.invitations.service import KEPT_AFTER
from ticket_svc.invitations.tables import Invitation

KEY = "k" * 40
PASSWORD = "correct horse battery"
MIA = "mia@desk.example"
ADMIN = {"admin_email": "admin@desk.example", "admin_password": "a long enough password"}


@pytest.fixture
def open_desk(make_desk: Callable[..., Any]) -> Any:
    """Opens desks that mail invitations."""

    @asynccontextmanager
    async def opened(database_url: str, **settings: Any) -> AsyncIterator[Any]:
        values = {**ADMIN, "mail_secret_key": KEY, "public_url": "https://desk.example/"}
        async with (
            make_runtime(SERVICE, database_url, **values, **settings) as runtime,
            client(runtime, SERVICE) as http,
        ):
            yield make_desk(runtime, http)

    return opened


async def accept(desk: Any, token: str, path: str = "/v1/auth/invitations") -> httpx.Response:
    """As somebody who is not signed in."""
    async with client(desk.runtime, SERVICE, permissions=None) as anybody:
        body = {"token": token, "password": PASSWORD}
        answer: httpx.Response = await anybody.post(f"{path}/accept", json=body)
        return answer


async def token_for(desk: Any, email: str, password: str = PASSWORD) -> int:
    body = {"email": email, "password": password}
    return int((await desk.http.post("/v1/auth/token", json=body)).status_code)


async def test_an_invitation_is_mailed_sealed_and_good_once(
    open_desk: Any, database_url: str
) -> None:
    async with open_desk(database_url) as desk:
        mia = await desk.employee("Mia", MIA)
        made = await desk.post(f"/v1/employees/{mia}/invitation")
        assert made["mailed_to"] == MIA
        assert made["url"] == "https://desk.example/invitation#" + made["token"]
        [event] = await desk.events(SendEmail)
        assert made["token"] not in event.data.model_dump_json()
        assert SecretBox(KEY).open(event.data.sealed or "") == made["url"]
        [to] = event.data.to
        assert (to.email, to.name, event.data.automatic) == (MIA, "Mia", True)
        assert event.data.good_until is not None
        assert made["token"] not in str(await desk.rows(Invitation))

        access = await desk.get(f"/v1/employees/{mia}/access")
        assert (access["has_password"], access["mail_state"]) == (False, "asked")
        sent = EmailSent(
            mail_id=new_id(),
            request_id=event.data.request_id,
            purpose=MailPurpose.MESSAGE,
            message_id="<m@desk.example>",
            recipients=[MIA],
            sent_at=utc_now(),
        )
        await desk.take(make_envelope(sent, subject=sent.mail_id))
        assert (await desk.get(f"/v1/employees/{mia}/access"))["mail_state"] == "sent"

        at_the_portal = await accept(desk, made["token"], "/v1/portal/invitations")
        assert at_the_portal.status_code == 422
        assert (await accept(desk, made["token"])).status_code == 204
        assert await token_for(desk, MIA) == 200
        again = await accept(desk, made["token"])
        assert (again.status_code, again.json()["code"]) == (422, "invitation_invalid")
        assert [each.data.changed for each in await desk.events(EmployeeUpdated)] == [["password"]]


async def test_a_mail_that_fails_is_told_to_whoever_invited(
    open_desk: Any, sqlite_url: str
) -> None:
    async with open_desk(sqlite_url) as desk:
        ann = await desk.contact(await desk.account(), "ann@acme.example")
        await desk.post(f"/v1/contacts/{ann}/invitation")
        [event] = await desk.events(SendEmail)
        failed = EmailFailed(
            mail_id=new_id(),
            request_id=event.data.request_id,
            purpose=MailPurpose.MESSAGE,
            recipients=["ann@acme.example"],
            error="550 5.1.1 no such mailbox",
        )
        await desk.take(make_envelope(failed, subject=failed.mail_id))
        access = await desk.get(f"/v1/contacts/{ann}/access")
        assert (access["mail_state"], access["mail_error"]) == ("failed", failed.error)
        assert access["mailed_to"] == "ann@acme.example"
        for strange in ("invitation:none", "distribution:1"):
            other = failed.model_copy(update={"request_id": strange, "mail_id": new_id()})
            await desk.take(make_envelope(other, subject=other.mail_id))


async def test_nothing_is_mailed_where_no_key_is_set_or_nobody_wants_it(
    open_desk: Any, sqlite_url: str
) -> None:
    async with open_desk(sqlite_url) as desk:
        mia = await desk.employee("Mia", MIA)
        by_hand = await desk.post(f"/v1/employees/{mia}/invitation", mail=False)
        desk.runtime.settings.mail_secret_key = None
        without_key = await desk.post(f"/v1/employees/{mia}/invitation")
        assert (by_hand["mailed_to"], without_key["mailed_to"]) == (None, None)
        assert await desk.events(SendEmail) == []
        assert (await accept(desk, without_key["token"])).status_code == 204


async def test_an_invitation_ends_when_it_is_withdrawn_or_not_needed_any_more(
    open_desk: Any, database_url: str, sign_in: Any
) -> None:
    async with open_desk(database_url) as desk:
        mia = await desk.employee("Mia", MIA, password=PASSWORD)
        path = f"/v1/employees/{mia}"

        async def ends(change: Any) -> None:
            token = (await desk.post(f"{path}/invitation"))["token"]
            assert await token_for(desk, MIA) == 200, "the old password is good meanwhile"
            await change()
            refused = await accept(desk, token)
            assert (refused.status_code, refused.json()["code"]) == (422, "invitation_invalid")

        async def changes_it_herself() -> None:
            body = {"old_password": PASSWORD, "new_password": PASSWORD}
            answer = await desk.post("/v1/auth/token", email=MIA, password=PASSWORD)
            headers = {"Authorization": f"Bearer {answer['access_token']}"}
            changed = await desk.http.post("/v1/auth/password", json=body, headers=headers)
            assert changed.status_code == 204

        await ends(lambda: desk.http.delete(f"{path}/invitation"))
        await ends(lambda: desk.post(f"{path}/invitation"))
        await ends(lambda: desk.http.put(f"{path}/password", json={"password": PASSWORD}))
        await ends(changes_it_herself)
        # Mailed to an address that turns out to be somebody else's.
        await ends(lambda: desk.patch(path, email1="mia.moss@desk.example", email2=None))
        await desk.patch(path, email1=MIA)
        await ends(lambda: desk.patch(path, active=False))
        refused = await desk.http.post(f"{path}/invitation")
        assert (refused.status_code, refused.json()["code"]) == (409, "employee_inactive")
        await desk.patch(path, active=True, email1=None)
        refused = await desk.http.post(f"{path}/invitation")
        assert (refused.status_code, refused.json()["code"]) == (409, "employee_without_address")


async def test_nobody_invites_somebody_who_may_do_more(open_desk: Any, sqlite_url: str) -> None:
    async with open_desk(sqlite_url) as desk:
        mia = await desk.employee("Mia", MIA, permissions=["*"])
        principal = make_principal({"desk", "employees.admin"})
        async with client(desk.runtime, SERVICE, principal=principal) as lesser:
            for call in (lesser.post, lesser.delete):
                refused = await call(f"/v1/employees/{mia}/invitation")
                assert (refused.status_code, refused.json()["code"]) == (
                    403,
                    "permission_beyond_own",
                )


async def test_what_ended_long_ago_is_removed(open_desk: Any, sqlite_url: str) -> None:
    ahead = timedelta(0)
    async with open_desk(sqlite_url, clock=lambda: utc_now() + ahead) as desk:
        mia = await desk.employee("Mia", MIA)
        await desk.post(f"/v1/employees/{mia}/invitation")
        ahead = timedelta(hours=72, seconds=1)
        await rotate_keys(desk.runtime)
        assert len(await desk.rows(Invitation)) == 1
        ahead += KEPT_AFTER
        await rotate_keys(desk.runtime)
        assert await desk.rows(Invitation) == []
