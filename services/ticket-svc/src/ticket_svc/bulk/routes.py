"""HTTP of bulk actions: one action, many records, a result for each."""

from fastapi import APIRouter, Depends

from patchbay_kit.http import TransactionalRoute, Uow, require
from ticket_svc.bulk.records import bulk_accounts, bulk_assets, bulk_contacts
from ticket_svc.bulk.schemas import AccountBulk, AssetBulk, BulkResult, ContactBulk, RecordResult
from ticket_svc.bulk.ticket_schemas import TicketBulk, TicketResult
from ticket_svc.bulk.tickets import bulk_tickets
from ticket_svc.rights.dependencies import ViewerDep

router = APIRouter(
    prefix="/v1",
    route_class=TransactionalRoute,
    dependencies=[Depends(require("desk"))],
)


@router.post("/tickets/bulk", tags=["tickets"], summary="Do the same with many tickets")
async def post_ticket_bulk(
    body: TicketBulk, viewer: ViewerDep, uow: Uow
) -> BulkResult[TicketResult]:
    """Each item as its single call would do it, with a result of its own: one that fails leaves the
    others as they are. 200 also where items failed. `if_match` guards items against overwriting.

    With `atomic` all are done or none: 409 `bulk_refused`, whose `items` are the results; those
    with 424 would have been done.
    """
    return BulkResult.of(await bulk_tickets(uow, body, viewer))


@router.post("/accounts/bulk", tags=["accounts"], summary="Do the same with many accounts")
async def post_account_bulk(body: AccountBulk, uow: Uow) -> BulkResult[RecordResult]:
    """Archive, restore or change them, as `/v1/tickets/bulk` does with tickets."""
    return BulkResult.of(await bulk_accounts(uow, body))


@router.post("/contacts/bulk", tags=["contacts"], summary="Do the same with many contacts")
async def post_contact_bulk(body: ContactBulk, uow: Uow) -> BulkResult[RecordResult]:
    """Archive, restore or change them, as `/v1/tickets/bulk` does with tickets."""
    return BulkResult.of(await bulk_contacts(uow, body))


@router.post("/assets/bulk", tags=["assets"], summary="Do the same with many assets")
async def post_asset_bulk(body: AssetBulk, uow: Uow) -> BulkResult[RecordResult]:
    """Archive, restore or change them, as `/v1/tickets/bulk` does with tickets."""
    return BulkResult.of(await bulk_assets(uow, body))
