"""The mail ledger over HTTP."""

from email.message import EmailMessage
from typing import Any

import pytest

from email_gateway.identity import identity_of
from email_gateway.intake.service import Intake
from patchbay_contracts import EmailDecided, EmailReceived, MailOutcome, Reason, ReasonCode
from patchbay_kit.ids import new_id
from patchbay_kit.testing.harness import show

HUGE_HEADER = b"From: a@b.example\r\nX: " + b"y" * 300_000 + b"\r\n\r\nbody\r\n"


def with_attachment() -> bytes:
    mail = EmailMessage()
    mail["From"], mail["To"] = "jane@customer.example", "support@msp.example"
    mail["Subject"], mail["Message-ID"] = "Page", "<page@customer.example>"
    mail.set_content("see the page")
    mail.add_attachment(b"<script>alert(1)</script>", maintype="text", subtype="html", filename="p")
    return mail.as_bytes()


async def test_mails_are_listed_newest_first_page_by_page(gateway: Any, make_letter: Any) -> None:
    for number in range(5):
        await gateway.take(make_letter(message_id=f"<{number}@x.example>", subject=f"{number}"))
    first = await gateway.get("/v1/mails", limit=3)
    second = await gateway.get("/v1/mails", limit=3, cursor=first["next_cursor"])
    subjects = [each["subject"] for each in (*first["items"], *second["items"])]
    assert subjects == ["4", "3", "2", "1", "0"]
    assert second["next_cursor"] is None


async def test_filters_choose_direction_state_ticket_and_message(
    gateway: Any, make_letter: Any
) -> None:
    ticket = new_id()
    [taken] = await gateway.take(make_letter())
    await gateway.take(HUGE_HEADER)
    await gateway.ask(ticket_id=ticket)
    decided = EmailDecided(
        mail_id=taken.mail_id, outcome=MailOutcome.FILED, ticket_id=ticket, reasons=[]
    )
    await gateway.deliver(decided)

    async def ids(**params: Any) -> list[str]:
        return [each["id"] for each in (await gateway.get("/v1/mails", **params))["items"]]

    [sent] = await gateway.outgoing()
    assert len(await ids()) == 2
    assert await ids(state="filed") == [taken.mail_id]
    assert await ids(ticket_id=ticket) == [taken.mail_id]
    assert await ids(direction="out", ticket_id=ticket.upper()) == [sent.id]
    assert await ids(message_id="<m1@customer.example>") == [taken.mail_id]
    assert await ids(direction="out", state="sent") == []
    assert await ids(state="nonsense") == []


@pytest.mark.parametrize(
    ("params", "status"),
    [
        ({"direction": "sideways"}, 422),
        ({"ticket_id": "no-uuid"}, 404),
        ({"cursor": "broken"}, 422),
        ({"limit": 0}, 422),
        ({"state": "x" * 30}, 422),
        ({"state": "a\x00b"}, 400),
        ({"message_id": "a\x00b"}, 400),
    ],
)
async def test_odd_filters_are_answered(gateway: Any, params: dict[str, Any], status: int) -> None:
    answer = await gateway.http.get("/v1/mails", params=params)
    assert answer.status_code == status, answer.text


@pytest.mark.covers("S2-97", "S2-99")
async def test_the_original_is_given_out_as_it_came(gateway: Any, make_letter: Any) -> None:
    raw = make_letter()
    [taken] = await gateway.take(raw)
    answer = await gateway.http.get(f"/v1/mails/{taken.mail_id}/raw")
    assert answer.content == raw
    assert answer.headers["content-type"] == "message/rfc822"
    assert answer.headers["content-disposition"].startswith("attachment;")
    assert answer.headers["content-disposition"].endswith('.eml"')
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "sandbox" in answer.headers["content-security-policy"]


@pytest.mark.covers("S2-98")
async def test_an_attachment_is_never_shown_as_what_it_claims_to_be(gateway: Any) -> None:
    [taken] = await gateway.take(with_attachment())
    [event] = await gateway.events(EmailReceived)
    [info] = event.attachments
    answer = await gateway.http.get(f"/v1/mails/{taken.mail_id}/attachments/{info.index}")
    assert answer.content.rstrip() == b"<script>alert(1)</script>"
    assert answer.headers["content-type"] == "application/octet-stream"
    assert answer.headers["content-disposition"] == 'attachment; filename="attachment-0"'
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "sandbox" in answer.headers["content-security-policy"]


