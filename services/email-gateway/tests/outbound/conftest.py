"""The service with a mail server that keeps what it gets."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from patchbay_kit.testing.servers.smtp_sink import SmtpSink


@pytest.fixture
def server_settings(smtp_sink: SmtpSink) -> dict[str, Any]:
    """Settings that name the sink as the mail server."""
    server = {"smtp_host": smtp_sink.host, "smtp_port": smtp_sink.port, "smtp_tls": "none"}
    return {"outgoing": "smtp", **server, "smtp_timeout": 2.0}


@pytest.fixture
async def gateway(any_gateways: Any, server_settings: dict[str, Any]) -> AsyncIterator[Any]:
    """The service with the sink as its mail server."""
    async with any_gateways(**server_settings) as made:
        yield made


@pytest.fixture
async def small(gateways: Any, server_settings: dict[str, Any]) -> AsyncIterator[Any]:
    """The same on SQLite only."""
    async with gateways(**server_settings) as made:
        yield made
