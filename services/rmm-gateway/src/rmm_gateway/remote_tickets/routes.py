"""/v1/remote-tickets: the ledger for people, and the decision on held tickets (C-13).

It holds what becomes of tickets that others manage: it is for those who see them all (S2-30).
"""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query
from sqlalchemy import Row

from patchbay_kit.db import UnitOfWork
from patchbay_kit.errors import conflict
from patchbay_kit.http import Page, PageParams, Reader, TransactionalRoute, Uow, keyset, require
from patchbay_kit.http.ids import checked_id
from rmm_gateway.connections import leases
from rmm_gateway.ledger import service as ledger
from rmm_gateway.ledger.rules import TicketState
from rmm_gateway.outbound import views
from rmm_gateway.outbound.schemas import StepOut
from rmm_gateway.remote_tickets.schemas import (
    RemoteTicketExplanation,
    RemoteTicketOut,
    UpdateOut,
)

router = APIRouter(
    prefix="/v1/remote-tickets",
    tags=["remote tickets"],
    route_class=TransactionalRoute,
    dependencies=[Depends(require("desk")), Depends(require("tickets.all"))],
)
ADMIN = [Depends(require("connections.admin"))]


@router.get("")
async def list_remote_tickets(
    session: Reader,
    params: PageParams,
    state: Annotated[TicketState | None, Query()] = None,
    connection_id: Annotated[UUID | None, Query()] = None,
    remote_ticket_id: Annotated[str | None, Query(max_length=100)] = None,
) -> Page[RemoteTicketOut]:
    """Newest first."""
    statement, column = ledger.tickets(
        state, str(connection_id) if connection_id else None, remote_ticket_id
    )
    rows = (await session.execute(keyset(statement, [column], params))).all()
    return params.page(rows, key=lambda row: (row.id,), item=RemoteTicketOut.model_validate)


@router.get("/{ticket_id}")
async def read_remote_ticket(ticket_id: str, session: Reader) -> RemoteTicketOut:
    """One remote ticket."""
    row = await ledger.ticket_row(session, checked_id(ticket_id, "remote_ticket"))
    return RemoteTicketOut.model_validate(row)


@router.get("/{ticket_id}/explain")
async def explain_remote_ticket(ticket_id: str, session: Reader) -> RemoteTicketExplanation:
    """Why it is where it is: every step, every update and every command."""
    row = await ledger.ticket_row(session, checked_id(ticket_id, "remote_ticket"))
    updates = await ledger.updates_of(session, row.connection_id, row.remote_ticket_id)
    return RemoteTicketExplanation(
        ticket=RemoteTicketOut.model_validate(row),
        steps=[StepOut.model_validate(step) for step in row.reasons],
        updates=[UpdateOut.model_validate(update) for update in updates],
        commands=await views.of_remote_ticket(session, row.connection_id, row.remote_ticket_id),
    )


@router.post("/{ticket_id}/import", dependencies=ADMIN)
async def import_remote_ticket(ticket_id: str, uow: Uow) -> RemoteTicketOut:
    """Publish a ticket that is held, too old or discarded; its connection must be enabled."""
    row = await _locked(uow, ticket_id, enabled=True)
    await ledger.import_ticket(uow, row)
    return RemoteTicketOut.model_validate(await ledger.ticket_row(uow.session, row.id))


@router.post("/{ticket_id}/discard", dependencies=ADMIN)
async def discard_remote_ticket(ticket_id: str, uow: Uow) -> RemoteTicketOut:
    """Set a held or too old ticket aside; it stays listed."""
    row = await _locked(uow, ticket_id, enabled=False)
    await ledger.discard_ticket(uow, row)
    return RemoteTicketOut.model_validate(await ledger.ticket_row(uow.session, row.id))


async def _locked(uow: UnitOfWork, ticket_id: str, *, enabled: bool) -> Row[Any]:
    """The ledger row under the lock of its connection, which every writer of the ledger takes."""
    wanted = checked_id(ticket_id, "remote_ticket")
    found = await ledger.ticket_row(uow.session, wanted)
    connection = await leases.lock(uow, found.connection_id)
    if enabled and (connection is None or not connection.ticket_processing):
        raise conflict(
            "ticket_processing_disabled",
            "Ticket processing of this connection is off",
            hint="Enable the connection first.",
        )
    return await ledger.ticket_row(uow.session, wanted)