@pytest.mark.parametrize(
    "path",
    [
        "/v1/mails/{unknown}",
        "/v1/mails/no-uuid",
        "/v1/mails/{unknown}/raw",
        "/v1/mails/{unknown}/explain",
        "/v1/mails/{unknown}/attachments/0",
        "/v1/mails/{known}/attachments/7",
        "/v1/mails/{known}/attachments/-1",
    ],
)
async def test_what_is_not_there_is_404(gateway: Any, make_letter: Any, path: str) -> None:
    [taken] = await gateway.take(make_letter())
    answer = await gateway.http.get(path.format(unknown=new_id(), known=taken.mail_id))
    assert answer.status_code == 404, answer.text
    assert answer.headers["content-type"] == "application/problem+json"


async def test_a_mail_that_was_not_built_yet_has_no_original(small_gateway: Any) -> None:
    await small_gateway.ask()
    [row] = await small_gateway.outgoing()
    answer = await small_gateway.http.get(f"/v1/mails/{row.id}/raw")
    assert answer.status_code == 404


async def test_an_original_that_cannot_be_read_is_503(small_gateway: Any, make_letter: Any) -> None:
    [taken] = await small_gateway.take(make_letter())
    for path in small_gateway.blobs.rglob("*"):
        if path.is_file():
            path.unlink()
    answer = await small_gateway.http.get(f"/v1/mails/{taken.mail_id}/raw")
    assert (answer.status_code, answer.json()["code"]) == (503, "original_unavailable")


async def test_the_reasons_of_a_mail_are_explained_in_words(gateway: Any, make_letter: Any) -> None:
    [taken] = await gateway.take(make_letter())
    decided = EmailDecided(
        mail_id=taken.mail_id,
        outcome=MailOutcome.UNDECIDED,
        reasons=[Reason(code=ReasonCode.MAIL_UNKNOWN_SENDER, params={"sender": "jane"})],
    )
    await gateway.deliver(decided)
    shown = await gateway.get(f"/v1/mails/{taken.mail_id}/explain")
    assert (shown["mail_id"], shown["state"]) == (taken.mail_id, "undecided")
    [reason] = shown["reasons"]
    assert reason["code"] == ReasonCode.MAIL_UNKNOWN_SENDER
    assert reason["meaning"]
    assert reason["params"] == {"sender": "jane"}


async def test_a_quarantined_mail_is_read_again_under_wider_limits(
    any_gateways: Any, make_letter: Any
) -> None:
    async with any_gateways(mail_max_bytes=2_000) as gateway:
        [taken] = await gateway.take(make_letter("long " * 1_000))
        answer = await gateway.http.post(f"/v1/mails/{taken.mail_id}/reprocess")
        assert (answer.status_code, answer.json()["code"]) == (422, "still_quarantined")
        assert await gateway.events() == []
        widen(gateway)
        answer = await gateway.http.post(f"/v1/mails/{taken.mail_id}/reprocess")
        assert answer.status_code == 200, answer.text
        assert answer.json()["state"] == "published"
        [event] = await gateway.events(EmailReceived)
        assert (event.mail.mail_id, event.subject) == (taken.mail_id, "Printer")
        again = await gateway.http.post(f"/v1/mails/{taken.mail_id}/reprocess")
        assert (again.status_code, again.json()["code"]) == (409, "not_quarantined")
        [later] = await gateway.take(make_letter("long " * 1_000))
        assert (later.mail_id, later.duplicate) == (taken.mail_id, True)
        assert len(await gateway.events(EmailReceived)) == 1


async def test_a_quarantined_copy_of_a_mail_that_came_again_is_no_second_mail(
    any_gateways: Any, make_letter: Any
) -> None:
    async with any_gateways(mail_max_bytes=2_000) as gateway:
        [taken] = await gateway.take(make_letter("long " * 1_000))
        widen(gateway)
        await gateway.take(make_letter("long " * 1_000))
        answer = await gateway.http.post(f"/v1/mails/{taken.mail_id}/reprocess")
        assert answer.json()["state"] == "discarded"
        assert answer.json()["reasons"][-1]["code"] == ReasonCode.MAIL_DUPLICATE
        assert len(await gateway.events(EmailReceived)) == 1


