"""Create views."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import TSVECTOR

from patchbay_kit.db.types import BigIntType, IdType, JsonType, UtcDateTime
from ticket_svc.migrations import listing_sql

revision = "2026_11_20_1504"
down_revision = "2026_11_20_1503"


def upgrade() -> None:
    op.create_table(
        "account_merge",
        sa.Column("id", IdType, nullable=False),
        sa.Column("account_id", IdType, nullable=False),
        sa.Column("into_id", IdType, nullable=False),
        sa.Column("before", JsonType, nullable=False),
        sa.Column("counts", JsonType, nullable=False),
        sa.Column("merged_at", UtcDateTime(), nullable=False),
        sa.Column("merged_by", sa.String(length=200), nullable=False),
        sa.Column("undone_at", UtcDateTime(), nullable=True),
        sa.Column("undone_by", sa.String(length=200), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_account_merge")),
    )
    op.create_index(
        op.f("ix_account_merge_account_id"), "account_merge", ["account_id"], unique=False
    )
    op.create_index(op.f("ix_account_merge_into_id"), "account_merge", ["into_id"], unique=False)
    op.create_table(
        "account_merge_move",
        sa.Column("merge_id", IdType, nullable=False),
        sa.Column("kind", sa.String(length=30), nullable=False),
        sa.Column("record_id", sa.String(length=255), nullable=False),
        sa.Column("before", JsonType, nullable=False),
        sa.PrimaryKeyConstraint(
            "merge_id", "kind", "record_id", name=op.f("pk_account_merge_move")
        ),
    )
    op.create_table(
        "saved_view",
        sa.Column("id", IdType, nullable=False),
        sa.Column("owner_id", IdType, nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("shared", sa.Boolean(), nullable=False),
        sa.Column("filter", JsonType, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_saved_view")),
    )
    op.create_index(op.f("ix_saved_view_owner_id"), "saved_view", ["owner_id"], unique=False)
    _create_counts()
    _create_texts()
    _index_tickets()
    postgres = op.get_bind().dialect.name == "postgresql"
    op.execute(listing_sql.BACKFILL_COUNTS)
    op.execute(listing_sql.BACKFILL_TEXTS)
    for statement in listing_sql.POSTGRES if postgres else listing_sql.SQLITE:
        # As it is: the driver's parameters would begin with a colon.
        op.get_bind().exec_driver_sql(statement)


def _create_counts() -> None:
    op.create_table(
        "ticket_count",
        sa.Column("status", sa.String(length=30), nullable=False),
        sa.Column("manager_id", IdType, nullable=False),
        sa.Column("n", BigIntType, nullable=False),
        sa.PrimaryKeyConstraint("status", "manager_id", name=op.f("pk_ticket_count")),
    )
    op.create_table(
        "ticket_count_delta",
        sa.Column("seq", BigIntType, autoincrement=True, nullable=False),
        sa.Column("status", sa.String(length=30), nullable=False),
        sa.Column("manager_id", IdType, nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_ticket_count_delta")),
    )


def _create_texts() -> None:
    op.create_table(
        "ticket_text",
        sa.Column("seq", BigIntType, autoincrement=True, nullable=False),
        sa.Column("ticket_id", IdType, nullable=False),
        sa.Column("entry_id", IdType, nullable=True),
        sa.Column("public", sa.Boolean(), nullable=False),
        sa.Column("document", sa.Text().with_variant(TSVECTOR(), "postgresql"), nullable=False),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_ticket_text")),
    )
    op.create_index(op.f("ix_ticket_text_ticket_id"), "ticket_text", ["ticket_id"], unique=False)
    if op.get_bind().dialect.name == "postgresql":
        op.create_index(
            "ix_ticket_text_document", "ticket_text", ["document"], postgresql_using="gin"
        )
    op.create_table(
        "ticket_text_stale",
        sa.Column("seq", BigIntType, autoincrement=True, nullable=False),
        sa.Column("ticket_id", IdType, nullable=False),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_ticket_text_stale")),
    )


def _index_tickets() -> None:
    """What each view reads in its order; see `tickets/tables.py`."""
    for name in ("ix_ticket_account_id_id", "ix_ticket_manager_id_id", "ix_ticket_merged_into_id"):
        op.drop_index(name, table_name="ticket")
    for name, columns, where in (
        ("account_id_status_class_id", ["account_id", "status_class", "id"], None),
        ("manager_id_status_class_id", ["manager_id", "status_class", "id"], None),
        ("connection_id_id", ["connection_id", "id"], "version > 0"),
        ("status_class_updated_at_id", ["status_class", "updated_at", "id"], None),
        ("status_class_due_at_id", ["status_class", "due_at", "id"], "due_at IS NOT NULL"),
        ("type_id", ["type", "id"], "type <> ''"),
        ("priority_id", ["priority", "id"], "priority <> 'normal'"),
        ("asset_id_id", ["asset_id", "id"], "asset_id IS NOT NULL"),
        ("contact_id_id", ["contact_id", "id"], "contact_id IS NOT NULL"),
        ("contract_id_id", ["contract_id", "id"], "contract_id IS NOT NULL"),
        ("merged_into_id", ["merged_into_id"], "merged_into_id IS NOT NULL"),
        ("inbox_since_id", ["inbox_since", "id"], "in_inbox"),
        ("inbox_manager_id_id", ["manager_id", "id"], "in_inbox"),
        ("unread_manager_id_id", ["manager_id", "id"], "unread"),
    ):
        condition = None if where is None else sa.text(where)
        op.create_index(
            f"ix_ticket_{name}",
            "ticket",
            columns,
            unique=False,
            postgresql_where=condition,
            sqlite_where=condition,
        )
