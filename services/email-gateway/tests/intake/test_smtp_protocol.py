"""What the SMTP and LMTP entrance answers: sizes, lines, addresses, malformed commands."""

from typing import Any

import aiosmtplib
import pytest

from email_gateway.intake import protocol, smtp
from patchbay_contracts import EmailReceived
from patchbay_kit.testing.wire import wire


async def test_several_mails_go_over_one_connection_in_one_breath(
    open_gateway: Any, make_letter: Any, listening: Any
) -> None:
    mail = b"MAIL FROM:<jane@customer.example>\r\nRCPT TO:<support@msp.example>\r\nDATA\r\n%s.\r\n"
    async with listening(open_gateway) as port, wire(port) as client:
        await client.answer()
        await client.say(b"EHLO client.example")
        for number in range(3):
            client.writer.write(mail % make_letter(f"{number}"))
        answers = [await client.answer() for _ in range(12)]
        assert [each[:3] for each in answers] == ["250", "250", "354", "250"] * 3
        assert (await client.say(b"QUIT")).startswith("221")
    assert len(await open_gateway.events(EmailReceived)) == 3


async def test_a_mail_that_is_too_big_is_552(
    gateways: Any, make_letter: Any, listening: Any, post: Any
) -> None:
    async with gateways(smtp_listen_port=0, mail_max_bytes=20_000) as gateway:
        async with listening(gateway) as port:
            with pytest.raises(aiosmtplib.SMTPResponseException) as early:
                await post(port, make_letter("x " * 20_000))
            assert early.value.code == 552
            async with wire(port) as client:  # one that does not say how big it will be
                await client.begin()
                client.writer.write(make_letter("x" * 900 + "\r\n" * 20_000) + b".\r\n")
                assert (await client.answer()).startswith("552")
        assert await gateway.received() == []


