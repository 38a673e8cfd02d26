"""HTTP of accounts, their mail domains and their contacts."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response
from sqlalchemy.ext.asyncio import AsyncSession

from patchbay_kit.errors import not_found
from patchbay_kit.http import (
    Page,
    PageParams,
    Reader,
    TransactionalRoute,
    Uow,
    check_if_match,
    etag,
    require,
)
from patchbay_kit.http.ids import checked_id
from ticket_svc.accounts import repository, service
from ticket_svc.accounts.schemas import (
    AccountChange,
    AccountSummary,
    AccountView,
    ContactChange,
    ContactView,
    DomainView,
    NewAccount,
    NewContact,
)
from ticket_svc.accounts.tables import Account, Contact
from ticket_svc.params import QueryId, QueryText

router = APIRouter(
    prefix="/v1/accounts",
    tags=["accounts"],
    route_class=TransactionalRoute,
    dependencies=[Depends(require("desk"))],
)
contacts_router = APIRouter(
    prefix="/v1/contacts",
    tags=["contacts"],
    route_class=TransactionalRoute,
    dependencies=[Depends(require("desk"))],
)


@router.get("", summary="Accounts, newest first")
async def list_accounts(
    session: Reader,
    page: PageParams,
    q: QueryText = None,
    auto_created: Annotated[bool | None, Query()] = None,
) -> Page[AccountSummary]:
    """`q` is a part of the name or of an address."""
    accounts = await repository.page_of_accounts(session, q, auto_created, page)
    return page.page(accounts, key=lambda row: (row.id,), item=AccountSummary.model_validate)


@router.post("", status_code=201, summary="Add an account")
async def create_account(body: NewAccount, uow: Uow, response: Response) -> AccountView:
    """Two accounts may have the same name. The support address is refused (S4-49)."""
    account = await service.create_account(uow, body)
    response.headers["Location"] = f"/v1/accounts/{account.id}"
    return await _account(uow.session, account, response)


@router.get("/{account_id}", summary="One account with its domains")
async def read_account(account_id: str, session: Reader, response: Response) -> AccountView:
    """The ETag is the version."""
    account = await session.get(Account, checked_id(account_id, "account"))
    if account is None:
        raise not_found("account", account_id)
    return await _account(session, account, response)


@router.patch("/{account_id}", summary="Change an account")
async def patch_account(
    account_id: str, body: AccountChange, request: Request, uow: Uow, response: Response
) -> AccountView:
    """Only what is sent changes. Renaming makes an auto-created account a real one (S1-114)."""
    account = await service.lock_account(uow, checked_id(account_id, "account"))
    check_if_match(request, account.version)
    await service.change_account(uow, account, body.model_dump(exclude_unset=True))
    return await _account(uow.session, account, response)


@router.put("/{account_id}/domains/{domain}", summary="Give a mail domain")
async def put_domain(account_id: str, domain: str, uow: Uow, response: Response) -> DomainView:
    """Mail from unknown addresses there belongs to the account. A domain has one account
    (S4-18).
    """
    account = await service.lock_account(uow, checked_id(account_id, "account"))
    held, new = await service.put_domain(uow, account, domain)
    response.status_code = 201 if new else 200
    return DomainView.model_validate(held)


@router.delete(
    "/{account_id}/domains/{domain}",
    status_code=204,
    summary="Take a mail domain",
)
async def delete_domain(account_id: str, domain: str, uow: Uow) -> Response:
    """404 where the domain is not the account's."""
    account = await service.lock_account(uow, checked_id(account_id, "account"))
    await service.delete_domain(uow, account, domain)
    return Response(status_code=204)


@contacts_router.get("", summary="Contacts, newest first")
async def list_contacts(
    session: Reader, page: PageParams, account_id: QueryId = None, q: QueryText = None
) -> Page[ContactView]:
    """`q` is a part of the name or of an address."""
    contacts = await repository.page_of_contacts(session, account_id, q, page)
    return page.page(contacts, key=lambda row: (row.id,), item=ContactView.model_validate)


@contacts_router.post("", status_code=201, summary="Add a contact")
async def create_contact(body: NewContact, uow: Uow, response: Response) -> ContactView:
    """A person at an account. The support address is refused (S4-49)."""
    contact = await service.create_contact(uow, body)
    response.headers["Location"] = f"/v1/contacts/{contact.id}"
    return _contact(contact, response)


@contacts_router.get("/{contact_id}", summary="One contact")
async def read_contact(contact_id: str, session: Reader, response: Response) -> ContactView:
    """The ETag is the version."""
    contact = await session.get(Contact, checked_id(contact_id, "contact"))
    if contact is None:
        raise not_found("contact", contact_id)
    return _contact(contact, response)


@contacts_router.patch("/{contact_id}", summary="Change a contact")
async def patch_contact(
    contact_id: str, body: ContactChange, request: Request, uow: Uow, response: Response
) -> ContactView:
    """Only what is sent changes. There is one main contact at most."""
    contact = await service.lock_contact(uow, checked_id(contact_id, "contact"))
    check_if_match(request, contact.version)
    await service.change_contact(uow, contact, body.model_dump(exclude_unset=True))
    return _contact(contact, response)


async def _account(session: AsyncSession, account: Account, response: Response) -> AccountView:
    response.headers["ETag"] = etag(account.version)
    domains = await repository.domains_of(session, account.id)
    return AccountView(**account.model_dump(include=set(AccountView.model_fields)), domains=domains)


def _contact(contact: Contact, response: Response) -> ContactView:
    response.headers["ETag"] = etag(contact.version)
    return ContactView.model_validate(contact)
