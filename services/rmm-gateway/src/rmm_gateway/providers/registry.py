"""Providers by name, and how to open one for a connection. A new provider is one line here."""

import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import httpx

from rmm_gateway.providers.base import RmmProvider, Target
from rmm_gateway.providers.continuum.provider import ContinuumProvider
from rmm_gateway.providers.guard import GuardedTransport

Factory = Callable[[Target, httpx.AsyncClient, float], RmmProvider]

FACTORIES: dict[str, Factory] = {"continuum": ContinuumProvider}


@dataclass(slots=True)
class Providers:
    """Opens providers. `timeout` is seconds for one answer; `transport` is replaced by tests."""

    timeout: float
    allow_private: bool
    transport: Callable[[], httpx.AsyncBaseTransport] | None = None
    factories: dict[str, Factory] = field(default_factory=lambda: dict(FACTORIES))
    _context: ssl.SSLContext | None = None

    @asynccontextmanager
    async def open(self, target: Target) -> AsyncIterator[RmmProvider]:
        """A provider whose connections are closed with the block."""
        client = httpx.AsyncClient(
            transport=self._transport(),
            timeout=httpx.Timeout(self.timeout),
            follow_redirects=False,
            trust_env=False,
        )
        async with client:
            yield self.factories[target.provider](target, client, self.timeout)

    def _transport(self) -> httpx.AsyncBaseTransport:
        if self.transport is not None:
            return self.transport()
        if self._context is None:
            # Reading the certificate store takes tens of milliseconds; once is enough.
            self._context = httpx.create_ssl_context(trust_env=False)
        if self.allow_private:
            return httpx.AsyncHTTPTransport(verify=self._context, trust_env=False)
        return GuardedTransport(self._context)
