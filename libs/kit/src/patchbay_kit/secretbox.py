"""Secrets at rest:

encrypted with the installation's key (Fernet: AES-128-CBC with HMAC-SHA256); write-only to the
outside.
"""

import base64
import hashlib
import hmac
from functools import cached_property
from typing import TYPE_CHECKING

from pydantic import SecretStr

from patchbay_kit.errors import PermanentError

if TYPE_CHECKING:
    from cryptography.fernet import Fernet


def mail_secret_box(key: SecretStr | None) -> "SecretBox | None":
    """Seals what only the recipient of a mail may read (`SendEmail.sealed`), if there is a key."""
    return SecretBox(key.get_secret_value()) if key is not None else None


class SecretBox:
    """Encrypts secrets for the database, and derives keys for other purposes from the same
    installation key.
    """

    def __init__(self, key: str) -> None:
        self._key = key.encode()

    @cached_property
    def _fernet(self) -> "Fernet":
        # Loaded with the first secret: most processes see none, and it takes 8 MiB.
        from cryptography.fernet import Fernet

        return Fernet(base64.urlsafe_b64encode(self.derive("secretbox")))

    def derive(self, purpose: str) -> bytes:
        """32 bytes for one purpose; different purposes tell nothing about each other."""
        return hmac.new(self._key, f"patchbay/{purpose}".encode(), hashlib.sha256).digest()

    def seal(self, secret: str) -> str:
        return self._fernet.encrypt(secret.encode()).decode()

    def open(self, sealed: str) -> str:
        """PermanentError where the installation's key has changed since."""
        from cryptography.fernet import InvalidToken

        try:
            return self._fernet.decrypt(sealed.encode()).decode()
        except InvalidToken:
            raise PermanentError(
                "secret_unreadable",
                "a stored secret cannot be read with the present PATCHBAY_SECRET_KEY; "
                "enter it again",
            ) from None
