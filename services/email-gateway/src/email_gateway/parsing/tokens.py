"""Reply tokens: proof that an answer belongs to a ticket (email.md point 7).

A token is base32 of ticket id, a short nonce and a truncated HMAC-SHA256. It fits into the local
part of an address (64 characters), survives lower- and upper-casing, and cannot be guessed.
"""

import base64
import binascii
import hashlib
import hmac
import uuid
from collections.abc import Iterable

_MAC_BYTES = 11  # 88 bits
_TOKEN_NONCE_BYTES = 3  # 16 + 3 + 11 = 30 bytes = 48 base32 characters, no padding
_MESSAGE_NONCE_BYTES = 8  # 16 + 8 + 11 = 35 bytes = 56 base32 characters, no padding
_TOKEN_PURPOSE = b"patchbay reply token 1\x00"
_MESSAGE_PURPOSE = b"patchbay message id 1\x00"
_MESSAGE_PREFIX = "pb."


def make_token(secret: bytes, ticket_id: str, nonce: str) -> str:
    """48 lower-case letters and digits that name `ticket_id`; another `nonce`, another token.

    :raises ValueError: `ticket_id` is no UUID or `secret` is empty.
    """
    return _seal(secret, _TOKEN_PURPOSE, ticket_id, nonce, _TOKEN_NONCE_BYTES)


def verify_token(secret: bytes, token: str) -> str | None:
    """Ticket id of a token we made with `secret`, else None. Letter case does not matter."""
    return _open(secret, _TOKEN_PURPOSE, token, _TOKEN_NONCE_BYTES)


def make_message_id(secret: bytes, ticket_id: str, unique: str, domain: str) -> str:
    """Message-ID with brackets that names `ticket_id`; `unique` makes it the only one of its kind.

    :raises ValueError: `ticket_id` is no UUID or `secret` is empty.
    """
    sealed = _seal(secret, _MESSAGE_PURPOSE, ticket_id, unique, _MESSAGE_NONCE_BYTES)
    return f"<{_MESSAGE_PREFIX}{sealed}@{domain}>"


def ticket_from_message_id(secret: bytes, message_id: str) -> str | None:
    """Ticket id of a Message-ID we made with `secret`, else None."""
    local = message_id.strip().strip("<>").partition("@")[0].lower()
    if not local.startswith(_MESSAGE_PREFIX):
        return None
    return _open(
        secret, _MESSAGE_PURPOSE, local.removeprefix(_MESSAGE_PREFIX), _MESSAGE_NONCE_BYTES
    )


def ticket_from_addresses(secret: bytes, addresses: Iterable[str]) -> str | None:
    """Ticket id of the first address of the form `anything+<token>@anywhere`, else None."""
    for address in addresses:
        local = address.rpartition("@")[0]
        ticket_id = verify_token(secret, local.rpartition("+")[2]) if "+" in local else None
        if ticket_id is not None:
            return ticket_id
    return None


def ticket_from_references(secret: bytes, message_ids: Iterable[str]) -> str | None:
    """Ticket id of the newest own Message-ID in In-Reply-To and References (oldest first)."""
    found = (ticket_from_message_id(secret, one) for one in reversed(list(message_ids)))
    return next((ticket_id for ticket_id in found if ticket_id is not None), None)


def _seal(secret: bytes, purpose: bytes, ticket_id: str, nonce: str, nonce_bytes: int) -> str:
    if not secret:
        raise ValueError("the token secret is empty")
    content = uuid.UUID(ticket_id).bytes + hashlib.sha256(nonce.encode()).digest()[:nonce_bytes]
    return base64.b32encode(content + _mac(secret, purpose, content)).decode("ascii").lower()


def _open(secret: bytes, purpose: bytes, token: str, nonce_bytes: int) -> str | None:
    size = 16 + nonce_bytes + _MAC_BYTES
    if not secret or len(token) != size * 8 // 5 or not token.isascii():
        return None
    try:
        data = base64.b32decode(token.upper())
    except binascii.Error:
        return None
    content, mac = data[:-_MAC_BYTES], data[-_MAC_BYTES:]
    if not hmac.compare_digest(mac, _mac(secret, purpose, content)):
        return None
    return str(uuid.UUID(bytes=content[:16]))


def _mac(secret: bytes, purpose: bytes, content: bytes) -> bytes:
    return hmac.new(secret, purpose + content, hashlib.sha256).digest()[:_MAC_BYTES]
