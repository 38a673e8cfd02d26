"""Outbound addresses: which remote hosts may be called, checked again at every connection.

Without PATCHBAY_ALLOW_PRIVATE_TARGETS (and outside development) only public addresses are called;
the name is resolved here and the checked address is dialled, so changing DNS gains nothing.
"""

import asyncio
import ipaddress
import socket
import ssl
from urllib.parse import urlsplit

import httpx

_LOCAL_SUFFIXES = ("localhost", ".local", ".localdomain", ".internal", ".home.arpa")


class ForbiddenTargetError(ValueError):
    """The address must not be called from here; the text says why."""


def is_public(address: str) -> bool:
    """Whether an IP address belongs to the public internet."""
    ip = ipaddress.ip_address(address.split("%", 1)[0])
    mapped = getattr(ip, "ipv4_mapped", None)
    ip = mapped or ip
    return ip.is_global and not ip.is_multicast


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
    if not allow_private and not _may_be_public(host):
        raise ForbiddenTargetError("private, loopback and link-local addresses are not allowed")
    shown = f"[{host}]" if ":" in host else host
    netloc = f"{shown}:{port}" if port else shown
    return f"{parts.scheme}://{netloc}{parts.path.rstrip('/')}"


def _may_be_public(host: str) -> bool:
    try:
        return is_public(host)
    except ValueError:
        # "127.1" and "2130706433" are loopback to the resolver though no address by the book.
        numeric = host.replace(".", "").isdigit() or host.startswith("0x")
        return not numeric and not host.lower().endswith(_LOCAL_SUFFIXES)


class GuardedTransport(httpx.AsyncHTTPTransport):
    """Dials only public addresses, under the name that was asked for."""

    def __init__(self, verify: ssl.SSLContext) -> None:
        super().__init__(verify=verify, trust_env=False, retries=0)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        host = request.url.host
        address = await _public_address(host, request.url.port or 443)
        request.extensions = {**request.extensions, "sni_hostname": host}
        request.url = request.url.copy_with(host=address)
        return await super().handle_async_request(request)


async def _public_address(host: str, port: int) -> str:
    try:
        found = await asyncio.get_running_loop().getaddrinfo(
            host, port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP
        )
    except (OSError, UnicodeError) as error:
        raise httpx.ConnectError(f"{host} does not resolve: {error}") from error
    addresses = [str(entry[4][0]) for entry in found]
    for address in addresses:
        if not is_public(address):
            raise ForbiddenTargetError(f"{host} leads to the non-public address {address}")
    return addresses[0]
