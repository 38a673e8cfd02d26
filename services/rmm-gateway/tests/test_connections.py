"""Connections: safe to set up, honest about how they stand."""

from typing import Any

import httpx
import pytest

from patchbay_contracts import ConnectionState, ConnectionStateChanged

CODE = "psg-code-1"


@pytest.mark.covers("S1-17", "S1-26")
async def test_the_security_code_is_write_only(world: Any) -> None:
    connection = await world.connect()
    assert connection["has_psg_code"] is True
    for path in ("", "/audit"):
        answer = await world.http.get(f"/v1/connections/{connection['id']}{path}")
        assert CODE not in answer.text
    assert all(CODE not in str(data) for data in await world.events(ConnectionStateChanged))


@pytest.mark.covers("S1-27")
async def test_without_a_code_a_connection_is_not_configured_and_cannot_be_enabled(
    world: Any,
) -> None:
    connection = await world.connect(psg_code=None)
    assert connection["state"] == "not_configured"
    await world.poll()
    assert await world.calls("/psg/*") == []
    path = f"/v1/connections/{connection['id']}/enable"
    answer = await world.http.post(path, json={"confirm": True})
    assert (answer.status_code, answer.json()["code"]) == (409, "connection_not_configured")


@pytest.mark.covers("S1-19")
async def test_one_security_code_belongs_to_one_connection(world: Any) -> None:
    first = await world.connect()
    body = {"name": "B", "base_url": "http://b.test", "psg_code": CODE}
    refused = await world.http.post("/v1/connections", json=body)
    assert (refused.status_code, refused.json()["code"]) == (409, "psg_code_in_use")
    second = await world.connect(psg_code="other-code")
    path = f"/v1/connections/{second['id']}"
    refused = await world.http.patch(path, json={"psg_code": CODE})
    assert refused.json()["field"] == "/psg_code"
    await world.http.delete(f"/v1/connections/{first['id']}")
    assert (await world.http.patch(path, json={"psg_code": CODE})).status_code == 200


@pytest.mark.covers("S1-15", "S1-20")
async def test_pending_settings_are_activating_for_24_hours_and_an_error_after(
    world: Any,
) -> None:
    await world.post_sim("psg", {"pendingSeconds": 30 * 3600})
    made = await world.connect()
    assert made["state"] == "activating"
    for _ in range(23):
        await world.poll()
        found = await world.connection(made["id"])
        assert (found["state"], found["last_error"]) == ("activating", None)
        assert found["activation"]["since"] == made["created_at"]
        world.clock.advance(hours=1)
    world.clock.advance(hours=1)
    await world.poll()
    late = await world.connection(made["id"])
    assert late["state"] == "degraded"
    assert "24 hours" in late["state_detail"]
    world.clock.advance(hours=7)
    await world.poll()
    assert (await world.connection(made["id"]))["state"] == "reachable"
    states = [data.state for data in await world.events(ConnectionStateChanged)]
    assert states == [
        ConnectionState.ACTIVATING,
        ConnectionState.DEGRADED,
        ConnectionState.REACHABLE,
    ]


@pytest.mark.covers("S1-20")
async def test_a_wrong_code_is_refused_and_a_right_one_heals_at_once(world: Any) -> None:
    made = await world.connect(psg_code="wrong-code")
    await world.poll()
    assert (await world.connection(made["id"]))["state"] == "refused"
    patched = await world.http.patch(f"/v1/connections/{made['id']}", json={"psg_code": CODE})
    assert patched.json()["state"] == "activating"
    await world.poll()
    assert (await world.connection(made["id"]))["state"] == "reachable"


async def test_a_check_tells_what_the_remote_answers_now(world: Any) -> None:
    made = await world.connect(psg_code="wrong-code")
    path = f"/v1/connections/{made['id']}"
    bad = (await world.http.post(f"{path}/check")).json()
    assert (bad["ok"], bad["code"]) == (False, "psg_invalid")
    assert bad["connection"]["state"] == "refused"
    await world.http.patch(path, json={"psg_code": CODE})
    key = {"Idempotency-Key": "check-1"}
    good = (await world.http.post(f"{path}/check", headers=key)).json()
    assert (good["ok"], good["connection"]["state"]) == (True, "reachable")


