"""The caller of a request, as every service sees it."""

from dataclasses import dataclass
from typing import Literal

PrincipalKind = Literal["employee", "contact", "api_key", "system"]

# The permission that stands for all of them.
EVERYTHING = "*"


@dataclass(frozen=True, slots=True)
class Principal:
    """An authenticated caller. `permissions` are plain names such as `desk`; `*` grants all.

    `account_id` is the account of a contact, and nobody else's.
    """

    id: str
    kind: PrincipalKind
    name: str
    email: str | None = None
    permissions: frozenset[str] = frozenset()
    account_id: str | None = None

    @property
    def actor(self) -> str:
        """How events and records name the caller: `employee:<id>`."""
        return f"{self.kind}:{self.id}"

    def may(self, permission: str) -> bool:
        """Whether the caller holds `permission`."""
        return permission in self.permissions or EVERYTHING in self.permissions
