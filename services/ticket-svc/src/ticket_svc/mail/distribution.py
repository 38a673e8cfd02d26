"""Sending mail on, and answering automatically.

Only requests to email-gateway are made here, each with a key of its own: the same mail never goes
out twice for one purpose.
"""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import Table, func, select

from patchbay_contracts import (
    AutomationClass,
    Channel,
    MailOutcome,
    MailPurpose,
    PersonRef,
    Reason,
    ReasonCode,
    SendEmail,
)
from patchbay_kit.db import UnitOfWork, insert_many
from patchbay_kit.ids import new_id
from ticket_svc.desk.schemas import DeskSettings
from ticket_svc.mail.decided import DecidedMail
from ticket_svc.mail.rules import may_answer
from ticket_svc.mail.tables import AutoAnswer
from ticket_svc.mail.texts import auto_answer_text, numbered
from ticket_svc.tickets.changing import add_to_opening
from ticket_svc.tickets.placement import (
    Placement,
    Subscriber,
    place_customer_mail,
    place_employee_mail,
)
from ticket_svc.tickets.records import NewEntry
from ticket_svc.tickets.subscribers import subscribers_of

_ANSWER: Table = AutoAnswer.__table__  # type: ignore[attr-defined]  # set by SQLModel


async def distribute(uow: UnitOfWork, mails: Sequence[DecidedMail], settings: DeskSettings) -> None:
    """Send filed and new mails on to the ticket's recipients (S2-85, S2-89, S2-95, S2-101,
    S2-102).
    """
    sent_on = [each for each in mails if each.ticket_id and _is_sent_on(each)]
    subscribers = await subscribers_of(uow.session, [each.ticket_id or "" for each in sent_on])
    for decided in sent_on:
        if decided.verdict.from_employee and decided.mail.addressed_as != "to":
            decided.reasons.append(Reason(code=ReasonCode.MAIL_FILED_ONLY))
            continue
        placement = _place(decided, subscribers.get(decided.ticket_id or "", []), settings)
        if placement.empty:
            decided.reasons.append(Reason(code=ReasonCode.MAIL_NO_RECIPIENTS))
            continue
        _send_on(uow, decided, placement)
        params = {"recipients": len(placement.to) + len(placement.cc) + len(placement.bcc)}
        decided.reasons.append(Reason(code=ReasonCode.MAIL_DISTRIBUTED, params=params))


def _is_sent_on(decided: DecidedMail) -> bool:
    if decided.verdict.outcome not in (MailOutcome.FILED, MailOutcome.CREATED):
        return False
    return decided.mail.automation in (AutomationClass.HUMAN, AutomationClass.CALENDAR)


def _place(
    decided: DecidedMail, subscribers: Sequence[Subscriber], settings: DeskSettings
) -> Placement:
    sender = decided.sender.email or ""
    if decided.verdict.from_employee:
        return place_employee_mail(subscribers, sender, decided.sender.employee_id)
    placement = place_customer_mail(subscribers, sender)
    internal = settings.internal_address
    if internal and (placement.empty or settings.forward_to_internal):
        target = placement.to if placement.empty else placement.cc
        target.append(PersonRef(kind="address", email=internal))
    return placement


def _send_on(uow: UnitOfWork, decided: DecidedMail, placement: Placement) -> None:
    mail = decided.mail
    name = decided.sender.employee_name if decided.verdict.from_employee else ""
    request = SendEmail(
        request_id=f"distribution:{mail.mail.mail_id}",
        purpose=MailPurpose.DISTRIBUTION,
        ticket_id=decided.ticket_id,
        ticket_number=decided.number,
        from_name=name or (mail.sender.name if mail.sender else None) or None,
        to=placement.to,
        cc=placement.cc,
        bcc=placement.bcc,
        mail_subject=numbered(mail.subject, decided.number or ""),
        original_mail_id=mail.mail.mail_id,
        in_reply_to=mail.in_reply_to,
        references=list(mail.references[-20:]),
    )
    uow.publish(request, subject=request.request_id, version=1, cause=decided.event)


async def auto_answers(
    uow: UnitOfWork, mails: Sequence[DecidedMail], settings: DeskSettings
) -> None:
    """Answer each new ticket once (S2-93), never in a loop:

    see `rules.may_answer`, and a cap an address and hour.
    """
    created = [each for each in mails if each.verdict.outcome is MailOutcome.CREATED]
    if not created or not settings.auto_answer:
        return
    own = frozenset(
        address.lower()
        for address in (settings.support_address, settings.internal_address)
        if address
    )
    counts = await _recent(uow, {each.sender.email or "" for each in created})
    rows: list[dict[str, Any]] = []
    entries: list[tuple[str, NewEntry]] = []
    for decided in created:
        address = decided.sender.email or ""
        if not may_answer(decided.mail, own):
            decided.reasons.append(Reason(code=ReasonCode.AUTO_ANSWER_SUPPRESSED))
        elif counts.get(address, 0) >= settings.auto_answer_cap_per_hour:
            params = {"cap_per_hour": settings.auto_answer_cap_per_hour}
            decided.reasons.append(Reason(code=ReasonCode.AUTO_ANSWER_RATE_LIMITED, params=params))
        else:
            counts[address] = counts.get(address, 0) + 1
            entries.append((decided.ticket_id or "", _entry(uow, _answer(uow, decided))))
            rows.append(
                {
                    "id": new_id(),
                    "address": address,
                    "ticket_id": decided.ticket_id,
                    "sent_at": uow.now,
                }
            )
    await insert_many(uow.session, _ANSWER, rows)
    await add_to_opening(uow, entries, actor="system:auto-answer", channel=Channel.EMAIL)


async def _recent(uow: UnitOfWork, addresses: set[str]) -> dict[str, int]:
    since = uow.now - timedelta(hours=1)
    statement = (
        select(_ANSWER.c.address, func.count())
        .where(_ANSWER.c.address.in_(sorted(addresses)), _ANSWER.c.sent_at > since)
        .group_by(_ANSWER.c.address)
    )
    return {row[0]: row[1] for row in await uow.session.execute(statement)}


def _entry(uow: UnitOfWork, request: SendEmail) -> NewEntry:
    """What we write is in the history like what is written to us (S2-73): as a part of the opening,
    so that it is no change of the ticket. That it was not delivered would be an entry of its own.
    """
    data = {
        "subject": request.mail_subject,
        "to": [each.email for each in request.to],
        "automation": str(AutomationClass.OWN),
        "request_id": request.request_id,
    }
    return NewEntry("email", request.text, uow.now, public=True, data=data)


def _answer(uow: UnitOfWork, decided: DecidedMail) -> SendEmail:
    mail = decided.mail
    number = decided.number or ""
    sender = PersonRef(
        id=decided.verdict.contact_id,
        kind="contact" if decided.verdict.contact_id else "address",
        name=mail.sender.name if mail.sender else "",
        email=decided.sender.email or "",
    )
    request = SendEmail(
        request_id=f"auto-answer:{decided.ticket_id}",
        purpose=MailPurpose.AUTO_ANSWER,
        ticket_id=decided.ticket_id,
        ticket_number=number,
        to=[sender],
        mail_subject=numbered(mail.subject, number),
        text=auto_answer_text(number, mail.subject),
        in_reply_to=mail.mail.message_id,
        references=[*mail.references[-20:], mail.mail.message_id],
        automatic=True,
    )
    uow.publish(request, subject=request.request_id, version=1, cause=decided.event)
    decided.reasons.append(Reason(code=ReasonCode.AUTO_ANSWER_SENT))
    return request
