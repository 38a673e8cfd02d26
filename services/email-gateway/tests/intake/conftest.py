"""The entrance over real sockets."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiosmtplib
import pytest


@asynccontextmanager
async def _listening(gateway: Any) -> AsyncIterator[int]:
    async with gateway.running():
        await asyncio.wait_for(gateway.runtime.extras["listening"].wait(), 10)
        yield gateway.runtime.extras["smtp_port"]


async def _post(port: int, raw: bytes, **fields: Any) -> Any:
    values = {"sender": "jane@customer.example", "recipients": ["support@msp.example"], **fields}
    return await aiosmtplib.send(
        raw, hostname="127.0.0.1", port=port, start_tls=False, timeout=20, **values
    )


@pytest.fixture
def listening() -> Any:
    """Runs a gateway's loops and gives the port of its entrance."""
    return _listening


@pytest.fixture
def post() -> Any:
    """Sends a mail to a port as a mail server would."""
    return _post


@pytest.fixture
async def open_gateway(any_gateways: Any) -> AsyncIterator[Any]:
    """A gateway with an entrance, on both databases."""
    async with any_gateways(smtp_listen_port=0) as gateway:
        yield gateway
