"""API keys: made once, shown once, good for what they were made for."""

from datetime import timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import update

from patchbay_kit.auth.bearers import HttpApiKeys, HttpCallers
from patchbay_kit.errors import ProblemError
from patchbay_kit.testing.apps import app_of
from patchbay_kit.testing.harness import client, make_principal
from ticket_svc.definition import SERVICE
from ticket_svc.rights.tables import ApiKey


async def _make(desk: Any, *scopes: str, **fields: Any) -> tuple[dict[str, Any], dict[str, str]]:
    made = await desk.post("/v1/api-keys", name="Monitoring", scopes=list(scopes), **fields)
    return made, {"Authorization": f"Bearer {made['key']}"}


@pytest.mark.covers("S2-35")
async def test_a_program_calls_with_its_key_and_what_it_does_reaches_the_inbox(desk: Any) -> None:
    made, headers = await _make(desk, "desk", "tickets.all")
    me = (await desk.http.get("/v1/auth/me", headers=headers)).json()
    assert (me["id"], me["kind"], me["name"]) == (made["id"], "api_key", "Monitoring")
    assert me["permissions"] == ["desk", "tickets.all"]
    body = {"account_id": await desk.account(), "subject": "Disk full"}
    opened = (await desk.http.post("/v1/tickets", json=body, headers=headers)).json()
    assert (opened["channel"], opened["in_inbox"]) == ("api", True)
    assert (await desk.http.get("/v1/api-keys", headers=headers)).status_code == 403


async def test_a_key_is_shown_once_and_kept_as_a_hash(desk: Any) -> None:
    made, headers = await _make(desk, "desk")
    secret = made["key"]
    assert secret.startswith(made["hint"] + "_")
    listed = await desk.get("/v1/api-keys")
    single = await desk.get(f"/v1/api-keys/{made['id']}")
    assert listed["items"] == [single]
    assert secret.removeprefix(made["hint"]) not in str(listed)
    assert secret not in str(await desk.rows(ApiKey))
    assert "digest" not in single
    assert single["last_used_at"] is None
    await desk.http.get("/v1/auth/me", headers=headers)
    assert (await desk.get(f"/v1/api-keys/{made['id']}"))["last_used_at"] is not None


async def test_the_key_is_not_kept_for_an_idempotency_key(desk: Any) -> None:
    body = {"name": "x", "scopes": ["desk"]}
    headers = {"Idempotency-Key": "k"}
    first = await desk.http.post("/v1/api-keys", json=body, headers=headers)
    again = await desk.http.post("/v1/api-keys", json=body, headers=headers)
    assert first.headers["Cache-Control"] == "no-store"
    assert (again.status_code, again.json()["code"]) == (409, "idempotency_not_replayable")
    assert len((await desk.get("/v1/api-keys"))["items"]) == 1


async def test_a_revoked_an_expired_and_a_wrong_key_let_nobody_in(desk: Any, runtime: Any) -> None:
    made, headers = await _make(desk, "desk")
    assert (await desk.http.get("/v1/accounts", headers=headers)).status_code == 200
    assert (await desk.http.delete(f"/v1/api-keys/{made['id']}")).status_code == 204
    refused = await desk.http.get("/v1/accounts", headers=headers)
    assert (refused.status_code, refused.json()["code"]) == (401, "token_invalid")
    soon = runtime.clock() + timedelta(hours=1)
    late, old = await _make(desk, "desk", expires_at=soon.isoformat())
    async with runtime.db.unit_of_work() as uow:
        ended = {"expires_at": runtime.clock() - timedelta(seconds=1)}
        mine = ApiKey.__table__.c.id == late["id"]
        await uow.session.execute(update(ApiKey.__table__).where(mine).values(ended))
    for wrong in (old, {"Authorization": f"Bearer {made['hint']}_x"}):
        assert (await desk.http.get("/v1/accounts", headers=wrong)).status_code == 401
    long = {"Authorization": "Bearer pbk_" + "x" * 9000}
    assert (await desk.http.get("/v1/accounts", headers=long)).status_code == 401


async def test_nobody_gives_a_key_what_they_do_not_hold(desk: Any, runtime: Any) -> None:
    async with client(runtime, SERVICE, principal=make_principal({"api_keys.admin"})) as http:
        beyond = await http.post("/v1/api-keys", json={"name": "x", "scopes": ["desk"]})
    assert (beyond.status_code, beyond.json()["code"]) == (403, "permission_beyond_own")
    past = (runtime.clock() - timedelta(days=1)).isoformat()
    for body, code in (
        ({"name": "x", "scopes": ["root"]}, "permission_unknown"),
        ({"name": "x", "scopes": ["desk"], "expires_at": past}, "expiry_past"),
    ):
        refused = await desk.http.post("/v1/api-keys", json=body)
        assert (refused.status_code, refused.json()["code"]) == (422, code)
    assert (
        await desk.http.post("/v1/api-keys", json={"name": "x", "scopes": []})
    ).status_code == 422


async def test_another_service_learns_from_us_whose_key_it_was_sent(
    desk: Any, runtime: Any
) -> None:
    """The real route, asked the way the other services ask it."""
    made, _ = await _make(desk, "desk", "links.write")
    with app_of(SERVICE, runtime) as app:
        transport = httpx.ASGITransport(app)
        keys = HttpApiKeys(HttpCallers("http://ticket-svc/v1/auth/me", transport=transport))
        known = await keys.verify(made["key"])
        assert (known.actor, known.may("links.write")) == (f"api_key:{made['id']}", True)
        with pytest.raises(ProblemError) as caught:
            await keys.verify(made["key"] + "x")
    assert caught.value.status == 401
