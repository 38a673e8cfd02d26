"""Outbound addresses: which remote hosts may be called, checked again at every connection.

Without PATCHBAY_ALLOW_PRIVATE_TARGETS (and outside development) only public addresses are called;
the name is resolved here and the checked address is dialled, so changing DNS gains nothing.
"""

import ssl
from urllib.parse import urlsplit

import httpx

from patchbay_kit.targets import (
    ForbiddenTargetError,
    UnresolvedTargetError,
    may_be_public,
    public_address,
)


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
    shown = f"[{host}]" if ":" in host else host
    netloc = f"{shown}:{port}" if port else shown
    return f"{parts.scheme}://{netloc}{parts.path.rstrip('/')}"


class GuardedTransport(httpx.AsyncHTTPTransport):
    """Dials only public addresses, under the name that was asked for."""

    def __init__(self, verify: ssl.SSLContext) -> None:
        super().__init__(verify=verify, trust_env=False, retries=0)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        host = request.url.host
        try:
            address = await public_address(host, request.url.port or 443)
        except UnresolvedTargetError as error:
            raise httpx.ConnectError(str(error)) from error
        request.extensions = {**request.extensions, "sni_hostname": host}
        request.url = request.url.copy_with(host=address)
        return await super().handle_async_request(request)
