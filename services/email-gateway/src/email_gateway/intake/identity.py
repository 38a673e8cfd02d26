"""Who this installation is to mail."""

from dataclasses import dataclass, field

from email_gateway.parsing.automation import OwnIdentity
from email_gateway.parsing.limits import Limits


@dataclass(frozen=True, slots=True)
class Identity:
    """Our addresses (lower case), the key of reply tokens, the host that we trust, limits."""

    own: OwnIdentity
    token_key: bytes = field(repr=False)
    authserv_id: str | None
    limits: Limits
