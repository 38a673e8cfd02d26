"""The kit's tables, which every service has in its own database."""

from typing import Any

from sqlalchemy import (
    DDL,
    Column,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    event,
)

from patchbay_kit.db.types import BigIntType, IdType, UtcDateTime

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

# Rows leave the table when the broker has confirmed them, so every row here is unsent. Names
# follow Debezium's outbox.
outbox = Table(
    "outbox",
    metadata,
    Column("seq", BigIntType, primary_key=True, autoincrement=True),
    Column("id", String(64), nullable=False),
    Column("type", String(100), nullable=False),
    Column("aggregateid", String(300), nullable=False),
    Column("payload", Text, nullable=False),
    Column("queue", String(100), nullable=True),
    Column("attempts", Integer, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("next_attempt_at", UtcDateTime, nullable=False),
)

# The planner is kept from reading the table, or a bitmap of it, from end to end: what was deleted a
# moment ago still fills it, while a walk along the key passes what it once saw to be dead.
_CLAIM = """CREATE FUNCTION outbox_claim(due timestamptz, at_most bigint, at_most_bytes bigint)
RETURNS SETOF outbox LANGUAGE plpgsql SET enable_seqscan = off SET enable_bitmapscan = off AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY DELETE FROM outbox WHERE seq = ANY(ARRAY(
        SELECT seq FROM (
            SELECT seq, sum(size) OVER (ORDER BY seq) - size AS before FROM (
                SELECT seq, octet_length(payload) AS size FROM outbox
                WHERE next_attempt_at <= due
                ORDER BY seq LIMIT at_most FOR UPDATE SKIP LOCKED) AS locked) AS counted
        WHERE before < at_most_bytes))
    RETURNING *;
END $$"""
for _moment, _sql in (("after_create", _CLAIM), ("before_drop", "DROP FUNCTION outbox_claim")):
    _on_postgres: Any = DDL(_sql)  # type: ignore[no-untyped-call]  # SQLAlchemy's
    event.listen(outbox, _moment, _on_postgres.execute_if(dialect="postgresql"))

inbox = Table(
    "inbox",
    metadata,
    Column("consumer", String(100), primary_key=True),
    Column("event_id", String(64), primary_key=True),
    Column("received_at", UtcDateTime, nullable=False),
    Index("ix_inbox_received_at", "received_at"),
)

dead_letter = Table(
    "dead_letter",
    metadata,
    Column("id", IdType, primary_key=True),
    Column("queue", String(100), nullable=False),
    Column("event_id", String(64), nullable=False),
    Column("event_type", String(100), nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("reason", String(100), nullable=False),
    Column("error", Text, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("state", String(20), nullable=False),
    Column("parked_at", UtcDateTime, nullable=False),
    Column("decided_at", UtcDateTime, nullable=True),
    Column("decided_by", String(200), nullable=True),
    Index("ix_dead_letter_state_id", "state", "id"),
)

idempotency_key = Table(
    "idempotency_key",
    metadata,
    Column("scope", String(300), primary_key=True),
    Column("key", String(255), primary_key=True),
    Column("request_hash", String(64), nullable=False),
    Column("status", Integer, nullable=False),
    Column("headers", Text, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Index("ix_idempotency_key_created_at", "created_at"),
)
