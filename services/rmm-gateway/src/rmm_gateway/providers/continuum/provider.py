"""Continuum behind the port `RmmProvider`."""

import asyncio
from typing import Any
from xml.etree.ElementTree import (
    Element,
    ParseError,
)

import httpx
from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import fromstring
from pydantic import ValidationError

from patchbay_contracts import CatalogueDevice, CatalogueSite
from rmm_gateway.providers.base import (
    Batch,
    CloseResult,
    FailureKind,
    ProviderError,
    RemoteTicketView,
    Sweep,
    Target,
    plain,
)
from rmm_gateway.providers.continuum import mapping
from rmm_gateway.providers.continuum.client import ContinuumClient
from rmm_gateway.providers.continuum.wire import WireBatch, WireTicket

MAX_ITEMS = 500


class ContinuumProvider:
    """One Continuum partner account."""

    def __init__(self, target: Target, http: httpx.AsyncClient, timeout: float) -> None:
        self._target = target
        self._client = ContinuumClient(target, http, timeout)

    async def check(self) -> None:
        """Read the sites: the cheapest call that needs the code and leases nothing."""
        await self._xml("sites", "Sites")

    async def sites(self) -> Sweep[CatalogueSite]:
        return await asyncio.to_thread(mapping.to_sites, await self._xml("sites", "Sites"))

    async def devices(self) -> Sweep[CatalogueDevice]:
        return await asyncio.to_thread(mapping.to_devices, await self._xml("devices", "Devices"))

    async def poll(self, max_items: int) -> Batch:
        params = {"max": str(min(max_items, MAX_ITEMS))}
        document = await self._client.read_json("queue", params=params)
        return await asyncio.to_thread(_read_batch, document, self._target)

    async def ack(self, batch: Batch) -> None:
        # 409: the lease ended or the batch was acknowledged before; what comes again is deduped.
        await self._client.write("queue", batch.batch_id, "ack")

    async def close(self, remote_ticket_id: str, *, note: str | None, key: str) -> CloseResult:
        body = {"idempotencyKey": key} | ({"note": note} if note else {})
        status, told = await self._client.write("tickets", remote_ticket_id, "close", body=body)
        if status != 409:
            return CloseResult()
        if told.code == "already_closed":
            return CloseResult(already_closed=True)
        raise ProviderError(
            FailureKind.PERMANENT, told.code or "conflict", plain(["HTTP 409", told.detail])
        )

    async def find(self, remote_ticket_id: str) -> RemoteTicketView | None:
        try:
            document = await self._client.read_json("tickets", remote_ticket_id)
            ticket = WireTicket.model_validate(document)
        except ProviderError as error:
            if error.kind is FailureKind.PERMANENT and error.code in ("unknown_ticket", "http_404"):
                return None
            raise
        except ValidationError as error:
            raise _bad_shape(error) from error
        closed = ticket.status == "closed"
        return RemoteTicketView(ticket.ticket_id, closed, closed and ticket.closed_by == "psa")

    async def _xml(self, path: str, root: str) -> Element:
        body = await self._client.read_xml(path)
        element = await asyncio.to_thread(_parse, body)
        if element.tag != root:
            raise ProviderError(
                FailureKind.TRANSIENT, "bad_answer", f"the list is not a <{root}> document"
            )
        return element


def _parse(body: bytes) -> Element:
    """Parse untrusted XML: no DTD, no entities, nothing external."""
    try:
        root: Element = fromstring(body, forbid_dtd=True)
    except (DefusedXmlException, ParseError, ValueError, LookupError) as error:
        text = plain(["the list is not safe, well-formed XML:", type(error).__name__, str(error)])
        raise ProviderError(FailureKind.TRANSIENT, "bad_xml", text) from error
    return root


def _read_batch(document: Any, target: Target) -> Batch:
    try:
        wire = WireBatch.model_validate(document)
    except ValidationError as error:
        raise _bad_shape(error) from error
    return mapping.to_batch(wire, target)


def _bad_shape(error: ValidationError) -> ProviderError:
    first = error.errors(include_url=False, include_input=False)[0]
    where = ".".join(str(part) for part in first["loc"])
    return ProviderError(FailureKind.TRANSIENT, "bad_answer", plain([where, first["msg"]]))
