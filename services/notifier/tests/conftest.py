"""A running notifier for tests, and the events that others would send it."""

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from notifier.definition import SERVICE
from patchbay_contracts import (
    AlertRequested,
    AssetCreated,
    Channel,
    EmailFailed,
    EmailSent,
    Envelope,
    MailPurpose,
    PersonRef,
    Reason,
    ReasonCode,
    RemoteCommandFailed,
    RemoteRef,
    SendAlertEmail,
    TicketCreated,
    TicketUpdated,
)
from patchbay_kit.ids import new_id
from patchbay_kit.runtime import Runtime
from patchbay_kit.testing.harness import (
    client,
    deliver,
    make_envelope,
    make_runtime,
    published,
)

OCCURRED = datetime(2026, 11, 20, 8, 30, tzinfo=UTC)
Deliver = Callable[..., Awaitable[list[Any]]]


class Desk:
    """Makes events of one ticket, managed by `manager`."""

    def __init__(self) -> None:
        self.ticket_id = new_id()
        self.manager = PersonRef(
            id=new_id(), kind="employee", name="Mary Manager", email="mary@desk.example"
        )
        self.facts: dict[str, Any] = {
            "ticket_id": self.ticket_id,
            "number": "0500-1000",
            "subject": "Disk full",
            "status": "new",
            "status_class": "open",
            "account_id": new_id(),
            "account_name": "ACME",
            "manager": self.manager,
            "channel": Channel.RMM,
        }

    def created(self, *, actor: str = "system:ticket-svc", **facts: Any) -> Any:
        """The ticket exists now."""
        fields = {
            "description": "Drive C: has 1 % left.",
            "created_at": OCCURRED,
            "occurred_at": OCCURRED,
            "in_inbox": True,
        }
        data = TicketCreated(**{**self.facts, **fields, **facts})
        return make_envelope(data, subject=self.ticket_id, actor=actor)

    def updated(self, *, version: int, **facts: Any) -> Any:
        """The ticket was changed."""
        data = TicketUpdated(**{**self.facts, "changed": sorted(facts), **facts})
        return make_envelope(data, subject=self.ticket_id, version=version)

    def asset(self, name: str) -> Envelope[AssetCreated]:
        """The ticket's asset."""
        self.facts["asset_id"] = new_id()
        data = AssetCreated(
            asset_id=self.facts["asset_id"], account_id=self.facts["account_id"], name=name
        )
        return make_envelope(data, subject=data.asset_id)

    def command_failed(self) -> Envelope[RemoteCommandFailed]:
        """The remote system refused to close the ticket's twin."""
        data = RemoteCommandFailed(
            command_id=new_id(),
            kind="close",
            ticket_id=self.ticket_id,
            remote=RemoteRef(
                connection_id=new_id(), provider="continuum", remote_ticket_id="77", number="T77"
            ),
            error="ticket is locked",
            attempts=4,
        )
        return make_envelope(data, subject=data.command_id)

    def sent(self, request: SendAlertEmail, *, caught: bool = False) -> Envelope[EmailSent]:
        """The mail server took the alert."""
        data = EmailSent(
            mail_id=new_id(),
            request_id=request.request_id,
            purpose=MailPurpose.ALERT,
            message_id="<1@desk.example>",
            recipients=[person.email for person in request.to],
            caught=caught,
            sent_at=OCCURRED,
            reasons=[Reason(code=ReasonCode.SEND_SENT)],
        )
        return make_envelope(data, subject=data.mail_id)

    def failed(self, request: SendAlertEmail) -> Envelope[EmailFailed]:
        """The mail server refused the alert."""
        data = EmailFailed(
            mail_id=new_id(),
            request_id=request.request_id,
            purpose=MailPurpose.ALERT,
            recipients=[person.email for person in request.to],
            error="550 no such user",
            reasons=[Reason(code=ReasonCode.SEND_REFUSED)],
        )
        return make_envelope(data, subject=data.mail_id)


class Told:
    """What notifier has published."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime

    async def mails(self) -> list[SendAlertEmail]:
        """The alerts that were asked for."""
        events = await published(self._runtime)
        return [event.data for event in events if isinstance(event.data, SendAlertEmail)]

    async def alerts(self) -> list[AlertRequested]:
        """The decisions."""
        events = await published(self._runtime)
        return [event.data for event in events if isinstance(event.data, AlertRequested)]

    async def codes(self) -> list[str]:
        """The reason of each decision."""
        return [alert.reasons[0].code.value for alert in await self.alerts()]


@pytest.fixture
async def runtime(database_url: str) -> AsyncIterator[Runtime]:
    """notifier on a migrated database, on both engines."""
    async with make_runtime(SERVICE, database_url, public_url="https://hub.example/") as built:
        yield built


@pytest.fixture
def new_desk() -> Callable[[], Desk]:
    """Events of a ticket that no other call has."""
    return Desk


@pytest.fixture
def desk() -> Desk:
    """Events of one ticket."""
    return Desk()


@pytest.fixture
def told(runtime: Runtime) -> Told:
    """What notifier has published."""
    return Told(runtime)


@pytest.fixture
def take(runtime: Runtime) -> Deliver:
    """Deliver events in one batch; returns the verdicts of those that shall come again."""

    async def taken(*envelopes: Envelope[Any]) -> list[Any]:
        verdicts = await deliver(runtime, SERVICE, envelopes)
        return [verdict for verdict in verdicts if verdict.retry_step is not None]

    return taken


@pytest.fixture
async def http(runtime: Runtime) -> AsyncIterator[httpx.AsyncClient]:
    """Somebody at the desk."""
    async with client(runtime, SERVICE, permissions={"desk", "tickets.all"}) as opened:
        yield opened
