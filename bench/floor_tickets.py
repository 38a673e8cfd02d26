"""The floor for remote tickets: what a hand-written program without any feature does.

One process consumes batches of 100 and writes inbox, ticket, history and outbox with unnest in one
transaction; a second one relays the outbox with confirms in flight. No rules, no accounts, no
checks.
"""

import asyncio
import sys
import uuid
from typing import Any

import aio_pika
import asyncpg
import orjson
import uvloop

EXCHANGE = "floor.events"
IN_KEY = "remote_ticket.received.v1"
OUT_KEY = "ticket.created.v1"
QUEUE = "floor.tickets"
SCHEMA = """
CREATE TABLE inbox (consumer text, event_id text, at timestamptz DEFAULT now(),
  PRIMARY KEY (consumer, event_id));
CREATE TABLE ticket (id uuid PRIMARY KEY, remote_id text UNIQUE, subject text, description text,
  created_at timestamptz DEFAULT now());
CREATE TABLE history (id uuid PRIMARY KEY, ticket_id uuid, body text,
  created_at timestamptz DEFAULT now());
CREATE TABLE outbox (seq bigserial PRIMARY KEY, id uuid, payload text);
"""
BATCH = 100


async def worker(amqp: str, dsn: str) -> None:
    """Consume, write, commit, ack, notify."""
    database = await asyncpg.connect(dsn)
    connection = await aio_pika.connect_robust(amqp)
    channel = await connection.channel(publisher_confirms=False)
    await channel.set_qos(2 * BATCH)
    queue = await channel.get_queue(QUEUE, ensure=False)
    waiting: asyncio.Queue[aio_pika.abc.AbstractIncomingMessage] = asyncio.Queue()
    await queue.consume(waiting.put)
    while True:
        batch = [await waiting.get()]
        while len(batch) < BATCH and not waiting.empty():
            batch.append(waiting.get_nowait())
        await _write(database, [orjson.loads(message.body) for message in batch])
        await batch[-1].ack(multiple=True)


async def _write(database: "asyncpg.Connection", events: list[dict[str, Any]]) -> None:
    ids = [str(uuid.uuid4()) for _ in events]
    data = [event["data"] for event in events]
    payloads = [
        orjson.dumps({"id": i, "type": OUT_KEY, "causationid": e["id"], "data": e["data"]}).decode()
        for i, e in zip(ids, events, strict=True)
    ]
    async with database.transaction():
        await database.execute(
            "INSERT INTO inbox (consumer, event_id) SELECT 'floor', * FROM unnest($1::text[])"
            " ON CONFLICT DO NOTHING",
            [event["id"] for event in events],
        )
        await database.execute(
            "INSERT INTO ticket (id, remote_id, subject, description)"
            " SELECT * FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[])",
            ids,
            [each["remote"]["remote_ticket_id"] for each in data],
            [each["summary"] for each in data],
            [each["description"] for each in data],
        )
        await database.execute(
            "INSERT INTO history (id, ticket_id, body)"
            " SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::text[])",
            [str(uuid.uuid4()) for _ in ids],
            ids,
            [each["summary"] for each in data],
        )
        await database.execute(
            "INSERT INTO outbox (id, payload) SELECT * FROM unnest($1::uuid[], $2::text[])",
            ids,
            payloads,
        )
    await database.execute("NOTIFY floor_outbox")


async def relay(amqp: str, dsn: str) -> None:
    """Claim, publish with confirms in flight, delete."""
    database = await asyncpg.connect(dsn)
    wake = asyncio.Event()
    listener = await asyncpg.connect(dsn)
    await listener.add_listener("floor_outbox", lambda *_: wake.set())
    connection = await aio_pika.connect_robust(amqp)
    channel = await connection.channel(on_return_raises=True)
    exchange = await channel.get_exchange(EXCHANGE, ensure=False)
    while True:
        wake.clear()
        async with database.transaction():
            rows = await database.fetch(
                "SELECT seq, payload FROM outbox ORDER BY seq LIMIT 500 FOR UPDATE SKIP LOCKED"
            )
            await asyncio.gather(*(_publish(exchange, row["payload"]) for row in rows))
            await database.execute(
                "DELETE FROM outbox WHERE seq = ANY($1::bigint[])", [row["seq"] for row in rows]
            )
        if not rows:
            try:
                await asyncio.wait_for(wake.wait(), 1)
            except TimeoutError:
                continue


async def _publish(exchange: "aio_pika.abc.AbstractExchange", payload: str) -> None:
    message = aio_pika.Message(payload.encode(), delivery_mode=aio_pika.DeliveryMode.PERSISTENT)
    await exchange.publish(message, routing_key=OUT_KEY, timeout=5)


if __name__ == "__main__":
    role, amqp_url, database_dsn = sys.argv[1:]
    uvloop.run({"worker": worker, "relay": relay}[role](amqp_url, database_dsn))
