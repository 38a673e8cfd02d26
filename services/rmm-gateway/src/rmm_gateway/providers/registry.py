"""Providers by name, and how to open one for a connection.

HTTP client, XML and the providers are loaded with the first call: an installation without an RMM
does without.
"""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from rmm_gateway.providers.base import RmmProvider, Target

if TYPE_CHECKING:
    import ssl

    import httpx

Factory = Callable[[Target, "httpx.AsyncClient", float], RmmProvider]


def _continuum(target: Target, client: "httpx.AsyncClient", timeout: float) -> RmmProvider:
    from rmm_gateway.providers.continuum.provider import ContinuumProvider

    return ContinuumProvider(target, client, timeout)


# A new provider is one line here.
FACTORIES: dict[str, Factory] = {"continuum": _continuum}


@dataclass(slots=True)
class Providers:
    """Opens providers. `timeout` is seconds for one answer; `transport` is replaced by tests."""

    timeout: float
    allow_private: bool
    transport: "Callable[[], httpx.AsyncBaseTransport] | None" = None
    factories: dict[str, Factory] = field(default_factory=lambda: dict(FACTORIES))
    _context: "ssl.SSLContext | None" = None

    @asynccontextmanager
    async def open(self, target: Target) -> AsyncIterator[RmmProvider]:
        """A provider whose connections are closed with the block."""
        import httpx

        client = httpx.AsyncClient(
            transport=self._transport(),
            timeout=httpx.Timeout(self.timeout),
            follow_redirects=False,
            trust_env=False,
        )
        async with client:
            yield self.factories[target.provider](target, client, self.timeout)

    def _transport(self) -> "httpx.AsyncBaseTransport":
        import httpx

        if self.transport is not None:
            return self.transport()
        if self._context is None:
            # Reading the certificate store takes tens of milliseconds; once is enough.
            self._context = httpx.create_ssl_context(trust_env=False)
        if self.allow_private:
            return httpx.AsyncHTTPTransport(verify=self._context, trust_env=False)
        from patchbay_kit.guarded import GuardedTransport

        return GuardedTransport(self._context)
