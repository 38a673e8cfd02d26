"""rmm-gateway on a migrated database, with a simulated remote system behind its HTTP client."""

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from continuum_sim.app import create_app
from continuum_sim.settings import Settings
from patchbay_contracts import (
    Channel,
    EventData,
    RemoteRef,
    TicketClosed,
    TicketReopened,
)
from patchbay_kit.ids import new_id
from patchbay_kit.runtime import Runtime
from patchbay_kit.testing import harness
from rmm_gateway.definition import SERVICE
from rmm_gateway.outbound.sending import CommandSender
from rmm_gateway.polling.inventory import InventoryPoller
from rmm_gateway.polling.tickets import HoldDrainer, TicketPoller
from rmm_gateway.wiring import parts_of

CODE = "psg-code-1"


class Clock:
    """One time for the gateway and the simulator."""

    def __init__(self) -> None:
        self.now = datetime(2026, 5, 4, 9, 30, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def advance(self, **delta: float) -> None:
        self.now += timedelta(**delta)


@dataclass
class World:
    """The gateway, the simulator and everything that tests do to them."""

    runtime: Runtime
    clock: Clock
    http: httpx.AsyncClient
    sim: httpx.AsyncClient
    transport: httpx.ASGITransport

    async def connect(self, **fields: Any) -> dict[str, Any]:
        """Set up a connection to the simulator."""
        body = {
            "name": "Continuum",
            "base_url": "http://continuum.test",
            "psg_code": CODE,
            "inventory_sync": False,
            **fields,
        }
        answer = await self.http.post("/v1/connections", json=body)
        assert answer.status_code == 201, answer.text
        made: dict[str, Any] = answer.json()
        return made

    async def enabled(self, **fields: Any) -> str:
        """A connection with ticket processing on; returns its id."""
        made = await self.connect(**fields)
        await self.enable(made["id"])
        return str(made["id"])

    async def enable(self, connection_id: str) -> dict[str, Any]:
        path = f"/v1/connections/{connection_id}/enable"
        answer = await self.http.post(path, json={"confirm": True})
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    async def get(self, path: str) -> Any:
        answer = await self.http.get(path)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def connection(self, connection_id: str) -> dict[str, Any]:
        found: dict[str, Any] = await self.get(f"/v1/connections/{connection_id}")
        return found

    async def post_sim(self, path: str, body: Any = None) -> Any:
        answer = await self.sim.post(f"/__sim/{path}", json=body)
        assert answer.status_code < 300, answer.text
        return answer.json()

    async def raise_ticket(self, **fields: Any) -> str:
        """Raise a ticket in the simulator's console; returns its id."""
        made = await self.post_sim("tickets", {"summary": "Disk full", **fields})
        return str(made["ticketId"])

    async def closes(self, ticket_id: str) -> int:
        """How many times we closed a ticket at the simulator."""
        answer = await self.sim.get("/__sim/effects", params={"ticketId": ticket_id})
        [ticket] = answer.json()["tickets"]
        return int(ticket["closesApplied"])

    async def calls(self, path: str) -> list[dict[str, Any]]:
        """The simulator's journal of calls to a path pattern."""
        answer = await self.sim.get("/__sim/log", params={"path": path})
        items: list[dict[str, Any]] = answer.json()["items"]
        return items

    async def poll(self) -> None:
        """Let everything that is due be polled and released."""
        while await TicketPoller(parts_of(self.runtime)).step():
            pass
        while await HoldDrainer(parts_of(self.runtime)).step():
            pass

    async def sweep(self) -> None:
        """Download every inventory that is due."""
        while await InventoryPoller(parts_of(self.runtime)).step():
            pass

    async def send(self) -> None:
        """Carry out every command that is due."""
        while await CommandSender(parts_of(self.runtime)).step():
            pass

    async def events(self, *kinds: type[EventData]) -> list[Any]:
        """Published data of these kinds, in order."""
        found = await harness.published(self.runtime)
        return [e.data for e in found if isinstance(e.data, kinds)]

    async def close_ticket(
        self, connection_id: str, remote_id: str, *, status: str = "completed", **fields: Any
    ) -> None:
        """Deliver TicketClosed for the twin of a remote ticket."""
        data = TicketClosed(
            **self.facts(connection_id, remote_id, status, "closed"), closed_at=self.clock()
        )
        await self.deliver(data, **fields)

    async def reopen_ticket(self, connection_id: str, remote_id: str) -> None:
        """Deliver TicketReopened."""
        facts = self.facts(connection_id, remote_id, "open", "open")
        await self.deliver(TicketReopened(**facts, reopened_at=self.clock()))

    async def deliver(self, data: EventData, **fields: Any) -> Any:
        envelope = harness.make_envelope(data, subject="ticket", **fields)
        verdicts = await harness.deliver(self.runtime, SERVICE, [envelope])
        assert [v.retry_step for v in verdicts] == [None]
        return envelope

    def facts(self, connection_id: str, remote_id: str, status: str, cls: str) -> dict[str, Any]:
        """What events about the ticket of a remote twin say of it."""
        return {
            "ticket_id": new_id(),
            "number": "2026-0001",
            "subject": "Disk full",
            "status": status,
            "status_class": cls,
            "account_id": new_id(),
            "account_name": "Acme",
            "remote": RemoteRef(
                connection_id=connection_id, provider="continuum", remote_ticket_id=remote_id
            ),
            "channel": Channel.WEB,
        }


@asynccontextmanager
async def _world(
    database_url: str, permissions: Iterable[str] = ("*",), **settings: Any
) -> AsyncIterator[World]:
    clock = Clock()
    app = create_app(Settings(psg_code=CODE, wall_clock=clock, lease_seconds=30))
    transport = httpx.ASGITransport(app)
    async with (
        harness.make_runtime(SERVICE, database_url, clock=clock, **settings) as runtime,
        harness.client(runtime, SERVICE, permissions=permissions) as http,
        httpx.AsyncClient(transport=transport, base_url="http://sim.test") as sim,
    ):
        parts = parts_of(runtime)
        parts.providers.transport = lambda: transport
        yield World(runtime, clock, http, sim, transport)
    app.state.simulator.close()


@pytest.fixture
async def world(database_url: str) -> AsyncIterator[World]:
    """The gateway on SQLite and on PostgreSQL, beside a simulator without faults."""
    async with _world(database_url) as made:
        yield made


@pytest.fixture
async def small_world(sqlite_url: str) -> AsyncIterator[World]:
    """On SQLite only and with short time-outs, for what does not depend on the database."""
    async with _world(sqlite_url, rmm_timeout=0.3) as made:
        yield made


@pytest.fixture
def worlds(sqlite_url: str) -> Any:
    """Opens a world with other settings or permissions."""

    def open_world(permissions: Iterable[str] = ("*",), **settings: Any) -> Any:
        return _world(sqlite_url, permissions, **settings)

    return open_world
