"""Mailboxes over HTTP: safe to set up, the password never comes out."""

from typing import Any

import pytest

from email_gateway.imap.port import MailSourceAuthError, MailSourceUnavailable
from email_gateway.mailboxes.leases import Leases
from email_gateway.mailboxes.sources import MailSources
from email_gateway.mailboxes.tables import Mailbox
from patchbay_kit.ids import new_id

BODY: dict[str, Any] = {
    "name": "Support",
    "public_address": "Support@msp.example",
    "host": "imap.msp.example",
    "username": "support",
    "password": "top-secret-1",
}


async def create(gateway: Any, **changes: Any) -> dict[str, Any]:
    answer = await gateway.http.post("/v1/mailboxes", json={**BODY, **changes})
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


@pytest.mark.covers("S4-21", "S4-42", "S4-45")
async def test_a_mailbox_is_on_by_default_and_read_over_tls(gateway: Any) -> None:
    made = await create(gateway)
    assert (made["active"], made["security"], made["port"]) == (True, "tls", 993)
    assert (made["state"], made["folder"]) == ("new", "INBOX")
    assert made["public_address"] == "support@msp.example"
    assert await gateway.get(f"/v1/mailboxes/{made['id']}") == made
    assert [each["id"] for each in (await gateway.get("/v1/mailboxes"))["items"]] == [made["id"]]


async def test_the_password_goes_in_and_never_comes_out(gateway: Any) -> None:
    made = await create(gateway)
    path = f"/v1/mailboxes/{made['id']}"
    answers = [
        await gateway.http.get(path),
        await gateway.http.get("/v1/mailboxes"),
        await gateway.http.patch(path, json={"password": "other-secret-2"}),
        await gateway.http.post("/v1/mailboxes", json={**BODY, "port": 0}),
        await gateway.http.post("/v1/mailboxes", json={**BODY, "password": ["top-secret-1"]}),
    ]
    for answer in answers:
        assert "secret-" not in answer.text
        assert '"password":' not in answer.text
    async with gateway.runtime.db.read() as session:
        row = await session.get(Mailbox, made["id"])
        assert "secret" not in row.sealed_password
        assert gateway.runtime.secrets.open(row.sealed_password) == "other-secret-2"


async def test_one_address_has_one_mailbox(gateway: Any) -> None:
    await create(gateway)
    answer = await gateway.http.post(
        "/v1/mailboxes", json={**BODY, "public_address": "SUPPORT@MSP.example"}
    )
    assert (answer.status_code, answer.json()["code"]) == (409, "mailbox_exists")


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "localhost",
        "10.0.0.5",
        "169.254.169.254",
        "[::1]",
        "::1",
        "127.1",
        "2130706433",
        "imap.local",
        "::ffff:10.0.0.1",
        "0x7f000001",
        "mail.internal",
    ],
)
async def test_a_host_of_our_own_network_is_refused(gateways: Any, host: str) -> None:
    async with gateways(**production()) as gateway:
        answer = await gateway.http.post("/v1/mailboxes", json={**BODY, "host": host})
        assert (answer.status_code, answer.json()["code"]) == (422, "host_forbidden")
        assert answer.json()["field"] == "/host"
        made = await create(gateway)
        answer = await gateway.http.patch(f"/v1/mailboxes/{made['id']}", json={"host": host})
        assert answer.json()["code"] == "host_forbidden"


def production(**changes: Any) -> dict[str, Any]:
    return {"env": "production", "secret_key": "k" * 32, **changes}


