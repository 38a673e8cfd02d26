"""Mail over IMAP -> ticket or note committed and its event published: ours beside the floor."""

import asyncio
import tempfile
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aio_pika
import asyncpg

from bench import floor_mail as floor
from bench.broker import Arrivals, listen
from bench.cpu import CpuMeter
from bench.letters import (
    ACCOUNTS,
    CONTACTS,
    SUPPORT,
    Letter,
    address,
    deliver,
    first_letters,
    letters,
    raw,
)
from bench.servers import KEY, Servers, environment, process, queue_declared, run
from patchbay_contracts import EXCHANGE
from patchbay_kit.ids import new_id
from patchbay_kit.secretbox import SecretBox
from patchbay_kit.testing.servers.dovecot import Dovecot, ImapAccount

MAILS = 2_000
WARM = 200
TIMEOUT = 600
_KEYS = (floor.CREATED, floor.NOTED)
_TICKETS = "SELECT number, subject FROM ticket"


@dataclass(frozen=True)
class MailMeasured:
    """Mails per second from the first to the last event of a ticket; µs of CPU per mail."""

    rate: float
    cpu: dict[str, float]


@dataclass(frozen=True)
class _Side:
    """What one of the two gives to the measurement."""

    amqp: str
    exchange: str
    dsn: str
    roots: dict[str, int]


async def measure_ours(
    servers: Servers, dovecot: Dovecot, *, mails: int = MAILS, answers: bool = False
) -> MailMeasured:
    """email-gateway and ticket-svc as they ship: a worker and a relay process each.

    With `answers` the desk also answers new tickets and tells its manager, as its defaults are.
    """
    amqp = servers.rabbitmq.new_vhost()
    tickets, gateway = (servers.postgres.create_database() for _ in range(2))
    account = dovecot.new_account()
    with ExitStack() as stack:
        blobs = stack.enter_context(tempfile.TemporaryDirectory(prefix="pb-", dir="/tmp"))
        common = {"bus_url": amqp, "support_address": SUPPORT, "outgoing": "catch"}
        desk = environment(database_url=tickets, **common)
        mail = environment(database_url=gateway, blob_dir=blobs, **common)
        run("ticket_svc", "migrate", env=desk)
        run("email_gateway", "migrate", env=mail)
        await _seed(_dsn(tickets), answers=answers)
        roots = {}
        for service, env in (("ticket_svc", desk), ("email_gateway", mail)):
            for role in ("relay", "worker"):
                started = stack.enter_context(process(service, role, env=env))
                roots[f"{service} {role}"] = started.pid
        await _quiet_desk(_dsn(tickets), answers=answers)
        side = _Side(amqp, EXCHANGE, _dsn(tickets), roots)
        await queue_declared(servers, amqp, "ticket-svc.mail")
        await _add_mailbox(_dsn(gateway), account)
        return await _measure(servers, dovecot, account, side, mails)


async def measure_floor(
    servers: Servers, dovecot: Dovecot, role: str = "window", *, mails: int = MAILS
) -> MailMeasured:
    """A hand-written floor, a gateway and a ticket process; `role` as floor_mail has it."""
    amqp = servers.rabbitmq.new_vhost()
    dsn = _dsn(servers.postgres.create_database())
    account = dovecot.new_account()
    deliver(dovecot.maildir(account), [], "none")
    connection = await asyncpg.connect(dsn)
    await connection.execute(floor.SCHEMA)
    await connection.close()
    async with await aio_pika.connect(amqp) as broker:
        channel = await broker.channel()
        await channel.declare_exchange(floor.EXCHANGE, "topic", durable=True)
        quorum: dict[str, Any] = {"x-queue-type": "quorum"}
        queue = await channel.declare_queue(floor.QUEUE, durable=True, arguments=quorum)
        await queue.bind(floor.EXCHANGE, floor.IN_KEY)
    imap = f"{account.host}|{account.port}|{account.username}|{account.password}"
    env = environment()
    with ExitStack() as stack:
        worker = stack.enter_context(process("bench.floor_mail", role, amqp, dsn, env=env))
        gateway = stack.enter_context(process("bench.floor_mail", "gateway", amqp, imap, env=env))
        roots = {"floor worker": worker.pid, "floor gateway": gateway.pid}
        side = _Side(amqp, floor.EXCHANGE, dsn, roots)
        return await _measure(servers, dovecot, account, side, mails)


