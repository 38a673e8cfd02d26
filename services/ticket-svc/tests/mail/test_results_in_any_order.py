"""Property: what became of sent mails and commands is noted once, in whatever order it is told."""

import random
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from patchbay_contracts import (
    BounceInfo,
    EmailBounced,
    EmailFailed,
    EmailSent,
    MailPurpose,
    TicketNoteAdded,
)
from patchbay_kit.ids import new_id
from patchbay_kit.testing.harness import make_envelope
from patchbay_kit.testing.orders import any_order, batches
from ticket_svc.tickets.tables import TicketMessage

SENT_AT = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)


def _sent(ticket: str, number: int) -> Any:
    mail_id = new_id()
    data = EmailSent(
        mail_id=mail_id,
        request_id=new_id(),
        purpose=MailPurpose.MESSAGE,
        ticket_id=ticket,
        message_id=f"<{number}-{ticket}@desk.example>",
        recipients=["ann@acme.example"],
        sent_at=SENT_AT,
    )
    return make_envelope(data, subject=mail_id)


def _failed(ticket: str) -> Any:
    mail_id = new_id()
    data = EmailFailed(
        mail_id=mail_id,
        request_id=new_id(),
        purpose=MailPurpose.MESSAGE,
        ticket_id=ticket,
        recipients=["ann@acme.example"],
        error="550 no such user",
    )
    return make_envelope(data, subject=mail_id)


def _bounced(ticket: str) -> Any:
    mail_id = new_id()
    bounce = BounceInfo(kind="hard", failed_recipients=["bob@acme.example"])
    data = EmailBounced(mail_id=mail_id, ticket_id=ticket, bounce=bounce)
    return make_envelope(data, subject=mail_id)


@pytest.mark.slow
@pytest.mark.any_order(
    "EmailSent", "EmailFailed", "EmailBounced", "RemoteCommandFailed", "RemoteCommandSucceeded"
)
@given(chance=st.randoms(use_true_random=False), size=st.integers(1, 10))
@settings(
    max_examples=15,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
async def test_any_order_and_repetition_of_results_is_noted_once(
    desk: Any, rmm_class: Any, chance: random.Random, size: int
) -> None:
    ticket = (await desk.ticket())["id"]
    rmm = rmm_class()
    once = [
        _sent(ticket, 1),
        _sent(ticket, 2),
        _failed(ticket),
        _bounced(ticket),
        rmm.failed(ticket),
        rmm.succeeded(ticket),
        # Of a ticket that is not ours any more: left alone.
        _failed(new_id()),
    ]
    for batch in batches(any_order(once, chance), size):
        await desk.take(*batch)
    texts = sorted(each["text"] for each in await desk.history(ticket, kind="audit"))
    assert texts == [
        "A mail to ann@acme.example was not delivered: 550 no such user",
        "A mail to bob@acme.example came back (hard, no code).",
        "The RMM refused to close its ticket: no such ticket",
        "The RMM's ticket: close done.",
        "The ticket was opened.",
    ]
    shown = await desk.get(f"/v1/tickets/{ticket}")
    assert (shown["in_inbox"], shown["status"], shown["version"]) == (True, "new", 5)
    kept = [row for row in await desk.rows(TicketMessage) if row["ticket_id"] == ticket]
    assert {f"<{n}-{ticket}@desk.example>" for n in (1, 2)} <= {r["message_id"] for r in kept}
    told = [event for event in await desk.events(TicketNoteAdded) if event.subject == ticket]
    assert sorted(event.aggregateversion for event in told) == [2, 3, 4, 5]
    sent = [code for code in await desk.reasons(ticket) if code == "send.sent"]
    assert len(sent) == 2
