"""A ticket's recipient lists: replacing them, adding to them and taking from them.

Promise: a person is in a list once (S2-138), and the history has the lists before and after.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import Row, Table, delete, update

from patchbay_kit.db import UnitOfWork, insert_many
from patchbay_kit.errors import ProblemError, invalid, not_found
from patchbay_kit.http.ids import checked_id
from ticket_svc.accounts.belonging import refuse_archived
from ticket_svc.accounts.tables import Account, Contact
from ticket_svc.desk.service import refuse_support_address
from ticket_svc.tickets.actors import By
from ticket_svc.tickets.directory import account_facts
from ticket_svc.tickets.editing import record_change
from ticket_svc.tickets.given_customers import given_customers, refuse_archived_contacts
from ticket_svc.tickets.muting import MUTED
from ticket_svc.tickets.opening import recipient_row
from ticket_svc.tickets.people import NewRecipient, external
from ticket_svc.tickets.recipient_schemas import EmployeeRecipient, NewRecipientRequest, Recipients
from ticket_svc.tickets.records import NewEntry
from ticket_svc.tickets.references import check_employees
from ticket_svc.tickets.repository import recipients_of
from ticket_svc.tickets.same_person import Listed, contacts_behind, each_once, same_person
from ticket_svc.tickets.tables import Recipient

_RECIPIENT: Table = Recipient.__table__  # type: ignore[attr-defined]  # set by SQLModel


async def replace_recipients(uow: UnitOfWork, row: Row[Any], wanted: Recipients, who: By) -> None:
    """Make the lists of the locked ticket what is wanted; who is named wants its mail again.

    422 `contact_unknown`, `contact_archived` for one who is not in it yet, `employee_unknown`; 409
    `support_address_taken`.
    """
    before = await recipients_of(uow.session, row.id)
    employees = {each.employee_id for each in wanted.employees if each.employee_id}
    await check_employees(uow.session, employees)
    known = {each.contact_id for each in before}
    new = await given_customers(
        uow.session, row.account_id, wanted.external, "/external", known=known
    )
    new += each_once([_employee(each) for each in wanted.employees], {})
    if {_written(each) for each in before} == {_written(each) for each in new}:
        return
    rows = [recipient_row(row.id, each) for each in new]
    gone = delete(_RECIPIENT).where(
        _RECIPIENT.c.ticket_id == row.id, _RECIPIENT.c.list_name != MUTED
    )
    await uow.session.execute(gone)
    await unmute(uow, row.id, employees)
    await insert_many(uow.session, _RECIPIENT, rows)
    await _record(uow, row, before, "The recipients were changed.", who)


async def add_recipient(
    uow: UnitOfWork, row: Row[Any], wanted: NewRecipientRequest, who: By
) -> str:
    """The id of the entry, which may have been there; a customer is moved to the place wanted, and
    to the address where one is given.
    """
    added = await _wanted(uow, row, wanted)
    before = await recipients_of(uow.session, row.id)
    behind = await contacts_behind(uow.session, row.account_id, [*before, added])
    held = [each for each in before if same_person(each, added, behind)]
    if held:
        found = min(held, key=lambda each: bool(each.dedupe_key != added.dedupe_key))
        await _move(uow, row, found, added, wanted.email is not None, before, who)
        return str(found.id)
    if added.contact_id is not None:
        await refuse_archived_contacts(uow.session, {added.contact_id}, "/contact_id")
    if added.employee_id is not None:
        await unmute(uow, row.id, {added.employee_id})
    entry = recipient_row(row.id, added)
    await insert_many(uow.session, _RECIPIENT, [entry])
    await _record(uow, row, before, "A recipient was added.", who)
    return str(entry["id"])


async def remove_recipient(uow: UnitOfWork, row: Row[Any], recipient_id: str, who: By) -> None:
    """404 `recipient_not_found` where the ticket has no such entry."""
    wanted = checked_id(recipient_id, "recipient")
    before = await recipients_of(uow.session, row.id)
    if wanted not in {each.id for each in before}:
        raise not_found("recipient", wanted)
    await uow.session.execute(delete(_RECIPIENT).where(_RECIPIENT.c.id == wanted))
    await _record(uow, row, before, "A recipient was removed.", who)


async def unmute(uow: UnitOfWork, ticket_id: str, employees: set[str]) -> bool:
    """These employees want the ticket's mail again; whether any of them did not."""
    gone = delete(_RECIPIENT).where(
        _RECIPIENT.c.ticket_id == ticket_id,
        _RECIPIENT.c.list_name == MUTED,
        _RECIPIENT.c.employee_id.in_(sorted(employees)),
    )
    found = await uow.session.execute(gone.returning(_RECIPIENT.c.id))
    return found.first() is not None


