"""Opening one ticket over HTTP (S1-57, S2-125 .. S2-138)."""

from typing import Any

from patchbay_contracts import PersonRef, Reason, ReasonCode
from patchbay_kit.db import UnitOfWork
from ticket_svc.accounts.belonging import check_chosen, unknown
from ticket_svc.contracts.reading import contract_closed
from ticket_svc.custom_fields.service import check_custom_fields
from ticket_svc.tickets.actors import By
from ticket_svc.tickets.defaults import choose_manager, contract_reasons, default_recipients
from ticket_svc.tickets.directory import AccountFacts
from ticket_svc.tickets.given_customers import given_customers
from ticket_svc.tickets.opening import NewTicket, open_tickets
from ticket_svc.tickets.people import NewRecipient, default_employees, external
from ticket_svc.tickets.records import NewEntry
from ticket_svc.tickets.references import check_type, manager_unknown
from ticket_svc.tickets.schemas import NewTicketRequest
from ticket_svc.tickets.surroundings import Found, Surroundings, surroundings_of


async def open_ticket(uow: UnitOfWork, wanted: NewTicketRequest, who: By) -> str:
    """The new ticket's id. 422 where it names a record that is not there or not the account's."""
    around = await surroundings_of(uow, wanted)
    ticket = await new_ticket(uow, wanted, who, around)
    await open_tickets(uow, [ticket], numbers=[around.number])
    return ticket.id


async def new_ticket(
    uow: UnitOfWork, wanted: NewTicketRequest, who: By, around: Surroundings
) -> NewTicket:
    """What is wanted, checked, with the desk's defaults; 422 as for `open_ticket`."""
    account = around.account()
    contact = _chosen(around, "contact", wanted.contact_id)
    manager, why_manager = _manager(wanted, account, around)
    recipients, why_recipients = await _recipients(uow, wanted, account, contact, around)
    opened = Reason(code=ReasonCode.TICKET_OPENED_BY_PERSON)
    given = Reason(code=ReasonCode.ACCOUNT_GIVEN, params={"account_id": account.id})
    inbox = [Reason(code=ReasonCode.INBOX_EXTERNAL_CREATE)] if who.external else []
    return NewTicket(
        subject=wanted.subject,
        description=wanted.description,
        account_id=account.id,
        account_name=account.name,
        channel=who.channel,
        occurred_at=uow.now,
        actor=who.actor,
        reasons=[opened, given, why_manager, why_recipients, *_contract(wanted, account), *inbox],
        manager=manager,
        contact_id=wanted.contact_id,
        priority=wanted.priority,
        status=str(wanted.status),
        due_at=wanted.due_at,
        in_inbox=who.external,
        entries=[NewEntry("audit", "The ticket was opened.", uow.now)],
        recipients=recipients,
        **await _checked(uow, wanted, account, around),
    )


async def _checked(
    uow: UnitOfWork, wanted: NewTicketRequest, account: AccountFacts, around: Surroundings
) -> dict[str, Any]:
    """Asset, contract, type, dispatch flag and custom fields, with the desk's defaults."""
    settings, waits = around.settings, wanted.awaits_dispatch
    _chosen(around, "asset", wanted.asset_id)
    contract = _chosen(around, "contract", wanted.contract_id)
    if contract is not None and contract.state == "closed":
        raise contract_closed()
    check_type(settings, wanted.type)
    fields = await check_custom_fields(uow.session, "ticket", {}, wanted.custom_fields)
    return {
        "asset_id": wanted.asset_id,
        "contract_id": wanted.contract_id or account.contract_id,
        "type": wanted.type,
        "awaits_dispatch": settings.dispatch_new_tickets if waits is None else waits,
        "custom_fields": fields,
    }


def _chosen(around: Surroundings, what: str, record_id: str | None) -> Found | None:
    """The record of the account that the request names, as `belonging` would give it."""
    if record_id is None:
        return None
    record = around.by_kind.get(what)
    if record is None:
        raise unknown(what)
    account_id = around.by_kind["account"].id
    check_chosen(what, account_id, record.owner, archived=record.state == "archived")
    return record


def _contract(wanted: NewTicketRequest, account: AccountFacts) -> list[Reason]:
    if wanted.contract_id is None:
        return contract_reasons(account)
    params = {"contract_id": wanted.contract_id}
    return [Reason(code=ReasonCode.CONTRACT_GIVEN, params=params)]


def _manager(
    wanted: NewTicketRequest, account: AccountFacts, around: Surroundings
) -> tuple[PersonRef | None, Reason]:
    if wanted.manager_id is not None:
        manager = around.by_kind.get("manager")
        if manager is None:
            raise manager_unknown()
        params = {"employee_id": manager.id}
        return manager.ref("employee"), Reason(code=ReasonCode.MANAGER_GIVEN, params=params)
    default = around.by_kind.get("default_manager")
    return choose_manager(account, default.ref("employee") if default else None)


async def _recipients(
    uow: UnitOfWork,
    wanted: NewTicketRequest,
    account: AccountFacts,
    contact: Found | None,
    around: Surroundings,
) -> tuple[list[NewRecipient], Reason]:
    """Those given, else the contact person (S2-130), else the main contact (S2-129, S2-133)."""
    employees = default_employees(each.id for each in around.readers)
    if wanted.recipients is not None:
        given = await given_customers(uow.session, account.id, wanted.recipients, "/recipients")
        return [*given, *employees], Reason(code=ReasonCode.RECIPIENTS_GIVEN)
    if contact is not None and contact.email:
        chosen = external(contact.email, name=contact.name, contact_id=contact.id)
        reason = Reason(code=ReasonCode.RECIPIENTS_DEFAULT, params={"contact_id": contact.id})
        return [chosen, *employees], reason
    return default_recipients(account, employees)
