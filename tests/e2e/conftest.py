"""Remote systems for the tests here."""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from patchbay_kit.testing.system.base import System
from patchbay_kit.testing.system.simulator import Simulator, connect


@dataclass(frozen=True)
class Remote:
    """A remote system that is connected and enabled; tests use sites of their own in it."""

    simulator: Simulator
    connection_id: str


@pytest.fixture(scope="session")
def remote(system: System) -> Iterator[Remote]:
    """The one remote system that most tests of a form share."""
    with Simulator() as simulator:
        yield Remote(simulator, connect(system, simulator, "shared"))


@pytest.fixture
def simulator() -> Iterator[Simulator]:
    """A remote system with nothing in it, connected to nothing."""
    with Simulator() as fresh:
        yield fresh