async def _record(
    uow: UnitOfWork, row: Row[Any], before: Sequence[Row[Any]], text: str, who: By
) -> None:
    after = await recipients_of(uow.session, row.id)
    data = {"field": "recipients", "old": _names(before), "new": _names(after)}
    await record_change(uow, row, NewEntry("audit", text, uow.now, data=data), "recipients", who)


def _names(rows: Sequence[Row[Any]]) -> list[str]:
    """Addresses of customers with their place, roles, and names of employees."""
    return [
        f"{each.place}: {each.email}"
        if each.list_name == "external"
        else (each.role or each.person_name or each.employee_id)
        for each in rows
    ]


async def _move(
    uow: UnitOfWork,
    row: Row[Any],
    entry: Row[Any],
    added: NewRecipient,
    typed: bool,
    before: Sequence[Row[Any]],
    who: By,
) -> None:
    """The entry at another place, and at another address of the same person where one is typed."""
    values = {"place": added.place}
    if typed and added.email is not None:
        values |= {"email": added.email, "dedupe_key": added.dedupe_key}
    if all(getattr(entry, name) == value for name, value in values.items()):
        return
    moved = update(_RECIPIENT).where(_RECIPIENT.c.id == entry.id)
    await uow.session.execute(moved.values(values))
    where = f"in {added.place.capitalize()}"
    if values.get("email", entry.email) != entry.email:
        where = f"{where} at {values['email']}"
    await _record(uow, row, before, f"{entry.name or entry.email} gets the mail {where} now.", who)


async def _wanted(uow: UnitOfWork, row: Row[Any], wanted: NewRecipientRequest) -> NewRecipient:
    if wanted.role is not None or wanted.employee_id is not None:
        if wanted.employee_id is not None:
            await check_employees(uow.session, {wanted.employee_id}, "/employee_id")
        return _employee(EmployeeRecipient(employee_id=wanted.employee_id, role=wanted.role))
    if wanted.contact_id is not None:
        found = await _contact(uow, wanted.contact_id)
    elif wanted.account_id is not None:
        found = await _account(uow, wanted.account_id)
    else:
        await refuse_support_address(uow.session, email=wanted.email)
        found = external(wanted.email or "", name=wanted.name)
    return replace(found, place=wanted.place)


async def _contact(uow: UnitOfWork, contact_id: str) -> NewRecipient:
    contact = await uow.session.get(Contact, contact_id)
    if contact is None:
        raise invalid("contact_unknown", "No such contact", field="/contact_id")
    address = contact.email1 or contact.email2
    if address is None:
        raise _no_address("contact", "/contact_id")
    return external(address, name=contact.name, contact_id=contact.id)


async def _account(uow: UnitOfWork, account_id: str) -> NewRecipient:
    """The account's main contact, else its own address, as for a new ticket (S2-129)."""
    facts = (await account_facts(uow.session, [account_id])).get(account_id)
    if facts is None:
        raise invalid("account_unknown", "No such account", field="/account_id")
    refuse_archived(await uow.session.get_one(Account, account_id))
    person = facts.main_contact
    if person is None:
        raise _no_address("account", "/account_id")
    known = person.id if person.kind == "contact" else None
    return external(person.email, name=person.name, contact_id=known)


def _written(entry: Listed) -> tuple[Any, ...]:
    """What is compared to see whether a list is what it was."""
    outside = (entry.name, entry.contact_id) if entry.list_name == "external" else ()
    return (entry.list_name, entry.dedupe_key, entry.place, *outside)


def _no_address(what: str, field: str) -> ProblemError:
    return invalid(
        f"{what}_without_address",
        f"The {what} has no e-mail address",
        field=field,
        hint="Give it one, or add an address.",
    )


def _employee(wanted: EmployeeRecipient) -> NewRecipient:
    if wanted.role is not None:
        return NewRecipient("employee", f"role:{wanted.role}", role=wanted.role)
    key = f"employee:{wanted.employee_id}"
    return NewRecipient("employee", key, employee_id=wanted.employee_id)
