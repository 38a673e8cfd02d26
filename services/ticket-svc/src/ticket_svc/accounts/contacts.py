"""Contacts of accounts.

Promise: an account has one main contact at most, and an archived contact is never it. Every change
of it holds the account's lock, and a unique index stands behind that.
"""

from collections.abc import Mapping
from typing import Any

from patchbay_contracts import ContactCreated, ContactUpdated
from patchbay_kit.db import UnitOfWork
from patchbay_kit.errors import conflict
from patchbay_kit.ids import new_id
from ticket_svc.accounts import repository
from ticket_svc.accounts.belonging import active_account, refuse_archived
from ticket_svc.accounts.contact_schemas import NewContact
from ticket_svc.accounts.tables import Account, Contact
from ticket_svc.custom_fields.service import check_custom_fields
from ticket_svc.desk.service import refuse_support_address
from ticket_svc.records import apply, archive, differing, restore

RECORD = "contact"


async def create_contact(uow: UnitOfWork, wanted: NewContact) -> Contact:
    """A new contact of an active account; ContactCreated."""
    return await add_contact(
        uow, await active_account(uow, wanted.account_id, exclusive=True), wanted
    )


async def add_contact(uow: UnitOfWork, account: Account, wanted: NewContact) -> Contact:
    """The same, for an account that the caller has locked; 422 where it is archived."""
    refuse_archived(account)
    await refuse_support_address(uow.session, email1=wanted.email1, email2=wanted.email2)
    values = wanted.model_dump()
    values["custom_fields"] = await check_custom_fields(
        uow.session, RECORD, {}, wanted.custom_fields
    )
    if wanted.is_main:
        await _end_main_contact(uow, wanted.account_id)
    contact = Contact(id=new_id(), **values, created_at=uow.now)
    uow.session.add(contact)
    await uow.session.flush()
    created = ContactCreated(
        contact_id=contact.id,
        account_id=contact.account_id,
        name=contact.name,
        is_main=contact.is_main,
    )
    uow.publish(created, subject=contact.id, version=contact.version)
    return contact


async def change_contact(
    uow: UnitOfWork, contact: Contact, changes: Mapping[str, Any]
) -> list[str]:
    """Write what differs; a new main contact ends the old one's time. ContactUpdated for each.

    The names of what changed.
    """
    wanted = dict(changes)
    if "custom_fields" in wanted:
        wanted["custom_fields"] = await check_custom_fields(
            uow.session, RECORD, contact.custom_fields, wanted["custom_fields"]
        )
    wanted = differing(contact, wanted)
    addresses = {name: wanted.get(name) for name in ("email1", "email2")}
    await refuse_support_address(uow.session, **addresses)
    if wanted.get("is_main"):
        if contact.archived_at is not None:
            raise conflict(
                "contact_archived",
                "An archived contact cannot be the main one",
                field="/is_main",
                hint="Restore it first.",
            )
        await _end_main_contact(uow, contact.account_id)
    changed = await apply(uow, contact, wanted)
    _tell(uow, contact, changed)
    return changed


async def archive_contact(uow: UnitOfWork, contact: Contact) -> None:
    """Archive it; the account's main contact ends with it."""
    _tell(uow, contact, await archive(uow, contact, is_main=False))


async def restore_contact(uow: UnitOfWork, contact: Contact) -> None:
    """It is offered again, as a secondary one."""
    _tell(uow, contact, await restore(uow, contact))


async def _end_main_contact(uow: UnitOfWork, account_id: str) -> None:
    main = await repository.main_contact(uow.session, account_id)
    if main is not None:
        _tell(uow, main, await apply(uow, main, {"is_main": False}))


def _tell(uow: UnitOfWork, contact: Contact, changed: list[str]) -> None:
    if not changed:
        return
    updated = ContactUpdated(
        contact_id=contact.id,
        account_id=contact.account_id,
        name=contact.name,
        is_main=contact.is_main,
        archived=contact.archived_at is not None,
        changed=changed,
    )
    uow.publish(updated, subject=contact.id, version=contact.version)
