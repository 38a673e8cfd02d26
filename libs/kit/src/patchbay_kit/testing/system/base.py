"""What both forms of the system can do for a test."""

from abc import abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar

import httpx

from patchbay_kit.testing.servers.lifetime import Lifetime
from patchbay_kit.testing.servers.process import PrivateServer
from patchbay_kit.testing.system.api import Api
from patchbay_kit.testing.system.process import Program
from patchbay_kit.testing.waiting import wait_while_moving

ADMIN_EMAIL = "admin@msp.example"
ADMIN_PASSWORD = "correct horse battery staple"  # a made-up one of private systems
SUPPORT = "support@msp.example"
SECRET_KEY = "a key of private systems, forty-two bytes."

# Work that is written down and not done yet, by service: what has to be empty when all is quiet.
_WAITING = {
    "ticket-svc": {"pending_remote_event": "1 = 1"},
    "rmm-gateway": {
        "remote_command": "state IN ('queued', 'sending')",
        "remote_update": (
            "state = 'held' AND connection_id IN"
            " (SELECT id FROM connection WHERE ticket_processing)"
        ),
    },
    "email-gateway": {
        "outgoing_mail": "state IN ('queued', 'sending')",
        "received_mail": "state = 'published'",
    },
    "notifier": {"alert": "state = 'requested'"},
    "link-svc": {},
}
SERVICES = tuple(_WAITING)


class System(Lifetime):
    """A running system with one administrator, on ports that it keeps over restarts."""

    form: ClassVar[str]
    api: Api
    smtp_port: int

    @abstractmethod
    def killable(self) -> Mapping[str, PrivateServer]:
        """Everything that `kill -9` may hit, by name: processes of ours, broker, database."""

    @abstractmethod
    def programs(self) -> Mapping[str, Program]:
        """Our own processes by name."""

    @abstractmethod
    def rows(self, service: str, query: str) -> list[dict[str, Any]]:
        """What a service's database answers to a query, read from outside."""

    @abstractmethod
    def on_the_bus(self) -> dict[str, int]:
        """Messages that are not settled, by queue; empty queues are left out."""

    @abstractmethod
    def publish_raw(self, routing_key: str, body: bytes) -> None:
        """Put a message on the bus as a foreign or broken publisher would."""

    @abstractmethod
    def base_url(self, path: str) -> str:
        """Who answers a path."""

    def settle(self) -> None:
        """Let engines write down what they write late, before a kill that is not about that."""
        return

    def stop(self) -> dict[str, int | None]:
        """SIGTERM to every process of ours, once; exit statuses by name."""
        for program in self.programs().values():
            program.terminate()
        for program in self.programs().values():
            program.wait_or_kill()
        return {name: program.exit_status for name, program in self.programs().items()}

    def ready(self, path: str = "/v1/tickets") -> dict[str, Any]:
        """The /readyz document of whoever answers `path`."""
        answer = httpx.get(self.base_url(path) + "/readyz", timeout=15)
        document: dict[str, Any] = answer.json()
        return document

    def undone(self) -> dict[str, int]:
        """Rows that stand for work which is written down and not done; empty ones are left out."""
        found: dict[str, int] = {}
        for service in SERVICES:
            found |= self._undone_by(service)
        return found

    def waiting(self) -> dict[str, int]:
        """The same and what is on the bus: empty when all is quiet."""
        return self.undone() or {f"bus:{name}": n for name, n in self.on_the_bus().items()}

    def wait_until_quiet(self, timeout: float = 30.0) -> None:
        """Wait until nothing is left to do, neither before nor after a look at the bus.

        `timeout` is how long nothing may change: a slow machine is no fault, standing still is.
        """

        busy: list[str] = []

        def look() -> dict[str, int]:
            # One service at a time, while it has work: looking must not keep the system from it.
            found = {key: n for service in busy for key, n in self._undone_by(service).items()}
            if not found:
                found = self.waiting() or self.undone()
                busy[:] = {key.partition(":")[0] for key in found} & set(SERVICES)
                del busy[1:]
            return found

        wait_while_moving(look, timeout=timeout, interval=0.2)

    def _undone_by(self, service: str) -> dict[str, int]:
        tables = {"outbox": "1 = 1", **_WAITING[service]}
        counts = [
            f"SELECT '{table}' AS place, count(*) AS n FROM {table} WHERE {condition}"  # noqa: S608
            for table, condition in tables.items()
        ]
        rows = self.rows(service, " UNION ALL ".join(counts))
        return {f"{service}:{row['place']}": row["n"] for row in rows if row["n"]}

    def parked(self) -> list[dict[str, Any]]:
        """Dead letters of every service that nobody decided on."""
        query = "SELECT queue, event_type, reason, error FROM dead_letter WHERE state = 'parked'"
        return [row for service in SERVICES for row in self.rows(service, query)]


def common_settings() -> dict[str, str]:
    """Environment that both forms start from; production's rules apply."""
    return {
        "PATCHBAY_ADMIN_EMAIL": ADMIN_EMAIL,
        "PATCHBAY_ADMIN_PASSWORD": ADMIN_PASSWORD,
        "PATCHBAY_SECRET_KEY": SECRET_KEY,
        "PATCHBAY_SUPPORT_ADDRESS": SUPPORT,
        "PATCHBAY_OUTGOING": "catch",
        "PATCHBAY_ALLOW_PRIVATE_TARGETS": "true",
        # Leases of dead processes follow from it.
        "PATCHBAY_RMM_TIMEOUT": "3",
        "PATCHBAY_MAIL_LEASE": "15",
        "PATCHBAY_LOG_LEVEL": "INFO",
    }
