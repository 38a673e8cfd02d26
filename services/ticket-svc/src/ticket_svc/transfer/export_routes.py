"""HTTP of exports: what the imports take, as CSV. Any list as CSV is `Accept: text/csv` on it."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query
from fastapi.responses import StreamingResponse

from patchbay_kit.http import RuntimeDep, TransactionalRoute, require
from ticket_svc.accounts.lists import AccountFilter, ContactFilter
from ticket_svc.assets.reading import AssetFilter
from ticket_svc.params import QueryId, QueryText
from ticket_svc.records import ArchivedQuery
from ticket_svc.transfer import listings
from ticket_svc.transfer.exporting import export

_CSV: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "UTF-8, separated by commas. A cell that a spreadsheet would take for a"
        " formula begins with an apostrophe, which an import takes away.",
        "content": {"text/csv": {"schema": {"type": "string"}, "example": "id,name\r\n"}},
    }
}
router = APIRouter(
    prefix="/v1/exports",
    tags=["imports and exports"],
    route_class=TransactionalRoute,
    default_response_class=StreamingResponse,
    responses=_CSV,
    dependencies=[Depends(require("desk"))],
)


@router.get("/accounts.csv", summary="Accounts as CSV")
async def export_accounts(
    runtime: RuntimeDep,
    q: QueryText = None,
    auto_created: Annotated[bool | None, Query()] = None,
    manager_id: QueryId = None,
    archived: ArchivedQuery = False,
) -> StreamingResponse:
    """With the columns of their import, custom fields among them."""
    wanted = AccountFilter(q, auto_created, manager_id, archived)
    return await export(runtime.db, "accounts", listings.account_listing(wanted))


@router.get("/contacts.csv", summary="Contacts as CSV")
async def export_contacts(
    runtime: RuntimeDep,
    account_id: QueryId = None,
    q: QueryText = None,
    archived: ArchivedQuery = False,
) -> StreamingResponse:
    """With the columns of their import, custom fields among them."""
    wanted = ContactFilter(account_id, q, archived)
    return await export(runtime.db, "contacts", listings.contact_listing(wanted))


@router.get("/assets.csv", summary="Assets as CSV")
async def export_assets(
    runtime: RuntimeDep,
    account_id: QueryId = None,
    location_id: QueryId = None,
    department_id: QueryId = None,
    q: QueryText = None,
    archived: ArchivedQuery = False,
) -> StreamingResponse:
    """With the columns of their import. `location` is empty where it is the main one (S3-39)."""
    wanted = AssetFilter(account_id, location_id, department_id, q, archived)
    return await export(runtime.db, "assets", listings.asset_listing(wanted))
