"""A running ticket-svc for tests, and the events that others would send it."""

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

import httpx
import pytest
from sqlalchemy import select

from patchbay_contracts import (
    DeviceLinked,
    DeviceRef,
    EmailReceived,
    Envelope,
    EventData,
    MailRef,
    PersonRef,
    RemoteCommandFailed,
    RemoteCommandSucceeded,
    RemoteOrigin,
    RemoteRef,
    RemoteTicketClosed,
    RemoteTicketNoteReceived,
    RemoteTicketReceived,
    RemoteTicketReturned,
    ReturnReason,
    SiteLinked,
    SiteUnlinked,
)
from patchbay_kit.ids import new_id
from patchbay_kit.runtime import Runtime
from patchbay_kit.testing.harness import client, deliver, make_envelope, make_runtime, published
from ticket_svc.definition import SERVICE

E = TypeVar("E", bound=EventData)

BEGAN = datetime(2026, 11, 20, 8, 0, tzinfo=UTC)
ADMIN = {"admin_email": "admin@desk.example", "admin_password": "a long enough password"}


class Rmm:
    """Events about one connection. `connection` is new for each instance."""

    def __init__(self) -> None:
        self.connection = new_id()

    def ref(self, ticket: str) -> RemoteRef:
        return RemoteRef(
            connection_id=self.connection,
            provider="continuum",
            remote_ticket_id=ticket,
            number=f"T{ticket}",
            url=f"https://rmm.example/tickets/{ticket}",
        )

    def received(
        self,
        ticket: str = "1",
        *,
        site: str | None = "S1",
        site_name: str = "ACME company",
        device: DeviceRef | None = None,
        origin: RemoteOrigin = RemoteOrigin.ALERT,
        **fields: Any,
    ) -> Envelope[RemoteTicketReceived]:
        """A remote ticket for which one of ours must exist."""
        values = {"summary": "Disk full", "description": "C: has 1 % left.", "occurred_at": BEGAN}
        data = RemoteTicketReceived(
            remote=self.ref(ticket),
            origin=origin,
            remote_site_id=site,
            site_name=site_name if site else None,
            device=device,
            **{**values, **fields},
        )
        return make_envelope(data, subject=f"{self.connection}/{ticket}")

    def closed(
        self, ticket: str = "1", *, hour: int = 9, note: str | None = None
    ) -> Envelope[RemoteTicketClosed]:
        """Somebody closed it there."""
        when = BEGAN.replace(hour=hour)
        data = RemoteTicketClosed(remote=self.ref(ticket), occurred_at=when, note=note)
        return make_envelope(data, subject=f"{self.connection}/{ticket}")

    def returned(
        self, reason: ReturnReason, ticket: str = "1", *, hour: int = 9
    ) -> Envelope[RemoteTicketReturned]:
        """The remote team handed it back."""
        when = BEGAN.replace(hour=hour)
        data = RemoteTicketReturned(remote=self.ref(ticket), reason=reason, occurred_at=when)
        return make_envelope(data, subject=f"{self.connection}/{ticket}")

    def noted(self, note: str, ticket: str = "1") -> Envelope[RemoteTicketNoteReceived]:
        """Somebody wrote a note there."""
        when = BEGAN + timedelta(minutes=5)
        data = RemoteTicketNoteReceived(remote=self.ref(ticket), note=note, occurred_at=when)
        return make_envelope(data, subject=f"{self.connection}/{ticket}")

    def succeeded(self, ticket_id: str, ticket: str = "1") -> Envelope[RemoteCommandSucceeded]:
        """A close that we had asked for was carried out."""
        data = RemoteCommandSucceeded(
            command_id=new_id(),
            kind="close",
            ticket_id=ticket_id,
            remote=self.ref(ticket),
            attempts=1,
        )
        return make_envelope(data, subject=data.command_id)

    def failed(self, ticket_id: str, ticket: str = "1") -> Envelope[RemoteCommandFailed]:
        """A close that we had asked for was refused."""
        data = RemoteCommandFailed(
            command_id=new_id(),
            kind="close",
            ticket_id=ticket_id,
            remote=self.ref(ticket),
            error="no such ticket",
            attempts=3,
        )
        return make_envelope(data, subject=data.command_id)

    def site_linked(
        self, account_id: str, site: str = "S1", *, version: int = 1
    ) -> Envelope[SiteLinked]:
        """link-svc tells that a site belongs to an account."""
        data = SiteLinked(
            connection_id=self.connection,
            remote_site_id=site,
            site_name="ACME company",
            account_id=account_id,
        )
        return make_envelope(data, subject=f"{self.connection}/{site}", version=version)

    def site_unlinked(
        self, account_id: str, site: str = "S1", *, version: int = 2
    ) -> Envelope[SiteUnlinked]:
        """link-svc tells that it belongs there no more."""
        data = SiteUnlinked(
            connection_id=self.connection, remote_site_id=site, account_id=account_id
        )
        return make_envelope(data, subject=f"{self.connection}/{site}", version=version)

    def device_linked(self, asset_id: str, device: str = "D1") -> Envelope[DeviceLinked]:
        """link-svc tells that a device is an asset."""
        data = DeviceLinked(
            connection_id=self.connection,
            remote_device_id=device,
            device_name="SRV-01",
            asset_id=asset_id,
        )
        return make_envelope(data, subject=f"{self.connection}/{device}")


