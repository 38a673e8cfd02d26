"""A token is refreshed while its bearer is here, and until they have to sign in again."""

from datetime import UTC, datetime, timedelta
from typing import Any

import jwt

from patchbay_kit.auth import Principal
from patchbay_kit.settings import load_settings
from ticket_svc.settings import TicketSettings

PASSWORD = "correct horse battery"


def _claims(headers: dict[str, str]) -> dict[str, Any]:
    token = headers["Authorization"].removeprefix("Bearer ")
    return dict(jwt.decode(token, options={"verify_signature": False}))


async def _refresh(desk: Any, headers: dict[str, str]) -> dict[str, str]:
    answer = await desk.http.post("/v1/auth/refresh", headers=headers)
    assert answer.status_code == 200, answer.text
    assert answer.headers["Cache-Control"] == "no-store"
    return {"Authorization": f"Bearer {answer.json()['access_token']}"}


async def test_a_refreshed_token_says_what_its_bearer_may_do_now(desk: Any, sign_in: Any) -> None:
    mia = await desk.employee("Mia", "mia@desk.example", password=PASSWORD)
    first = await sign_in("mia@desk.example", PASSWORD)
    await desk.patch(f"/v1/employees/{mia}", permissions=["desk", "tickets.all"])
    second = await _refresh(desk, first)
    assert _claims(first)["permissions"] == ["desk"]
    assert _claims(second)["permissions"] == ["desk", "tickets.all"]
    assert _claims(second)["auth_time"] == _claims(first)["auth_time"]
    await desk.patch(f"/v1/employees/{mia}", active=False)
    gone = await desk.http.post("/v1/auth/refresh", headers=second)
    assert (gone.status_code, gone.json()["code"]) == (401, "token_invalid")


async def test_twelve_hours_after_signing_in_one_signs_in_again(desk: Any, runtime: Any) -> None:
    (admin,) = (await desk.get("/v1/employees"))["items"]
    principal = Principal(admin["id"], "employee", admin["name"])
    issuer = runtime.extras["own_keys"].issuer

    def signed_in(ago: timedelta) -> dict[str, str]:
        when = datetime.now(UTC) - ago
        token = issuer.issue(principal, auth_time=when).token
        return {"Authorization": f"Bearer {token}"}

    late = await _refresh(desk, signed_in(timedelta(hours=11, minutes=50)))
    left = _claims(late)["exp"] - datetime.now(UTC).timestamp()
    assert 590 < left <= 600
    headers = signed_in(timedelta(hours=12, seconds=1))
    ended = await desk.http.post("/v1/auth/refresh", headers=headers)
    assert (ended.status_code, ended.json()["code"]) == (401, "session_ended")


async def test_keys_and_nobody_are_not_refreshed(desk: Any) -> None:
    made = await desk.post("/v1/api-keys", name="x", scopes=["desk"])
    headers = {"Authorization": f"Bearer {made['key']}"}
    refused = await desk.http.post("/v1/auth/refresh", headers=headers)
    assert (refused.status_code, refused.json()["code"]) == (403, "not_refreshable")


def test_a_token_lives_an_hour_in_production() -> None:
    values = {
        "database_url": "sqlite+aiosqlite:///x.db",
        "bus_url": "embedded:///x",
        "secret_key": "k" * 32,
    }
    for settings, hours in (({}, 1), ({"env": "development"}, 12), ({"token_hours": 4}, 4)):
        loaded = load_settings(TicketSettings, **values, **settings)
        assert loaded.token_ttl == timedelta(hours=hours)
