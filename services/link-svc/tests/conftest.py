"""A running link-svc for tests, and the events that others would send it."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from link_svc.definition import SERVICE
from patchbay_contracts import (
    AccountCreated,
    AssetCreated,
    CatalogueDevice,
    CatalogueRefreshed,
    CatalogueSite,
    Channel,
    Envelope,
    RemoteOrigin,
    RemoteRef,
    RemoteTicketReceived,
    SiteOrigin,
    TicketCreated,
)
from patchbay_kit.ids import new_id
from patchbay_kit.runtime import Runtime
from patchbay_kit.testing.harness import client, deliver, make_envelope, make_runtime

TAKEN = datetime(2026, 11, 20, 8, 0, tzinfo=UTC)


class Events:
    """Makes events of one connection. `connection` is new for each instance."""

    def __init__(self) -> None:
        self.connection = new_id()

    def account(self, name: str, *, site: str | None = None) -> Envelope[AccountCreated]:
        """An account; with `site` made for that unknown remote site."""
        origin = None
        if site is not None:
            origin = SiteOrigin(
                connection_id=self.connection,
                provider="continuum",
                remote_site_id=site,
                site_name=f"Site {site}",
            )
        data = AccountCreated(
            account_id=new_id(), name=name, auto_created=site is not None, origin=origin
        )
        return make_envelope(data, subject=data.account_id)

    def asset(self, name: str) -> Envelope[AssetCreated]:
        """An asset of some account."""
        data = AssetCreated(asset_id=new_id(), account_id=new_id(), name=name)
        return make_envelope(data, subject=data.asset_id)

    def sites(
        self, ids: Iterable[str], *, snapshot: int = 1, part: int = 1, parts: int = 1
    ) -> Envelope[CatalogueRefreshed]:
        """One part of a snapshot of the sites."""
        sites = [CatalogueSite(remote_site_id=i, name=f"Site {i}") for i in ids]
        return self._part("sites", snapshot, part, parts, sites=sites)

    def devices(
        self, sites_of: dict[str, str], *, snapshot: int = 1, part: int = 1, parts: int = 1
    ) -> Envelope[CatalogueRefreshed]:
        """One part of a snapshot of the devices: remote site id by remote device id."""
        devices = [
            CatalogueDevice(remote_device_id=d, remote_site_id=s, name=f"Device {d}")
            for d, s in sites_of.items()
        ]
        return self._part("devices", snapshot, part, parts, devices=devices)

    def ticket(self, remote_ticket_id: str | None) -> Envelope[TicketCreated]:
        """A ticket, made from a remote one unless that is None."""
        data = TicketCreated(
            ticket_id=new_id(),
            number="0500-1000",
            subject="Disk full",
            status="new",
            status_class="open",
            account_id=new_id(),
            account_name="ACME",
            remote=self._remote(remote_ticket_id) if remote_ticket_id else None,
            channel=Channel.RMM,
            created_at=TAKEN,
            occurred_at=TAKEN,
            in_inbox=True,
        )
        return make_envelope(data, subject=data.ticket_id)

    def remote_ticket(self, remote_ticket_id: str, site: str) -> Envelope[RemoteTicketReceived]:
        """A remote ticket that came through a site."""
        data = RemoteTicketReceived(
            remote=self._remote(remote_ticket_id),
            origin=RemoteOrigin.ALERT,
            remote_site_id=site,
            summary="Disk full",
            occurred_at=TAKEN,
        )
        return make_envelope(data, subject=f"{self.connection}/{remote_ticket_id}")

    def _remote(self, remote_ticket_id: str) -> RemoteRef:
        return RemoteRef(
            connection_id=self.connection,
            provider="continuum",
            remote_ticket_id=remote_ticket_id,
            number=f"T{remote_ticket_id}",
        )

    def _part(self, kind: Any, snapshot: int, part: int, parts: int, **records: Any) -> Any:
        data = CatalogueRefreshed(
            connection_id=self.connection,
            provider="continuum",
            kind=kind,
            snapshot=snapshot,
            part=part,
            parts=parts,
            taken_at=TAKEN,
            **records,
        )
        return make_envelope(data, subject=f"{self.connection}/{kind}", version=snapshot)


Deliver = Callable[..., Awaitable[None]]


@pytest.fixture
async def runtime(database_url: str) -> AsyncIterator[Runtime]:
    """link-svc on a migrated database, on both engines."""
    async with make_runtime(SERVICE, database_url) as built:
        yield built


@pytest.fixture
def events() -> Events:
    """Events of one connection."""
    return Events()


@pytest.fixture
def new_events() -> Callable[[], Events]:
    """Events of a connection that no other call has."""
    return Events


@pytest.fixture
def take(runtime: Runtime) -> Deliver:
    """Deliver events in one batch; every one must be settled."""

    async def taken(*envelopes: Envelope[Any]) -> None:
        verdicts = await deliver(runtime, SERVICE, envelopes)
        assert [v for v in verdicts if v.retry_step is not None] == []

    return taken


@pytest.fixture
async def desk(runtime: Runtime) -> AsyncIterator[httpx.AsyncClient]:
    """Somebody at the desk who may change links."""
    async with client(
        runtime, SERVICE, permissions={"desk", "tickets.all", "links.write"}
    ) as opened:
        yield opened


@pytest.fixture
async def reader(runtime: Runtime) -> AsyncIterator[httpx.AsyncClient]:
    """Somebody at the desk who may only look."""
    async with client(runtime, SERVICE, permissions={"desk", "tickets.all"}) as opened:
        yield opened
