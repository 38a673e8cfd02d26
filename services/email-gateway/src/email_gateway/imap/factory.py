"""Opens the source of a mailbox: the adapter that the conformance suite chose (docs/adr/0007)."""

from typing import Any

from email_gateway.imap.port import MailSource


def open_source(mailbox: Any, password: str, *, address: str | None, max_bytes: int) -> MailSource:
    """A source for a row of `mailbox`; it connects when it is told to. Of mails over
    `max_bytes` it brings the headers only. `address` is dialled instead of a look-up of the host.
    """
    from email_gateway.imap.imap_tools_source import ImapToolsSource

    return ImapToolsSource(
        host=mailbox.host,
        port=mailbox.port,
        security=mailbox.security,
        username=mailbox.username,
        password=password,
        max_bytes=max_bytes,
        address=address,
    )
