"""The floors for mail: what hand-written programs without any feature do.

One process fetches by UID in chunks of 50, parses with `compat32`, publishes with confirms in
flight to a quorum queue and then sets \\Seen. A second one writes mails as tickets or notes and
publishes an event for each with a confirm: a transaction a mail, 32 at a time (`window`), or a
transaction for what is waiting (`batches`). No originals, no ledger, no rules.
"""

import asyncio
import email
import email.policy
import imaplib
import re
import sys
import uuid
from typing import Any

import aio_pika
import asyncpg
import orjson
import uvloop

EXCHANGE = "floor.mail"
IN_KEY = "email.received.v1"
CREATED = "ticket.created.v1"
NOTED = "ticket.note_added.v1"
QUEUE = "floor.mails"
SCHEMA = """
CREATE TABLE inbox (event_id text PRIMARY KEY, at timestamptz DEFAULT now());
CREATE TABLE ticket (id uuid PRIMARY KEY, number text UNIQUE, sender text, subject text,
  description text, created_at timestamptz DEFAULT now());
CREATE TABLE message (message_id text PRIMARY KEY, ticket_id uuid);
CREATE TABLE history (id uuid PRIMARY KEY, ticket_id uuid, body text,
  created_at timestamptz DEFAULT now());
CREATE SEQUENCE ticket_number START 10001000;
"""
CHUNK = 50
BATCH = 100
WINDOW = 32
CONNECTIONS = 8
_UID = re.compile(rb"UID (\d+)")
_NUMBER = re.compile(r"\[(\d{4}-\d{4})\]")


async def gateway(amqp: str, imap: str) -> None:
    """Fetch, parse, publish, flag; chunk after chunk."""
    host, port, user, password = imap.split("|")
    client = await asyncio.to_thread(_login, host, int(port), user, password)
    connection = await aio_pika.connect_robust(amqp)
    channel = await connection.channel(on_return_raises=True)
    exchange = await channel.get_exchange(EXCHANGE, ensure=False)
    last = 0
    while True:
        mails = await asyncio.to_thread(_fetch, client, last)
        if not mails:
            await asyncio.sleep(0.2)
            continue
        bodies = [_read(raw) for _, raw in mails]
        await asyncio.gather(*(_publish(exchange, IN_KEY, body) for body in bodies))
        last = mails[-1][0]
        await asyncio.to_thread(_seen, client, [uid for uid, _ in mails])


def _login(host: str, port: int, user: str, password: str) -> imaplib.IMAP4:
    client = imaplib.IMAP4(host, port)
    client.login(user, password)
    client.select("INBOX")
    return client


def _fetch(client: imaplib.IMAP4, last: int) -> list[tuple[int, bytes]]:
    client.noop()
    found = client.uid("SEARCH", f"UID {last + 1}:*")[1][0].split()
    uids = sorted(int(uid) for uid in found if int(uid) > last)[:CHUNK]
    if not uids:
        return []
    wanted = ",".join(str(uid) for uid in uids)
    data: list[Any] = client.uid("FETCH", wanted, "(UID BODY.PEEK[])")[1]
    pairs = [item for item in data if isinstance(item, tuple)]
    return [(int(_UID.search(head).group(1)), raw) for head, raw in pairs]  # type: ignore[union-attr]


def _seen(client: imaplib.IMAP4, uids: list[int]) -> None:
    wanted = ",".join(str(uid) for uid in uids)
    client.uid("STORE", wanted, "+FLAGS.SILENT", "(\\Seen)")


def _read(raw: bytes) -> bytes:
    mail = email.message_from_bytes(raw, policy=email.policy.compat32)
    payload = mail.get_payload(decode=True)
    text = payload.decode("utf-8", "replace") if isinstance(payload, bytes) else ""
    values = {name.lower().replace("-", "_"): str(value) for name, value in mail.items()}
    return orjson.dumps({"id": str(uuid.uuid4()), "type": IN_KEY, "data": {"text": text, **values}})


async def _publish(exchange: "aio_pika.abc.AbstractExchange", key: str, body: bytes) -> None:
    message = aio_pika.Message(body, delivery_mode=aio_pika.DeliveryMode.PERSISTENT)
    await exchange.publish(message, routing_key=key, timeout=30)


async def batches(amqp: str, dsn: str) -> None:
    """Consume, write what is waiting in one transaction, publish, ack."""
    database = await asyncpg.connect(dsn)
    exchange, waiting = await _consume(amqp, 2 * BATCH)
    while True:
        batch = [await waiting.get()]
        while len(batch) < BATCH and not waiting.empty():
            batch.append(waiting.get_nowait())
        written = await _write(database, [orjson.loads(message.body) for message in batch])
        await asyncio.gather(*(_publish(exchange, key, body) for key, body in written))
        await batch[-1].ack(multiple=True)


async def window(amqp: str, dsn: str) -> None:
    """Consume, write each mail in one statement of its own, publish, ack; 32 mails at once."""
    pool = await asyncpg.create_pool(dsn, min_size=CONNECTIONS, max_size=CONNECTIONS)
    exchange, waiting = await _consume(amqp, WINDOW)

    async def take() -> None:
        while True:
            message = await waiting.get()
            async with pool.acquire() as database:
                key, body = await _write_one(database, orjson.loads(message.body))
            await _publish(exchange, key, body)
            await message.ack()

    await asyncio.gather(*(take() for _ in range(WINDOW)))


