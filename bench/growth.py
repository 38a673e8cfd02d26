"""Memory (RSS) of ticket-svc's worker and relay after many events, beside what it was early on."""

import asyncio
from contextlib import ExitStack
from itertools import count, islice

import aio_pika

from bench import floor_tickets as floor
from bench.broker import Arrivals, fill, listen
from bench.cpu import resident
from bench.events import remote_ticket
from bench.servers import Servers, environment, process, queue_declared, run
from patchbay_contracts import EXCHANGE

FIRST = 10_000
EVENTS = 100_000
# As many wait in the queue at a time: a full broker would measure itself.
CHUNK = 5_000
TIMEOUT = 300


async def measure(servers: Servers, *, events: int = EVENTS) -> dict[str, tuple[float, float]]:
    """MiB by process: after the first events, and after so many more."""
    amqp = servers.rabbitmq.new_vhost()
    env = environment(database_url=servers.postgres.create_database(), bus_url=amqp)
    run("ticket_svc", "migrate", env=env)
    with ExitStack() as stack:
        pids = {
            role: stack.enter_context(process("ticket_svc", role, env=env)).pid
            for role in ("relay", "worker")
        }
        await queue_declared(servers, amqp, "ticket-svc.remote")
        async with await aio_pika.connect(amqp) as connection:
            numbers = count()
            await _feed(connection, numbers, FIRST)
            early = {role: resident(pid) for role, pid in pids.items()}
            await _feed(connection, numbers, events)
            return {role: (early[role], resident(pid)) for role, pid in pids.items()}


async def _feed(
    connection: "aio_pika.abc.AbstractConnection", numbers: "count[int]", events: int
) -> None:
    """Publish so many remote tickets and wait until each has led to its ticket."""
    channel = await connection.channel(on_return_raises=True)
    for start in range(0, events, CHUNK):
        arrivals = Arrivals(min(CHUNK, events - start))
        listening = await connection.channel()
        await listen(listening, EXCHANGE, floor.OUT_KEY, arrivals)
        bodies = [remote_ticket(number) for number in islice(numbers, arrivals.expected)]
        await fill(channel, EXCHANGE, floor.IN_KEY, bodies)
        await asyncio.wait_for(arrivals.done.wait(), TIMEOUT)
        await listening.close()
    await channel.close()
