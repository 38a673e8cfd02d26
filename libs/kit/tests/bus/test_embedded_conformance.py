"""The embedded bus keeps the port's promises."""

from pathlib import Path

import pytest

from patchbay_kit.bus import Bus
from patchbay_kit.bus.embedded import EmbeddedBus
from patchbay_kit.testing import bus_harness, bus_suite


class EmbeddedHarness(bus_harness.BusHarness):
    """Buses over one file."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self._path = path

    def build(self) -> Bus:
        return EmbeddedBus(
            self._path,
            bus_harness.TOPOLOGY,
            delay_steps=bus_harness.DELAY_STEPS,
            delivery_limit=bus_harness.DELIVERY_LIMIT,
        )

    async def crash(self, bus: Bus) -> None:
        assert isinstance(bus, EmbeddedBus)
        engine, bus._engine = bus._engine, None
        assert engine is not None
        engine.close()
        await engine.writer.close()
        bus._lock.release()


class TestEmbeddedBus(bus_suite.BusSuite):
    @pytest.fixture
    def harness(self, tmp_path: Path) -> EmbeddedHarness:
        return EmbeddedHarness(tmp_path / "bus.db")
