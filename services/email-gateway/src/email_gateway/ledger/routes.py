"""The mail ledger: what came, what went, what became of it, and the originals."""

import asyncio
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query, Response
from sqlalchemy import Table, select

from email_gateway.intake.service import Intake
from email_gateway.intake.tables import ReceivedMail
from email_gateway.ledger.reading import (
    about_no_ticket,
    find_mail,
    list_mails,
    raw_of,
    stored,
    visible_mail,
)
from email_gateway.ledger.schemas import MailExplanation, MailView
from email_gateway.parsing.limits import Limits, QuarantineError
from email_gateway.parsing.mail import extract_attachment
from patchbay_kit.auth import Principal
from patchbay_kit.errors import ProblemError, conflict, not_found
from patchbay_kit.http import (
    Page,
    PageParams,
    Reader,
    RuntimeDep,
    Sight,
    SightDep,
    TransactionalRoute,
    Uow,
    require,
)
from patchbay_kit.http.ids import checked_id

router = APIRouter(prefix="/v1/mails", route_class=TransactionalRoute, tags=["mails"])

Desk = Annotated[Principal, Depends(require("desk"))]
# A browser must not run somebody's mail under our name, whatever it takes it for.
_INERT = {"Content-Security-Policy": "sandbox; default-src 'none'"}
Direction = Literal["in", "out"]
_MAIL: Table = ReceivedMail.__table__  # type: ignore[attr-defined]  # set by SQLModel


@router.get("", summary="Mails, newest first")
async def get_mails(
    _caller: Desk,
    sight: SightDep,
    session: Reader,
    params: PageParams,
    direction: Direction = "in",
    state: Annotated[str | None, Query(max_length=20)] = None,
    ticket_id: Annotated[str | None, Query(max_length=36)] = None,
    message_id: Annotated[str | None, Query(max_length=1000)] = None,
) -> Page[MailView]:
    """What came, or what went, with what became of each; filters combine.

    Without `tickets.all`: what is about no ticket, or about the one of `ticket_id` if it is theirs.
    """
    filters = {"state": state, "ticket_id": ticket_id, "message_id": message_id}
    if ticket_id is not None:
        filters["ticket_id"] = checked_id(ticket_id, "ticket")
    hidden = await sight.bounds(filters["ticket_id"], about_no_ticket(direction))
    return await list_mails(session, direction, filters, params, *hidden)


@router.get("/{mail_id}", summary="One mail of either direction")
async def get_mail(mail_id: str, _caller: Desk, sight: SightDep, session: Reader) -> MailView:
    """With what became of it; `explain` says why."""
    return await visible_mail(session, sight, checked_id(mail_id, "mail"))


@router.get("/{mail_id}/raw", summary="The original, as it came or went (message/rfc822)")
async def get_raw(
    mail_id: str, _caller: Desk, sight: SightDep, session: Reader, runtime: RuntimeDep
) -> Response:
    """Byte for byte. It may be hostile: it is answered as a download."""
    await visible_mail(session, sight, checked_id(mail_id, "mail"))
    raw = await raw_of(session, runtime, checked_id(mail_id, "mail"))
    headers = {"Content-Disposition": f'attachment; filename="{mail_id}.eml"', **_INERT}
    return Response(raw, media_type="message/rfc822", headers=headers)


@router.get("/{mail_id}/attachments/{index}", summary="One attachment")
async def get_attachment(
    mail_id: str,
    index: int,
    _caller: Desk,
    sight: SightDep,
    session: Reader,
    runtime: RuntimeDep,
) -> Response:
    """By its place in the mail, from 0. It is answered as a download."""
    await visible_mail(session, sight, checked_id(mail_id, "mail"))
    raw = await raw_of(session, runtime, checked_id(mail_id, "mail"))
    try:
        content = await asyncio.to_thread(extract_attachment, raw, index, _limits(runtime))
    except (IndexError, QuarantineError):
        raise not_found("attachment", str(index)) from None
    # Never shown as what it claims to be.
    headers = {"Content-Disposition": f'attachment; filename="attachment-{index}"', **_INERT}
    return Response(content, media_type="application/octet-stream", headers=headers)


@router.get("/{mail_id}/explain", summary="Why this became of the mail")
async def explain(mail_id: str, _caller: Desk, sight: SightDep, session: Reader) -> MailExplanation:
    """Its state, and the reasons for it."""
    mail = await visible_mail(session, sight, checked_id(mail_id, "mail"))
    return MailExplanation(mail_id=mail.id, state=mail.state, reasons=mail.reasons)


@router.post("/{mail_id}/reprocess", summary="Read a quarantined mail again, with today's limits")
async def reprocess(
    mail_id: str, _caller: Desk, sight: SightDep, uow: Uow, runtime: RuntimeDep
) -> MailView:
    """For those that a limit or a defect kept back. 409 where the mail is not in quarantine."""
    row = await _quarantined(uow, sight, mail_id)
    intake: Intake = runtime.extras["intake"]
    if not await intake.read_again(uow, row, await stored(runtime, row.blob)):
        raise ProblemError(422, "still_quarantined", "The mail is still over a limit")
    return await find_mail(uow.session, row.id)


@router.post("/{mail_id}/discard", summary="Give a quarantined mail up; the original stays")
async def discard(mail_id: str, _caller: Desk, sight: SightDep, uow: Uow) -> MailView:
    """Nobody is told about it any more. 409 where the mail is not in quarantine."""
    row = await _quarantined(uow, sight, mail_id)
    await uow.session.execute(_MAIL.update().where(_MAIL.c.id == row.id).values(state="discarded"))
    return await find_mail(uow.session, row.id)


def _limits(runtime: RuntimeDep) -> Limits:
    intake: Intake = runtime.extras["intake"]
    return intake.identity.limits


async def _quarantined(uow: Uow, sight: Sight, mail_id: str) -> Any:
    await visible_mail(uow.session, sight, checked_id(mail_id, "mail"))
    statement = select(_MAIL).where(_MAIL.c.id == checked_id(mail_id, "mail")).with_for_update()
    row = (await uow.session.execute(statement)).one_or_none()
    if row is None:
        raise not_found("mail", mail_id)
    if row.state != "quarantined":
        raise conflict("not_quarantined", "Only a quarantined mail can be reprocessed or discarded")
    return row
