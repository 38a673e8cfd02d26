"""Opening one ticket over HTTP (S1-57, S2-125 .. S2-138)."""

from typing import Any

from patchbay_contracts import PersonRef, Reason, ReasonCode
from patchbay_kit.db import UnitOfWork
from ticket_svc.accounts.belonging import active_account
from ticket_svc.contracts.reading import contract_named
from ticket_svc.custom_fields.service import check_custom_fields
from ticket_svc.desk.schemas import DeskSettings
from ticket_svc.desk.service import load_settings
from ticket_svc.tickets.actors import By
from ticket_svc.tickets.defaults import choose_manager, contract_reasons, default_recipients
from ticket_svc.tickets.directory import (
    AccountFacts,
    account_facts,
    all_mail_employees,
    employee_ref,
)
from ticket_svc.tickets.opening import NewTicket, open_tickets
from ticket_svc.tickets.people import NewRecipient, default_employees, external
from ticket_svc.tickets.records import NewEntry
from ticket_svc.tickets.references import (
    asset_name,
    check_contacts,
    check_type,
    contact_named,
    manager_named,
)
from ticket_svc.tickets.schemas import NewTicketRequest


async def open_ticket(uow: UnitOfWork, wanted: NewTicketRequest, who: By) -> str:
    """The new ticket's id. 422 where it names a record that is not there or not the account's."""
    session = uow.session
    await active_account(uow, wanted.account_id)
    account = (await account_facts(session, [wanted.account_id]))[wanted.account_id]
    settings = await load_settings(session)
    contact = None
    if wanted.contact_id is not None:
        contact = await contact_named(session, wanted.contact_id, account.id)
    manager, why_manager = await _manager(uow, wanted, account, settings)
    recipients, why_recipients = await _recipients(uow, wanted, account, contact)
    opened = Reason(code=ReasonCode.TICKET_OPENED_BY_PERSON)
    given = Reason(code=ReasonCode.ACCOUNT_GIVEN, params={"account_id": account.id})
    inbox = [Reason(code=ReasonCode.INBOX_EXTERNAL_CREATE)] if who.external else []
    ticket = NewTicket(
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
        **await _checked(uow, wanted, account, settings),
    )
    await open_tickets(uow, [ticket])
    return ticket.id


async def _checked(
    uow: UnitOfWork, wanted: NewTicketRequest, account: AccountFacts, settings: DeskSettings
) -> dict[str, Any]:
    """Asset, contract, type, dispatch flag and custom fields, with the desk's defaults."""
    session, contract_id, waits = uow.session, wanted.contract_id, wanted.awaits_dispatch
    if wanted.asset_id is not None:
        await asset_name(session, wanted.asset_id, account.id)
    if contract_id is not None:
        await contract_named(session, contract_id, account.id)
    check_type(settings, wanted.type)
    fields = await check_custom_fields(session, "ticket", {}, wanted.custom_fields)
    return {
        "asset_id": wanted.asset_id,
        "contract_id": contract_id or account.contract_id,
        "type": wanted.type,
        "awaits_dispatch": settings.dispatch_new_tickets if waits is None else waits,
        "custom_fields": fields,
    }


def _contract(wanted: NewTicketRequest, account: AccountFacts) -> list[Reason]:
    if wanted.contract_id is None:
        return contract_reasons(account)
    params = {"contract_id": wanted.contract_id}
    return [Reason(code=ReasonCode.CONTRACT_GIVEN, params=params)]


async def _manager(
    uow: UnitOfWork, wanted: NewTicketRequest, account: AccountFacts, settings: DeskSettings
) -> tuple[PersonRef | None, Reason]:
    if wanted.manager_id is not None:
        manager = await manager_named(uow.session, wanted.manager_id)
        params = {"employee_id": manager.id}
        return manager, Reason(code=ReasonCode.MANAGER_GIVEN, params=params)
    default = await employee_ref(uow.session, settings.default_manager_id)
    return choose_manager(account, default)


async def _recipients(
    uow: UnitOfWork, wanted: NewTicketRequest, account: AccountFacts, contact: PersonRef | None
) -> tuple[list[NewRecipient], Reason]:
    """Those given, else the contact person (S2-130), else the main contact (S2-129, S2-133)."""
    employees = default_employees(await all_mail_employees(uow.session))
    if wanted.recipients is not None:
        ids = {each.contact_id for each in wanted.recipients if each.contact_id}
        await check_contacts(uow.session, ids, "/recipients")
        given = [
            external(each.email, name=each.name, contact_id=each.contact_id, place=each.place)
            for each in wanted.recipients
        ]
        return [*given, *employees], Reason(code=ReasonCode.RECIPIENTS_GIVEN)
    if contact is not None and contact.email:
        chosen = external(contact.email, name=contact.name, contact_id=contact.id)
        reason = Reason(code=ReasonCode.RECIPIENTS_DEFAULT, params={"contact_id": contact.id})
        return [chosen, *employees], reason
    return default_recipients(account, employees)
