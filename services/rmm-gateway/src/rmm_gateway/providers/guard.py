"""Outbound addresses: which remote hosts may be entered; `patchbay_kit.guarded` checks again at
every connection.

Without PATCHBAY_ALLOW_PRIVATE_TARGETS (and outside development) only public addresses are called.
"""

from urllib.parse import urlsplit

from patchbay_kit.targets import ForbiddenTargetError, may_be_public


def check_base_url(url: str, *, allow_private: bool) -> str:
    """The normalised address, or ForbiddenTargetError. Names are resolved when they are called."""
    try:
        parts = urlsplit(url.strip())
        port = parts.port
    except ValueError as error:
        raise ForbiddenTargetError(f"not an address: {error}") from None
    host = (parts.hostname or "").rstrip(".")
    if parts.scheme not in ("http", "https") or not host:
        raise ForbiddenTargetError("the address must start with http:// or https://")
    if parts.username or parts.password or parts.query or parts.fragment:
        raise ForbiddenTargetError("the address must not carry a user, a query or a fragment")
    if not allow_private and not may_be_public(host):
        raise ForbiddenTargetError("private, loopback and link-local addresses are not allowed")
    if not allow_private and parts.scheme != "https":
        raise ForbiddenTargetError("the security code would be sent in clear: use https")
    shown = f"[{host}]" if ":" in host else host
    netloc = f"{shown}:{port}" if port else shown
    return f"{parts.scheme}://{netloc}{parts.path.rstrip('/')}"
