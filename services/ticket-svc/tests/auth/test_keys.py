"""The issuer's keys change without refusing anybody, or at once with everybody."""

from datetime import datetime, timedelta
from typing import Any

from patchbay_kit.clock import utc_now
from patchbay_kit.runtime import Runtime
from patchbay_kit.testing.harness import client, make_principal, make_runtime
from ticket_svc.auth.housekeeping import rotate_keys
from ticket_svc.auth.keys import (
    OwnKeys,
    load_keys,
    read_keys,
    rotate,
    rotate_when_due,
)
from ticket_svc.auth.rules import KEPT_AFTER, PUBLISHED_BEFORE, ROTATE_EVERY
from ticket_svc.auth.tables import SigningKey
from ticket_svc.definition import SERVICE


class _Time:
    """The runtime's clock; as seconds for what counts in those."""

    def __init__(self) -> None:
        self.ahead = timedelta(0)

    def __call__(self) -> datetime:
        return utc_now() + self.ahead

    def seconds(self) -> float:
        return self.ahead.total_seconds()


async def _replica(runtime: Runtime, time: _Time) -> OwnKeys:
    keys = OwnKeys(runtime, time.seconds)
    async with runtime.db.unit_of_work() as uow:
        keys.set(await load_keys(uow, runtime))
    return keys


def _signs_with(keys: OwnKeys) -> str:
    assert keys.issuer is not None
    return str(keys.issuer.jwks()["keys"][0]["kid"])


def _published(keys: OwnKeys) -> int:
    assert keys.issuer is not None
    return len(keys.issuer.jwks()["keys"])


async def test_a_new_key_is_published_before_it_signs_and_an_old_one_after(
    database_url: str,
) -> None:
    time = _Time()
    async with make_runtime(SERVICE, database_url, clock=time) as runtime:
        mine, others = await _replica(runtime, time), await _replica(runtime, time)
        first = _signs_with(mine)
        time.ahead = ROTATE_EVERY + timedelta(seconds=1)
        async with runtime.db.unit_of_work() as uow:
            assert await rotate_when_due(uow, runtime)
        async with runtime.db.unit_of_work() as uow:
            assert not await rotate_when_due(uow, runtime)
        await mine.refresh()
        assert (_signs_with(mine), _published(mine)) == (first, 2)
        time.ahead += PUBLISHED_BEFORE
        await mine.refresh()
        second = _signs_with(mine)
        assert second != first
        # The other replica has not looked for a minute, and does so for the first token.
        assert await others.key(second) is not None
        assert await others.key(first) is not None
        time.ahead += KEPT_AFTER
        async with runtime.db.unit_of_work() as uow:
            assert not await rotate_when_due(uow, runtime)
        assert await others.key(first) is None
        assert await others.key(second) is not None


async def test_an_administrator_ends_all_tokens(desk: Any, runtime: Any, sign_in: Any) -> None:
    keys: OwnKeys = runtime.extras["own_keys"]
    first = _signs_with(keys)
    headers = await sign_in("admin@desk.example", "a long enough password")
    soft = await desk.post("/v1/auth/keys/rotate")
    assert datetime.fromisoformat(soft["signs_from"]) > utc_now()
    assert (await desk.http.get("/v1/accounts", headers=headers)).status_code == 200
    before = len(await desk.rows(SigningKey))
    hard = await desk.post("/v1/auth/keys/rotate", end_tokens=True)
    assert datetime.fromisoformat(hard["signs_from"]) <= utc_now()
    assert await keys.key(first) is None
    # Tokens that were checked a moment ago are not believed any longer either.
    assert (await desk.http.get("/v1/accounts", headers=headers)).status_code == 401
    again = await sign_in("admin@desk.example", "a long enough password")
    assert (await desk.http.get("/v1/accounts", headers=again)).status_code == 200
    rows = await desk.rows(SigningKey)
    assert len(rows) == before + 1
    assert [row["retired_at"] is None for row in rows].count(True) == 1


async def test_only_who_may_do_everything_rotates_keys(runtime: Any) -> None:
    caller = make_principal({"desk", "employees.admin", "settings.admin", "operations"})
    async with client(runtime, SERVICE, principal=caller) as http:
        refused = await http.post("/v1/auth/keys/rotate", json={})
    assert (refused.status_code, refused.json()["code"]) == (403, "permission_missing")


async def test_a_rotation_is_seen_by_this_replica_at_once(runtime: Any) -> None:
    keys: OwnKeys = runtime.extras["own_keys"]
    first = _signs_with(keys)
    async with runtime.db.unit_of_work() as uow:
        await rotate(uow, runtime, end_tokens=True)
    await keys.refresh()
    assert _signs_with(keys) != first


async def test_the_housekeeping_loop_rotates_when_the_key_is_old(database_url: str) -> None:
    time = _Time()
    async with make_runtime(SERVICE, database_url, clock=time) as runtime:

        async def in_use() -> int:
            await rotate_keys(runtime)
            async with runtime.db.read() as session:
                return len(await read_keys(session, runtime))

        assert await in_use() == 1
        time.ahead = ROTATE_EVERY + timedelta(seconds=1)
        assert await in_use() == 2
        time.ahead += PUBLISHED_BEFORE + KEPT_AFTER + timedelta(seconds=1)
        assert await in_use() == 1
