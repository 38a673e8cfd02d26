"""A link that only the recipient may read is in the mail, and nowhere else."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from patchbay_contracts import SEALED_PLACE, EmailFailed, EmailSent
from patchbay_kit.secretbox import SecretBox
from patchbay_kit.testing.servers.smtp_sink import SmtpSink

KEY = "k" * 40
LINK = "https://desk.example/invitation#the-secret"
TEXT = f"Hello Jane,\n\n{SEALED_PLACE}\n"


def sealed(key: str = KEY) -> dict[str, str]:
    return {"text": TEXT, "sealed": SecretBox(key).seal(LINK)}


async def everything(gateway: Any) -> str:
    """All that is stored: the ledger, the outbox and the files."""
    found = []
    async with gateway.runtime.db.read() as session:
        for table in ("outgoing_mail", "outbox", "inbox", "dead_letter"):
            found += (await session.execute(text(f"SELECT * FROM {table}"))).all()  # noqa: S608
    files = [path.read_bytes() for path in gateway.blobs.rglob("*") if path.is_file()]
    return str(found) + str(files)


@pytest.fixture
async def keyed(any_gateways: Any, server_settings: dict[str, Any]) -> Any:
    """The service with the key that ticket-svc has."""
    async with any_gateways(mail_secret_key=KEY, **server_settings) as made:
        yield made


async def test_what_is_sealed_is_in_the_mail_and_nowhere_else(
    keyed: Any, smtp_sink: SmtpSink
) -> None:
    request = sealed()
    smtp_sink.fail_temporarily("451 4.3.0 come back later", times=1)
    await keyed.ask(**request)
    await keyed.send()
    assert LINK not in await everything(keyed)
    await keyed.send_later(minutes=5)
    [mail] = smtp_sink.mails
    assert LINK in mail.message.get_content()
    assert SEALED_PLACE not in mail.message.get_content()
    assert len(await keyed.events(EmailSent)) == 1
    stored = await everything(keyed)
    assert LINK not in stored
    assert request["sealed"] not in stored
    [row] = await keyed.outgoing()
    raw = (await keyed.http.get(f"/v1/mails/{row.id}/raw")).text
    assert mail.message["Message-ID"] in raw
    assert "is not kept here" in raw
    assert "the-secret" not in raw


@pytest.mark.parametrize("key", [None, "another" * 10], ids=["no key", "another key"])
async def test_what_cannot_be_opened_is_not_sent_and_said_so(
    gateways: Any, server_settings: dict[str, Any], smtp_sink: SmtpSink, key: str | None
) -> None:
    async with gateways(mail_secret_key=key, **server_settings) as gateway:
        request = sealed()
        await gateway.ask(**request)
        await gateway.send()
        assert smtp_sink.mails == []
        [failed] = await gateway.events(EmailFailed)
        assert "PATCHBAY_MAIL_SECRET_KEY" in failed.error
        assert request["sealed"] not in await everything(gateway)


async def test_what_is_of_no_use_any_more_is_given_up(small: Any, smtp_sink: SmtpSink) -> None:
    await small.ask(good_until=small.clock.now + timedelta(hours=1))
    smtp_sink.fail_temporarily("451 4.3.0 come back later", times=1)
    await small.send()
    await small.send_later(hours=2)
    assert smtp_sink.mails == []
    [failed] = await small.events(EmailFailed)
    assert "of use until" in failed.error
