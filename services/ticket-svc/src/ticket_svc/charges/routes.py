"""HTTP of charges. Those of a ticket are for who sees the ticket."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, Response
from sqlalchemy import Row

from patchbay_kit.http import (
    Caller,
    Page,
    PageParams,
    Reader,
    TransactionalRoute,
    Uow,
    require,
)
from ticket_svc.charges import reading, service
from ticket_svc.charges.reading import ChargeFilter, charge_saved, charge_view
from ticket_svc.charges.rules import Kind
from ticket_svc.charges.schemas import ChargeChange, ChargeSaved, ChargeView, NewCharge
from ticket_svc.charges.tables import Charge
from ticket_svc.contracts.tables import Contract
from ticket_svc.moments import QueryMoment
from ticket_svc.params import QueryId, QueryText
from ticket_svc.parts import find_part, lock_part
from ticket_svc.records import answer
from ticket_svc.rights.dependencies import ViewerDep
from ticket_svc.tickets.actors import by
from ticket_svc.tickets.named import lock_visible, visible_ticket

router = APIRouter(
    prefix="/v1/charges",
    tags=["charges"],
    route_class=TransactionalRoute,
    dependencies=[Depends(require("desk"))],
)
tickets_router = APIRouter(
    prefix="/v1/tickets/{ticket}/charges",
    tags=["charges"],
    route_class=TransactionalRoute,
    dependencies=[Depends(require("desk"))],
)


@tickets_router.get("", summary="Charges of a ticket, newest first")
async def list_ticket_charges(
    ticket: str, viewer: ViewerDep, session: Reader, page: PageParams
) -> Page[ChargeView]:
    """Work, expenses and parts (S2-13)."""
    row = await visible_ticket(session, viewer, ticket)
    wanted = ChargeFilter(ticket_id=row.id)
    charges = await reading.page_of_charges(session, viewer, wanted, page)
    return page.page(charges, key=lambda each: (each.id,), item=charge_view)


@tickets_router.post("", status_code=201, summary="Charge something on a ticket")
async def create_charge(
    ticket: str, body: NewCharge, viewer: ViewerDep, caller: Caller, uow: Uow, response: Response
) -> ChargeSaved:
    """Billed to the ticket's contract unless another open one of the account is named (X-21).

    `warnings` says where the contract is used up or ended. 422 `contract_closed`.
    """
    row = await lock_visible(uow, viewer, ticket)
    worker = caller.id if caller.kind == "employee" else None
    charge, contract = await service.add(uow, row, body, by(caller), worker)
    view = charge_saved(charge, contract, uow.now.date())
    return answer(view, response, charge.version, location=f"/v1/charges/{charge.id}")


@router.get("", summary="Charges, newest first")
async def list_charges(
    viewer: ViewerDep,
    session: Reader,
    page: PageParams,
    account_id: QueryId = None,
    contract_id: QueryId = None,
    ticket_id: QueryId = None,
    employee_id: QueryId = None,
    kind: Annotated[Kind | None, Query()] = None,
    billable: Annotated[bool | None, Query()] = None,
    performed_from: QueryMoment = None,
    performed_to: QueryMoment = None,
    q: QueryText = None,
) -> Page[ChargeView]:
    """Of the tickets that the caller sees. `performed_to` itself is not in it; `q` is a part of the
    description.
    """
    wanted = ChargeFilter(
        ticket_id,
        account_id,
        contract_id,
        employee_id,
        kind,
        billable,
        performed_from,
        performed_to,
        q,
    )
    charges = await reading.page_of_charges(session, viewer, wanted, page)
    return page.page(charges, key=lambda each: (each.id,), item=charge_view)


@router.get("/{charge_id}", summary="One charge")
async def read_charge(
    charge_id: str, viewer: ViewerDep, session: Reader, response: Response
) -> ChargeView:
    """The ETag is the version."""
    charge = await find_part(session, viewer, Charge, charge_id, "charge")
    return answer(charge_view(charge), response, charge.version)


@router.patch("/{charge_id}", summary="Change a charge")
async def patch_charge(
    charge_id: str,
    body: ChargeChange,
    request: Request,
    viewer: ViewerDep,
    caller: Caller,
    uow: Uow,
    response: Response,
) -> ChargeSaved:
    """Only what is sent changes; a block of hours gets back what is not used any more.

    422 `contract_closed`: what was billed under a closed contract stays as it is.
    """
    charge, row = await _locked(charge_id, viewer, uow, request)
    wanted = body.model_dump(exclude_unset=True)
    contract: Contract | None = await service.change(uow, row, charge, wanted, by(caller))
    return answer(charge_saved(charge, contract, uow.now.date()), response, charge.version)


@router.delete("/{charge_id}", status_code=204, summary="Remove a charge")
async def delete_charge(
    charge_id: str, request: Request, viewer: ViewerDep, caller: Caller, uow: Uow
) -> Response:
    """The ticket's history keeps it, and a block of hours gets its minutes back."""
    charge, row = await _locked(charge_id, viewer, uow, request)
    await service.remove(uow, row, charge, by(caller))
    return Response(status_code=204)


async def _locked(
    charge_id: str, viewer: ViewerDep, uow: Uow, request: Request
) -> tuple[Charge, Row[Any]]:
    charge, row = await lock_part(uow, viewer, Charge, charge_id, "charge", request)
    assert row is not None  # noqa: S101  # a charge always has a ticket
    return charge, row
