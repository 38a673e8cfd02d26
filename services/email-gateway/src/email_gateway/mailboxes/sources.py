"""Opening the source of a mailbox that somebody typed in: never a host of our own network.

The address that was checked is the one that is dialled, so changing DNS gains nothing.
"""

from dataclasses import dataclass
from typing import Any, Protocol

from email_gateway.imap.port import MailSource, MailSourceUnavailable
from patchbay_kit.errors import invalid
from patchbay_kit.secretbox import SecretBox
from patchbay_kit.targets import (
    ForbiddenTargetError,
    UnresolvedTargetError,
    may_be_public,
    public_address,
)


class OpenSource(Protocol):
    """Makes a source of a mailbox's row; `address` None: its host is looked up."""

    def __call__(self, mailbox: Any, password: str, *, address: str | None) -> MailSource: ...


@dataclass(frozen=True, slots=True)
class MailSources:
    """Opens mailboxes within what the installation allows."""

    open_source: OpenSource
    secrets: SecretBox
    allow_private: bool

    def check(self, host: str, security: str) -> None:
        """A 422 problem for a host that is not public by its very name, and for a password that
        would cross the internet in clear.
        """
        if self.allow_private:
            return
        if security == "none":
            raise invalid(
                "security_required",
                "The password would be sent in clear",
                field="/security",
                detail="use tls or starttls",
                hint="PATCHBAY_ALLOW_PRIVATE_TARGETS=true allows it, for your own network.",
            )
        if not may_be_public(host):
            raise invalid(
                "host_forbidden",
                "This host cannot be used",
                field="/host",
                detail="private, loopback and link-local addresses are not allowed",
                hint="PATCHBAY_ALLOW_PRIVATE_TARGETS=true allows hosts of your own network.",
            )

    async def open(self, mailbox: Any) -> MailSource:
        """A source that is not connected yet.

        :raises MailSourceUnavailable: the host may not be called, or does not resolve.
        :raises PermanentError: the installation's key has changed.
        """
        address = None
        if not self.allow_private:
            try:
                address = await public_address(mailbox.host, mailbox.port)
            except (ForbiddenTargetError, UnresolvedTargetError) as error:
                raise MailSourceUnavailable(str(error)) from error
        password = self.secrets.open(mailbox.sealed_password)
        return self.open_source(mailbox, password, address=address)
