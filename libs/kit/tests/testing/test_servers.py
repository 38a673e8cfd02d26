"""The private servers: they survive what tests do to them and leave nothing behind."""

import asyncio
import imaplib
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import AsyncExitStack
from pathlib import Path

import aio_pika
import asyncpg
import pytest

from patchbay_kit.testing.servers.dovecot import Dovecot
from patchbay_kit.testing.servers.ports import accepts_connections
from patchbay_kit.testing.servers.postgres import Postgres
from patchbay_kit.testing.servers.process import EngineMissingError, PrivateServer
from patchbay_kit.testing.servers.rabbitmq import RabbitMQ
from patchbay_kit.testing.waiting import wait_until

pytestmark = pytest.mark.integration

_OWNER = """
import sys
from patchbay_kit.testing.servers.dovecot import Dovecot
server = Dovecot().start()
print(server.pid, server.directory, flush=True)
sys.stdin.read()
"""


def _alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


def _asyncpg_url(url: str) -> str:
    return url.replace("+asyncpg", "")


async def test_a_message_survives_kill_and_start_of_rabbitmq(
    rabbitmq_node: RabbitMQ, amqp_url: str, at_end: AsyncExitStack
) -> None:
    connection = await aio_pika.connect(amqp_url)
    at_end.push_async_callback(connection.close)
    channel = await connection.channel(on_return_raises=True)
    await channel.declare_queue("kept", durable=True, arguments={"x-queue-type": "quorum"})
    message = aio_pika.Message(b"1", delivery_mode=aio_pika.DeliveryMode.PERSISTENT)
    await channel.default_exchange.publish(message, "kept", timeout=5)
    await connection.close()

    await asyncio.to_thread(rabbitmq_node.settle)
    await asyncio.to_thread(rabbitmq_node.kill9)
    await asyncio.to_thread(rabbitmq_node.start)

    stats = await asyncio.to_thread(
        lambda: rabbitmq_node.wait_for_queue(amqp_url, "kept", messages=1)
    )
    assert stats.ready == 1


async def test_connections_of_a_virtual_host_can_be_cut(
    rabbitmq_node: RabbitMQ, amqp_url: str, at_end: AsyncExitStack
) -> None:
    connection = await aio_pika.connect(amqp_url)
    at_end.push_async_callback(connection.close)
    lost = asyncio.Event()
    connection.close_callbacks.add(lambda *_: lost.set())

    await asyncio.to_thread(
        wait_until,
        lambda: rabbitmq_node.close_connections(amqp_url),
        timeout=10,
        interval=0.1,
    )

    await asyncio.wait_for(lost.wait(), timeout=5)


async def test_committed_rows_survive_kill_and_start_of_postgresql(
    postgres_node: Postgres, pg_url: str, at_end: AsyncExitStack
) -> None:
    connection = await asyncpg.connect(_asyncpg_url(pg_url))
    at_end.callback(connection.terminate)
    await connection.execute("CREATE TABLE kept (n int); INSERT INTO kept VALUES (7)")

    await asyncio.to_thread(postgres_node.kill9)
    await asyncio.to_thread(postgres_node.start)

    assert postgres_node.sql("SELECT n FROM kept", pg_url.rsplit("/", 1)[1]) == "7"


async def test_a_paused_postgresql_answers_nobody_until_it_is_resumed(
    postgres_node: Postgres, pg_url: str, at_end: AsyncExitStack
) -> None:
    connection = await asyncpg.connect(_asyncpg_url(pg_url))
    at_end.callback(connection.terminate)
    postgres_node.pause()

    with pytest.raises(TimeoutError):
        await connection.fetchval("SELECT 1", timeout=0.2)

    postgres_node.resume()


def test_a_database_can_be_copied_from_another(postgres_node: Postgres, pg_url: str) -> None:
    postgres_node.sql("CREATE TABLE made (n int)", pg_url.rsplit("/", 1)[1])

    copy = postgres_node.create_database(template=pg_url)

    assert postgres_node.sql("SELECT count(*) FROM made", copy.rsplit("/", 1)[1]) == "0"
    postgres_node.drop_database(copy)


def test_mail_survives_kill_and_start_of_dovecot(dovecot: Dovecot) -> None:
    account = dovecot.new_account()
    with imaplib.IMAP4(account.host, account.port) as client:
        client.login(account.username, account.password)
        client.append("INBOX", "", "", b"Subject: x\r\n\r\nhello\r\n")

    dovecot.kill9()
    dovecot.start()

    with imaplib.IMAP4(account.host, account.port) as client:
        client.login(account.username, account.password)
        assert client.select("INBOX") == ("OK", [b"1"])


@pytest.mark.parametrize("make", [Dovecot, Postgres], ids=["dovecot", "postgres"])
async def test_close_leaves_neither_process_nor_file(
    make: Callable[[], PrivateServer], at_end: AsyncExitStack
) -> None:
    server = make().start()
    at_end.callback(server.close)
    pid, directory = server.pid, server.directory

    server.close()

    assert not _alive(pid)
    assert not directory.exists()


def test_a_killed_test_run_leaves_neither_process_nor_file() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", _OWNER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as owner:
        assert owner.stdout is not None
        pid, directory = owner.stdout.readline().split()
        assert _alive(int(pid))
        os.kill(owner.pid, signal.SIGKILL)

    wait_until(
        lambda: not _alive(int(pid)) and not Path(directory).exists(),
        timeout=10,
        message="the guard's clean-up",
    )


def test_ports_stay_the_same_over_a_restart(dovecot: Dovecot) -> None:
    port = dovecot.port
    dovecot.stop()
    assert not accepts_connections(port)
    dovecot.start()
    assert accepts_connections(port)


def test_a_missing_engine_says_how_to_install_it() -> None:
    assert "apt-get install -y --no-install-recommends rabbitmq-server" in str(
        EngineMissingError("RabbitMQ", "rabbitmq-server")
    )