async def _consume(
    amqp: str, prefetch: int
) -> "tuple[aio_pika.abc.AbstractExchange, asyncio.Queue[aio_pika.abc.AbstractIncomingMessage]]":
    connection = await aio_pika.connect_robust(amqp)
    channel = await connection.channel()
    await channel.set_qos(prefetch)
    exchange = await channel.get_exchange(EXCHANGE, ensure=False)
    queue = await channel.get_queue(QUEUE, ensure=False)
    waiting: asyncio.Queue[aio_pika.abc.AbstractIncomingMessage] = asyncio.Queue()
    await queue.consume(waiting.put)
    return exchange, waiting


_FILE = """
WITH i AS (INSERT INTO inbox (event_id) VALUES ($1) ON CONFLICT DO NOTHING),
 m AS (INSERT INTO message VALUES ($2, $3) ON CONFLICT DO NOTHING)
INSERT INTO history (id, ticket_id, body) VALUES ($4, $3, $5)"""
_OPEN = """
WITH t AS (INSERT INTO ticket (id, number, sender, subject, description)
  VALUES ($3, to_char(nextval('ticket_number'), 'FM0000"-"0000'), $6, $7, $5)),
 i AS (INSERT INTO inbox (event_id) VALUES ($1) ON CONFLICT DO NOTHING),
 m AS (INSERT INTO message VALUES ($2, $3) ON CONFLICT DO NOTHING)
INSERT INTO history (id, ticket_id, body) VALUES ($4, $3, $5)"""


async def _write_one(database: Any, event: dict[str, Any]) -> tuple[str, bytes]:
    """One statement for a new ticket, a look-up and one for an answer."""
    mail = event["data"]
    number = _NUMBER.search(mail["subject"])
    ticket: Any = uuid.uuid4()
    values = [event["id"], mail["message_id"], ticket, uuid.uuid4(), mail["text"]]
    if _new(mail):
        await database.execute(_OPEN, *values, mail["from"], mail["subject"])
        return CREATED, orjson.dumps({"id": str(uuid.uuid4()), "ticket": str(ticket)})
    if number:
        query = "SELECT id FROM ticket WHERE number = $1"
        values[2] = await database.fetchval(query, number.group(1))
    else:
        query = "SELECT ticket_id FROM message WHERE message_id = $1"
        # What it answers may be being written beside it.
        while (found := await database.fetchval(query, mail["references"])) is None:  # noqa: ASYNC110
            await asyncio.sleep(0.005)
        values[2] = found
    await database.execute(_FILE, *values)
    return NOTED, orjson.dumps({"id": str(uuid.uuid4()), "ticket": str(values[2])})


async def _write(
    database: "asyncpg.Connection", events: list[dict[str, Any]]
) -> list[tuple[str, bytes]]:
    mails = [event["data"] for event in events]
    async with database.transaction():
        await database.execute(
            "INSERT INTO inbox (event_id) SELECT * FROM unnest($1::text[]) ON CONFLICT DO NOTHING",
            [event["id"] for event in events],
        )
        tickets = await _tickets(database, mails)
        new = [(t, m) for t, m in zip(tickets, mails, strict=True) if _new(m)]
        await database.execute(
            "INSERT INTO ticket (id, number, sender, subject, description)"
            " SELECT id, to_char(nextval('ticket_number'), 'FM0000\"-\"0000'), s, j, d"
            " FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[]) AS n (id, s, j, d)",
            [ticket for ticket, _ in new],
            [mail["from"] for _, mail in new],
            [mail["subject"] for _, mail in new],
            [mail["text"] for _, mail in new],
        )
        await database.execute(
            "INSERT INTO message SELECT * FROM unnest($1::text[], $2::uuid[])"
            " ON CONFLICT DO NOTHING",
            [mail["message_id"] for mail in mails],
            tickets,
        )
        await database.execute(
            "INSERT INTO history (id, ticket_id, body)"
            " SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::text[])",
            [str(uuid.uuid4()) for _ in mails],
            tickets,
            [mail["text"] for mail in mails],
        )
    return [
        (CREATED if _new(m) else NOTED, orjson.dumps({"id": str(uuid.uuid4()), "ticket": t}))
        for t, m in zip(tickets, mails, strict=True)
    ]


def _new(mail: dict[str, str]) -> bool:
    return "references" not in mail and not _NUMBER.search(mail["subject"])


async def _tickets(database: "asyncpg.Connection", mails: list[dict[str, str]]) -> list[str]:
    """The ticket of each mail: a new id, or the one that it answers."""
    answered = [mail["references"] for mail in mails if "references" in mail]
    rows = await database.fetch(
        "SELECT message_id, ticket_id FROM message WHERE message_id = ANY($1::text[])", answered
    )
    known = {row["message_id"]: str(row["ticket_id"]) for row in rows}
    numbers = [found.group(1) for mail in mails if (found := _NUMBER.search(mail["subject"]))]
    rows = await database.fetch("SELECT number, id FROM ticket WHERE number = ANY($1)", numbers)
    known |= {row["number"]: str(row["id"]) for row in rows}
    tickets = []
    for mail in mails:
        number = _NUMBER.search(mail["subject"])
        key = mail.get("references") or (number.group(1) if number else "")
        tickets.append(known[key] if key else str(uuid.uuid4()))
        known[mail["message_id"]] = tickets[-1]
    return tickets


if __name__ == "__main__":
    role, amqp_url, target = sys.argv[1:]
    uvloop.run({"gateway": gateway, "window": window, "batches": batches}[role](amqp_url, target))
