"""New tickets from mails of known senders (S2-92, S2-132)."""

from collections.abc import Sequence

from patchbay_contracts import Channel, Reason, ReasonCode
from patchbay_kit.db import UnitOfWork
from ticket_svc.accounts.directory import account_facts, all_mail_employees, employee_ref
from ticket_svc.desk.schemas import DeskSettings
from ticket_svc.mail.decided import DecidedMail
from ticket_svc.mail.texts import ticket_subject
from ticket_svc.tickets.defaults import choose_manager
from ticket_svc.tickets.opening import NewTicket, open_tickets
from ticket_svc.tickets.people import default_employees, external
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
    tickets = []
    for decided in mails:
        mail, verdict = decided.mail, decided.verdict
        account = facts[verdict.account_id or ""]
        manager, why_manager = choose_manager(account, default_manager)
        sender = mail.sender
        assert sender is not None  # noqa: S101  # a mail without a sender never makes a ticket
        actor = f"contact:{verdict.contact_id}" if verdict.contact_id else f"account:{account.id}"
        decided.reasons.extend(
            [
                why_manager,
                Reason(code=ReasonCode.RECIPIENTS_SENDER, params={"address": sender.email}),
                Reason(code=ReasonCode.INBOX_EXTERNAL_CREATE),
            ]
        )
        entry = NewEntry(
            "email",
            mail.new_text or mail.text,
            mail.mail.received_at,
            public=True,
            data=mail_data(decided),
            mail_id=mail.mail.mail_id,
        )
        tickets.append(
            NewTicket(
                id=decided.ticket_id or "",
                subject=ticket_subject(mail.subject),
                description=mail.text,
                account_id=account.id,
                account_name=account.name,
                channel=Channel.EMAIL,
                occurred_at=mail.mail.received_at,
                actor=actor,
                reasons=decided.reasons,
                manager=manager,
                contact_id=verdict.contact_id,
                entries=[entry],
                recipients=[
                    external(sender.email, name=sender.name[:200], contact_id=verdict.contact_id),
                    *employees,
                ],
                message_ids=[mail.mail.message_id] if len(mail.mail.message_id) <= 1000 else [],
                cause=decided.event,
            )
        )
    await open_tickets(uow, tickets)
    for decided, ticket in zip(mails, tickets, strict=True):
        decided.ticket_id, decided.number = ticket.id, ticket.number


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