async def test_who_sends_the_most_is_sent_away_before_the_memory_is_full(
    gateways: Any,
    make_letter: Any,
    listening: Any,
    post: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(protocol, "MAX_HELD_BYTES", 50_000)
    async with (
        gateways(smtp_listen_port=0, mail_max_bytes=10_000) as gateway,
        listening(gateway) as port,
        wire(port) as large,
        wire(port) as small,
    ):
        await small.begin()
        small.writer.write(make_letter())
        await large.begin()
        large.writer.write((b"x" * 70 + b"\r\n") * 1_000)
        assert (await large.answer()).startswith("421")
        small.writer.write(b".\r\n")
        assert (await small.answer()).startswith("250")
        await post(port, make_letter(message_id="<another@x>"))
        assert len(await gateway.received()) == 2


async def test_long_lines_are_taken_though_the_rules_forbid_them(
    gateways: Any, make_letter: Any, listening: Any, post: Any
) -> None:
    async with gateways(smtp_listen_port=0) as gateway:
        async with listening(gateway) as port:
            await post(port, make_letter("long " * 20_000))
        [event] = await gateway.events(EmailReceived)
        assert event.text_truncated


async def test_lines_that_begin_with_a_dot_arrive_whole(
    gateways: Any, make_letter: Any, listening: Any, post: Any
) -> None:
    async with gateways(smtp_listen_port=0) as gateway:
        async with listening(gateway) as port:
            await post(port, make_letter(".hidden\r\n..\r\n.\r\nend"))
        [event] = await gateway.events(EmailReceived)
        assert event.text.split() == [".hidden", "..", ".", "end"]


async def test_recipients_over_the_limit_are_452_and_the_others_stay(
    gateways: Any, listening: Any, post: Any
) -> None:
    async with gateways(smtp_listen_port=0) as gateway, listening(gateway) as port:
        recipients = [f"r{n}@msp.example" for n in range(smtp.MAX_RECIPIENTS + 5)]
        refused, _ = await post(port, b"Subject: x\r\n\r\nx\r\n", recipients=recipients)
        assert {code for code, _ in refused.values()} == {452}
        assert len(refused) == 5
        [row] = await gateway.received()
        assert row.envelope_recipients == recipients[: smtp.MAX_RECIPIENTS]


async def test_international_addresses_are_taken(
    open_gateway: Any, make_letter: Any, listening: Any, post: Any
) -> None:
    async with listening(open_gateway) as port:
        await post(
            port,
            make_letter(sender="Jürgen <jürgen@kunde.example>"),
            sender="jürgen@kunde.example",
            recipients=["hilfe-ü@msp.example"],
            mail_options=["SMTPUTF8"],
        )
    [event] = await open_gateway.events(EmailReceived)
    assert event.envelope_sender == "jürgen@kunde.example"
    assert event.sender.email == "jürgen@kunde.example"


@pytest.mark.parametrize(
    "command",
    [
        b"NONSENSE",
        b"MAIL",
        b"MAIL FROM jane@customer.example",
        b"MAIL FROM:<jane@customer.example> SIZE=abc",
        b"MAIL FROM:<ja\x00ne@customer.example>",
        b"MAIL FROM:<ja\xffne@customer.example>",
        b"RCPT TO:<support@msp.example>",
        b"DATA",
        b"",
        b"\xff\xfe\x00",
        b"EHLO",
        b"MAIL FROM:<" + b"x" * 5_000 + b"@x.example>",
        b"VRFY root",
        b"AUTH LOGIN",
    ],
)
async def test_a_malformed_command_is_answered_and_changes_nothing(
    gateways: Any, make_letter: Any, command: bytes, listening: Any
) -> None:
    async with gateways(smtp_listen_port=0) as gateway:
        async with listening(gateway) as port, wire(port) as client:
            await client.answer()
            await client.say(b"EHLO client.example")
            assert (await client.say(command))[:1] in ("2", "5")
            await client.say(b"RSET")
            for each in (b"MAIL FROM:<>", b"RCPT TO:<support@msp.example>", b"DATA"):
                assert (await client.say(each))[0] in "23"
            client.writer.write(make_letter() + b".\r\n")
            assert (await client.answer()).startswith("250 2.6.0")
        assert len(await gateway.events(EmailReceived)) == 1


async def test_an_address_that_no_database_keeps_is_refused(gateways: Any, listening: Any) -> None:
    async with (
        gateways(smtp_listen_port=0) as gateway,
        listening(gateway) as port,
        wire(port) as client,
    ):
        await client.answer()
        await client.say(b"EHLO client.example")
        await client.say(b"MAIL FROM:<jane@customer.example>")
        assert (await client.say(b"RCPT TO:<a\xffb@msp.example>")).startswith("501")
        assert (await client.say(b"DATA")).startswith("503")


async def test_a_sender_who_hangs_up_in_the_middle_leaves_nothing(
    gateways: Any, make_letter: Any, listening: Any, post: Any
) -> None:
    async with gateways(smtp_listen_port=0) as gateway, listening(gateway) as port:
        async with wire(port) as client:
            await client.begin()
            client.writer.write(make_letter())  # without the final dot
            await client.writer.drain()
        await post(port, make_letter("whole"))
        [event] = await gateway.events(EmailReceived)
        assert event.new_text == "whole"


async def test_lmtp_answers_for_each_recipient(
    gateways: Any, make_letter: Any, listening: Any
) -> None:
    people = ["one@msp.example", "two@msp.example", "three@msp.example"]
    async with gateways(smtp_listen_port=0, smtp_listen_protocol="lmtp") as gateway:
        async with listening(gateway) as port, wire(port) as client:
            assert (await client.answer()).startswith("220")
            assert (await client.say(b"EHLO client.example")).startswith("500")
        async with listening(gateway) as port, wire(port) as client:
            await client.begin(*people, hello=b"LHLO client.example")
            client.writer.write(make_letter() + b".\r\n")
            answers = [await client.answer() for _ in people]
            assert all(each.startswith("250 2.6.0") for each in answers)
            assert (await client.say(b"NOOP")).startswith("250")
        [event] = await gateway.events(EmailReceived)
        assert event.via == "lmtp"


async def test_lmtp_refuses_a_big_mail_for_each_recipient(
    gateways: Any, make_letter: Any, listening: Any
) -> None:
    people = ["one@msp.example", "two@msp.example"]
    settings = {"smtp_listen_protocol": "lmtp", "mail_max_bytes": 2_000}
    async with (
        gateways(smtp_listen_port=0, **settings) as gateway,
        listening(gateway) as port,
        wire(port) as client,
    ):
        await client.begin(*people, hello=b"LHLO client.example")
        client.writer.write(make_letter("x" * 5_000) + b".\r\n")
        assert [(await client.answer())[:3] for _ in people] == ["552", "552"]
        assert (await client.say(b"DATA")).startswith("503")  # said once, not for each
