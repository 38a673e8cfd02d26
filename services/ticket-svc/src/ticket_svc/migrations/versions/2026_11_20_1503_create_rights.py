"""Create rights."""

import sqlalchemy as sa
from alembic import op

from patchbay_kit.db.types import IdType, JsonType, UtcDateTime

revision = "2026_11_20_1503"
down_revision = "2026_11_20_1502"


def upgrade() -> None:
    op.create_table(
        "api_key",
        sa.Column("id", IdType, nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("hint", sa.String(length=20), nullable=False),
        sa.Column("scopes", JsonType, nullable=False),
        sa.Column("created_by", sa.String(length=200), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=True),
        sa.Column("last_used_at", UtcDateTime(), nullable=True),
        sa.Column("revoked_at", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_key")),
        sa.UniqueConstraint("digest", name=op.f("uq_api_key_digest")),
    )
    op.create_table(
        "privilege_group",
        sa.Column("id", IdType, nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("permissions", JsonType, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_privilege_group")),
        sa.UniqueConstraint("name", name=op.f("uq_privilege_group_name")),
    )
    op.create_table(
        "privilege_group_member",
        sa.Column("group_id", IdType, nullable=False),
        sa.Column("employee_id", IdType, nullable=False),
        sa.PrimaryKeyConstraint("group_id", "employee_id", name=op.f("pk_privilege_group_member")),
    )
    op.create_index(
        op.f("ix_privilege_group_member_employee_id"),
        "privilege_group_member",
        ["employee_id"],
        unique=False,
    )
    op.create_table(
        "sign_in_attempt",
        sa.Column("address_digest", sa.String(length=64), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("locked_until", UtcDateTime(), nullable=True),
        sa.Column("tried_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("address_digest", name=op.f("pk_sign_in_attempt")),
    )
    op.create_table(
        "sign_in_client",
        sa.Column("client_digest", sa.String(length=64), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("counted_since", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("client_digest", name=op.f("pk_sign_in_client")),
    )
    op.create_table(
        "invitation",
        sa.Column("id", IdType, nullable=False),
        sa.Column("person_kind", sa.String(length=10), nullable=False),
        sa.Column("person_id", IdType, nullable=False),
        sa.Column("purpose", sa.String(length=10), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=False),
        sa.Column("mailed_to", sa.String(length=320), nullable=True),
        sa.Column("mail_state", sa.String(length=10), nullable=True),
        sa.Column("mail_error", sa.String(length=500), nullable=True),
        sa.Column("created_by", sa.String(length=200), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_invitation")),
        sa.UniqueConstraint("digest", name=op.f("uq_invitation_digest")),
        sa.UniqueConstraint("person_id", "purpose", name=op.f("uq_invitation_person_id_purpose")),
    )
    op.create_table(
        "password_request",
        sa.Column("address", sa.String(length=320), nullable=False),
        sa.Column("asked_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("address", name=op.f("pk_password_request")),
    )