async def _measure(
    servers: Servers, dovecot: Dovecot, account: ImapAccount, side: _Side, count: int
) -> MailMeasured:
    """First some mails to warm up, whose ticket numbers the others name; then all at once."""
    run_id = new_id()[-12:]
    maildir = dovecot.maildir(account)
    await _send(maildir, side, f"warm{run_id}", first_letters(WARM))
    numbers = await _numbers(side.dsn)
    roots = {
        **side.roots,
        "postgres": servers.postgres.pid,
        "rabbitmq": servers.rabbitmq.pid,
        "dovecot": dovecot.pid,
    }
    meter = CpuMeter(roots)
    arrivals = await _send(maildir, side, run_id, letters(run_id, count, numbers))
    return MailMeasured(arrivals.rate, meter.per_event(count))


async def _send(maildir: Path, side: _Side, run_id: str, made: list[Letter]) -> Arrivals:
    """Deliver all at once, and wait until each mail caused its event."""
    mails = [raw(run_id, letter) for letter in made]
    async with await aio_pika.connect(side.amqp) as broker:
        arrivals = Arrivals(len(made))
        for key in _KEYS:
            await listen(await broker.channel(), side.exchange, key, arrivals)
        deliver(maildir, mails, run_id)
        await asyncio.wait_for(arrivals.done.wait(), TIMEOUT)
    return arrivals


async def _numbers(dsn: str) -> list[tuple[int, str]]:
    connection = await asyncpg.connect(dsn)
    try:
        rows = await connection.fetch(_TICKETS)
    finally:
        await connection.close()
    # The room in the subject is the letter's index, and so its contact.
    return [(int(row["subject"].split()[4]) % CONTACTS, row["number"]) for row in rows]


async def _seed(dsn: str, *, answers: bool) -> None:
    """Accounts, half of whose people are known by address and half by domain."""
    connection = await asyncpg.connect(dsn)
    accounts = [new_id() for _ in range(ACCOUNTS)]
    try:
        await connection.executemany(
            "INSERT INTO account (id, name, auto_created, version, created_at)"
            " VALUES ($1, $2, false, 1, now())",
            [(account, f"Client {n}") for n, account in enumerate(accounts)],
        )
        await connection.executemany(
            "INSERT INTO account_domain (domain, account_id) VALUES ($1, $2)",
            [(f"client{n}.example", account) for n, account in enumerate(accounts)],
        )
        await connection.executemany(
            "INSERT INTO contact (id, account_id, name, email1, is_main, version, created_at)"
            " VALUES ($1, $2, $3, $4, false, 1, now())",
            [
                (new_id(), accounts[n % ACCOUNTS], f"Person {n}", address(n))
                for n in range(0, CONTACTS, 2)
            ],
        )
        if not answers:
            await connection.execute(
                "INSERT INTO desk_setting (name, value, changed_at) VALUES"
                " ('auto_answer', 'false', now())"
            )
    finally:
        await connection.close()


async def _quiet_desk(dsn: str, *, answers: bool) -> None:
    """Wait until ticket-svc made its first administrator; without `answers` nobody is told."""
    connection = await asyncpg.connect(dsn)
    try:
        for _ in range(600):
            query = "SELECT count(*) FROM desk_setting WHERE name = 'default_manager_id'"
            if await connection.fetchval(query):
                break
            await asyncio.sleep(0.1)
        if not answers:
            await connection.execute(
                "UPDATE desk_setting SET value = 'null' WHERE name = 'default_manager_id'"
            )
    finally:
        await connection.close()


async def _add_mailbox(dsn: str, account: ImapAccount) -> None:
    connection = await asyncpg.connect(dsn)
    try:
        await connection.execute(
            "INSERT INTO mailbox (id, name, public_address, host, port, security, username,"
            " sealed_password, folder, active, poll_seconds, last_uid, state, auth_failures,"
            " next_poll_at, version, created_at) VALUES ($1, 'Bench', $2, $3, $4, 'none', $5, $6,"
            " 'INBOX', true, 1, 0, 'new', 0, now(), 1, now())",
            new_id(),
            SUPPORT,
            account.host,
            account.port,
            account.username,
            SecretBox(KEY).seal(account.password),
        )
    finally:
        await connection.close()


def _dsn(url: str) -> str:
    return url.replace("+asyncpg", "")
