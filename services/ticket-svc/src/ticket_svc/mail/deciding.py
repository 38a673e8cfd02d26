"""Mails that the rules left undecided, decided by a person (S4-28).

Promise: a mail is decided once; the row's lock lets only the first of two people act.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import Row, Table, select
from sqlalchemy.ext.asyncio import AsyncSession

from patchbay_contracts import EmailReceived, Envelope, MailOutcome, Reason, ReasonCode
from patchbay_kit.db import UnitOfWork
from patchbay_kit.errors import ProblemError, invalid, not_found
from patchbay_kit.http import PageRequest, keyset
from ticket_svc.accounts.belonging import active_account
from ticket_svc.desk.service import load_settings
from ticket_svc.mail.decided import DecidedMail
from ticket_svc.mail.distribution import auto_answers, distribute
from ticket_svc.mail.filing import file_mails
from ticket_svc.mail.lookup import known_senders
from ticket_svc.mail.opening import open_from_mails
from ticket_svc.mail.rules import MailVerdict, Sender, is_employee
from ticket_svc.mail.tables import MailDecision
from ticket_svc.mail.waiting import forget, settle
from ticket_svc.parts import with_visible_ticket
from ticket_svc.rights.viewer import Viewer
from ticket_svc.tickets.changing import lock_tickets
from ticket_svc.tickets.seeing import sees_ticket

_DECISION: Table = MailDecision.__table__  # type: ignore[attr-defined]  # set by SQLModel


async def page_of_decisions(
    session: AsyncSession, viewer: Viewer, outcome: MailOutcome | None, page: PageRequest
) -> Sequence[Row[Any]]:
    """Newest mails first, one more than the page holds; none of tickets that stay hidden."""
    statement = select(*(column for column in _DECISION.c if column.name != "evidence"))
    statement = with_visible_ticket(statement, _DECISION.c.ticket_id, viewer)
    if outcome is not None:
        statement = statement.where(_DECISION.c.outcome == str(outcome))
    return (await session.execute(keyset(statement, [_DECISION.c.mail_id], page))).all()


async def decision_of(session: AsyncSession, mail_id: str) -> Row[Any]:
    """The decision about a mail; 404 `mail_decision_not_found`."""
    statement = select(_DECISION).where(_DECISION.c.mail_id == mail_id)
    row = (await session.execute(statement)).one_or_none()
    if row is None:
        raise not_found("mail_decision", mail_id)
    return row


async def visible_decision(session: AsyncSession, viewer: Viewer, mail_id: str) -> Row[Any]:
    """The same for those who may see the ticket that came of it; undecided ones are everybody's."""
    row = await decision_of(session, mail_id)
    if not await _may_see(session, viewer, row):
        raise not_found("mail_decision", mail_id)
    return row


async def _may_see(session: AsyncSession, viewer: Viewer, row: Row[Any]) -> bool:
    """Those who see its ticket, or the one into which that was merged."""
    return row.ticket_id is None or await sees_ticket(session, viewer, row.ticket_id)


async def file_by_hand(uow: UnitOfWork, viewer: Viewer, mail_id: str, ticket_id: str) -> None:
    """File the mail on a ticket and send it on like any other; 422 `ticket_unknown`."""
    decided = await _undecided(uow, viewer, mail_id, MailOutcome.FILED)
    ticket = (await lock_tickets(uow.session, [ticket_id])).get(ticket_id)
    if ticket is None or not viewer.sees(ticket):
        raise invalid("ticket_unknown", "No such ticket", field="/ticket_id")
    decided.verdict = replace(decided.verdict, ticket_id=ticket_id)
    await file_mails(uow, [decided])
    await distribute(uow, [decided], await load_settings(uow.session))
    await settle(uow, decided)


async def create_by_hand(uow: UnitOfWork, viewer: Viewer, mail_id: str, account_id: str) -> None:
    """Open a ticket from the mail, answer and send it on; 422 `account_unknown`,
    `account_archived`.
    """
    decided = await _undecided(uow, viewer, mail_id, MailOutcome.CREATED)
    await active_account(uow, account_id)
    contact_id = decided.sender.accounts.get(account_id)
    decided.verdict = replace(decided.verdict, account_id=account_id, contact_id=contact_id)
    settings = await load_settings(uow.session)
    await open_from_mails(uow, [decided], settings)
    await distribute(uow, [decided], settings)
    if not decided.verdict.from_employee:
        await auto_answers(uow, [decided], settings)
    await settle(uow, decided)


async def ignore_by_hand(uow: UnitOfWork, viewer: Viewer, mail_id: str) -> None:
    """Make nothing of the mail; its original stays with the mail gateway."""
    await settle(uow, await _undecided(uow, viewer, mail_id, MailOutcome.IGNORED))


async def _undecided(
    uow: UnitOfWork, viewer: Viewer, mail_id: str, outcome: MailOutcome
) -> DecidedMail:
    """The mail as it came, with the person's verdict; 409 where it is decided already, and 404
    where that led to a ticket that the person may not see.
    """
    statement = select(_DECISION).where(_DECISION.c.mail_id == mail_id).with_for_update()
    row = (await uow.session.execute(statement)).one_or_none()
    if row is None or not await _may_see(uow.session, viewer, row):
        raise not_found("mail_decision", mail_id)
    if row.outcome != MailOutcome.UNDECIDED or row.evidence is None:
        raise _decided_already(row)
    await forget(uow, [mail_id])
    event = Envelope[EmailReceived].model_validate(row.evidence)
    mail = event.data
    address = mail.sender.email.lower() if mail.sender else ""
    sender = (await known_senders(uow.session, [address] if address else [])).get(address, Sender())
    reasons = [Reason.model_validate(reason) for reason in row.reasons]
    reasons.append(Reason(code=ReasonCode.MAIL_DECIDED_BY_PERSON, params={"actor": uow.actor}))
    verdict = MailVerdict(outcome, reasons, from_employee=is_employee(mail, sender))
    return DecidedMail(event, sender, verdict)


def _decided_already(row: Row[Any]) -> ProblemError:
    return ProblemError(
        409,
        "mail_decided_already",
        "The mail is decided already",
        detail=f"It was {row.outcome} at {row.decided_at:%Y-%m-%d %H:%M} UTC.",
        extra={"outcome": row.outcome, "ticket_id": row.ticket_id, "decided_by": row.decided_by},
    )
