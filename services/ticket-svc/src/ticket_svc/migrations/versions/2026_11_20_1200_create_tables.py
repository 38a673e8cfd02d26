"""Create the tables of ticket-svc.

Revision ID: 2026_11_20_1200
"""

import sqlalchemy as sa
from alembic import op

from patchbay_kit.db import BigIntType, IdType, JsonType, UtcDateTime
from patchbay_kit.db.migrate import create_kit_tables, drop_kit_tables

revision = "2026_11_20_1200"
down_revision = None

FIRST_NUMBER = 10_001_000


def upgrade() -> None:
    create_kit_tables(op)
    op.create_table(
        "account",
        sa.Column("id", IdType, nullable=False),
        sa.Column("name", sa.String(length=300), nullable=False),
        sa.Column("auto_created", sa.Boolean(), nullable=False),
        sa.Column("manager_id", IdType, nullable=True),
        sa.Column("email1", sa.String(length=320), nullable=True),
        sa.Column("email2", sa.String(length=320), nullable=True),
        sa.Column("origin_connection_id", sa.String(length=64), nullable=True),
        sa.Column("origin_site_id", sa.String(length=200), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", UtcDateTime, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_account")),
        sa.UniqueConstraint(
            "origin_connection_id",
            "origin_site_id",
            name=op.f("uq_account_origin_connection_id_origin_site_id"),
        ),
    )
    op.create_index(op.f("ix_account_email1"), "account", ["email1"], unique=False)
    op.create_index(op.f("ix_account_email2"), "account", ["email2"], unique=False)
    op.create_index("ix_account_name_id", "account", ["name", "id"], unique=False)
    op.create_table(
        "auto_answer",
        sa.Column("id", IdType, nullable=False),
        sa.Column("address", sa.String(length=320), nullable=False),
        sa.Column("ticket_id", IdType, nullable=False),
        sa.Column("sent_at", UtcDateTime, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_auto_answer")),
    )
    op.create_index(
        "ix_auto_answer_address_sent_at", "auto_answer", ["address", "sent_at"], unique=False
    )
    op.create_table(
        "decision",
        sa.Column("id", IdType, nullable=False),
        sa.Column("ticket_id", IdType, nullable=False),
        sa.Column("about", sa.String(length=100), nullable=False),
        sa.Column("event_id", sa.String(length=64), nullable=True),
        sa.Column("actor", sa.String(length=200), nullable=False),
        sa.Column("reasons", JsonType, nullable=False),
        sa.Column("decided_at", UtcDateTime, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_decision")),
    )
    op.create_index("ix_decision_ticket_id_id", "decision", ["ticket_id", "id"], unique=False)
    op.create_table(
        "desk_setting",
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("value", JsonType, nullable=True),
        sa.Column("changed_at", UtcDateTime, nullable=False),
        sa.Column("changed_by", sa.String(length=200), nullable=True),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_desk_setting")),
    )
    op.create_table(
        "device_link_view",
        sa.Column("connection_id", sa.String(length=64), nullable=False),
        sa.Column("remote_device_id", sa.String(length=200), nullable=False),
        sa.Column("asset_id", IdType, nullable=True),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint(
            "connection_id", "remote_device_id", name=op.f("pk_device_link_view")
        ),
    )
    op.create_table(
        "employee",
        sa.Column("id", IdType, nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("email1", sa.String(length=320), nullable=True),
        sa.Column("email2", sa.String(length=320), nullable=True),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("receives_all_mail", sa.Boolean(), nullable=False),
        sa.Column("permissions", JsonType, nullable=False),
        sa.Column("password_hash", sa.String(length=300), nullable=True),
        sa.Column("one_time", sa.Boolean(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", UtcDateTime, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_employee")),
    )
    op.create_index(op.f("ix_employee_email1"), "employee", ["email1"], unique=False)
    op.create_index(op.f("ix_employee_email2"), "employee", ["email2"], unique=False)
    op.create_table(
        "history_entry",
        sa.Column("id", IdType, nullable=False),
        sa.Column("ticket_id", IdType, nullable=False),
        sa.Column("kind", sa.String(length=30), nullable=False),
        sa.Column("public", sa.Boolean(), nullable=False),
        sa.Column("actor", sa.String(length=200), nullable=False),
        sa.Column("channel", sa.String(length=20), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("data", JsonType, nullable=False),
        sa.Column("mail_id", IdType, nullable=True),
        sa.Column("occurred_at", UtcDateTime, nullable=False),
        sa.Column("recorded_at", UtcDateTime, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_history_entry")),
    )
    op.create_index(
        "ix_history_entry_ticket_id_id", "history_entry", ["ticket_id", "id"], unique=False
    )
    op.create_table(
        "mail_decision",
        sa.Column("mail_id", IdType, nullable=False),
        sa.Column("outcome", sa.String(length=20), nullable=False),
        sa.Column("ticket_id", IdType, nullable=True),
        sa.Column("message_id", sa.Text(), nullable=False),
        sa.Column("sender_email", sa.String(length=320), nullable=True),
        sa.Column("sender_name", sa.String(length=200), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("evidence", JsonType, nullable=True),
        sa.Column("reasons", JsonType, nullable=False),
        sa.Column("received_at", UtcDateTime, nullable=False),
        sa.Column("decided_at", UtcDateTime, nullable=False),
        sa.Column("decided_by", sa.String(length=200), nullable=True),
        sa.PrimaryKeyConstraint("mail_id", name=op.f("pk_mail_decision")),
    )
    op.create_index(
        "ix_mail_decision_outcome_mail_id", "mail_decision", ["outcome", "mail_id"], unique=False
    )
    op.create_index(
        op.f("ix_mail_decision_ticket_id"), "mail_decision", ["ticket_id"], unique=False
    )
    op.create_table(
        "awaited_message",
        sa.Column("message_id", sa.String(length=1000), nullable=False),
        sa.Column("mail_id", IdType, nullable=False),
        sa.PrimaryKeyConstraint("message_id", "mail_id", name=op.f("pk_awaited_message")),
    )
    op.create_index(
        op.f("ix_awaited_message_mail_id"), "awaited_message", ["mail_id"], unique=False
    )
    op.create_table(
        "number_series",
        sa.Column("name", sa.String(length=30), nullable=False),
        sa.Column("value", BigIntType, nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_number_series")),
    )
    op.create_table(
        "pending_remote_event",
        sa.Column("event_id", sa.String(length=64), nullable=False),
        sa.Column("event_type", sa.String(length=100), nullable=False),
        sa.Column("connection_id", sa.String(length=64), nullable=False),
        sa.Column("remote_ticket_id", sa.String(length=200), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("received_at", UtcDateTime, nullable=False),
        sa.PrimaryKeyConstraint("event_id", name=op.f("pk_pending_remote_event")),
    )
    op.create_index(
        "ix_pending_remote_event_remote",
        "pending_remote_event",
        ["connection_id", "remote_ticket_id"],
        unique=False,
    )
    op.create_table(
        "recipient",
        sa.Column("id", IdType, nullable=False),
        sa.Column("ticket_id", IdType, nullable=False),
        sa.Column("list_name", sa.String(length=10), nullable=False),
        sa.Column("dedupe_key", sa.String(length=340), nullable=False),
        sa.Column("role", sa.String(length=30), nullable=True),
        sa.Column("employee_id", IdType, nullable=True),
        sa.Column("contact_id", IdType, nullable=True),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("email", sa.String(length=320), nullable=True),
        sa.Column("place", sa.String(length=3), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_recipient")),
        sa.UniqueConstraint(
            "ticket_id",
            "list_name",
            "dedupe_key",
            name=op.f("uq_recipient_ticket_id_list_name_dedupe_key"),
        ),
    )
    op.create_table(
        "signing_key",
        sa.Column("kid", sa.String(length=64), nullable=False),
        sa.Column("sealed_private_key", sa.Text(), nullable=False),
        sa.Column("public_key", sa.Text(), nullable=False),
        sa.Column("created_at", UtcDateTime, nullable=False),
        sa.Column("retired_at", UtcDateTime, nullable=True),
        sa.PrimaryKeyConstraint("kid", name=op.f("pk_signing_key")),
    )
    op.create_table(
        "site_link_view",
        sa.Column("connection_id", sa.String(length=64), nullable=False),
        sa.Column("remote_site_id", sa.String(length=200), nullable=False),
        sa.Column("account_id", IdType, nullable=True),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("connection_id", "remote_site_id", name=op.f("pk_site_link_view")),
    )
    op.create_table(
        "ticket_message",
        sa.Column("message_id", sa.String(length=1000), nullable=False),
        sa.Column("ticket_id", IdType, nullable=False),
        sa.PrimaryKeyConstraint("message_id", name=op.f("pk_ticket_message")),
    )
    op.create_table(
        "account_domain",
        sa.Column("domain", sa.String(length=255), nullable=False),
        sa.Column("account_id", IdType, nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.id"], name=op.f("fk_account_domain_account_id")
        ),
        sa.PrimaryKeyConstraint("domain", name=op.f("pk_account_domain")),
    )
    op.create_table(
        "asset",
        sa.Column("id", IdType, nullable=False),
        sa.Column("account_id", IdType, nullable=False),
        sa.Column("name", sa.String(length=300), nullable=False),
        sa.Column("serial_number", sa.String(length=200), nullable=True),
        sa.Column("manufacturer", sa.String(length=200), nullable=True),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("attributes", JsonType, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", UtcDateTime, nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_asset_account_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_asset")),
    )
    op.create_index(op.f("ix_asset_account_id"), "asset", ["account_id"], unique=False)
    op.create_table(
        "contact",
        sa.Column("id", IdType, nullable=False),
        sa.Column("account_id", IdType, nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("email1", sa.String(length=320), nullable=True),
        sa.Column("email2", sa.String(length=320), nullable=True),
        sa.Column("is_main", sa.Boolean(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", UtcDateTime, nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_contact_account_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contact")),
    )
    op.create_index(op.f("ix_contact_account_id"), "contact", ["account_id"], unique=False)
    op.create_index(op.f("ix_contact_email1"), "contact", ["email1"], unique=False)
    op.create_index(op.f("ix_contact_email2"), "contact", ["email2"], unique=False)
    op.create_table(
        "ticket",
        sa.Column("id", IdType, nullable=False),
        sa.Column("number", sa.String(length=9), nullable=False),
        sa.Column("subject", sa.String(length=500), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("status", sa.String(length=30), nullable=False),
        sa.Column("status_class", sa.String(length=10), nullable=False),
        sa.Column("priority", sa.String(length=20), nullable=False),
        sa.Column("account_id", IdType, nullable=False),
        sa.Column("asset_id", IdType, nullable=True),
        sa.Column("manager_id", IdType, nullable=True),
        sa.Column("contact_id", IdType, nullable=True),
        sa.Column("channel", sa.String(length=20), nullable=False),
        sa.Column("connection_id", sa.String(length=64), nullable=True),
        sa.Column("provider", sa.String(length=30), nullable=True),
        sa.Column("remote_ticket_id", sa.String(length=200), nullable=True),
        sa.Column("remote_number", sa.String(length=100), nullable=True),
        sa.Column("remote_url", sa.Text(), nullable=True),
        sa.Column("remote_origin", sa.String(length=30), nullable=True),
        sa.Column("remote_closed_at", UtcDateTime, nullable=True),
        sa.Column("in_inbox", sa.Boolean(), nullable=False),
        sa.Column("inbox_since", UtcDateTime, nullable=True),
        sa.Column("inbox_awaiting", sa.String(length=30), nullable=True),
        sa.Column("returned_at", UtcDateTime, nullable=True),
        sa.Column("occurred_at", UtcDateTime, nullable=False),
        sa.Column("created_at", UtcDateTime, nullable=False),
        sa.Column("updated_at", UtcDateTime, nullable=False),
        sa.Column("closed_at", UtcDateTime, nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_ticket_account_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ticket")),
        sa.UniqueConstraint(
            "remote_ticket_id",
            "connection_id",
            name=op.f("uq_ticket_remote_ticket_id_connection_id"),
        ),
        sa.UniqueConstraint("number", name=op.f("uq_ticket_number")),
    )
    op.create_index("ix_ticket_account_id_id", "ticket", ["account_id", "id"], unique=False)
    op.create_index(
        "ix_ticket_inbox_id",
        "ticket",
        ["id"],
        unique=False,
        postgresql_where=sa.text("in_inbox"),
        sqlite_where=sa.text("in_inbox"),
    )
    op.create_index("ix_ticket_manager_id_id", "ticket", ["manager_id", "id"], unique=False)
    op.create_index("ix_ticket_status_class_id", "ticket", ["status_class", "id"], unique=False)
    op.create_index("ix_ticket_status_id", "ticket", ["status", "id"], unique=False)
    if op.get_bind().dialect.name == "postgresql":
        op.execute(f"CREATE SEQUENCE ticket_number_seq START {FIRST_NUMBER}")
    op.execute(
        sa.text("INSERT INTO number_series (name, value) VALUES ('ticket', :value)").bindparams(
            value=FIRST_NUMBER - 1
        )
    )


def downgrade() -> None:
    op.drop_index("ix_ticket_status_id", table_name="ticket")
    op.drop_index("ix_ticket_status_class_id", table_name="ticket")
    op.drop_index("ix_ticket_manager_id_id", table_name="ticket")
    op.drop_index(
        "ix_ticket_inbox_id",
        table_name="ticket",
        postgresql_where=sa.text("in_inbox"),
        sqlite_where=sa.text("in_inbox"),
    )
    op.drop_index("ix_ticket_account_id_id", table_name="ticket")
    op.drop_table("ticket")
    op.drop_index(op.f("ix_contact_email2"), table_name="contact")
    op.drop_index(op.f("ix_contact_email1"), table_name="contact")
    op.drop_index(op.f("ix_contact_account_id"), table_name="contact")
    op.drop_table("contact")
    op.drop_index(op.f("ix_asset_account_id"), table_name="asset")
    op.drop_table("asset")
    op.drop_table("account_domain")
    op.drop_table("ticket_message")
    op.drop_table("site_link_view")
    op.drop_table("signing_key")
    op.drop_table("recipient")
    op.drop_index("ix_pending_remote_event_remote", table_name="pending_remote_event")
    op.drop_table("pending_remote_event")
    op.drop_table("number_series")
    op.drop_index(op.f("ix_awaited_message_mail_id"), table_name="awaited_message")
    op.drop_table("awaited_message")
    op.drop_index(op.f("ix_mail_decision_ticket_id"), table_name="mail_decision")
    op.drop_index("ix_mail_decision_outcome_mail_id", table_name="mail_decision")
    op.drop_table("mail_decision")
    op.drop_index("ix_history_entry_ticket_id_id", table_name="history_entry")
    op.drop_table("history_entry")
    op.drop_index(op.f("ix_employee_email2"), table_name="employee")
    op.drop_index(op.f("ix_employee_email1"), table_name="employee")
    op.drop_table("employee")
    op.drop_table("device_link_view")
    op.drop_table("desk_setting")
    op.drop_index("ix_decision_ticket_id_id", table_name="decision")
    op.drop_table("decision")
    op.drop_index("ix_auto_answer_address_sent_at", table_name="auto_answer")
    op.drop_table("auto_answer")
    op.drop_index("ix_account_name_id", table_name="account")
    op.drop_index(op.f("ix_account_email2"), table_name="account")
    op.drop_index(op.f("ix_account_email1"), table_name="account")
    op.drop_table("account")
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP SEQUENCE ticket_number_seq")
    drop_kit_tables(op)
