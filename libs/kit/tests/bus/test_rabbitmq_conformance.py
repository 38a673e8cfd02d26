"""The RabbitMQ bus keeps the port's promises."""

import asyncio

import pytest

from patchbay_kit.bus import Bus
from patchbay_kit.bus.rabbitmq import RabbitBus
from patchbay_kit.testing import bus_harness, bus_suite


class RabbitHarness(bus_harness.BusHarness):
    """Buses over one virtual host."""

    def __init__(self, url: str) -> None:
        super().__init__()
        self._url = url

    def build(self) -> Bus:
        return RabbitBus(
            self._url,
            bus_harness.TOPOLOGY,
            service="suite",
            delay_steps=bus_harness.DELAY_STEPS,
            delivery_limit=bus_harness.DELIVERY_LIMIT,
        )

    async def crash(self, bus: Bus) -> None:
        assert isinstance(bus, RabbitBus)
        consumers = [subscription._task for subscription in bus._subscriptions]
        for consumer in consumers:
            consumer.cancel()
        await asyncio.gather(*consumers, return_exceptions=True)
        bus._subscriptions.clear()
        await bus.stop()


@pytest.mark.integration
class TestRabbitBus(bus_suite.BusSuite):
    @pytest.fixture
    def harness(self, amqp_url: str) -> RabbitHarness:
        return RabbitHarness(amqp_url)
