"""Widen records."""

import sqlalchemy as sa
from alembic import op

from patchbay_kit.db.types import IdType, JsonType, UtcDateTime

revision = "2026_11_20_1500"
down_revision = "2026_11_20_1200"


def upgrade() -> None:
    op.create_table(
        "ticket_merge",
        sa.Column("id", IdType, nullable=False),
        sa.Column("ticket_id", IdType, nullable=False),
        sa.Column("into_id", IdType, nullable=False),
        sa.Column("moved", JsonType, nullable=False),
        sa.Column("merged_at", UtcDateTime(), nullable=False),
        sa.Column("merged_by", sa.String(length=200), nullable=False),
        sa.Column("undone_at", UtcDateTime(), nullable=True),
        sa.Column("undone_by", sa.String(length=200), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ticket_merge")),
    )
    op.create_index(op.f("ix_ticket_merge_into_id"), "ticket_merge", ["into_id"], unique=False)
    op.create_index(op.f("ix_ticket_merge_ticket_id"), "ticket_merge", ["ticket_id"], unique=False)
    op.create_table(
        "ticket_read",
        sa.Column("ticket_id", IdType, nullable=False),
        sa.Column("employee_id", IdType, nullable=False),
        sa.Column("read_through", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("ticket_id", "employee_id", name=op.f("pk_ticket_read")),
    )
    op.create_table(
        "ticket_relation",
        sa.Column("ticket_id", IdType, nullable=False),
        sa.Column("other_id", IdType, nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("created_by", sa.String(length=200), nullable=False),
        sa.PrimaryKeyConstraint("ticket_id", "other_id", name=op.f("pk_ticket_relation")),
    )
    op.create_index("ix_ticket_relation_other_id", "ticket_relation", ["other_id"], unique=False)
    op.add_column("account", sa.Column("phone", sa.String(length=50), nullable=True))
    op.add_column("account", sa.Column("fax", sa.String(length=50), nullable=True))
    op.add_column("account", sa.Column("website", sa.String(length=500), nullable=True))
    op.add_column("account", sa.Column("note", sa.Text(), server_default="", nullable=False))
    op.add_column(
        "account", sa.Column("custom_fields", JsonType, server_default="{}", nullable=False)
    )
    op.add_column("account", sa.Column("merged_into_id", IdType, nullable=True))
    op.add_column("account", sa.Column("archived_at", UtcDateTime(), nullable=True))
    op.create_index(op.f("ix_account_merged_into_id"), "account", ["merged_into_id"], unique=False)
    op.add_column(
        "asset", sa.Column("kind", sa.String(length=100), server_default="", nullable=False)
    )
    op.add_column("asset", sa.Column("location_id", IdType, nullable=True))
    op.add_column("asset", sa.Column("department_id", IdType, nullable=True))
    op.add_column(
        "asset", sa.Column("custom_fields", JsonType, server_default="{}", nullable=False)
    )
    op.add_column("asset", sa.Column("archived_at", UtcDateTime(), nullable=True))
    op.create_index(op.f("ix_asset_department_id"), "asset", ["department_id"], unique=False)
    op.create_index(op.f("ix_asset_location_id"), "asset", ["location_id"], unique=False)
    op.add_column("contact", sa.Column("phone", sa.String(length=50), nullable=True))
    op.add_column("contact", sa.Column("title", sa.String(length=200), nullable=True))
    op.add_column(
        "contact", sa.Column("custom_fields", JsonType, server_default="{}", nullable=False)
    )
    op.add_column("contact", sa.Column("password_hash", sa.String(length=300), nullable=True))
    op.add_column("contact", sa.Column("archived_at", UtcDateTime(), nullable=True))
    op.create_index(
        "uq_contact_main",
        "contact",
        ["account_id"],
        unique=True,
        postgresql_where=sa.text("is_main"),
        sqlite_where=sa.text("is_main"),
    )
    op.add_column("employee", sa.Column("phone", sa.String(length=50), nullable=True))
    op.add_column("ticket", sa.Column("contract_id", IdType, nullable=True))
    op.add_column(
        "ticket", sa.Column("type", sa.String(length=100), server_default="", nullable=False)
    )
    op.add_column("ticket", sa.Column("due_at", UtcDateTime(), nullable=True))
    op.add_column(
        "ticket",
        sa.Column("awaits_dispatch", sa.Boolean(), server_default=sa.false(), nullable=False),
    )
    op.add_column(
        "ticket",
        sa.Column("dispatch_on_reopen", sa.Boolean(), server_default=sa.false(), nullable=False),
    )
    op.add_column("ticket", sa.Column("external_update_at", UtcDateTime(), nullable=True))
    op.add_column(
        "ticket", sa.Column("unread", sa.Boolean(), server_default=sa.false(), nullable=False)
    )
    op.add_column("ticket", sa.Column("status_since", UtcDateTime(), nullable=True))
    op.add_column(
        "ticket", sa.Column("seconds_in_status", JsonType, server_default="{}", nullable=False)
    )
    op.add_column(
        "ticket", sa.Column("custom_fields", JsonType, server_default="{}", nullable=False)
    )
    op.add_column("ticket", sa.Column("merged_into_id", IdType, nullable=True))
    op.create_index(
        "ix_ticket_awaits_dispatch_id",
        "ticket",
        ["id"],
        unique=False,
        postgresql_where=sa.text("awaits_dispatch"),
        sqlite_where=sa.text("awaits_dispatch"),
    )
    op.create_index(op.f("ix_ticket_merged_into_id"), "ticket", ["merged_into_id"], unique=False)
