"""Create the tables of notifier.

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
        "alert",
        sa.Column("id", IdType, nullable=False),
        sa.Column("event_id", sa.String(length=64), nullable=False),
        sa.Column("person_key", sa.String(length=400), nullable=False),
        sa.Column("request_id", sa.String(length=64), nullable=False),
        sa.Column("about", sa.String(length=100), nullable=False),
        sa.Column("ticket_id", sa.String(length=64), nullable=False),
        sa.Column("ticket_number", sa.String(length=20), nullable=False),
        sa.Column("person", JsonType, nullable=True),
        sa.Column("mail_subject", sa.Text(), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("reasons", JsonType, nullable=False),
        sa.Column("decided_at", UtcDateTime, nullable=False),
        sa.Column("mail_id", sa.String(length=64), nullable=True),
        sa.Column("settled_at", UtcDateTime, nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alert")),
    )
    op.create_index("ix_alert_ticket_id_id", "alert", ["ticket_id", "id"], unique=False)
    op.create_index(
        "uq_alert_event_id_person_key", "alert", ["event_id", "person_key"], unique=True
    )
    op.create_index("uq_alert_request_id", "alert", ["request_id"], unique=True)
    op.create_table(
        "alert_preference",
        sa.Column("employee_id", sa.String(length=64), nullable=False),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("version", BigIntType, nullable=False),
        sa.Column("changed_at", UtcDateTime, nullable=False),
        sa.Column("changed_by", sa.String(length=200), nullable=False),
        sa.PrimaryKeyConstraint("employee_id", name=op.f("pk_alert_preference")),
    )
    op.create_table(
        "alert_setting",
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_alert_setting")),
    )
    op.create_table(
        "asset_view",
        sa.Column("asset_id", sa.String(length=64), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("asset_id", name=op.f("pk_asset_view")),
    )
    op.create_table(
        "ticket_view",
        sa.Column("ticket_id", sa.String(length=64), nullable=False),
        sa.Column("number", sa.String(length=20), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("account_name", sa.Text(), nullable=False),
        sa.Column("priority", sa.String(length=50), nullable=False),
        sa.Column("asset_id", sa.String(length=64), nullable=True),
        sa.Column("manager", JsonType, nullable=True),
        sa.Column("version", BigIntType, nullable=False),
        sa.PrimaryKeyConstraint("ticket_id", name=op.f("pk_ticket_view")),
    )


def downgrade() -> None:
    op.drop_table("ticket_view")
    op.drop_table("asset_view")
    op.drop_table("alert_setting")
    op.drop_table("alert_preference")
    op.drop_table("alert")
    drop_kit_tables(op)
