"""HTTP of accounts and their mail domains."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response
from sqlalchemy.ext.asyncio import AsyncSession

from patchbay_kit.http import Page, PageParams, Reader, TransactionalRoute, Uow, etag, require
from ticket_svc import records
from ticket_svc.accounts import service
from ticket_svc.accounts.lists import AccountFilter, page_of_accounts
from ticket_svc.accounts.schemas import (
    AccountChange,
    AccountSummary,
    AccountView,
    DomainView,
    NewAccount,
)
from ticket_svc.accounts.tables import Account
from ticket_svc.params import QueryId, QueryText
from ticket_svc.records import ArchivedQuery

router = APIRouter(
    prefix="/v1/accounts",
    tags=["accounts"],
    route_class=TransactionalRoute,
    dependencies=[Depends(require("desk"))],
)


@router.get("", summary="Accounts, newest first")
async def list_accounts(
    session: Reader,
    page: PageParams,
    q: QueryText = None,
    auto_created: Annotated[bool | None, Query()] = None,
    manager_id: QueryId = None,
    archived: ArchivedQuery = False,
) -> Page[AccountSummary]:
    """`q` is a part of the name, of an address or of a mail domain. Merged ones are left out."""
    wanted = AccountFilter(q, auto_created, manager_id, archived)
    accounts = await page_of_accounts(session, wanted, page)
    return page.page(accounts, key=lambda row: (row.id,), item=AccountSummary.model_validate)


@router.post("", status_code=201, summary="Add an account")
async def create_account(body: NewAccount, uow: Uow, response: Response) -> AccountView:
    """Two accounts may have the same name. The support address is refused (S4-49)."""
    account = await service.create_account(uow, body)
    return await _view(uow.session, account, response, location=f"/v1/accounts/{account.id}")


@router.get("/{account_id}", summary="One account with what belongs to it")
async def read_account(account_id: str, session: Reader, response: Response) -> AccountView:
    """With its domains, manager, contacts and main location. The ETag is the version."""
    return await _view(
        session, await records.read(session, Account, account_id, "account"), response
    )


@router.patch("/{account_id}", summary="Change an account")
async def patch_account(
    account_id: str, body: AccountChange, request: Request, uow: Uow, response: Response
) -> AccountView:
    """Only what is sent changes. Renaming makes an auto-created account a real one (S1-114)."""
    account = await records.locked(uow, Account, account_id, "account", request)
    await service.change_account(uow, account, body.model_dump(exclude_unset=True))
    return await _view(uow.session, account, response)


@router.post("/{account_id}/archive", summary="Archive an account")
async def archive_account(
    account_id: str, request: Request, uow: Uow, response: Response
) -> AccountView:
    """Its tickets and records stay; nothing new is given to it. Our own company cannot go."""
    account = await records.locked(uow, Account, account_id, "account", request)
    await service.archive_account(uow, account)
    return await _view(uow.session, account, response)


@router.post("/{account_id}/restore", summary="Restore an account")
async def restore_account(
    account_id: str, request: Request, uow: Uow, response: Response
) -> AccountView:
    """It is offered again. One that was merged comes back by undoing the merge."""
    account = await records.locked(uow, Account, account_id, "account", request)
    await service.restore_account(uow, account)
    return await _view(uow.session, account, response)


@router.put("/{account_id}/domains/{domain}", summary="Give a mail domain")
async def put_domain(
    account_id: str, domain: str, request: Request, uow: Uow, response: Response
) -> DomainView:
    """Mail from unknown addresses there belongs to the account. A domain has one account
    (S4-18).
    """
    account = await records.locked(uow, Account, account_id, "account", request)
    held, new = await service.put_domain(uow, account, domain)
    response.status_code = 201 if new else 200
    response.headers["ETag"] = etag(account.version)
    return DomainView.model_validate(held)


@router.delete(
    "/{account_id}/domains/{domain}",
    status_code=204,
    summary="Take a mail domain",
)
async def delete_domain(account_id: str, domain: str, request: Request, uow: Uow) -> Response:
    """404 where the domain is not the account's."""
    account = await records.locked(uow, Account, account_id, "account", request)
    await service.delete_domain(uow, account, domain)
    return Response(status_code=204, headers={"ETag": etag(account.version)})


async def _view(
    session: AsyncSession, account: Account, response: Response, *, location: str | None = None
) -> AccountView:
    view = await service.view_of(session, account)
    return records.answer(view, response, account.version, location=location)
