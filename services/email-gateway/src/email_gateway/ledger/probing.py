"""A test mail on demand, as setting up asks for (S4-38)."""

from typing import Annotated

from fastapi import APIRouter, Depends
from pydantic import Field

from email_gateway.ledger.reading import find_mail
from email_gateway.ledger.schemas import MailView
from email_gateway.outbound.queueing import queue
from patchbay_contracts import MailPurpose, PersonRef, SendEmail
from patchbay_kit.auth import Principal
from patchbay_kit.http import RequestModel, TransactionalRoute, Uow, require
from patchbay_kit.ids import new_id

router = APIRouter(prefix="/v1/mails", route_class=TransactionalRoute, tags=["mails"])

TEXT = "This is a test of the outgoing mail of Patchbay. Nobody needs to answer."


class TestMail(RequestModel):
    to: str = Field(pattern=r"^[^@\s<>]+@[^@\s<>]+$", max_length=320)
    from_name: str = Field(default="", max_length=200, description="before the support address")


@router.post("/test", status_code=202, summary="Send a test mail to an address of your choice")
async def send_test_mail(
    body: TestMail, _admin: Annotated[Principal, Depends(require("mailboxes.admin"))], uow: Uow
) -> MailView:
    """Queued like every mail; `GET /v1/mails/{id}` tells what the mail server said to it."""
    request = SendEmail(
        request_id=f"test-{new_id()}",
        purpose=MailPurpose.MESSAGE,
        from_name=body.from_name or None,
        to=[PersonRef(kind="address", email=body.to)],
        mail_subject="Patchbay test mail",
        text=TEXT,
        automatic=True,
    )
    return await find_mail(uow.session, await queue(uow, request))
