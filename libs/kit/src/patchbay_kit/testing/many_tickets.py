"""A desk that has run for years: ticket-svc's tables filled inside PostgreSQL, with the values that
views are narrowed by spread unevenly, as they are in life.

Triggers are off meanwhile and indexes are made at the end: minutes become seconds.
"""

# ruff: noqa: S608  # all of it is constants

import asyncio
from dataclasses import dataclass

import asyncpg

_INDEXES = """SELECT indexname, indexdef FROM pg_indexes i
WHERE schemaname = 'public' AND tablename IN ('ticket', 'history_entry', 'ticket_text')
AND NOT EXISTS (SELECT FROM pg_constraint c WHERE c.conname = i.indexname)"""
# Columns that this does not know get a value as well.
_NEEDED = """SELECT table_name, column_name, data_type FROM information_schema.columns
WHERE table_name IN ('employee', 'account', 'asset', 'ticket', 'history_entry')
AND is_nullable = 'NO' AND column_default IS NULL"""
_DEFAULTS = {
    "boolean": "false",
    "integer": "1",
    "jsonb": "'{}'",
    "timestamp with time zone": "now()",
    "uuid": "NULL",
}
_ID = "(lpad(to_hex({time}), 12, '0') || '7{kind}008000' || lpad(to_hex({n}), 12, '0'))::uuid"


def _id(kind: int, n: str) -> str:
    return _ID.format(time=f"1600000000000 + ({n})::bigint * 1000", kind=kind, n=f"({n})::bigint")


_EMPLOYEES = f"""INSERT INTO employee (id, name, email1, active, permissions, version, created_at)
SELECT {_id(1, "n")}, 'Employee ' || n, 'e' || n || '@desk.example', true, '["desk"]', 1, now()
FROM generate_series(1, 200) n"""
_ACCOUNTS = f"""INSERT INTO account (id, name, version, created_at)
SELECT {_id(2, "n")}, 'Account ' || n, 1, now() FROM generate_series(1, $1::int) n"""
_ASSETS = f"""INSERT INTO asset (id, account_id, name, version, created_at)
SELECT {_id(3, "n")}, {_id(2, "n")}, 'SRV-' || n, 1, now() FROM generate_series(1, $1::int) n"""
# Most are closed; open ones are among the newest and here and there among the old. One account in
# fifty tickets is the same. Employee 200 has next to nothing, "scheduled" is rare. "critical",
# the type "audit" and the connection "rare" are rare; "low", "move" and "retired" are old.
_TICKETS = f"""INSERT INTO ticket (id, number, subject, description, status, status_class, priority,
    account_id, asset_id, contact_id, contract_id, manager_id, type, due_at, awaits_dispatch,
    external_update_at, unread, channel, connection_id, provider, remote_ticket_id, in_inbox,
    inbox_since, occurred_at, created_at, updated_at, closed_at, version)
SELECT {_id(0, "n")}, lpad((n / 10000)::text, 4, '0') || '-' || lpad((n % 10000)::text, 4, '0'),
    'Disk ' || n || ' is nearly full', concat_ws(' ', 'Drive C: of SRV-' || n || ' has 1 % left.',
        CASE WHEN n % 20 = 1 THEN 'Scanner' END, CASE WHEN n % 100 = 1 THEN 'toner' END,
        CASE WHEN n % 100000 = 1 THEN 'zebra' END),
    s.status, CASE WHEN s.status IN ('completed', 'canceled') THEN 'closed' ELSE 'open' END,
    CASE WHEN n % 50000 = 1 THEN 'critical' WHEN n % 50 = 7 THEN 'high'
        WHEN n <= $1::int / 50 THEN 'low' ELSE 'normal' END,
    {_id(2, "CASE WHEN n % 50 = 3 THEN 1 ELSE n % $2::int + 1 END")},
    CASE WHEN n % 2 = 0 THEN {_id(3, "n % $2::int + 1")} END,
    CASE WHEN n % 3 = 0 THEN {_id(5, "n % 1000")} END,
    CASE WHEN n % 7 = 0 THEN {_id(6, "n % 1000")} END,
    {_id(1, "CASE WHEN n % 40000 = 7 THEN 200 ELSE n % 199 + 1 END")},
    CASE WHEN n % 100000 = 3 THEN 'audit' WHEN n <= $1::int / 20 THEN 'move'
        WHEN n % 3 = 0 THEN 'incident' ELSE '' END,
    CASE WHEN n % 4 = 0 THEN t.at + interval '2 days' END, s.status = 'new' AND n % 100 = 0,
    CASE WHEN n % 3 = 0 THEN t.at END, s.status = 'new' AND n % 3 = 0,
    'rmm', CASE WHEN n % 100000 = 5 THEN 'rare' WHEN n <= $1::int / 5 THEN 'retired'
        ELSE 'c' || n % 5 END, 'continuum', n::text, n % 400 = 0 OR n > $1::int - 1000,
    CASE WHEN n % 400 = 0 OR n > $1::int - 1000 THEN t.at END, t.at, t.at,
    t.at + (n % 1000) * interval '1 minute',
    CASE WHEN s.status IN ('completed', 'canceled') THEN t.at + interval '1 day' END, 1
FROM generate_series(1, $1::int) n
CROSS JOIN LATERAL (SELECT to_timestamp(1600000000 + n) AS at) t
CROSS JOIN LATERAL (SELECT CASE WHEN n % 5000 = 0 THEN 'scheduled'
    WHEN n % 25 = 0 OR n > $1::int * 0.97 THEN (ARRAY['new', 'in_progress', 'waiting'])[n % 3 + 1]
    WHEN n % 30 = 0 THEN 'canceled' ELSE 'completed' END AS status) s"""
