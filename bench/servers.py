"""Private servers and processes of a benchmark run."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from patchbay_kit.testing.servers.postgres import Postgres
from patchbay_kit.testing.servers.rabbitmq import RabbitMQ
from patchbay_kit.testing.waiting import eventually

KEY = "bench-key-that-is-at-least-32-characters-long"


@dataclass(frozen=True)
class Servers:
    """A durable PostgreSQL (fsync and synchronous commit on) and a RabbitMQ node."""

    postgres: Postgres
    rabbitmq: RabbitMQ


@contextmanager
def servers() -> Iterator[Servers]:
    """Started for one run, gone after it."""
    with Postgres(durable=True) as postgres, RabbitMQ() as rabbitmq:
        yield Servers(postgres, rabbitmq)


def environment(**values: str) -> dict[str, str]:
    """What a service's process gets."""
    settings = {
        "PATCHBAY_ENV": "development",
        "PATCHBAY_SECRET_KEY": KEY,
        "PATCHBAY_HTTP_PORT": "0",
        "PATCHBAY_LOG_LEVEL": "WARNING",
        "PATCHBAY_ADMIN_PASSWORD": "bench-password-1",
        # Nobody signs in here, so nobody answers there.
        "PATCHBAY_JWKS_URL": "http://127.0.0.1:9/.well-known/jwks.json",
    }
    return {**os.environ, **settings, **{f"PATCHBAY_{k.upper()}": v for k, v in values.items()}}


@contextmanager
def process(*command: str, env: dict[str, str]) -> Iterator["subprocess.Popen[bytes]"]:
    """`python -m …` until the block ends."""
    running = subprocess.Popen([sys.executable, "-m", *command], env=env)
    try:
        yield running
    finally:
        running.terminate()
        try:
            running.wait(15)
        except subprocess.TimeoutExpired:
            running.kill()
            running.wait()


def run(*command: str, env: dict[str, str]) -> None:
    """`python -m …` to its end; raises where it fails."""
    subprocess.run([sys.executable, "-m", *command], env=env, check=True, stdout=subprocess.DEVNULL)


async def queue_declared(servers: Servers, amqp: str, queue: str) -> None:
    """Wait until a process has made the queue, and with it the others."""
    await eventually(
        lambda: queue in servers.rabbitmq.queues(amqp),
        timeout=30,
        interval=0.1,
        message=f"the queue {queue}",
    )
