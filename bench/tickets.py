"""Remote ticket published -> ticket committed -> TicketCreated confirmed: ours beside the floor."""

import asyncio
import time
from contextlib import ExitStack
from dataclasses import dataclass

import aio_pika
import asyncpg
import orjson

from bench import floor_tickets as floor
from bench.broker import Arrivals, fill, listen
from bench.cpu import CpuMeter
from bench.events import remote_ticket
from bench.servers import Servers, environment, process, queue_declared, run
from patchbay_contracts import EXCHANGE

BACKLOG = 10_000
RATE = 200
SECONDS = 8
TIMEOUT = 180


@dataclass(frozen=True)
class Measured:
    """Events per second on a backlog; milliseconds to TicketCreated at 200 events a second; µs of
    CPU per event of the backlog.
    """

    rate: float
    p50: float
    p99: float
    cpu: dict[str, float]


@dataclass(frozen=True)
class _Side:
    """What one of the two gives to the measurement."""

    amqp: str
    exchange: str
    worker: tuple[str, ...]
    env: dict[str, str]
    roots: dict[str, int]


async def measure_ours(servers: Servers, *, backlog: int = BACKLOG) -> Measured:
    """ticket-svc as it ships: one worker process and one relay process."""
    amqp = servers.rabbitmq.new_vhost()
    database = servers.postgres.create_database()
    env = environment(database_url=database, bus_url=amqp)
    run("ticket_svc", "migrate", env=env)
    with ExitStack() as stack:
        relay = stack.enter_context(process("ticket_svc", "relay", env=env))
        await queue_declared(servers, amqp, "ticket-svc.remote")
        roots = {"relay": relay.pid, **_servers(servers)}
        side = _Side(amqp, EXCHANGE, ("ticket_svc", "worker"), env, roots)
        return await _measure(stack, side, backlog)


async def measure_floor(servers: Servers, *, backlog: int = BACKLOG) -> Measured:
    """The hand-written floor, in two processes as well."""
    amqp = servers.rabbitmq.new_vhost()
    url = servers.postgres.create_database()
    dsn = url.replace("+asyncpg", "")
    connection = await asyncpg.connect(dsn)
    await connection.execute(floor.SCHEMA)
    await connection.close()
    await _declare_floor(amqp)
    env = environment()
    with ExitStack() as stack:
        relay = stack.enter_context(process("bench.floor_tickets", "relay", amqp, dsn, env=env))
        roots = {"relay": relay.pid, **_servers(servers)}
        command = ("bench.floor_tickets", "worker", amqp, dsn)
        return await _measure(stack, _Side(amqp, floor.EXCHANGE, command, env, roots), backlog)


def _servers(servers: Servers) -> dict[str, int]:
    return {"postgres": servers.postgres.pid, "rabbitmq": servers.rabbitmq.pid}


async def _declare_floor(amqp: str) -> None:
    async with await aio_pika.connect(amqp) as connection:
        channel = await connection.channel()
        await channel.declare_exchange(floor.EXCHANGE, "topic", durable=True)
        queue = await channel.declare_queue(
            floor.QUEUE, durable=True, arguments={"x-queue-type": "quorum"}
        )
        await queue.bind(floor.EXCHANGE, floor.IN_KEY)


async def _measure(stack: ExitStack, side: _Side, backlog: int) -> Measured:
    async with await aio_pika.connect(side.amqp) as connection:
        channel = await connection.channel(on_return_raises=True)
        arrivals = Arrivals(backlog)
        await listen(await connection.channel(), side.exchange, floor.OUT_KEY, arrivals)
        bodies = [remote_ticket(number) for number in range(backlog)]
        await fill(channel, side.exchange, floor.IN_KEY, bodies)
        worker = stack.enter_context(process(*side.worker, env=side.env))
        # The worker's start costs CPU too; what counts begins with its first event.
        await asyncio.wait_for(arrivals.first.wait(), TIMEOUT)
        meter, before = CpuMeter({"worker": worker.pid, **side.roots}), len(arrivals.times)
        await asyncio.wait_for(arrivals.done.wait(), TIMEOUT)
        cpu = meter.per_event(backlog - before)
        p50, p99 = await _latency(connection, channel, side.exchange, backlog)
        return Measured(arrivals.rate, p50, p99, cpu)


async def _latency(
    connection: "aio_pika.abc.AbstractConnection",
    channel: "aio_pika.abc.AbstractChannel",
    exchange: str,
    first: int,
) -> tuple[float, float]:
    """Publish at a steady pace; milliseconds from publish to the arrival of what it caused."""
    count = RATE * SECONDS
    arrivals = Arrivals(count, keep_bodies=True)
    await listen(await connection.channel(), exchange, floor.OUT_KEY, arrivals)
    target = await channel.get_exchange(exchange, ensure=False)
    sent: dict[str, float] = {}
    started = time.perf_counter()
    for number in range(count):
        body = remote_ticket(first + number)
        sent[orjson.loads(body)["id"]] = time.perf_counter()
        message = aio_pika.Message(body, delivery_mode=aio_pika.DeliveryMode.PERSISTENT)
        await target.publish(message, routing_key=floor.IN_KEY, timeout=30)
        wait = started + (number + 1) / RATE - time.perf_counter()
        if wait > 0:
            await asyncio.sleep(wait)
    await asyncio.wait_for(arrivals.done.wait(), TIMEOUT)
    taken = sorted(
        (at - sent[orjson.loads(body)["causationid"]]) * 1000
        for at, body in zip(arrivals.times, arrivals.bodies, strict=True)
    )
    return taken[len(taken) // 2], taken[int(len(taken) * 0.99)]
