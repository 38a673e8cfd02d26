"""email-gateway on a migrated database, and everything that tests do to it."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import select

from email_gateway.definition import SERVICE
from email_gateway.intake.originals import original_of
from email_gateway.intake.raw import RawMail
from email_gateway.intake.service import Intake, Taken
from email_gateway.intake.tables import ReceivedMail
from email_gateway.outbound.sending import Sender
from email_gateway.outbound.tables import OutgoingMail
from email_gateway.outbound.transport import transports_for
from patchbay_contracts import Envelope, EventData, MailPurpose, PersonRef, SendEmail
from patchbay_kit.ids import new_id
from patchbay_kit.runtime import Runtime
from patchbay_kit.testing import harness
from patchbay_kit.workers.processing import Verdict

SUPPORT = "support@msp.example"


class Clock:
    """Time that only tests move."""

    def __init__(self) -> None:
        self.now = datetime(2026, 5, 4, 9, 30, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def advance(self, **delta: float) -> None:
        self.now += timedelta(**delta)


@dataclass
class Gateway:
    """The service and what tests ask of it."""

    runtime: Runtime
    clock: Clock
    http: httpx.AsyncClient
    blobs: Path

    def __post_init__(self) -> None:
        self.sender = self.new_sender()

    @property
    def intake(self) -> Intake:
        found: Intake = self.runtime.extras["intake"]
        return found

    @property
    def token_key(self) -> bytes:
        return self.intake.identity.token_key

    def new_sender(self) -> Sender:
        """Another replica of the sender."""
        transports = transports_for(self.runtime.settings)
        return Sender(self.runtime, transports, SUPPORT, self.token_key, original_of)

    async def take(self, *raws: bytes, **fields: Any) -> list[Taken]:
        """Take mails in as one batch, over SMTP unless `fields` say otherwise."""
        values = {"via": "smtp", "recipients": (SUPPORT,), **fields}
        return await self.intake.take_in([RawMail(raw=raw, **values) for raw in raws])

    async def events(self, *kinds: type[EventData]) -> list[Any]:
        """Data of published events, in order."""
        found = await harness.published(self.runtime)
        return [each.data for each in found if isinstance(each.data, kinds or EventData)]

    async def envelopes(self) -> Sequence[Envelope[Any]]:
        return await harness.published(self.runtime)

    async def received(self) -> list[Any]:
        """Rows of received mail, oldest first."""
        return await self._rows(ReceivedMail)

    async def outgoing(self) -> list[Any]:
        """Rows of outgoing mail, oldest first."""
        return await self._rows(OutgoingMail)

    async def _rows(self, kind: Any) -> list[Any]:
        table = kind.__table__
        async with self.runtime.db.read() as session:
            return list((await session.execute(select(table).order_by(table.c.id))).all())

    async def ask(self, **fields: Any) -> str:
        """Deliver a request to send; returns its request id."""
        values = {
            "request_id": new_id(),
            "purpose": MailPurpose.MESSAGE,
            "to": [PersonRef(kind="contact", name="Jane Roe", email="jane@customer.example")],
            "mail_subject": "About your printer",
            "text": "It prints again.",
            **fields,
        }
        await self.deliver(SendEmail(**values))
        return str(values["request_id"])

    async def deliver(self, data: EventData, **fields: Any) -> list[Verdict]:
        envelope = harness.make_envelope(data, subject=new_id(), **fields)
        verdicts = await harness.deliver(self.runtime, SERVICE, [envelope])
        assert [verdict.retry_step for verdict in verdicts] == [None]
        return verdicts

    async def send(self) -> None:
        """Let the sender do everything that is due."""
        while await self.sender.step():
            pass

    async def send_later(self, **delta: float) -> None:
        """Let time pass (5 hours unless `delta` says otherwise), then let the sender work."""
        self.clock.advance(**(delta or {"hours": 5}))
        await self.send()

    async def get(self, path: str, **params: Any) -> Any:
        answer = await self.http.get(path, params=params)
        assert answer.status_code == 200, answer.text
        return answer.json()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[asyncio.Event]:
        """All loops of the role `worker`; the event stops them."""
        stop = asyncio.Event()
        tasks = [asyncio.create_task(loop.run(stop)) for loop in SERVICE.loops(self.runtime)]
        try:
            yield stop
        finally:
            stop.set()
            await asyncio.wait_for(asyncio.gather(*tasks), 15)


def letter(
    text: str = "The printer is on fire.",
    *,
    sender: str = "Jane Roe <jane@customer.example>",
    to: str = SUPPORT,
    subject: str = "Printer",
    message_id: str | None = "<m1@customer.example>",
    headers: Iterable[tuple[str, str]] = (),
) -> bytes:
    """A small mail; `headers` stand above all others, as trace headers do."""
    lines = [f"{name}: {value}" for name, value in headers]
    lines += [f"From: {sender}", f"To: {to}", f"Subject: {subject}"]
    lines += ["Date: Mon, 04 May 2026 09:00:00 +0000"]
    if message_id is not None:
        lines.append(f"Message-ID: {message_id}")
    lines += ["Content-Type: text/plain; charset=utf-8", "", text, ""]
    return "\r\n".join(lines).encode()


@pytest.fixture
def make_letter() -> Any:
    """Builds small mails."""
    return letter


def _settings(blobs: Path, settings: dict[str, Any]) -> dict[str, Any]:
    return {"outgoing": "catch", "support_address": SUPPORT, "blob_dir": blobs, **settings}


@asynccontextmanager
async def _gateway(
    database_url: str, blobs: Path, permissions: Iterable[str] = ("*",), **settings: Any
) -> AsyncIterator[Gateway]:
    clock = Clock()
    values = _settings(blobs, settings)
    async with (
        harness.make_runtime(SERVICE, database_url, clock=clock, **values) as runtime,
        harness.client(runtime, SERVICE, permissions=permissions) as http,
    ):
        yield Gateway(runtime, clock, http, blobs)


@pytest.fixture
async def gateway(database_url: str, tmp_path: Path) -> AsyncIterator[Gateway]:
    """The service on SQLite and on PostgreSQL; outgoing mail is caught."""
    async with _gateway(database_url, tmp_path / "blobs") as made:
        yield made


@pytest.fixture
async def small_gateway(sqlite_url: str, tmp_path: Path) -> AsyncIterator[Gateway]:
    """On SQLite only, for what does not depend on the database."""
    async with _gateway(sqlite_url, tmp_path / "blobs") as made:
        yield made


@pytest.fixture
def gateways(sqlite_url: str, tmp_path: Path) -> Any:
    """Opens a gateway on SQLite with other settings or permissions."""

    def open_gateway(
        permissions: Iterable[str] = ("*",), **settings: Any
    ) -> AbstractAsyncContextManager[Gateway]:
        return _gateway(sqlite_url, tmp_path / "blobs", permissions, **settings)

    return open_gateway


@pytest.fixture
def any_gateways(database_url: str, tmp_path: Path) -> Any:
    """The same on both databases."""

    def open_gateway(
        permissions: Iterable[str] = ("*",), **settings: Any
    ) -> AbstractAsyncContextManager[Gateway]:
        return _gateway(database_url, tmp_path / "blobs", permissions, **settings)

    return open_gateway
