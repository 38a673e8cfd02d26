"""Create the tables of rmm-gateway.

Revision ID: 2026_11_20_1200
"""

import sqlalchemy as sa
from alembic import op

from patchbay_kit.db import BigIntType, IdType, JsonType, UtcDateTime
from patchbay_kit.db.migrate import create_kit_tables, drop_kit_tables

revision = "2026_11_20_1200"
down_revision = None


def upgrade() -> None:
    create_kit_tables(op)
    op.create_table(
        "connection",
        sa.Column("id", IdType, nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("provider", sa.String(length=40), nullable=False),
        sa.Column("base_url", sa.String(length=500), nullable=False),
        sa.Column("secret_sealed", sa.Text(), nullable=True),
        sa.Column("secret_hash", sa.String(length=64), nullable=True),
        sa.Column("inventory_sync", sa.Boolean(), nullable=False),
        sa.Column("ticket_processing", sa.Boolean(), nullable=False),
        sa.Column("import_cutoff_days", sa.Integer(), nullable=False),
        sa.Column("close_on", sa.String(length=20), nullable=False),
        sa.Column("poll_interval", sa.Float(), nullable=False),
        sa.Column("inventory_interval", sa.Float(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.Column("removed_at", UtcDateTime(), nullable=True),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("state_since", UtcDateTime(), nullable=False),
        sa.Column("state_detail", sa.Text(), nullable=True),
        sa.Column("activating_since", UtcDateTime(), nullable=True),
        sa.Column("event_version", sa.Integer(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("last_error", sa.Text(), nullable=True),
        sa.Column("last_error_at", UtcDateTime(), nullable=True),
        sa.Column("poll_due_at", UtcDateTime(), nullable=False),
        sa.Column("poll_lease_until", UtcDateTime(), nullable=True),
        sa.Column("poll_lease_owner", IdType, nullable=True),
        sa.Column("last_poll_at", UtcDateTime(), nullable=True),
        sa.Column("watermark_at", UtcDateTime(), nullable=True),
        sa.Column("inventory_due_at", UtcDateTime(), nullable=False),
        sa.Column("inventory_lease_until", UtcDateTime(), nullable=True),
        sa.Column("inventory_lease_owner", IdType, nullable=True),
        sa.Column("last_inventory_at", UtcDateTime(), nullable=True),
        sa.Column("inventory_error", sa.Text(), nullable=True),
        sa.Column("inventory_failures", sa.Integer(), nullable=False),
        sa.Column("snapshot", sa.Integer(), nullable=False),
        sa.Column("draining", sa.Boolean(), nullable=False),
        sa.Column("cutoff_at", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_connection")),
        sa.UniqueConstraint("secret_hash", name=op.f("uq_connection_secret_hash")),
    )
    op.create_table(
        "connection_change",
        sa.Column("id", IdType, nullable=False),
        sa.Column("connection_id", IdType, nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("actor", sa.String(length=200), nullable=False),
        sa.Column("action", sa.String(length=20), nullable=False),
        sa.Column("changes", JsonType, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_connection_change")),
    )
    op.create_index(
        "ix_connection_change_connection_id_id",
        "connection_change",
        ["connection_id", "id"],
        unique=False,
    )
    op.create_table(
        "rejected_item",
        sa.Column("id", IdType, nullable=False),
        sa.Column("connection_id", IdType, nullable=False),
        sa.Column("source", sa.String(length=20), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("seq", BigIntType, nullable=True),
        sa.Column("raw", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("received_at", UtcDateTime(), nullable=False),
        sa.Column("decided_at", UtcDateTime(), nullable=True),
        sa.Column("decided_by", sa.String(length=200), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rejected_item")),
    )
    op.create_index(
        "ix_rejected_item_connection_id_id", "rejected_item", ["connection_id", "id"], unique=False
    )
    op.create_index(
        "uq_rejected_item_digest", "rejected_item", ["connection_id", "digest"], unique=True
    )
    op.create_table(
        "remote_command",
        sa.Column("id", IdType, nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("idempotency_key", sa.String(length=250), nullable=False),
        sa.Column("connection_id", IdType, nullable=False),
        sa.Column("provider", sa.String(length=40), nullable=False),
        sa.Column("remote_ticket_id", sa.String(length=100), nullable=False),
        sa.Column("remote_number", sa.Text(), nullable=True),
        sa.Column("remote_url", sa.Text(), nullable=True),
        sa.Column("ticket_id", sa.String(length=64), nullable=False),
        sa.Column("ticket_number", sa.String(length=20), nullable=False),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("payload", JsonType, nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("reasons", JsonType, nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("uncounted", sa.Integer(), nullable=False),
        sa.Column("outcome_unknown", sa.Boolean(), nullable=False),
        sa.Column("next_attempt_at", UtcDateTime(), nullable=False),
        sa.Column("lease_until", UtcDateTime(), nullable=True),
        sa.Column("lease_owner", IdType, nullable=True),
        sa.Column("last_error", sa.Text(), nullable=True),
        sa.Column("requested_at", UtcDateTime(), nullable=False),
        sa.Column("requested_by", sa.String(length=200), nullable=True),
        sa.Column("cause", JsonType, nullable=False),
        sa.Column("finished_at", UtcDateTime(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_remote_command")),
        sa.UniqueConstraint("idempotency_key", name=op.f("uq_remote_command_idempotency_key")),
    )
    op.create_index(
        "ix_remote_command_due", "remote_command", ["state", "next_attempt_at"], unique=False
    )
    op.create_index(
        "ix_remote_command_remote",
        "remote_command",
        ["connection_id", "remote_ticket_id"],
        unique=False,
    )
    op.create_index("ix_remote_command_ticket_id", "remote_command", ["ticket_id"], unique=False)
    op.create_table(
        "remote_command_attempt",
        sa.Column("command_id", IdType, nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("started_at", UtcDateTime(), nullable=False),
        sa.Column("finished_at", UtcDateTime(), nullable=True),
        sa.Column("outcome", sa.String(length=20), nullable=True),
        sa.Column("detail", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("command_id", "number", name=op.f("pk_remote_command_attempt")),
    )
    op.create_table(
        "remote_ticket",
        sa.Column("id", IdType, nullable=False),
        sa.Column("connection_id", IdType, nullable=False),
        sa.Column("remote_ticket_id", sa.String(length=100), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("seen", sa.Boolean(), nullable=False),
        sa.Column("number", sa.Text(), nullable=True),
        sa.Column("url", sa.Text(), nullable=True),
        sa.Column("origin", sa.String(length=20), nullable=True),
        sa.Column("remote_site_id", sa.String(length=100), nullable=True),
        sa.Column("site_name", sa.Text(), nullable=True),
        sa.Column("summary", sa.Text(), nullable=False),
        sa.Column("assignee_group", sa.Text(), nullable=True),
        sa.Column("occurred_at", UtcDateTime(), nullable=False),
        sa.Column("first_seen_at", UtcDateTime(), nullable=False),
        sa.Column("last_seen_at", UtcDateTime(), nullable=False),
        sa.Column("last_seq", BigIntType, nullable=False),
        sa.Column("duplicates", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("closed_at", UtcDateTime(), nullable=True),
        sa.Column("reasons", JsonType, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_remote_ticket")),
    )
    op.create_index(
        "ix_remote_ticket_held",
        "remote_ticket",
        ["connection_id", "state", "occurred_at"],
        unique=False,
    )
    op.create_index("ix_remote_ticket_state_id", "remote_ticket", ["state", "id"], unique=False)
    op.create_index(
        "uq_remote_ticket_remote",
        "remote_ticket",
        ["connection_id", "remote_ticket_id"],
        unique=True,
    )
    op.create_table(
        "remote_update",
        sa.Column("connection_id", IdType, nullable=False),
        sa.Column("seq", BigIntType, autoincrement=False, nullable=False),
        sa.Column("remote_ticket_id", sa.String(length=100), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("occurred_at", UtcDateTime(), nullable=False),
        sa.Column("received_at", UtcDateTime(), nullable=False),
        sa.Column("payload", JsonType, nullable=True),
        sa.PrimaryKeyConstraint("connection_id", "seq", name=op.f("pk_remote_update")),
    )
    op.create_index(
        "ix_remote_update_state", "remote_update", ["connection_id", "state", "seq"], unique=False
    )
    op.create_index(
        "ix_remote_update_ticket",
        "remote_update",
        ["connection_id", "remote_ticket_id"],
        unique=False,
    )


def downgrade() -> None:
    op.drop_index("ix_remote_update_ticket", table_name="remote_update")
    op.drop_index("ix_remote_update_state", table_name="remote_update")
    op.drop_table("remote_update")
    op.drop_index("uq_remote_ticket_remote", table_name="remote_ticket")
    op.drop_index("ix_remote_ticket_state_id", table_name="remote_ticket")
    op.drop_index("ix_remote_ticket_held", table_name="remote_ticket")
    op.drop_table("remote_ticket")
    op.drop_table("remote_command_attempt")
    op.drop_index("ix_remote_command_ticket_id", table_name="remote_command")
    op.drop_index("ix_remote_command_remote", table_name="remote_command")
    op.drop_index("ix_remote_command_due", table_name="remote_command")
    op.drop_table("remote_command")
    op.drop_index("uq_rejected_item_digest", table_name="rejected_item")
    op.drop_index("ix_rejected_item_connection_id_id", table_name="rejected_item")
    op.drop_table("rejected_item")
    op.drop_index("ix_connection_change_connection_id_id", table_name="connection_change")
    op.drop_table("connection_change")
    op.drop_table("connection")
    drop_kit_tables(op)
