"""Signing in with a token of an external provider."""

from collections.abc import AsyncIterator, Iterator
from typing import Any

import httpx
import pytest

from patchbay_kit.errors import ConfigurationError
from patchbay_kit.runtime import Runtime
from patchbay_kit.settings import load_settings
from patchbay_kit.testing.harness import make_runtime
from patchbay_kit.testing.oidc import CLIENT_ID, FakeIssuer
from ticket_svc.definition import SERVICE
from ticket_svc.settings import TicketSettings

ADMIN = {"admin_email": "admin@desk.example", "admin_password": "a long enough password"}
MIA = "mia@desk.example"


@pytest.fixture
def issuer() -> Iterator[FakeIssuer]:
    """The provider, listening."""
    with FakeIssuer() as running:
        yield running


@pytest.fixture
async def runtime(database_url: str, issuer: FakeIssuer) -> AsyncIterator[Runtime]:
    """A service that trusts it, with two groups mapped."""
    oidc = {"oidc_issuer": issuer.issuer, "oidc_client_id": CLIENT_ID}
    groups = {"desk-admins": "Administrators", "desk-leads": "Leads"}
    async with make_runtime(SERVICE, database_url, **ADMIN, **oidc, oidc_groups=groups) as built:
        yield built


async def _exchange(desk: Any, token: str) -> httpx.Response:
    body = {"subject_token": token}
    answer: httpx.Response = await desk.http.post("/v1/auth/exchange", json=body)
    return answer


async def _permissions(desk: Any, token: str) -> list[str]:
    issued = await _exchange(desk, token)
    assert issued.status_code == 200, issued.text
    assert issued.headers["Cache-Control"] == "no-store"
    headers = {"Authorization": f"Bearer {issued.json()['access_token']}"}
    me = await desk.http.get("/v1/auth/me", headers=headers)
    return list(me.json()["permissions"])


async def test_a_verified_address_of_one_active_employee_gets_a_token_of_ours(
    desk: Any, issuer: FakeIssuer
) -> None:
    unknown = await _exchange(desk, issuer.token())
    assert (unknown.status_code, unknown.json()["code"]) == (403, "employee_unknown")
    mia = await desk.employee("Mia", MIA)
    assert await _permissions(desk, issuer.token(email="MIA@desk.example")) == ["desk"]
    for claims in (
        {"email_verified": False},
        {"email_verified": "true"},
        {"email_verified": None},
        {"email": None},
        {"email": "admin@elsewhere.example"},
    ):
        assert (await _exchange(desk, issuer.token(**claims))).status_code == 403
    assert (await _exchange(desk, issuer.token(aud="other"))).status_code == 401
    await desk.employee("Tom", "tom@desk.example", email2=MIA)
    assert (await _exchange(desk, issuer.token())).status_code == 403
    await desk.patch(f"/v1/employees/{mia}", active=False)
    assert (await _exchange(desk, issuer.token())).status_code == 200


async def test_a_foreign_token_is_no_credential_of_ours(desk: Any, issuer: FakeIssuer) -> None:
    await desk.employee("Mia", MIA, permissions=["*"])
    headers = {"Authorization": f"Bearer {issuer.token()}"}
    assert (await desk.http.get("/v1/accounts", headers=headers)).status_code == 401


async def test_mapped_groups_follow_what_the_provider_says(desk: Any, issuer: FakeIssuer) -> None:
    mia = await desk.employee("Mia", MIA)
    for name, permissions in (("Leads", ["tickets.all"]), ("Own", ["api_keys.admin"])):
        group = await desk.post("/v1/privilege-groups", name=name, permissions=permissions)
    await desk.http.put(f"/v1/privilege-groups/{group['id']}/members/{mia}")
    own = ["api_keys.admin", "desk"]
    assert await _permissions(desk, issuer.token(groups=["desk-leads", "x"])) == [
        *own,
        "tickets.all",
    ]
    shown = await desk.get(f"/v1/employees/{mia}")
    assert [each["name"] for each in shown["groups"]] == ["Leads", "Own"]
    # A group that the mapping does not name is ours to give, and stays.
    assert await _permissions(desk, issuer.token()) == own
    assert await _permissions(desk, issuer.token(groups="desk-leads")) == own
    missing = await _exchange(desk, issuer.token(groups=["desk-admins"]))
    assert (missing.status_code, missing.json()["code"]) == (409, "privilege_group_missing")


async def test_without_a_provider_there_is_nothing_to_exchange(database_url: str) -> None:
    from patchbay_kit.testing.harness import client

    async with (
        make_runtime(SERVICE, database_url, **ADMIN) as plain,
        client(plain, SERVICE, permissions=None) as http,
    ):
        answer = await http.post("/v1/auth/exchange", json={"subject_token": "x"})
    assert (answer.status_code, answer.json()["code"]) == (404, "oidc_not_configured")


def test_half_a_provider_or_one_without_tls_stops_the_start() -> None:
    values = {
        "database_url": "sqlite+aiosqlite:///x.db",
        "bus_url": "embedded:///x",
        "secret_key": "k" * 32,
    }
    for wrong in (
        {"oidc_issuer": "https://id.example"},
        {"oidc_client_id": "x"},
        {"oidc_issuer": "http://id.example", "oidc_client_id": "x"},
    ):
        with pytest.raises(ConfigurationError, match="PATCHBAY_OIDC_ISSUER"):
            load_settings(TicketSettings, **values, **wrong)
    empty = load_settings(TicketSettings, **values, oidc_issuer="", oidc_client_id="")
    assert empty.oidc_issuer is None
