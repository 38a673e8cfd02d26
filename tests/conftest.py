"""One hub and one cluster for all whole-system tests; each test brings its own names."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from patchbay_hub.services import SERVICES
from patchbay_kit.testing.servers.smtp_sink import SmtpSink
from patchbay_kit.testing.system.base import System
from patchbay_kit.testing.system.cluster import Cluster
from patchbay_kit.testing.system.hub import Hub

_WHOLE_SYSTEM = ("e2e", "corpus", "faults")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark these folders; the first test of a form also pays for the start of that form."""
    folders = [Path(__file__).parent / name for name in _WHOLE_SYSTEM]
    for item in items:
        if any(folder in item.path.parents for folder in folders):
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