_HISTORY = f"""INSERT INTO history_entry (id, ticket_id, kind, public, actor, channel, text, data,
    occurred_at, recorded_at)
SELECT {_id(4, "n * 3 + k")}, {_id(0, "n")}, (ARRAY['remote_created', 'note', 'audit'])[k + 1],
    k = 1, 'system:ticket-svc', 'rmm', CASE WHEN k = 1 THEN 'We looked at it.'
        || CASE WHEN n % 1000 = 1 THEN ' Cable' ELSE '' END ELSE '' END, '{{}}',
    to_timestamp(1600000000 + n), to_timestamp(1600000000 + n)
FROM generate_series(1, $1::int) n, generate_series(0, 2) k"""
_TEXTS = """INSERT INTO ticket_text (ticket_id, entry_id, public, document)
SELECT t.id, NULL, true, setweight(ticket_heading(t), 'A') || ticket_words(t.description)
FROM ticket t
UNION ALL SELECT t.id, h.id, h.public, setweight(ticket_heading(t), 'B') || ticket_words(h.text)
FROM ticket t JOIN history_entry h ON h.ticket_id = t.id WHERE h.kind = 'note'"""
_COUNTS = """INSERT INTO ticket_count (status, manager_id, n)
SELECT status, manager_id, count(*) FROM ticket GROUP BY 1, 2"""


@dataclass(frozen=True, slots=True)
class Size:
    """How much there is of each; three history entries a ticket."""

    tickets: int = 1_000_000
    accounts: int = 100_000
    texts: bool = True


def id_of(kind: int, n: int) -> str:
    """The id of number `n` of a kind: 0 ticket, 1 employee, 2 account, 3 asset."""
    text = f"{1_600_000_000_000 + n * 1000:012x}7{kind}008000{n:012x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


async def fill(url: str, size: Size) -> None:
    """Fill a migrated, empty database of ticket-svc. Needs a superuser."""
    connection = await asyncpg.connect(url.replace("+asyncpg", ""))
    try:
        await connection.execute(
            "SET session_replication_role = replica; SET synchronous_commit = off;"
            " SET maintenance_work_mem = '512MB'; SET max_parallel_maintenance_workers = 2"
        )
        indexes = await connection.fetch(_INDEXES)
        for index in indexes:
            await connection.execute(f'DROP INDEX "{index["indexname"]}"')
        needed = await connection.fetch(_NEEDED)
        for column in needed:
            value = _DEFAULTS.get(column["data_type"], "''")
            await connection.execute(_default(column, f"SET DEFAULT {value}"))
        await connection.execute(_EMPLOYEES)
        await connection.execute(_ACCOUNTS, size.accounts)
        await connection.execute(_ASSETS, size.accounts)
        await connection.execute(_TICKETS, size.tickets, size.accounts)
        await connection.execute(_HISTORY, size.tickets)
        if size.texts:
            await connection.execute(_TEXTS)
        await connection.execute(_COUNTS)
        for column in needed:
            await connection.execute(_default(column, "DROP DEFAULT"))
    finally:
        await connection.close()
    await _index(url, [index["indexdef"] for index in indexes])


def _default(column: asyncpg.Record, what: str) -> str:
    return f'ALTER TABLE "{column["table_name"]}" ALTER COLUMN "{column["column_name"]}" {what}'


async def _index(url: str, definitions: list[str]) -> None:
    """Make the indexes on two connections at once, then let the planner look."""
    waiting = list(definitions)

    async def work() -> None:
        connection = await asyncpg.connect(url.replace("+asyncpg", ""))
        try:
            await connection.execute("SET maintenance_work_mem = '512MB'")
            while waiting:
                await connection.execute(waiting.pop())
        finally:
            await connection.close()

    await asyncio.gather(work(), work())
    connection = await asyncpg.connect(url.replace("+asyncpg", ""))
    try:
        await connection.execute("VACUUM (ANALYZE)")
    finally:
        await connection.close()
