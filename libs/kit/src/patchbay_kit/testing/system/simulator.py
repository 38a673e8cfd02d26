"""The Continuum simulator as a process of its own, and its control API."""

import secrets
from collections.abc import Mapping
from typing import Any, ClassVar

import httpx

from patchbay_kit.testing.servers.ports import free_port
from patchbay_kit.testing.system.base import System
from patchbay_kit.testing.system.process import Program
from patchbay_kit.testing.waiting import wait_until, wait_while_moving


class Simulator(Program):
    """Keeps its journal over kills. Leases are short: a killed poller's batch comes back soon."""

    name: ClassVar[str] = "Continuum simulator"

    def __init__(self, *, lease: float = 5.0) -> None:
        self.port = free_port()
        super().__init__("simulator", [], {})
        # A code of its own: one system refuses two connections with the same.
        self.psg_code = f"psg-{secrets.token_hex(8)}"
        self.arguments = (
            *("continuum_sim", "--psg", self.psg_code, "--port", str(self.port)),
            *("--state", str(self.directory / "state.db")),
            *("--scenario", "none", "--lease", str(lease)),
        )
        self.probe = f"{self.url}/__sim/state"
        self._client = httpx.Client(base_url=self.url, timeout=120)

    @property
    def url(self) -> str:
        """Where it answers."""
        return f"http://127.0.0.1:{self.port}"

    def close(self) -> None:
        """End it and remove its journal."""
        self._client.close()
        super().close()

    def control(self, method: str, path: str, body: Any = None, **query: Any) -> Any:
        """Call `/__sim/<path>`; AssertionError for anything but success."""
        answer = self._client.request(method, f"/__sim/{path}", json=body, params=query)
        assert answer.is_success, f"{method} {path}: {answer.status_code} {answer.text}"
        return answer.json()

    def raise_ticket(self, summary: str, **fields: Any) -> str:
        """A ticket from the console; returns its id."""
        ticket: dict[str, Any] = self.control("POST", "tickets", {"summary": summary, **fields})
        return str(ticket["ticketId"])

    def add_site(self, site_id: str, name: str, *devices: Mapping[str, Any]) -> None:
        """A site with devices, in the lists at once."""
        self.control("POST", "sites", {"id": site_id, "name": name})
        if devices:
            self.control("POST", "devices", [{**each, "siteId": site_id} for each in devices])
        self.control("POST", "snapshots")

    def effect(self, ticket_id: str) -> dict[str, Any]:
        """What was really done to one ticket."""
        found: dict[str, Any] = self.control("GET", "effects", ticketId=ticket_id)["tickets"][0]
        return found

    def waiting(self) -> dict[str, int]:
        """Updates that are not taken and acknowledged yet; empty when there is none."""
        queue = self.control("GET", "state")["queue"]
        return {name: queue[name] for name in ("waiting", "leased") if queue[name]}

    def wait_until_drained(self, timeout: float) -> None:
        """Wait until every update was taken; `timeout` is how long nothing may change."""
        wait_while_moving(self.waiting, timeout=timeout, interval=0.2)


def connect(
    system: System, simulator: Simulator, name: str, *, enabled: bool = True, inventory: float = 2
) -> str:
    """Set a connection up, enabled or as it is by default; returns its id.

    `inventory`: seconds between two downloads of the lists.
    """
    connection: dict[str, Any] = system.api.post(
        "/v1/connections",
        {
            "name": name,
            "base_url": simulator.url,
            "psg_code": simulator.psg_code,
            "poll_interval": 1,
            "inventory_interval": inventory,
        },
    )
    connection_id = str(connection["id"])
    if enabled:
        system.api.post(f"/v1/connections/{connection_id}/enable", {"confirm": True})
    return connection_id


def tickets_of(system: System, connection_id: str) -> dict[str, list[dict[str, Any]]]:
    """The desk's tickets by remote ticket id; a healthy list has one each."""
    found: dict[str, list[dict[str, Any]]] = {}
    for ticket in system.api.items("/v1/tickets", connection_id=connection_id):
        found.setdefault(ticket["remote"]["remote_ticket_id"], []).append(ticket)
    return found


def ticket_of(
    system: System, connection_id: str, remote_id: str, *, timeout: float = 20
) -> dict[str, Any]:
    """Wait for the one ticket of a remote ticket."""

    def found() -> list[dict[str, Any]]:
        return system.api.items(
            "/v1/tickets", connection_id=connection_id, remote_ticket_id=remote_id
        )

    tickets = wait_until(found, timeout=timeout, interval=0.1, message=f"a ticket of {remote_id}")
    assert len(tickets) == 1, tickets
    return tickets[0]
