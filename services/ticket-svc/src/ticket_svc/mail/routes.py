"""HTTP of what became of mails, and of those that wait for a person (S4-28)."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query
from sqlalchemy import Row

from patchbay_contracts import MailOutcome
from patchbay_kit.http import Page, PageParams, Reader, TransactionalRoute, Uow, require
from patchbay_kit.http.ids import checked_id
from ticket_svc.explaining import explained
from ticket_svc.mail import deciding
from ticket_svc.mail.schemas import (
    CreateFromMail,
    FileMail,
    MailDecisionSummary,
    MailDecisionView,
)
from ticket_svc.rights.dependencies import ViewerDep

router = APIRouter(
    prefix="/v1/mail-decisions",
    tags=["mail decisions"],
    route_class=TransactionalRoute,
    dependencies=[Depends(require("desk"))],
)


@router.get("", summary="What became of mails, newest first")
async def list_mail_decisions(
    session: Reader,
    viewer: ViewerDep,
    page: PageParams,
    outcome: Annotated[MailOutcome | None, Query()] = None,
) -> Page[MailDecisionSummary]:
    """`outcome=undecided` are those that wait for a person; the others are for who sees the
    ticket.
    """
    rows = await deciding.page_of_decisions(session, viewer, outcome, page)
    item = MailDecisionSummary.model_validate
    return page.page(rows, key=lambda row: (row.mail_id,), item=item)


@router.get("/{mail_id}", summary="Why a mail became what it became")
async def read_mail_decision(mail_id: str, session: Reader, viewer: ViewerDep) -> MailDecisionView:
    """With every reason, what it means and what to do."""
    return _view(await deciding.visible_decision(session, viewer, _checked(mail_id)))


@router.post("/{mail_id}/file", summary="File an undecided mail on a ticket")
async def file_mail(mail_id: str, body: FileMail, uow: Uow, viewer: ViewerDep) -> MailDecisionView:
    """As if the rules had: history, Inbox, recipients. 409 where it is decided already."""
    await deciding.file_by_hand(uow, viewer, _checked(mail_id), body.ticket_id)
    return _view(await deciding.decision_of(uow.session, _checked(mail_id)))


@router.post("/{mail_id}/create", summary="Open a ticket from an undecided mail")
async def create_from_mail(
    mail_id: str, body: CreateFromMail, uow: Uow, viewer: ViewerDep
) -> MailDecisionView:
    """In the account named; the sender becomes its external recipient (S2-132)."""
    await deciding.create_by_hand(uow, viewer, _checked(mail_id), body.account_id)
    return _view(await deciding.decision_of(uow.session, _checked(mail_id)))


@router.post("/{mail_id}/ignore", summary="Make nothing of an undecided mail")
async def ignore_mail(mail_id: str, uow: Uow, viewer: ViewerDep) -> MailDecisionView:
    """The original stays readable with the mail gateway."""
    await deciding.ignore_by_hand(uow, viewer, _checked(mail_id))
    return _view(await deciding.decision_of(uow.session, _checked(mail_id)))


def _checked(mail_id: str) -> str:
    return checked_id(mail_id, "mail_decision")


def _view(row: Row[Any]) -> MailDecisionView:
    text = row.evidence["data"].get("text", "") if row.evidence else None
    summary = MailDecisionSummary.model_validate(row)
    return MailDecisionView(**summary.model_dump(), text=text, reasons=explained(row.reasons))
