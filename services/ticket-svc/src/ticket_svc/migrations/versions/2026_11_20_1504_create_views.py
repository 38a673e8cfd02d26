"""Create views."""

import sqlalchemy as sa
from alembic import op

from patchbay_kit.db.types import BigIntType, IdType, JsonType, UtcDateTime

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
        "live_change",
        sa.Column("seq", BigIntType, autoincrement=True, nullable=False),
        sa.Column("event_id", sa.String(length=64), nullable=False),
        sa.Column("type", sa.String(length=100), nullable=False),
        sa.Column("ticket_id", IdType, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("public", sa.Boolean(), nullable=False),
        sa.Column("data", JsonType, nullable=False),
        sa.Column("recorded_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_live_change")),
        sa.UniqueConstraint("event_id", name=op.f("uq_live_change_event_id")),
    )
    op.create_index("ix_live_change_recorded_at", "live_change", ["recorded_at"], unique=False)
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
