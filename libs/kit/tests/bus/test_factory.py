"""The URL decides which bus it is."""

from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from patchbay_kit.bus import OutgoingMessage, PublishOutcome
from patchbay_kit.bus.embedded import EmbeddedBus
from patchbay_kit.bus.factory import create_bus
from patchbay_kit.bus.rabbitmq import RabbitBus
from patchbay_kit.errors import ConfigurationError
from patchbay_kit.ids import new_id
from patchbay_kit.testing.bus_harness import OPENED, TOPOLOGY


@pytest.mark.parametrize("url", ["amqp://broker/patchbay", "amqps://user:pw@broker:5671/%2F"])
def test_amqp_means_rabbitmq(url: str) -> None:
    assert isinstance(create_bus(url, TOPOLOGY, "svc"), RabbitBus)


async def test_embedded_means_a_file_at_that_path(tmp_path: Path, at_end: AsyncExitStack) -> None:
    bus = create_bus(f"embedded://{tmp_path}/deep/in%20here/bus.db", TOPOLOGY, "svc")
    assert isinstance(bus, EmbeddedBus)
    at_end.push_async_callback(bus.stop)
    await bus.start()
    confirmed = await bus.publish([OutgoingMessage(new_id(), OPENED, b"{}")])

    assert confirmed == [PublishOutcome.CONFIRMED]
    assert (tmp_path / "deep" / "in here" / "bus.db").exists()


@pytest.mark.parametrize(
    "url", ["", "redis://host", "sqlite:///x.db", "embedded://host/x", "embedded:///", "amqp:///x"]
)
def test_anything_else_is_refused_by_the_name_of_the_setting(url: str) -> None:
    with pytest.raises(ConfigurationError, match="PATCHBAY_BUS_URL"):
        create_bus(url, TOPOLOGY, "svc")