@pytest.mark.covers("S1-44")
async def test_every_change_is_audited_with_who_and_when(world: Any) -> None:
    made = await world.connect()
    path = f"/v1/connections/{made['id']}"
    await world.http.patch(path, json={"name": "New name", "psg_code": "code-2"})
    await world.enable(made["id"])
    await world.http.post(f"{path}/disable")
    changes = (await world.get(f"{path}/audit"))["items"]
    assert [c["action"] for c in changes] == ["disabled", "enabled", "changed", "created"]
    assert all(c["actor"].startswith("employee:") for c in changes)
    assert changes[2]["changes"]["name"] == {"before": "Continuum", "after": "New name"}
    assert changes[2]["changes"]["psg_code"] == {"after": "changed"}


async def test_a_change_of_another_version_is_refused(world: Any) -> None:
    made = await world.connect()
    path = f"/v1/connections/{made['id']}"
    tag = (await world.http.get(path)).headers["etag"]
    assert (await world.http.patch(path, json={"name": "A"})).status_code == 200
    stale = await world.http.patch(path, json={"name": "B"}, headers={"If-Match": tag})
    assert (stale.status_code, stale.json()["code"]) == (412, "version_mismatch")


@pytest.mark.covers("S1-46")
async def test_a_removed_connection_is_forgotten_by_loops_and_lists(world: Any) -> None:
    made = await world.connect()
    path = f"/v1/connections/{made['id']}"
    assert (await world.http.delete(path)).status_code == 204
    assert (await world.http.get(path)).status_code == 404
    assert (await world.get("/v1/connections"))["items"] == []
    await world.poll()
    assert await world.calls("/psg/*") == []
    assert (await world.get(f"{path}/audit"))["items"][0]["action"] == "removed"


@pytest.mark.covers("S1-40")
async def test_switching_needs_the_administrators_permission(worlds: Any) -> None:
    async with worlds(permissions=("desk",)) as world:
        assert (await world.get("/v1/connections"))["items"] == []
        body = {"name": "A", "base_url": "http://a.test"}
        refused = await world.http.post("/v1/connections", json=body)
        assert refused.status_code == 403
        ghost = "/v1/connections/01890000-0000-7000-8000-000000000000/enable"
        assert (await world.http.post(ghost, json={"confirm": True})).status_code == 403


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:8000",
        "https://10.1.2.3/x",
        "http://[::1]/",
        "http://[::ffff:10.0.0.1]/",
        "http://169.254.169.254/latest",
        "http://localhost:9",
        "http://127.1/",
        "http://2130706433/",
        "http://0x7f000001/",
        "http://rabbit.internal",
    ],
)
async def test_outside_development_private_addresses_are_refused(worlds: Any, url: str) -> None:
    settings = {"env": "production", "secret_key": "k" * 40}
    async with worlds(**settings) as world:
        body = {"name": "A", "base_url": url, "psg_code": CODE}
        refused = await world.http.post("/v1/connections", json=body)
        assert (refused.status_code, refused.json()["code"]) == (422, "base_url_forbidden")
    async with worlds(**settings, allow_private_targets=True) as world:
        assert (await world.http.post("/v1/connections", json=body)).status_code == 201


@pytest.mark.parametrize(
    "url", ["ftp://a.example", "https://u:p@a.example", "https://a.example/?x=1", "https://"]
)
async def test_what_is_no_plain_address_is_refused_everywhere(small_world: Any, url: str) -> None:
    body = {"name": "A", "base_url": url, "psg_code": CODE}
    refused = await small_world.http.post("/v1/connections", json=body)
    assert refused.status_code == 422


async def test_a_name_that_leads_to_a_private_address_is_not_dialled(small_world: Any) -> None:
    from patchbay_kit.guarded import GuardedTransport
    from patchbay_kit.targets import ForbiddenTargetError

    transport = GuardedTransport(httpx.create_ssl_context())
    async with httpx.AsyncClient(transport=transport) as client:
        with pytest.raises(ForbiddenTargetError):
            await client.get("http://localhost:1/psg/v1/sites")


async def test_refresh_makes_polling_and_inventory_due_at_once(world: Any) -> None:
    made = await world.connect(inventory_sync=True, poll_interval=3600)
    await world.poll()
    await world.sweep()
    remote_calls = len(await world.calls("/psg/*"))
    await world.poll()
    assert len(await world.calls("/psg/*")) == remote_calls
    answer = await world.http.post(f"/v1/connections/{made['id']}/refresh")
    assert answer.status_code == 202
    await world.poll()
    await world.sweep()
    assert len(await world.calls("/psg/*")) == remote_calls + 3


async def test_unknown_members_and_ids_are_refused(small_world: Any) -> None:
    world = small_world
    body = {"name": "A", "base_url": "http://a.test", "tickets": True}
    assert (await world.http.post("/v1/connections", json=body)).status_code == 422
    assert (await world.http.get("/v1/connections/nonsense")).status_code == 404
