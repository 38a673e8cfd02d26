"""HTTP of merging accounts: look first, merge, undo."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Response
from sqlalchemy import select
from sqlmodel import col

from patchbay_kit.http import (
    Caller,
    Page,
    PageParams,
    Reader,
    TransactionalRoute,
    Uow,
    keyset,
    require,
)
from patchbay_kit.http.ids import checked_id
from ticket_svc.merging.schemas import MergePreview, MergeRequest, MergeView, UndoneMerge
from ticket_svc.merging.service import merge_accounts, preview_merge, undo_merge
from ticket_svc.merging.tables import AccountMerge
from ticket_svc.params import QueryId, RecordId
from ticket_svc.tickets.actors import by

_ADMIN = [Depends(require("records.admin"))]
accounts_router = APIRouter(
    prefix="/v1/accounts", tags=["accounts"], route_class=TransactionalRoute, dependencies=_ADMIN
)
router = APIRouter(
    prefix="/v1/account-merges",
    tags=["accounts"],
    route_class=TransactionalRoute,
    dependencies=_ADMIN,
)


@accounts_router.get("/{account_id}/merge-preview", summary="What merging an account would do")
async def read_preview(
    account_id: str, into_account_id: Annotated[RecordId, Query()], session: Reader
) -> MergePreview:
    """Counts what would move and says what would have to give way. Changes nothing."""
    return await preview_merge(session, checked_id(account_id, "account"), into_account_id)


@accounts_router.post(
    "/{account_id}/merge", status_code=201, summary="Merge an account into another one"
)
async def create_merge(
    account_id: str, body: MergeRequest, caller: Caller, uow: Uow, response: Response
) -> MergeView:
    """All that belongs to it moves, site links included; the account itself is archived.

    It can be undone with `POST /v1/account-merges/{id}/undo` (S1-115).
    """
    source = checked_id(account_id, "account")
    merge = await merge_accounts(uow, source, body.into_account_id, by(caller))
    response.headers["Location"] = f"/v1/account-merges/{merge.id}"
    return MergeView.model_validate(merge)


@router.get("", summary="Merges of accounts, newest first")
async def list_merges(
    session: Reader, page: PageParams, account_id: QueryId = None
) -> Page[MergeView]:
    """`account_id` is either of the two."""
    statement = select(AccountMerge)
    if account_id is not None:
        either = (col(AccountMerge.account_id) == account_id) | (
            col(AccountMerge.into_id) == account_id
        )
        statement = statement.where(either)
    rows = (await session.execute(keyset(statement, [col(AccountMerge.id)], page))).scalars().all()
    return page.page(rows, key=lambda row: (row.id,), item=MergeView.model_validate)


@router.post("/{merge_id}/undo", summary="Undo a merge of accounts")
async def undo(merge_id: str, caller: Caller, uow: Uow) -> UndoneMerge:
    """Takes back what the merge moved. What was added since, or has moved on, stays: `left`."""
    merge, left = await undo_merge(uow, checked_id(merge_id, "account_merge"), by(caller))
    view = MergeView.model_validate(merge)
    return UndoneMerge(**view.model_dump(), left=left)