def make_mail(
    sender: str | None = "ann@acme.example", subject: str = "Printer", **fields: Any
) -> Envelope[EmailReceived]:
    """A mail that email-gateway took in; `message_id` and `mail_id` are new unless given."""
    mail_id = fields.pop("mail_id", None) or new_id()
    message_id = fields.pop("message_id", None) or f"<{mail_id}@mail.example>"
    person = PersonRef(kind="address", name="Ann Example", email=sender) if sender else None
    values = {
        "via": "imap",
        "sender": person,
        "envelope_sender": sender,
        "text": "It does not print.",
        "new_text": "It does not print.",
        "authentication": "pass",
        **fields,
    }
    ref = MailRef(mail_id=mail_id, message_id=message_id, received_at=BEGAN)
    return make_envelope(EmailReceived(mail=ref, subject=subject, **values), subject=mail_id)


class Desk:
    """ticket-svc with somebody at the desk who may do everything (`http`)."""

    def __init__(self, runtime: Runtime, http: httpx.AsyncClient) -> None:
        self.runtime = runtime
        self.http = http

    async def take(self, *events: Envelope[Any]) -> None:
        """Deliver the events in one batch; every one must be settled, and none parked."""
        verdicts = await deliver(self.runtime, SERVICE, events)
        assert [v for v in verdicts if v.retry_step is not None] == []
        letters = await self.get("/v1/dead-letters/ticket-svc")
        assert letters["items"] == []

    async def get(self, path: str, **params: Any) -> Any:
        """The body of a GET that must succeed."""
        return _body(await self.http.get(path, params=params))

    async def post(self, path: str, **body: Any) -> Any:
        """The body of a POST that must succeed."""
        return _body(await self.http.post(path, json=body))

    async def patch(self, path: str, **body: Any) -> Any:
        """The body of a PATCH that must succeed."""
        return _body(await self.http.patch(path, json=body))

    async def account(self, name: str = "ACME", **fields: Any) -> str:
        """The id of a new account."""
        return str((await self.post("/v1/accounts", name=name, **fields))["id"])

    async def contact(self, account_id: str, email: str, **fields: Any) -> str:
        """The id of a new contact."""
        values = {"name": "Ann Example", **fields}
        body = await self.post("/v1/contacts", account_id=account_id, email1=email, **values)
        return str(body["id"])

    async def employee(self, name: str, email: str, **fields: Any) -> str:
        """The id of a new employee."""
        return str((await self.post("/v1/employees", name=name, email1=email, **fields))["id"])

    async def ticket(self, account_id: str | None = None, **fields: Any) -> dict[str, Any]:
        """A new ticket of an account."""
        values = {"subject": "Printer", **fields}
        account = account_id or await self.account()
        return dict(await self.post("/v1/tickets", account_id=account, **values))

    async def tickets(self, **params: Any) -> list[dict[str, Any]]:
        """A list of tickets, oldest first, each with everything but its history."""
        items = (await self.get("/v1/tickets", limit=200, **params))["items"]
        return [await self.get(f"/v1/tickets/{item['id']}") for item in reversed(items)]

    async def only_ticket(self) -> dict[str, Any]:
        """The one ticket there is."""
        (ticket,) = await self.tickets()
        return ticket

    async def history(self, ticket: str, **params: Any) -> list[dict[str, Any]]:
        """The ticket's history, oldest first."""
        return list((await self.get(f"/v1/tickets/{ticket}/history", **params))["items"])

    async def mails(self, ticket: str) -> list[dict[str, Any]]:
        """The mails that came to the ticket, oldest first, without our automatic answer."""
        entries = await self.history(ticket, kind="email")
        return [entry for entry in entries if entry["mail_id"] is not None]

    async def reasons(self, ticket: str) -> list[str]:
        """Every code in the ticket's explanation, in order."""
        explanation = await self.get(f"/v1/tickets/{ticket}/explain")
        return [r["code"] for d in explanation["decisions"] for r in d["reasons"]]

    async def decision(self, mail: Envelope[EmailReceived]) -> dict[str, Any]:
        """What became of a mail."""
        return dict(await self.get(f"/v1/mail-decisions/{mail.data.mail.mail_id}"))

    async def events(self, kind: type[E]) -> list[Envelope[E]]:
        """What is published of one kind, oldest first."""
        return [e for e in await published(self.runtime) if isinstance(e.data, kind)]

    async def rows(self, table: Any) -> list[dict[str, Any]]:
        """Every row of a table."""
        statement = select(getattr(table, "__table__", table))
        async with self.runtime.db.read() as session:
            return [dict(row._mapping) for row in await session.execute(statement)]


