"""The pytest plugin of the workspace: private servers as fixtures, and a closing word about them.

Servers start when the first collected test needs them, never for a run without such tests. A
missing engine is an error with the command that installs it, not a skip.
"""

import gc
import os
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

from patchbay_kit.testing.reports import reports

if TYPE_CHECKING:
    from patchbay_kit.testing.servers.dovecot import Dovecot
    from patchbay_kit.testing.servers.postgres import Postgres
    from patchbay_kit.testing.servers.rabbitmq import RabbitMQ
    from patchbay_kit.testing.servers.smtp_sink import SmtpSink

# Engines a run may use, in the order in which the summary names them.
_ENGINES = ("RabbitMQ", "PostgreSQL", "Dovecot")
_NODES = {"rabbitmq_node", "postgres_node", "dovecot_node"}
_RAN = pytest.StashKey[dict[str, str]]()
_LAUNCHED = pytest.StashKey[dict[str, "RabbitMQ"]]()


def pytest_configure(config: pytest.Config) -> None:
    """Prepare the notes that the fixtures leave for the summary."""
    config.stash[_RAN] = {}
    config.stash[_LAUNCHED] = {}
    # A build server repeats the same examples, so that a red run tells of the change and not of
    # luck; everywhere else new ones are looked for. Time limits would measure the machine's load.
    settings.register_profile("patchbay", deadline=None, derandomize="CI" in os.environ)
    settings.load_profile("patchbay")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Mark what needs a server, so that a unit run never starts one.

    Under xdist, keep whole-system tests on one worker: two at once would starve each other. The
    tests of a folder below `tests` stay together too, since they share what is slow to make.
    """
    for item in items:
        if _NODES & set(getattr(item, "fixturenames", ())) and not item.get_closest_marker("e2e"):
            item.add_marker(pytest.mark.integration)
    if config.pluginmanager.hasplugin("xdist"):
        for item in items:
            if item.get_closest_marker("e2e"):
                item.add_marker(pytest.mark.xdist_group("e2e"))
            elif item.path.is_relative_to(config.rootpath / "tests"):
                item.add_marker(pytest.mark.xdist_group(item.path.parent.name))


def pytest_collection_finish(session: pytest.Session) -> None:
    """Launch RabbitMQ now if a test will need it: it takes five seconds, others can go first."""
    if session.config.option.collectonly:
        return
    # Looking through everything that was imported, again and again, took a sixth of a unit run.
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 20, 20)
    if any("rabbitmq_node" in getattr(item, "fixturenames", ()) for item in session.items):
        from patchbay_kit.testing.servers.process import EngineMissingError
        from patchbay_kit.testing.servers.rabbitmq import RabbitMQ

        try:
            session.config.stash[_LAUNCHED]["RabbitMQ"] = RabbitMQ().launch()
        except EngineMissingError:
            return  # The fixture raises it again, as an error of each test that needs it.


def pytest_unconfigure(config: pytest.Config) -> None:
    """Close what was launched early and never used, for example after `-x`."""
    for node in config.stash.get(_LAUNCHED, {}).values():
        node.close()


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Under xdist, hand this worker's engines to the controller."""
    output: dict[str, object] | None = getattr(session.config, "workeroutput", None)
    if output is not None:
        output["engines"] = session.config.stash[_RAN]


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: object, error: object) -> None:
    """Under xdist, take over the engines of a worker that ended."""
    output = getattr(node, "workeroutput", {})
    config = getattr(node, "config", None)
    if isinstance(config, pytest.Config):
        config.stash[_RAN].update(output.get("engines", {}))


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """Say which engines ran, so that nobody takes a run without them for a full one."""
    ran = config.stash[_RAN]
    used = [f"{name} {ran[name]}" for name in _ENGINES if name in ran]
    unused = [name for name in _ENGINES if name not in ran]
    skipped = len(terminalreporter.stats.get("skipped", []))
    line = f"engines: {', '.join(used) or 'none'}"
    line += f"; not run: {', '.join(unused)}" if unused else ""
    line += f"; skipped tests: {skipped}" + (" (reasons below)" if skipped else "")
    terminalreporter.write_line(line)
    for text in reports(terminalreporter):
        terminalreporter.write_line(text)


@pytest.fixture(scope="session")
def rabbitmq_node(request: pytest.FixtureRequest) -> Iterator["RabbitMQ"]:
    """The run's RabbitMQ. A test may kill, pause or restart it; the next one gets it running."""
    from patchbay_kit.testing.servers.rabbitmq import RabbitMQ

    node = request.config.stash[_LAUNCHED].pop("RabbitMQ", None) or RabbitMQ()
    with node:
        request.config.stash[_RAN][node.name] = node.version
        yield node


@pytest.fixture(scope="session")
def postgres_node(request: pytest.FixtureRequest) -> Iterator["Postgres"]:
    """The run's PostgreSQL cluster, under the same terms."""
    from patchbay_kit.testing.servers.postgres import Postgres

    with Postgres() as node:
        request.config.stash[_RAN][node.name] = node.version
        yield node


@pytest.fixture(scope="session")
def dovecot_node(request: pytest.FixtureRequest) -> Iterator["Dovecot"]:
    """The run's Dovecot, under the same terms."""
    from patchbay_kit.testing.servers.dovecot import Dovecot

    with Dovecot() as node:
        request.config.stash[_RAN][node.name] = node.version
        yield node


@pytest.fixture
def dovecot(dovecot_node: "Dovecot") -> "Dovecot":
    """A running Dovecot; ask it for `new_account()`."""
    return dovecot_node.ensure_running()


@pytest.fixture
def amqp_url(rabbitmq_node: "RabbitMQ") -> Iterator[str]:
    """The address of an empty virtual host that only this test has."""
    url = rabbitmq_node.ensure_running().new_vhost()
    yield url
    rabbitmq_node.ensure_running().delete_vhost(url)


@pytest.fixture
def pg_url(postgres_node: "Postgres") -> Iterator[str]:
    """The address of an empty PostgreSQL database that only this test has."""
    url = postgres_node.ensure_running().create_database()
    yield url
    postgres_node.ensure_running().drop_database(url)


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    """The address of a SQLite file that does not exist yet."""
    return f"sqlite+aiosqlite:///{tmp_path / 'test.db'}"


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.integration)])
def database_url(request: pytest.FixtureRequest) -> str:
    """Runs the test twice, on SQLite and on PostgreSQL."""
    name = "sqlite_url" if request.param == "sqlite" else "pg_url"
    return str(request.getfixturevalue(name))


@pytest.fixture
def smtp_sink() -> Iterator["SmtpSink"]:
    """An SMTP server that keeps what it gets; see its methods for how to make it misbehave."""
    from patchbay_kit.testing.servers.smtp_sink import SmtpSink

    with SmtpSink() as sink:
        yield sink


@pytest.fixture
async def at_end() -> AsyncIterator[AsyncExitStack]:
    """Closes what a test opens, also where it fails: `at_end.push_async_callback(bus.stop)`."""
    async with AsyncExitStack() as stack:
        yield stack
