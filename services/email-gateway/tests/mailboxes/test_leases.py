"""How long a visit holds its mailbox, and how many visits there are at once."""

import socket
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import func, select

from email_gateway.mailboxes import polling
from email_gateway.mailboxes.leases import LEASE, Leases
from email_gateway.mailboxes.tables import Mailbox
from email_gateway.start import on_ready
from patchbay_kit.testing.waiting import eventually

TABLE = Mailbox.__table__  # type: ignore[attr-defined]  # set by SQLModel


@pytest.fixture
def silent_port() -> Iterator[int]:
    """Where a server takes connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0), backlog=20) as server:
        yield int(server.getsockname()[1])


async def add(gateway: Any, port: int, name: str = "box") -> None:
    place = {"host": "127.0.0.1", "port": port, "security": "none"}
    login = {"username": name, "password": "secret"}
    body = {"name": name, "public_address": f"{name}@msp.example", **place, **login}
    answer = await gateway.http.post("/v1/mailboxes", json=body)
    assert answer.status_code == 201, answer.text


async def test_a_slow_visit_keeps_its_mailbox_beyond_a_lease(
    any_gateways: Any, silent_port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(polling, "RENEW_SECONDS", 0.01)
    async with any_gateways() as gateway:
        await add(gateway, silent_port)

        async def held_for_a_whole_lease() -> bool:
            until = await gateway.runtime.db.scalar(select(TABLE.c.leased_until))
            return until is not None and bool(until >= gateway.clock() + LEASE)

        async with gateway.running():
            for _ in range(3):
                await eventually(held_for_a_whole_lease)
                gateway.clock.advance(seconds=LEASE.total_seconds() - 1)
                assert await Leases(gateway.runtime.db).claim() == []


async def test_a_mailbox_of_a_dead_process_is_free_after_a_lease(any_gateways: Any) -> None:
    async with any_gateways() as gateway:
        await add(gateway, 1)
        leases = Leases(gateway.runtime.db)
        [dead] = await leases.claim()
        assert await leases.renew(dead)
        gateway.clock.advance(seconds=LEASE.total_seconds() + 1)
        assert len(await leases.claim()) == 1
        assert not await leases.renew(dead)


async def test_only_so_many_mailboxes_are_visited_at_once(
    any_gateways: Any, silent_port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(polling, "MAX_VISITS", 2)
    monkeypatch.setattr(polling, "TICK", 0.01)
    claims: list[int] = []
    claim = Leases.claim

    async def counted(self: Leases, limit: int) -> Any:
        claims.append(limit)
        return await claim(self, limit)

    monkeypatch.setattr(Leases, "claim", counted)
    async with any_gateways() as gateway:
        for number in range(4):
            await add(gateway, silent_port, f"box{number}")

        async def both() -> bool:
            count = await gateway.runtime.db.scalar(select(func.count(TABLE.c.leased_by)))
            return bool(count == 2)

        async with gateway.running():
            await eventually(both)
            assert await both()
        assert max(claims) == 2


async def test_on_one_box_a_restart_takes_mailboxes_over_at_once(gateways: Any) -> None:
    async with gateways() as gateway:
        await add(gateway, 1)
        leases = Leases(gateway.runtime.db)
        assert len(await leases.claim()) == 1
        assert await leases.claim() == []
        await on_ready(gateway.runtime)
        assert len(await leases.claim()) == 1
