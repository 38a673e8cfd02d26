"""The SMTP sink keeps what it accepts and misbehaves as told."""

import smtplib

import pytest

from patchbay_kit.testing.servers.smtp_sink import SmtpSink

_MAIL = b"Subject: printer\r\n\r\nIt is on fire.\r\n"


def _send(sink: SmtpSink, to: str = "a@customer.example", timeout: float = 5) -> dict[str, object]:
    with smtplib.SMTP(sink.host, sink.port, timeout=timeout) as client:
        return dict(client.sendmail("support@msp.example", [to, "b@customer.example"], _MAIL))


def test_keeps_envelope_and_content(smtp_sink: SmtpSink) -> None:
    _send(smtp_sink)

    (mail,) = smtp_sink.wait_for(1)
    assert mail.sender == "support@msp.example"
    assert mail.recipients == ("a@customer.example", "b@customer.example")
    assert mail.message["Subject"] == "printer"


def test_a_refusal_counts_down_and_ends(smtp_sink: SmtpSink) -> None:
    smtp_sink.fail_temporarily(times=1)

    with pytest.raises(smtplib.SMTPDataError) as caught:
        _send(smtp_sink)
    _send(smtp_sink)

    assert caught.value.smtp_code == 451
    assert len(smtp_sink.mails) == 1


def test_refuses_one_recipient_and_keeps_the_rest(smtp_sink: SmtpSink) -> None:
    smtp_sink.refuse_recipient("A@customer.example")

    assert list(_send(smtp_sink)) == ["a@customer.example"]
    assert smtp_sink.mails[0].recipients == ("b@customer.example",)


def test_a_lost_reply_keeps_the_mail_but_the_sender_cannot_know(smtp_sink: SmtpSink) -> None:
    smtp_sink.lose_reply()

    with pytest.raises(smtplib.SMTPServerDisconnected):
        _send(smtp_sink)

    assert len(smtp_sink.mails) == 1


def test_hanging_keeps_the_sender_waiting(smtp_sink: SmtpSink) -> None:
    smtp_sink.hang()

    with pytest.raises(smtplib.SMTPServerDisconnected, match="timed out"):
        _send(smtp_sink, timeout=0.2)

    assert smtp_sink.mails == []


def test_a_stopped_sink_refuses_connections_and_returns_on_the_same_port() -> None:
    with SmtpSink() as sink:
        sink.stop()
        with pytest.raises(ConnectionRefusedError):
            _send(sink)
        sink.start()
        _send(sink)

        assert len(sink.mails) == 1
