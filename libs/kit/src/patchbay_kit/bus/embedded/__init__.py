"""The bus without a broker: one SQLite file, one process."""

from patchbay_kit.bus.embedded.bus import EmbeddedBus

__all__ = ["EmbeddedBus"]
