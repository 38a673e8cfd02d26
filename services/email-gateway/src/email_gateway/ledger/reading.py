"""Reading both directions of the ledger."""

from typing import Any

from sqlalchemy import ColumnElement, Table, select
from sqlalchemy.ext.asyncio import AsyncSession

from email_gateway.intake.tables import ReceivedMail
from email_gateway.ledger.schemas import MailView, ReasonView
from email_gateway.outbound.tables import OutgoingMail
from patchbay_contracts import EXPLANATIONS, ReasonCode
from patchbay_kit.errors import ProblemError, not_found
from patchbay_kit.http import Page, PageRequest, Sight, keyset
from patchbay_kit.runtime import Runtime

_IN: Table = ReceivedMail.__table__  # type: ignore[attr-defined]  # set by SQLModel
_OUT: Table = OutgoingMail.__table__  # type: ignore[attr-defined]
# Taken in, and not decided on by ticket-svc.
_PUBLISHED = "published"


async def list_mails(
    session: AsyncSession,
    direction: str,
    filters: dict[str, str | None],
    params: PageRequest,
    *bounds: ColumnElement[bool],
) -> Page[MailView]:
    """One page, newest first; filters that are None do not count."""
    table = _IN if direction == "in" else _OUT
    statement = select(table).where(*bounds)
    for name, value in filters.items():
        if value is not None:
            statement = statement.where(table.c[name] == value)
    rows = (await session.execute(keyset(statement, [table.c.id], params))).all()
    view = _received if direction == "in" else _outgoing
    return params.page(rows, key=lambda row: (row.id,), item=view)


def about_no_ticket(direction: str) -> ColumnElement[bool]:
    """The mails that are about no ticket. What has not been decided on yet may be about one."""
    if direction == "out":
        return _OUT.c.ticket_id.is_(None)
    return _IN.c.ticket_id.is_(None) & (_IN.c.state != _PUBLISHED)


async def visible_mail(session: AsyncSession, sight: Sight, mail_id: str) -> MailView:
    """The mail; 404 also where it is about a ticket that the caller may not see (S2-30)."""
    mail = await find_mail(session, mail_id)
    undecided_yet = mail.direction == "in" and mail.state == _PUBLISHED and not sight.sees_all
    if undecided_yet or not await sight.sees(mail.ticket_id):
        raise not_found("mail", mail_id)
    return mail


async def find_mail(session: AsyncSession, mail_id: str) -> MailView:
    """The mail, wherever it went; 404 otherwise."""
    row = (await session.execute(select(_IN).where(_IN.c.id == mail_id))).one_or_none()
    if row is not None:
        return _received(row)
    row = (await session.execute(select(_OUT).where(_OUT.c.id == mail_id))).one_or_none()
    if row is None:
        raise not_found("mail", mail_id)
    return _outgoing(row)


async def raw_of(session: AsyncSession, runtime: Runtime, mail_id: str) -> bytes:
    """The original bytes; 404 for a mail that is unknown or has not been built yet."""
    blob = await session.scalar(select(_IN.c.blob).where(_IN.c.id == mail_id))
    if blob is None:
        blob = await session.scalar(select(_OUT.c.blob).where(_OUT.c.id == mail_id))
    if blob is None:
        raise not_found("mail", mail_id)
    return await stored(runtime, blob)


async def stored(runtime: Runtime, blob: str) -> bytes:
    """The bytes; 503 where the blob store does not have them now."""
    try:
        return await runtime.blobs.get(blob)
    except OSError as error:
        raise ProblemError(
            503,
            "original_unavailable",
            "The original cannot be read now",
            hint="Look at the folder of PATCHBAY_BLOB_DIR.",
        ) from error


def _received(row: Any) -> MailView:
    return MailView(
        id=row.id,
        direction="in",
        state=row.state,
        subject=row.subject,
        message_id=row.message_id,
        ticket_id=row.ticket_id,
        ticket_number=row.ticket_number,
        sender=row.sender,
        recipients=row.envelope_recipients,
        at=row.received_at,
        via=row.via,
        automation=row.automation,
        deliveries=row.deliveries,
        size=row.size,
        reasons=_reasons(row.reasons),
    )


def _outgoing(row: Any) -> MailView:
    return MailView(
        id=row.id,
        direction="out",
        state=row.state,
        subject=row.subject,
        message_id=row.message_id,
        ticket_id=row.ticket_id,
        ticket_number=row.ticket_number,
        recipients=row.recipients,
        at=row.created_at,
        purpose=row.purpose,
        request_id=row.request_id,
        attempts=row.attempts,
        next_attempt_at=row.next_attempt_at if row.state == "queued" else None,
        sent_at=row.sent_at,
        last_error=row.last_error,
        refused=[f"{each['address']}: {each['answer']}" for each in row.refused],
        reasons=_reasons(row.reasons),
    )


def _reasons(reasons: list[dict[str, Any]]) -> list[ReasonView]:
    views = []
    for reason in reasons:
        code = _code(reason["code"])
        known = EXPLANATIONS.get(code) if code else None
        views.append(
            ReasonView(
                code=reason["code"],
                meaning=known.meaning if known else "",
                remedy=known.remedy if known else "",
                params=reason.get("params") or {},
            )
        )
    return views


def _code(code: str) -> ReasonCode | None:
    return ReasonCode(code) if code in ReasonCode._value2member_map_ else None
