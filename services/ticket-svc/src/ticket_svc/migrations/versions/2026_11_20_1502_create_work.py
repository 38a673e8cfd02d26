"""Create work."""

import sqlalchemy as sa
from alembic import op

from patchbay_kit.db.types import IdType, UtcDateTime

revision = "2026_11_20_1502"
down_revision = "2026_11_20_1501"


def upgrade() -> None:
    op.create_table(
        "appointment",
        sa.Column("id", IdType, nullable=False),
        sa.Column("ticket_id", IdType, nullable=True),
        sa.Column("account_id", IdType, nullable=True),
        sa.Column("employee_id", IdType, nullable=False),
        sa.Column("subject", sa.String(length=300), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("starts_at", UtcDateTime(), nullable=False),
        sa.Column("ends_at", UtcDateTime(), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("done_at", UtcDateTime(), nullable=True),
        sa.Column("created_by", sa.String(length=200), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_appointment")),
    )
    op.create_index(
        "ix_appointment_employee_id_starts_at",
        "appointment",
        ["employee_id", "starts_at"],
        unique=False,
    )
    op.create_index("ix_appointment_starts_at_id", "appointment", ["starts_at", "id"], unique=False)
    op.create_index("ix_appointment_ticket_id_id", "appointment", ["ticket_id", "id"], unique=False)
    op.create_table(
        "charge",
        sa.Column("id", IdType, nullable=False),
        sa.Column("ticket_id", IdType, nullable=False),
        sa.Column("account_id", IdType, nullable=False),
        sa.Column("contract_id", IdType, nullable=True),
        sa.Column("employee_id", IdType, nullable=True),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("minutes", sa.Integer(), nullable=True),
        sa.Column("quantity", sa.BigInteger(), nullable=False),
        sa.Column("unit_price", sa.BigInteger(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("billable", sa.Boolean(), nullable=False),
        sa.Column("performed_at", UtcDateTime(), nullable=False),
        sa.Column("created_by", sa.String(length=200), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_charge")),
    )
    op.create_index("ix_charge_account_id_id", "charge", ["account_id", "id"], unique=False)
    op.create_index("ix_charge_contract_id_id", "charge", ["contract_id", "id"], unique=False)
    op.create_index("ix_charge_employee_id_id", "charge", ["employee_id", "id"], unique=False)
    op.create_index("ix_charge_ticket_id_id", "charge", ["ticket_id", "id"], unique=False)
    op.create_table(
        "document",
        sa.Column("id", IdType, nullable=False),
        sa.Column("ticket_id", IdType, nullable=True),
        sa.Column("account_id", IdType, nullable=False),
        sa.Column("name", sa.String(length=300), nullable=False),
        sa.Column("media_type", sa.String(length=200), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("blob", sa.String(length=200), nullable=False),
        sa.Column("public", sa.Boolean(), nullable=False),
        sa.Column("created_by", sa.String(length=200), nullable=False),
        sa.Column("archived_at", UtcDateTime(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_document")),
    )
    op.create_index("ix_document_account_id_id", "document", ["account_id", "id"], unique=False)
    op.create_index("ix_document_ticket_id_id", "document", ["ticket_id", "id"], unique=False)
    op.create_table(
        "message",
        sa.Column("id", IdType, nullable=False),
        sa.Column("ticket_id", IdType, nullable=True),
        sa.Column("sender_id", IdType, nullable=False),
        sa.Column("subject", sa.String(length=300), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_message")),
    )
    op.create_index("ix_message_ticket_id_id", "message", ["ticket_id", "id"], unique=False)
    op.create_table(
        "message_receipt",
        sa.Column("message_id", IdType, nullable=False),
        sa.Column("employee_id", IdType, nullable=False),
        sa.Column("read_at", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("message_id", "employee_id", name=op.f("pk_message_receipt")),
    )
    op.create_index(
        "ix_message_receipt_employee_id_message_id",
        "message_receipt",
        ["employee_id", "message_id"],
        unique=False,
    )
    op.create_table(
        "task",
        sa.Column("id", IdType, nullable=False),
        sa.Column("ticket_id", IdType, nullable=True),
        sa.Column("account_id", IdType, nullable=True),
        sa.Column("title", sa.String(length=300), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("assignee_id", IdType, nullable=True),
        sa.Column("due_at", UtcDateTime(), nullable=True),
        sa.Column("done_at", UtcDateTime(), nullable=True),
        sa.Column("done_by", sa.String(length=200), nullable=True),
        sa.Column("created_by", sa.String(length=200), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_task")),
    )
    op.create_index("ix_task_account_id_id", "task", ["account_id", "id"], unique=False)
    op.create_index("ix_task_assignee_id_id", "task", ["assignee_id", "id"], unique=False)
    op.create_index("ix_task_ticket_id_id", "task", ["ticket_id", "id"], unique=False)
    op.create_table(
        "contract",
        sa.Column("id", IdType, nullable=False),
        sa.Column("account_id", IdType, nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("kind", sa.String(length=30), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=True),
        sa.Column("ends_on", sa.Date(), nullable=True),
        sa.Column("block_minutes", sa.Integer(), nullable=True),
        sa.Column("used_minutes", sa.Integer(), nullable=False),
        sa.Column("is_default", sa.Boolean(), nullable=False),
        sa.Column("closed_at", UtcDateTime(), nullable=True),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("archived_at", UtcDateTime(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.id"], name=op.f("fk_contract_account_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contract")),
    )
    op.create_index(op.f("ix_contract_account_id"), "contract", ["account_id"], unique=False)
    op.create_index(
        "uq_contract_default",
        "contract",
        ["account_id"],
        unique=True,
        postgresql_where=sa.text("is_default"),
        sqlite_where=sa.text("is_default"),
    )
