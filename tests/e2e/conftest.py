"""One hub and one cluster for all tests here; each test brings its own names and connections."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from patchbay_hub.services import SERVICES
from patchbay_kit.testing.servers.smtp_sink import SmtpSink
from patchbay_kit.testing.system.base import System
from patchbay_kit.testing.system.cluster import Cluster
from patchbay_kit.testing.system.hub import Hub
from patchbay_kit.testing.system.simulator import Simulator, connect


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything here runs the whole system; the first test of a form also pays for its start."""
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.e2e)


@pytest.fixture(scope="session")
def mail_server() -> Iterator[SmtpSink]:
    """The mail server that takes the cluster's outgoing mail."""
    with SmtpSink() as sink:
        yield sink


@pytest.fixture(scope="session", params=["embedded", "cluster"])
def system(request: pytest.FixtureRequest) -> Iterator[System]:
    """The running system in both forms. The hub catches outgoing mail, the cluster sends it."""
    if request.param == "embedded":
        with Hub() as hub:
            yield hub
        return
    sink: SmtpSink = request.getfixturevalue("mail_server")
    rabbitmq = request.getfixturevalue("rabbitmq_node")
    postgres = request.getfixturevalue("postgres_node")
    settings = {
        "PATCHBAY_OUTGOING": "smtp",
        "PATCHBAY_SMTP_HOST": sink.host,
        "PATCHBAY_SMTP_PORT": str(sink.port),
        "PATCHBAY_SMTP_TLS": "none",
    }
    with Cluster(SERVICES, rabbitmq, postgres, settings=settings) as cluster:
        yield cluster


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
