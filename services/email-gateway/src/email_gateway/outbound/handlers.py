"""Requests to send, put into the queue."""

from collections.abc import Sequence

from email_gateway.outbound.queueing import queue_all
from patchbay_contracts import Envelope, MailPurpose, SendAlertEmail, SendEmail
from patchbay_kit.db import UnitOfWork


async def on_send_email(uow: UnitOfWork, events: Sequence[Envelope[SendEmail]]) -> None:
    await queue_all(uow, events)


async def on_send_alert(uow: UnitOfWork, events: Sequence[Envelope[SendAlertEmail]]) -> None:
    """An alert is an automatic mail of purpose `alert`."""
    await queue_all(uow, [_as_mail(event) for event in events])


def _as_mail(event: Envelope[SendAlertEmail]) -> Envelope[SendEmail]:
    request = SendEmail(**event.data.model_dump(), purpose=MailPurpose.ALERT, automatic=True)
    return event.model_copy(update={"data": request})  # type: ignore[return-value]  # other data
