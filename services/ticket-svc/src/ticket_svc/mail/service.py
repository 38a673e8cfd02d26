"""EmailReceived to decisions, tickets and filings, a batch at a time.

Promise: one decision a mail (its row's key), one ticket a conversation, in whatever order or worker
its mails come: the Message-IDs of a new one are claimed under a unique key before it is opened, and
an answer that came too early to be decided is filed when its ticket is there.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Table, select

from patchbay_contracts import MailOutcome
from patchbay_kit.db import UnitOfWork, insert_many
from ticket_svc.desk.schemas import DeskSettings
from ticket_svc.desk.service import load_settings
from ticket_svc.mail.conversations import claim_conversations
from ticket_svc.mail.decided import DecidedMail, Event, announce
from ticket_svc.mail.distribution import auto_answers, distribute
from ticket_svc.mail.filing import file_mails
from ticket_svc.mail.lookup import look_up, message_ids
from ticket_svc.mail.opening import open_from_mails
from ticket_svc.mail.rules import Sender, decide
from ticket_svc.mail.tables import MailDecision
from ticket_svc.mail.waiting import (
    answers_to,
    answers_with_ticket,
    await_messages,
    settle,
    take_waiting,
)
from ticket_svc.tickets.records import reasons_json

_DECISION: Table = MailDecision.__table__  # type: ignore[attr-defined]  # set by SQLModel


async def take_in(uow: UnitOfWork, events: Sequence[Event]) -> None:
    """Decide about every mail that has no decision yet, and act on it."""
    fresh = await _undecided_yet(uow, events)
    if not fresh:
        return
    settings = await load_settings(uow.session)
    mails = await _judge(uow, fresh)
    losers = await claim_conversations(uow, [mail for mail in mails if _creates(mail)])
    await open_from_mails(uow, [m for m in mails if _creates(m) and m not in losers], settings)
    if losers:
        again = await _judge(uow, [loser.event for loser in losers])
        await open_from_mails(uow, [each for each in again if _creates(each)], settings)
        mails = [each for each in mails if each not in losers] + again
    await file_mails(uow, [each for each in mails if each.verdict.outcome is MailOutcome.FILED])
    await distribute(uow, mails, settings)
    await auto_answers(uow, mails, settings)
    await _write(uow, mails)
    await _take_answers(uow, mails, settings)


async def take_late_answers(uow: UnitOfWork) -> bool:
    """File undecided mails whose conversation has a ticket by now; True where there were some.

    Two transactions at once do not see each other: one left the answer undecided while the other
    opened the ticket. So this is looked at again later.
    """
    waiting = await answers_with_ticket(uow.session)
    if waiting:
        await _file_answers(uow, waiting, await load_settings(uow.session))
    return bool(waiting)


async def _take_answers(
    uow: UnitOfWork, mails: Sequence[DecidedMail], settings: DeskSettings
) -> None:
    """An employee's answer may come before the mail that it answers: then it waited for it."""
    known = {mail.mail.mail.message_id for mail in mails if mail.ticket_id}
    known |= {each for mail in mails if _creates(mail) for each in message_ids(mail.mail)}
    await _file_answers(uow, await answers_to(uow.session, known), settings)


async def _file_answers(uow: UnitOfWork, mail_ids: Sequence[str], settings: DeskSettings) -> None:
    if not mail_ids:
        return
    events = await take_waiting(uow, mail_ids)
    judged = await _judge(uow, events)
    filed = [mail for mail in judged if mail.verdict.outcome is MailOutcome.FILED]
    await file_mails(uow, filed)
    await distribute(uow, filed, settings)
    for mail in filed:
        await settle(uow, mail)


def _creates(mail: DecidedMail) -> bool:
    return mail.verdict.outcome is MailOutcome.CREATED


async def _undecided_yet(uow: UnitOfWork, events: Sequence[Event]) -> list[Event]:
    by_mail: dict[str, Event] = {}
    for event in events:
        by_mail.setdefault(event.data.mail.mail_id, event)
    statement = select(_DECISION.c.mail_id).where(_DECISION.c.mail_id.in_(sorted(by_mail)))
    for mail_id in (await uow.session.execute(statement)).scalars():
        by_mail.pop(mail_id)
    return list(by_mail.values())


async def _judge(uow: UnitOfWork, events: Sequence[Event]) -> list[DecidedMail]:
    mails = [event.data for event in events]
    known = await look_up(uow.session, mails)
    judged = []
    for event, candidates in zip(events, known.candidates, strict=True):
        address = event.data.sender.email.lower() if event.data.sender else ""
        sender = known.senders.get(address, Sender())
        judged.append(DecidedMail(event, sender, decide(event.data, sender, candidates)))
    return judged


async def _write(uow: UnitOfWork, mails: Sequence[DecidedMail]) -> None:
    await insert_many(uow.session, _DECISION, [_row(uow, mail) for mail in mails])
    undecided = [mail.mail for mail in mails if mail.verdict.outcome is MailOutcome.UNDECIDED]
    await await_messages(uow, undecided)
    for mail in mails:
        announce(uow, mail, version=1)


def _row(uow: UnitOfWork, decided: DecidedMail) -> dict[str, Any]:
    mail = decided.mail
    undecided = decided.verdict.outcome is MailOutcome.UNDECIDED
    return {
        "mail_id": mail.mail.mail_id,
        "outcome": str(decided.verdict.outcome),
        "ticket_id": decided.ticket_id,
        "message_id": mail.mail.message_id,
        "sender_email": decided.sender.email or (mail.sender.email[:320] if mail.sender else None),
        "sender_name": mail.sender.name[:200] if mail.sender else "",
        "subject": mail.subject,
        "evidence": decided.event.model_dump(mode="json", exclude_none=True) if undecided else None,
        "reasons": reasons_json(decided.reasons),
        "received_at": mail.mail.received_at,
        "decided_at": uow.now,
    }
