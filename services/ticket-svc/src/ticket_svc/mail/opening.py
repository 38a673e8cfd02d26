"""New tickets from mails of known senders (S2-92, S2-132)."""

from collections.abc import Sequence

from patchbay_contracts import Channel, PersonRef, Reason, ReasonCode
from patchbay_kit.db import UnitOfWork
from ticket_svc.desk.schemas import DeskSettings
from ticket_svc.mail.decided import DecidedMail
from ticket_svc.mail.lookup import MAX_MESSAGE_ID
from ticket_svc.mail.texts import ticket_subject
from ticket_svc.mail.visibility import naming_outsiders
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


async def open_from_mails(
    uow: UnitOfWork, mails: Sequence[DecidedMail], settings: DeskSettings
) -> None:
    """Open a ticket for each mail, in its account; sets the mail's ticket id and number."""
    if not mails:
        return
    ids = [mail.verdict.account_id for mail in mails if mail.verdict.account_id]
    facts = await account_facts(uow.session, ids)
    default_manager = await employee_ref(uow.session, settings.default_manager_id)
    employees = default_employees(await all_mail_employees(uow.session))
    ours = [decided for decided in mails if decided.verdict.from_employee]
    outside = await naming_outsiders(uow.session, ours, settings)
    tickets = []
    for decided in mails:
        account = facts[decided.verdict.account_id or ""]
        ticket = _new_ticket(
            decided, account, default_manager, employees, to_outsiders=decided in outside
        )
        ticket.awaits_dispatch = settings.dispatch_new_tickets
        tickets.append(ticket)
    await open_tickets(uow, tickets)
    for decided, ticket in zip(mails, tickets, strict=True):
        decided.ticket_id, decided.number = ticket.id, ticket.number


def _new_ticket(
    decided: DecidedMail,
    account: AccountFacts,
    default_manager: PersonRef | None,
    employees: list[NewRecipient],
    *,
    to_outsiders: bool,
) -> NewTicket:
    mail, verdict = decided.mail, decided.verdict
    manager, why_manager = choose_manager(account, default_manager)
    recipients, why_recipients = _recipients(decided, account, employees)
    decided.reasons.extend([why_manager, why_recipients, *contract_reasons(account)])
    if not verdict.from_employee:
        decided.reasons.append(Reason(code=ReasonCode.INBOX_EXTERNAL_CREATE))
    entry = NewEntry(
        "email",
        mail.new_text or mail.text,
        mail.mail.received_at,
        public=_is_public(decided, recipients, to_outsiders=to_outsiders),
        data=mail_data(decided),
        mail_id=mail.mail.mail_id,
    )
    return NewTicket(
        id=decided.ticket_id or "",
        subject=ticket_subject(mail.subject),
        description=mail.text,
        account_id=account.id,
        account_name=account.name,
        channel=Channel.EMAIL,
        occurred_at=mail.mail.received_at,
        actor=_writer(decided, account),
        reasons=decided.reasons,
        manager=manager,
        contact_id=verdict.contact_id,
        contract_id=account.contract_id,
        in_inbox=not verdict.from_employee,
        entries=[entry],
        recipients=recipients,
        message_ids=[own] if len(own := mail.mail.message_id) <= MAX_MESSAGE_ID else [],
        cause=decided.event,
    )


def _is_public(
    decided: DecidedMail, recipients: Sequence[NewRecipient], *, to_outsiders: bool
) -> bool:
    """What a customer wrote, and what goes or went to somebody outside (S2-73)."""
    if not decided.verdict.from_employee or to_outsiders:
        return True
    sent_on = decided.mail.addressed_as == "to"
    return sent_on and any(each.list_name == "external" for each in recipients)


def _recipients(
    decided: DecidedMail, account: AccountFacts, employees: list[NewRecipient]
) -> tuple[list[NewRecipient], Reason]:
    """The customer who wrote (S2-132), else the defaults."""
    sender = decided.mail.sender
    if sender is None or decided.verdict.from_employee:
        return default_recipients(account, employees)
    contact_id = decided.verdict.contact_id
    writer = external(sender.email, name=sender.name[:200], contact_id=contact_id)
    reason = Reason(code=ReasonCode.RECIPIENTS_SENDER, params={"address": sender.email})
    return [writer, *employees], reason


def _writer(decided: DecidedMail, account: AccountFacts) -> str:
    if decided.verdict.from_employee:
        return f"employee:{decided.sender.employee_id}"
    contact_id = decided.verdict.contact_id
    return f"contact:{contact_id}" if contact_id else f"account:{account.id}"


def mail_data(decided: DecidedMail) -> dict[str, object]:
    """What a history entry keeps of a mail beside its text."""
    mail = decided.mail
    return {
        "message_id": mail.mail.message_id,
        "from": mail.sender.email if mail.sender else None,
        "subject": mail.subject,
        "to": [person.email for person in mail.to],
        "cc": [person.email for person in mail.cc],
        "attachments": [each.model_dump(mode="json") for each in mail.attachments],
        "automation": str(mail.automation),
    }
