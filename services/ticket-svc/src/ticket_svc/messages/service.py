"""Sending messages between employees (S2-14). Those about a ticket stand in its history (S2-72)."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import Row, Table, select, update

from patchbay_contracts import MessageSent, PersonRef
from patchbay_kit.auth import Principal
from patchbay_kit.db import UnitOfWork, insert_many
from patchbay_kit.errors import ProblemError, invalid, not_found
from patchbay_kit.ids import new_id
from ticket_svc.accounts.tables import Account
from ticket_svc.employees.holding import permissions_of
from ticket_svc.messages.schemas import MessageTo, NewTicketMessage
from ticket_svc.messages.tables import Message, MessageReceipt
from ticket_svc.parts import active_people
from ticket_svc.rights.viewer import Viewer
from ticket_svc.tickets.actors import by
from ticket_svc.tickets.editing import record_change
from ticket_svc.tickets.records import NewEntry

_ACCOUNT: Table = Account.__table__  # type: ignore[attr-defined]  # set by SQLModel
_RECEIPT: Table = MessageReceipt.__table__  # type: ignore[attr-defined]


async def send(
    uow: UnitOfWork, wanted: NewTicketMessage, sender: Principal, ticket: Row[Any] | None
) -> str:
    """The new message's id; MessageSent. `ticket`: what it is about, locked.

    422 `employee_unknown`, `role_vacant`, `role_without_ticket`, and `recipient_cannot_see_ticket`;
    403 `employees_only` for a sender who is none.
    """
    if sender.kind != "employee":
        raise ProblemError(
            403, "employees_only", "Messages are between employees", hint="Write a note instead."
        )
    ids = [await _recipient(uow, each, ticket) for each in wanted.to]
    people = await active_people(uow.session, ids, "/to")
    if ticket is not None:
        await _check_they_see(uow, people, ticket)
    message = Message(
        id=new_id(),
        ticket_id=ticket.id if ticket is not None else None,
        sender_id=sender.id,
        subject=wanted.subject,
        text=wanted.text,
        created_at=uow.now,
    )
    uow.session.add(message)
    await uow.session.flush()
    await insert_many(uow.session, _RECEIPT, _receipts(message.id, people))
    if ticket is not None:
        await record_change(uow, ticket, _entry(uow, message, people), "messages", by(sender))
    sent = MessageSent(
        message_id=message.id,
        ticket_id=message.ticket_id,
        sender_id=sender.id,
        recipient_ids=list(people),
    )
    uow.publish(sent, subject=message.id, version=1)
    return message.id


async def mark(uow: UnitOfWork, message_id: str, employee_id: str, *, read: bool) -> None:
    """Read by the employee, or not; the first reading counts. 404 where it is not for them."""
    held = (_RECEIPT.c.message_id == message_id, _RECEIPT.c.employee_id == employee_id)
    statement = select(_RECEIPT.c.read_at).where(*held).with_for_update()
    found = (await uow.session.execute(statement)).one_or_none()
    if found is None:
        raise not_found("message", message_id)
    if (found.read_at is not None) == read:
        return
    read_at: datetime | None = uow.now if read else None
    await uow.session.execute(update(_RECEIPT).where(*held).values(read_at=read_at))


async def _recipient(uow: UnitOfWork, to: MessageTo, ticket: Row[Any] | None) -> str:
    if to.employee_id is not None:
        return to.employee_id
    if ticket is None:
        raise invalid("role_without_ticket", "A role needs a ticket", field="/to")
    holder = ticket.manager_id
    if to.role == "account_manager":
        statement = select(_ACCOUNT.c.manager_id).where(_ACCOUNT.c.id == ticket.account_id)
        holder = await uow.session.scalar(statement)
    if holder is None:
        detail = f"The ticket has no {str(to.role).replace('_', ' ')}."
        raise invalid("role_vacant", "Nobody holds this role", field="/to", detail=detail)
    return str(holder)


async def _check_they_see(uow: UnitOfWork, people: dict[str, PersonRef], ticket: Row[Any]) -> None:
    held = await permissions_of(uow.session, people)
    for employee_id, person in people.items():
        permissions = held.get(employee_id, frozenset())
        reader = Principal(employee_id, "employee", person.name, None, permissions)
        if not Viewer(reader).sees(ticket):
            raise invalid(
                "recipient_cannot_see_ticket",
                "Somebody may not see the ticket",
                field="/to",
                detail=f"{person.name} does not manage the ticket and may not see others'.",
            )


def _receipts(message_id: str, people: Iterable[str]) -> list[dict[str, Any]]:
    return [{"message_id": message_id, "employee_id": each, "read_at": None} for each in people]


def _entry(uow: UnitOfWork, message: Message, people: dict[str, PersonRef]) -> NewEntry:
    """The message as a line of the ticket's history, internal as everything about it is."""
    data = {
        "message_id": message.id,
        "subject": message.subject,
        "to": [{"employee_id": each.id, "name": each.name} for each in people.values()],
    }
    return NewEntry("message", message.text, uow.now, public=False, data=data)
