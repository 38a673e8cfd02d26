"""Undecided mails whose conversation may get a ticket later, and how their decision is replaced.

An answer can be taken in before the mail that it answers, or before the worker beside has written
that one's ticket.
"""

from collections.abc import Iterable, Sequence

from sqlalchemy import Table, delete, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from patchbay_contracts import EmailReceived, Envelope, MailOutcome
from patchbay_kit.db import UnitOfWork, insert_many
from ticket_svc.mail.decided import DecidedMail, Event, announce
from ticket_svc.mail.lookup import MAX_MESSAGE_ID, message_ids
from ticket_svc.mail.tables import AwaitedMessage, MailDecision
from ticket_svc.tickets.records import reasons_json
from ticket_svc.tickets.tables import TicketMessage

_DECISION: Table = MailDecision.__table__  # type: ignore[attr-defined]  # set by SQLModel
_AWAITED: Table = AwaitedMessage.__table__  # type: ignore[attr-defined]
_MESSAGE: Table = TicketMessage.__table__  # type: ignore[attr-defined]

SWEEP = 50


async def await_messages(uow: UnitOfWork, mails: Iterable[EmailReceived]) -> None:
    """Remember what these undecided mails answer or report about."""
    rows = [
        {"message_id": message_id, "mail_id": mail.mail.mail_id}
        for mail in mails
        for message_id in _named(mail)
    ]
    await insert_many(uow.session, _AWAITED, rows, ignore_conflicts=True)


def _named(mail: EmailReceived) -> list[str]:
    bounced = mail.bounce.original_message_id if mail.bounce else None
    named = [*message_ids(mail), *([bounced] if bounced else [])]
    return [each for each in dict.fromkeys(named) if len(each) <= MAX_MESSAGE_ID]


async def answers_to(session: AsyncSession, known: Iterable[str]) -> Sequence[str]:
    """Ids of the mails that wait for one of these Message-IDs."""
    wanted = sorted(set(known))
    if not wanted:
        return []
    statement = select(_AWAITED.c.mail_id).where(_AWAITED.c.message_id.in_(wanted)).distinct()
    return (await session.execute(statement)).scalars().all()


async def answers_with_ticket(session: AsyncSession) -> Sequence[str]:
    """Ids of mails that wait for a Message-ID which has a ticket by now; at most SWEEP."""
    statement = (
        select(_AWAITED.c.mail_id)
        .join(_MESSAGE, _MESSAGE.c.message_id == _AWAITED.c.message_id)
        .distinct()
        .limit(SWEEP)
    )
    return (await session.execute(statement)).scalars().all()


async def take_waiting(uow: UnitOfWork, mail_ids: Sequence[str]) -> list[Event]:
    """The mails that are still undecided, locked, oldest first; they wait no longer."""
    statement = select(_DECISION.c.outcome, _DECISION.c.evidence).where(
        _DECISION.c.mail_id.in_(sorted(mail_ids))
    )
    rows = await uow.session.execute(statement.order_by(_DECISION.c.mail_id).with_for_update())
    await forget(uow, mail_ids)
    return [
        Envelope[EmailReceived].model_validate(row.evidence)
        for row in rows
        if row.outcome == MailOutcome.UNDECIDED and row.evidence is not None
    ]


async def forget(uow: UnitOfWork, mail_ids: Sequence[str]) -> None:
    """These mails wait for nothing any more."""
    await uow.session.execute(delete(_AWAITED).where(_AWAITED.c.mail_id.in_(sorted(mail_ids))))


async def settle(uow: UnitOfWork, decided: DecidedMail) -> None:
    """Replace the decision of a mail that was undecided, and announce the new one."""
    values = {
        "outcome": str(decided.verdict.outcome),
        "ticket_id": decided.ticket_id,
        "evidence": None,
        "reasons": reasons_json(decided.reasons),
        "decided_at": uow.now,
        "decided_by": uow.actor,
    }
    where = _DECISION.c.mail_id == decided.mail.mail.mail_id
    await uow.session.execute(update(_DECISION).where(where).values(values))
    announce(uow, decided, version=2)