async def test_a_name_that_leads_into_our_own_network_is_not_called(
    gateways: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def resolve(*_: Any, **__: Any) -> Any:
        return [(0, 0, 0, "", ("10.1.2.3", 993))]

    async with gateways(**production()) as gateway:
        made = await create(gateway)
        monkeypatch.setattr("asyncio.base_events.BaseEventLoop.getaddrinfo", resolve)
        answer = await gateway.http.post(f"/v1/mailboxes/{made['id']}/check")
        monkeypatch.undo()
        assert answer.json()["code"] == "unavailable"
        assert "non-public" in answer.json()["detail"]


async def test_a_password_does_not_cross_the_internet_in_clear(gateways: Any) -> None:
    clear = {"security": "none", "password": "typed again"}
    async with gateways(**production()) as gateway:
        answer = await gateway.http.post("/v1/mailboxes", json={**BODY, **clear})
        assert (answer.status_code, answer.json()["code"]) == (422, "security_required")
        path = f"/v1/mailboxes/{(await create(gateway))['id']}"
        assert (await gateway.http.patch(path, json=clear)).json()["field"] == "/security"
        assert (await gateway.http.patch(path, json={"security": "starttls"})).status_code == 422
        again = {"security": "starttls", "password": "typed again"}
        assert (await gateway.http.patch(path, json=again)).status_code == 200
    async with gateways(**production(allow_private_targets=True)) as gateway:
        inside = await create(gateway, public_address="inside@msp.example", **clear)
        assert inside["security"] == "none"


async def test_private_hosts_are_allowed_where_the_installation_says_so(gateways: Any) -> None:
    async with gateways(**production(allow_private_targets=True)) as gateway:
        assert (await create(gateway, host="10.0.0.5"))["host"] == "10.0.0.5"


@pytest.mark.parametrize(
    "change", [{"host": "imap.evil.example"}, {"security": "none"}, {"port": 1}]
)
async def test_a_stored_password_is_not_sent_to_another_server(
    small_gateway: Any, change: dict[str, Any]
) -> None:
    made = await create(small_gateway)
    path = f"/v1/mailboxes/{made['id']}"
    answer = await small_gateway.http.patch(path, json=change)
    assert (answer.status_code, answer.json()["code"]) == (422, "password_required")
    assert answer.json()["field"] == "/password"
    answer = await small_gateway.http.patch(path, json={**change, "password": "typed again"})
    assert answer.status_code == 200
    same = {"host": answer.json()["host"], "name": "Another name"}
    assert (await small_gateway.http.patch(path, json=same)).status_code == 200


async def test_a_change_needs_the_version_it_was_made_for(gateway: Any) -> None:
    made = await create(gateway)
    path = f"/v1/mailboxes/{made['id']}"
    tag = (await gateway.http.get(path)).headers["etag"]
    good = await gateway.http.patch(path, json={"name": "A"}, headers={"If-Match": tag})
    late = await gateway.http.patch(path, json={"name": "B"}, headers={"If-Match": tag})
    assert (good.status_code, late.status_code) == (200, 412)
    assert (await gateway.get(path))["name"] == "A"


@pytest.mark.covers("S4-43", "S4-44")
async def test_a_mailbox_that_is_off_is_not_claimed(gateway: Any) -> None:
    made = await create(gateway)
    await gateway.http.patch(f"/v1/mailboxes/{made['id']}", json={"active": False})
    assert await Leases(gateway.runtime.db).claim() == []
    await gateway.http.patch(f"/v1/mailboxes/{made['id']}", json={"active": True})
    assert len(await Leases(gateway.runtime.db).claim()) == 1


async def test_another_folder_is_read_from_its_beginning(gateway: Any) -> None:
    made = await create(gateway)
    path = f"/v1/mailboxes/{made['id']}"
    [claimed] = await Leases(gateway.runtime.db).claim()
    async with gateway.runtime.db.unit_of_work() as uow:
        await Leases(gateway.runtime.db).advance(uow, claimed, uidvalidity=7, last_uid=40)
    assert (await gateway.get(path))["last_uid"] == 40
    same = await gateway.http.patch(path, json={"name": "Same place", "folder": "INBOX"})
    assert (same.json()["uidvalidity"], same.json()["last_uid"]) == (7, 40)
    other = await gateway.http.patch(path, json={"folder": "Tickets"})
    assert (other.json()["uidvalidity"], other.json()["last_uid"]) == (None, 0)


async def test_a_mailbox_can_be_removed_and_its_mails_stay(gateway: Any, make_letter: Any) -> None:
    made = await create(gateway)
    await gateway.take(make_letter(), via="imap", mailbox_id=made["id"], uid=1, uidvalidity=1)
    answer = await gateway.http.delete(f"/v1/mailboxes/{made['id']}")
    assert answer.status_code == 204
    assert (await gateway.http.get(f"/v1/mailboxes/{made['id']}")).status_code == 404
    assert len(await gateway.received()) == 1


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/v1/mailboxes/{id}"),
        ("PATCH", "/v1/mailboxes/{id}"),
        ("DELETE", "/v1/mailboxes/{id}"),
        ("POST", "/v1/mailboxes/{id}/check"),
    ],
)
async def test_unknown_mailboxes_are_404(small_gateway: Any, method: str, path: str) -> None:
    body = {} if method == "PATCH" else None
    for identifier in (new_id(), "no-uuid"):
        answer = await small_gateway.http.request(method, path.format(id=identifier), json=body)
        assert answer.status_code == 404, answer.text


@pytest.mark.covers("S4-21")
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/v1/mailboxes"),
        ("POST", "/v1/mailboxes"),
        ("GET", "/v1/mailboxes/{id}"),
        ("PATCH", "/v1/mailboxes/{id}"),
        ("DELETE", "/v1/mailboxes/{id}"),
        ("POST", "/v1/mailboxes/{id}/check"),
    ],
)
async def test_mailboxes_are_for_their_administrators(
    gateways: Any, method: str, path: str
) -> None:
    body = BODY if path == "/v1/mailboxes" else {}
    async with gateways(permissions=("desk",)) as gateway:
        answer = await gateway.http.request(method, path.format(id=new_id()), json=body)
        assert (answer.status_code, answer.json()["code"]) == (403, "permission_missing")


class Source:
    """A mail source that says what the test wants at its connect."""

    def __init__(self, error: Exception | None) -> None:
        self._error = error
        self.closed = False

    async def connect(self) -> None:
        if self._error is not None:
            raise self._error

    async def select(self, folder: str) -> None:
        return

    async def close(self) -> None:
        self.closed = True


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (None, "reachable"),
        (MailSourceAuthError("no such user"), "login_refused"),
        (MailSourceUnavailable("connection refused"), "unavailable"),
    ],
)
async def test_a_check_connects_now_and_tells(
    gateway: Any, error: Exception | None, code: str
) -> None:
    source = Source(error)
    gateway.runtime.extras["mail_sources"] = _sources(gateway, source)
    made = await create(gateway)
    answer = await gateway.http.post(f"/v1/mailboxes/{made['id']}/check")
    assert answer.status_code == 200, answer.text
    found = answer.json()
    assert (found["ok"], found["code"]) == (error is None, code)
    assert found["detail"] == (str(error) if error else None)
    assert found["mailbox"]["state"] == ("degraded" if error else "reachable")
    assert source.closed


def _sources(gateway: Any, source: Source) -> Any:
    return MailSources(lambda _row, _password, address: source, gateway.runtime.secrets, True)  # type: ignore[arg-type,return-value]


async def test_a_check_with_another_installation_key_says_so(gateways: Any) -> None:
    async with gateways(secret_key="a" * 32) as gateway:
        made = await create(gateway)
    async with gateways(secret_key="b" * 32) as gateway:
        answer = await gateway.http.post(f"/v1/mailboxes/{made['id']}/check")
        assert answer.json()["code"] == "secret_unreadable"