def _body(response: httpx.Response) -> Any:
    assert response.is_success, response.text
    return response.json() if response.content else None


@pytest.fixture
async def runtime(database_url: str) -> AsyncIterator[Runtime]:
    """ticket-svc on a migrated database, on both engines."""
    async with make_runtime(SERVICE, database_url, **ADMIN) as built:
        yield built


@pytest.fixture
async def desk(runtime: Runtime) -> AsyncIterator[Desk]:
    """Somebody at the desk who may do everything."""
    async with client(runtime, SERVICE) as http:
        yield Desk(runtime, http)


@pytest.fixture(scope="session")
def make_desk() -> Callable[[Runtime, httpx.AsyncClient], Desk]:
    """For tests that open several databases."""
    return Desk


@pytest.fixture
def rmm() -> Rmm:
    """Events of one connection."""
    return Rmm()


@pytest.fixture
def mail() -> Callable[..., Envelope[EmailReceived]]:
    """Makes received mails."""
    return make_mail


@pytest.fixture(scope="session")
def rmm_class() -> type[Rmm]:
    """For tests that need several connections."""
    return Rmm


@pytest.fixture(scope="session")
def mail_maker() -> Callable[..., Envelope[EmailReceived]]:
    """Makes received mails, for fixtures that outlive a test."""
    return make_mail


@pytest.fixture
def sign_in(desk: Desk) -> Callable[[str, str], Awaitable[dict[str, str]]]:
    """Signs somebody in for real: the Authorization header of their token."""

    async def signed_in(email: str, password: str) -> dict[str, str]:
        token = await desk.post("/v1/auth/token", email=email, password=password)
        return {"Authorization": f"Bearer {token['access_token']}"}

    return signed_in
