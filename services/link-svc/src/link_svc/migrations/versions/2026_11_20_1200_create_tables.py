"""Create the tables of link-svc.

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
        "account",
        sa.Column("account_id", sa.String(length=64), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("auto_created", sa.Boolean(), nullable=False),
        sa.Column("version", BigIntType, nullable=False),
        sa.PrimaryKeyConstraint("account_id", name=op.f("pk_account")),
    )
    op.create_table(
        "asset",
        sa.Column("asset_id", sa.String(length=64), nullable=False),
        sa.Column("account_id", sa.String(length=64), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("serial_number", sa.Text(), nullable=True),
        sa.Column("version", BigIntType, nullable=False),
        sa.PrimaryKeyConstraint("asset_id", name=op.f("pk_asset")),
    )
    op.create_index(op.f("ix_asset_account_id"), "asset", ["account_id"], unique=False)
    op.create_table(
        "catalogue_device",
        sa.Column("connection_id", sa.String(length=64), nullable=False),
        sa.Column("remote_device_id", sa.Text(), nullable=False),
        sa.Column("remote_site_id", sa.Text(), nullable=True),
        sa.Column("provider", sa.String(length=50), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("name_key", sa.Text(), nullable=False),
        sa.Column("serial_number", sa.Text(), nullable=True),
        sa.Column("manufacturer", sa.Text(), nullable=True),
        sa.Column("model", sa.Text(), nullable=True),
        sa.Column("attributes", JsonType, nullable=False),
        sa.Column("snapshot", BigIntType, nullable=False),
        sa.Column("part", sa.Integer(), nullable=False),
        sa.Column("seen_at", UtcDateTime, nullable=False),
        sa.PrimaryKeyConstraint(
            "connection_id", "remote_device_id", name=op.f("pk_catalogue_device")
        ),
    )
    op.create_index(
        "ix_catalogue_device_name",
        "catalogue_device",
        ["name_key", "connection_id", "remote_device_id"],
        unique=False,
    )
    op.create_index(
        "ix_catalogue_device_site",
        "catalogue_device",
        ["connection_id", "remote_site_id"],
        unique=False,
    )
    op.create_table(
        "catalogue_part",
        sa.Column("connection_id", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("snapshot", BigIntType, autoincrement=False, nullable=False),
        sa.Column("part", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("parts", sa.Integer(), nullable=False),
        sa.Column("taken_at", UtcDateTime, nullable=False),
        sa.PrimaryKeyConstraint(
            "connection_id", "kind", "snapshot", "part", name=op.f("pk_catalogue_part")
        ),
    )
    op.create_table(
        "catalogue_site",
        sa.Column("connection_id", sa.String(length=64), nullable=False),
        sa.Column("remote_site_id", sa.Text(), nullable=False),
        sa.Column("provider", sa.String(length=50), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("name_key", sa.Text(), nullable=False),
        sa.Column("attributes", JsonType, nullable=False),
        sa.Column("snapshot", BigIntType, nullable=False),
        sa.Column("part", sa.Integer(), nullable=False),
        sa.Column("seen_at", UtcDateTime, nullable=False),
        sa.PrimaryKeyConstraint("connection_id", "remote_site_id", name=op.f("pk_catalogue_site")),
    )
    op.create_index(
        "ix_catalogue_site_name",
        "catalogue_site",
        ["name_key", "connection_id", "remote_site_id"],
        unique=False,
    )
    op.create_table(
        "catalogue_state",
        sa.Column("connection_id", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("provider", sa.String(length=50), nullable=False),
        sa.Column("complete_snapshot", BigIntType, nullable=False),
        sa.Column("complete_at", UtcDateTime, nullable=True),
        sa.PrimaryKeyConstraint("connection_id", "kind", name=op.f("pk_catalogue_state")),
    )
    op.create_table(
        "link",
        sa.Column("id", IdType, nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("connection_id", sa.String(length=64), nullable=False),
        sa.Column("remote_id", sa.Text(), nullable=False),
        sa.Column("remote_name", sa.Text(), nullable=False),
        sa.Column("target_id", sa.String(length=64), nullable=False),
        sa.Column("linked", sa.Boolean(), nullable=False),
        sa.Column("auto_created", sa.Boolean(), nullable=False),
        sa.Column("version", BigIntType, nullable=False),
        sa.Column("changed_at", UtcDateTime, nullable=False),
        sa.Column("changed_by", sa.String(length=200), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_link")),
    )
    op.create_index("ix_link_kind_id", "link", ["kind", "id"], unique=False)
    op.create_index("ix_link_kind_target_id", "link", ["kind", "target_id"], unique=False)
    op.create_index(
        "uq_link_device_of_asset",
        "link",
        ["connection_id", "target_id"],
        unique=True,
        postgresql_where=sa.text("kind = 'device' AND linked"),
        sqlite_where=sa.text("kind = 'device' AND linked"),
    )
    op.create_index("uq_link_remote", "link", ["kind", "connection_id", "remote_id"], unique=True)
    op.create_table(
        "link_change",
        sa.Column("id", IdType, nullable=False),
        sa.Column("link_id", IdType, nullable=False),
        sa.Column("version", BigIntType, nullable=False),
        sa.Column("action", sa.String(length=10), nullable=False),
        sa.Column("cause", sa.String(length=40), nullable=False),
        sa.Column("target_id", sa.String(length=64), nullable=False),
        sa.Column("actor", sa.String(length=200), nullable=False),
        sa.Column("at", UtcDateTime, nullable=False),
        sa.Column("event_id", sa.String(length=64), nullable=True),
        sa.Column("operation_id", IdType, nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_link_change")),
    )
    op.create_index("ix_link_change_operation_id", "link_change", ["operation_id"], unique=False)
    op.create_index(
        "uq_link_change_link_id_version", "link_change", ["link_id", "version"], unique=True
    )
    op.create_table(
        "link_operation",
        sa.Column("id", IdType, nullable=False),
        sa.Column("link_id", IdType, nullable=False),
        sa.Column("connection_id", sa.String(length=64), nullable=False),
        sa.Column("remote_site_id", sa.Text(), nullable=False),
        sa.Column("site_name", sa.Text(), nullable=False),
        sa.Column("account_id", sa.String(length=64), nullable=False),
        sa.Column("devices", sa.Integer(), nullable=False),
        sa.Column("tickets", sa.Integer(), nullable=False),
        sa.Column("at", UtcDateTime, nullable=False),
        sa.Column("actor", sa.String(length=200), nullable=False),
        sa.Column("undone_at", UtcDateTime, nullable=True),
        sa.Column("undone_by", sa.String(length=200), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_link_operation")),
    )
    op.create_table(
        "remote_ticket",
        sa.Column("connection_id", sa.String(length=64), nullable=False),
        sa.Column("remote_ticket_id", sa.Text(), nullable=False),
        sa.Column("remote_site_id", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("connection_id", "remote_ticket_id", name=op.f("pk_remote_ticket")),
    )
    op.create_index(
        "ix_remote_ticket_site", "remote_ticket", ["connection_id", "remote_site_id"], unique=False
    )


def downgrade() -> None:
    op.drop_table("remote_ticket")
    op.drop_table("link_operation")
    op.drop_table("link_change")
    op.drop_table("link")
    op.drop_table("catalogue_state")
    op.drop_table("catalogue_site")
    op.drop_table("catalogue_part")
    op.drop_table("catalogue_device")
    op.drop_table("asset")
    op.drop_table("account")
    drop_kit_tables(op)
