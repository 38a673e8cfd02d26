"""Outbound addresses: which hosts that somebody typed in may be called.

Without PATCHBAY_ALLOW_PRIVATE_TARGETS (and outside development) only public addresses are. A name
is resolved when it is called, so changing DNS gains nothing.
"""

import asyncio
import ipaddress
import socket

_LOCAL_SUFFIXES = ("localhost", ".local", ".localdomain", ".internal", ".home.arpa")

# RFC 6052 and RFC 8215; the last are IPv4-compatible addresses, which nobody uses rightly any more.
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
_TRANSLATED_LOCALLY = (ipaddress.IPv6Network("64:ff9b:1::/48"), ipaddress.IPv6Network("::/96"))


class ForbiddenTargetError(ValueError):
    """The address must not be called from here; the text says why."""


class UnresolvedTargetError(OSError):
    """The name leads nowhere, now."""


def is_public(address: str) -> bool:
    """Whether an IP address belongs to the public internet."""
    ip = ipaddress.ip_address(address.split("%", 1)[0])
    if isinstance(ip, ipaddress.IPv6Address):
        if any(ip in network for network in _TRANSLATED_LOCALLY):
            return False
        ip = _carried(ip) or ip
    return ip.is_global and not ip.is_multicast


def _carried(ip: ipaddress.IPv6Address) -> ipaddress.IPv4Address | None:
    """The IPv4 address that a packet to `ip` ends at: mapped, 6to4, NAT64."""
    if ip in _NAT64:
        return ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
    return ip.ipv4_mapped or ip.sixtofour


def may_be_public(host: str) -> bool:
    """Whether a name or an IP address can be public, as far as its text tells."""
    host = host.strip().strip("[]").rstrip(".")
    try:
        return is_public(host)
    except ValueError:
        # "127.1" and "2130706433" are loopback to the resolver though no address by the book.
        numeric = host.replace(".", "").isdigit() or host.startswith("0x")
        return bool(host) and not numeric and not host.lower().endswith(_LOCAL_SUFFIXES)


async def public_address(host: str, port: int) -> str:
    """The address to dial.

    :raises ForbiddenTargetError: one of the name's addresses is not public.
    :raises UnresolvedTargetError: the name does not resolve.
    """
    try:
        found = await asyncio.get_running_loop().getaddrinfo(
            host, port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP
        )
    except (OSError, UnicodeError) as error:
        raise UnresolvedTargetError(f"{host} does not resolve: {error}") from error
    addresses = [str(entry[4][0]) for entry in found]
    for address in addresses:
        if not is_public(address):
            raise ForbiddenTargetError(f"{host} leads to the non-public address {address}")
    return addresses[0]
