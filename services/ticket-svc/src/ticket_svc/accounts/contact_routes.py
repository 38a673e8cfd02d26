"""HTTP of contacts."""

from fastapi import APIRouter, Depends, Request, Response

from patchbay_kit.http import Page, PageParams, Reader, TransactionalRoute, Uow, require
from ticket_svc import records
from ticket_svc.accounts import contacts
from ticket_svc.accounts.belonging import locked_in_account
from ticket_svc.accounts.contact_schemas import ContactChange, ContactView, NewContact
from ticket_svc.accounts.lists import ContactFilter, page_of_contacts
from ticket_svc.accounts.tables import Contact
from ticket_svc.params import QueryId, QueryText
from ticket_svc.records import ArchivedQuery

router = APIRouter(
    prefix="/v1/contacts",
    tags=["contacts"],
    route_class=TransactionalRoute,
    dependencies=[Depends(require("desk"))],
)


@router.get("", summary="Contacts, newest first")
async def list_contacts(
    session: Reader,
    page: PageParams,
    account_id: QueryId = None,
    q: QueryText = None,
    archived: ArchivedQuery = False,
) -> Page[ContactView]:
    """`q` is a part of the name or of an address."""
    found = await page_of_contacts(session, ContactFilter(account_id, q, archived), page)
    return page.page(found, key=lambda row: (row.id,), item=ContactView.model_validate)


@router.post("", status_code=201, summary="Add a contact")
async def create_contact(body: NewContact, uow: Uow, response: Response) -> ContactView:
    """A person at an account. The support address is refused (S4-49)."""
    contact = await contacts.create_contact(uow, body)
    return _view(contact, response, location=f"/v1/contacts/{contact.id}")


@router.get("/{contact_id}", summary="One contact")
async def read_contact(contact_id: str, session: Reader, response: Response) -> ContactView:
    """The ETag is the version."""
    return _view(await records.read(session, Contact, contact_id, "contact"), response)


@router.patch("/{contact_id}", summary="Change a contact")
async def patch_contact(
    contact_id: str, body: ContactChange, request: Request, uow: Uow, response: Response
) -> ContactView:
    """Only what is sent changes. There is one main contact at most."""
    contact = await locked_in_account(uow, Contact, contact_id, "contact", request)
    await contacts.change_contact(uow, contact, body.model_dump(exclude_unset=True))
    return _view(contact, response)


@router.post("/{contact_id}/archive", summary="Archive a contact")
async def archive_contact(
    contact_id: str, request: Request, uow: Uow, response: Response
) -> ContactView:
    """Tickets keep them; they are not offered any more, and are the main contact no more."""
    contact = await locked_in_account(uow, Contact, contact_id, "contact", request)
    await contacts.archive_contact(uow, contact)
    return _view(contact, response)


@router.post("/{contact_id}/restore", summary="Restore a contact")
async def restore_contact(
    contact_id: str, request: Request, uow: Uow, response: Response
) -> ContactView:
    """They are offered again, as a secondary contact."""
    contact = await locked_in_account(uow, Contact, contact_id, "contact", request)
    await contacts.restore_contact(uow, contact)
    return _view(contact, response)


def _view(contact: Contact, response: Response, *, location: str | None = None) -> ContactView:
    view = ContactView.model_validate(contact)
    return records.answer(view, response, contact.version, location=location)
