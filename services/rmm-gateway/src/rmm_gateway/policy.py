"""What the installation allows for connections, and how it keeps their secrets."""

import hashlib
import hmac
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row

from patchbay_kit.errors import invalid
from patchbay_kit.secretbox import SecretBox
from patchbay_kit.targets import ForbiddenTargetError
from rmm_gateway.providers.base import Target
from rmm_gateway.providers.guard import check_base_url


@dataclass(frozen=True, slots=True)
class ConnectionPolicy:
    """What the installation allows, and how it keeps secrets."""

    secrets: SecretBox
    allow_private: bool

    def base_url(self, value: str) -> str:
        """The normalised address, or a 422 problem."""
        try:
            return check_base_url(value, allow_private=self.allow_private)
        except ForbiddenTargetError as error:
            raise invalid(
                "base_url_forbidden",
                "This address cannot be used",
                field="/base_url",
                detail=str(error),
                hint="PATCHBAY_ALLOW_PRIVATE_TARGETS=true allows addresses of your own network.",
            ) from None

    def secret(self, code: str | None) -> dict[str, str | None]:
        """The columns that keep a security code."""
        if code is None:
            return {"secret_sealed": None, "secret_hash": None}
        key = self.secrets.derive("psg-code")
        digest = hmac.new(key, code.encode(), hashlib.sha256).hexdigest()
        return {"secret_sealed": self.secrets.seal(code), "secret_hash": digest}

    def target(self, row: Row[Any]) -> Target:
        """What an adapter needs; PermanentError where the installation's key has changed."""
        return Target(row.id, row.provider, row.base_url, self.secrets.open(row.secret_sealed))