def widen(gateway: Any) -> None:
    """What a restart with a higher PATCHBAY_MAIL_MAX_BYTES does."""
    settings = gateway.runtime.settings.model_copy(update={"mail_max_bytes": 1_000_000})
    gateway.runtime.settings = settings
    gateway.runtime.extras["intake"] = Intake(gateway.runtime, identity_of(gateway.runtime))


async def test_a_quarantined_mail_can_be_given_up_and_its_original_stays(gateway: Any) -> None:
    [taken] = await gateway.take(HUGE_HEADER)
    answer = await gateway.http.post(f"/v1/mails/{taken.mail_id}/discard")
    assert answer.json()["state"] == "discarded"
    raw = await gateway.http.get(f"/v1/mails/{taken.mail_id}/raw")
    assert raw.content == HUGE_HEADER
    answer = await gateway.http.post(f"/v1/mails/{taken.mail_id}/discard")
    assert answer.status_code == 409


async def test_only_a_quarantined_mail_can_be_given_up(gateway: Any, make_letter: Any) -> None:
    [taken] = await gateway.take(make_letter())
    for action in ("discard", "reprocess"):
        answer = await gateway.http.post(f"/v1/mails/{taken.mail_id}/{action}")
        assert answer.status_code == 409
        unknown = await gateway.http.post(f"/v1/mails/{new_id()}/{action}")
        assert unknown.status_code == 404


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/v1/mails"),
        ("GET", "/v1/mails/{id}"),
        ("GET", "/v1/mails/{id}/raw"),
        ("GET", "/v1/mails/{id}/attachments/0"),
        ("GET", "/v1/mails/{id}/explain"),
        ("POST", "/v1/mails/{id}/reprocess"),
        ("POST", "/v1/mails/{id}/discard"),
    ],
)
async def test_mails_are_for_the_desk(gateways: Any, method: str, path: str) -> None:
    path = path.format(id=new_id())
    async with gateways(permissions=("mailboxes.admin",)) as gateway:
        assert (await gateway.http.request(method, path)).status_code == 403
        nobody = await gateway.http.request(method, path, headers={"Authorization": ""})
        assert nobody.status_code == 401


@pytest.mark.covers("S2-30")
async def test_mails_of_a_ticket_are_for_those_who_see_it(
    any_gateways: Any, make_letter: Any
) -> None:
    async with any_gateways(permissions=("desk",)) as gateway:
        http, (mine, other) = gateway.http, (new_id(), new_id())
        show(gateway.runtime, mine)
        taken = [
            (await gateway.take(make_letter(message_id=f"<{n}@x.example>", subject=f"{n}")))[
                0
            ].mail_id
            for n in range(4)
        ]
        for mail_id, ticket in zip(taken, (mine, other, None), strict=False):
            outcome = MailOutcome.FILED if ticket else MailOutcome.UNDECIDED
            decided = EmailDecided(mail_id=mail_id, outcome=outcome, ticket_id=ticket, reasons=[])
            await gateway.deliver(decided)
        for ticket in (mine, other):
            await gateway.ask(ticket_id=ticket)

        async def ids(**params: Any) -> list[str]:
            return [each["id"] for each in (await gateway.get("/v1/mails", **params))["items"]]

        # The last one has not been decided on yet: it may become one of the other ticket.
        assert await ids() == [taken[2]]
        assert await ids(ticket_id=mine) == [taken[0]]
        assert await ids(ticket_id=other) == []
        assert await ids(message_id="<1@x.example>") == []
        assert await ids(direction="out") == []
        (sent,) = await ids(direction="out", ticket_id=mine)
        (hidden,) = {each.id for each in await gateway.outgoing()} - {sent}
        for mail_id in (taken[0], sent):
            assert (await http.get(f"/v1/mails/{mail_id}")).status_code == 200
        for mail_id in (taken[1], taken[3], hidden):
            for part in ("", "/raw", "/attachments/0", "/explain"):
                assert (await http.get(f"/v1/mails/{mail_id}{part}")).status_code == 404
            for action in ("reprocess", "discard"):
                assert (await http.post(f"/v1/mails/{mail_id}/{action}")).status_code == 404
