"""Feed live screens from the outbox."""

import sqlalchemy as sa
from alembic import op

from patchbay_kit.db.types import BigIntType, IdType, JsonType, UtcDateTime
from ticket_svc.migrations import live_sql

revision = "2026_11_20_1505"
down_revision = "2026_11_20_1504"


def upgrade() -> None:
    op.create_table(
        "live_change",
        sa.Column("seq", BigIntType, autoincrement=True, nullable=False),
        sa.Column("xid", BigIntType, nullable=False),
        sa.Column("type", sa.String(length=100), nullable=False),
        sa.Column("ticket_id", IdType, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("data", JsonType, nullable=False),
        sa.Column("recorded_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_live_change")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_live_change_xid_seq", "live_change", ["xid", "seq"], unique=False)
    op.create_index("ix_live_change_recorded_at", "live_change", ["recorded_at"], unique=False)
    postgres = op.get_bind().dialect.name == "postgresql"
    for statement in live_sql.POSTGRES if postgres else live_sql.SQLITE:
        op.get_bind().exec_driver_sql(statement)
