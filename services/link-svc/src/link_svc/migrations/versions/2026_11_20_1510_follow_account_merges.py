"""Follow account merges."""

import sqlalchemy as sa
from alembic import op

from patchbay_kit.db.types import BigIntType, IdType

revision = "2026_11_20_1510"
down_revision = "2026_11_20_1200"


def upgrade() -> None:
    op.create_table(
        "account_merge",
        sa.Column("account_id", IdType, nullable=False),
        sa.Column("into_id", IdType, nullable=True),
        sa.Column("version", BigIntType, nullable=False),
        sa.PrimaryKeyConstraint("account_id", name=op.f("pk_account_merge")),
    )
    op.add_column("link", sa.Column("home_id", sa.String(length=64), nullable=True))
    op.create_index(
        "ix_link_home_id",
        "link",
        ["home_id"],
        unique=False,
        postgresql_where=sa.text("home_id IS NOT NULL"),
        sqlite_where=sa.text("home_id IS NOT NULL"),
    )
