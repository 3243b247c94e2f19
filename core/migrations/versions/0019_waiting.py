"""The waiting list, and the word that freed slots leave for it."""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "awaited",
        sa.Column("department_id", KEY, autoincrement=False, nullable=False),
        sa.Column("doctor_id", KEY, autoincrement=False, nullable=False),
        sa.Column("until", sa.Date(), nullable=False),
        sa.ForeignKeyConstraint(["department_id"], ["department.id"], name=op.f("fk_awaited_department_id")),
        sa.PrimaryKeyConstraint("department_id", "doctor_id", name=op.f("pk_awaited")),
    )
    op.create_table(
        "freed_slot",
        sa.Column("slot_id", KEY, autoincrement=False, nullable=False),
        sa.Column("session_id", KEY, nullable=False),
        sa.Column("freed_at", INSTANT, nullable=False),
        sa.Column("sale_at", INSTANT, nullable=True),
        sa.Column("due_at", INSTANT, nullable=False),
        sa.ForeignKeyConstraint(["session_id"], ["session.id"], name=op.f("fk_freed_slot_session_id")),
        sa.ForeignKeyConstraint(["slot_id"], ["slot.id"], name=op.f("fk_freed_slot_slot_id")),
        sa.PrimaryKeyConstraint("slot_id", name=op.f("pk_freed_slot")),
    )
    op.create_index(op.f("ix_freed_slot_due_at"), "freed_slot", ["due_at"], unique=False)
    op.create_index(op.f("ix_freed_slot_session_id"), "freed_slot", ["session_id"], unique=False)
    op.create_table(
        "waiting_entry",
        sa.Column("id", KEY, autoincrement=True, nullable=False),
        sa.Column("state", sa.String(length=8), nullable=False),
        sa.Column("person_id", KEY, nullable=False),
        sa.Column("phone_print", sa.String(length=32), nullable=False),
        sa.Column("phone_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("account_id", KEY, nullable=True),
        sa.Column("channel", sa.String(length=16), nullable=False),
        sa.Column("hospital_id", KEY, nullable=False),
        sa.Column("department_id", KEY, nullable=False),
        sa.Column("doctor_id", KEY, nullable=True),
        sa.Column("number_kind", sa.String(length=12), nullable=True),
        sa.Column("first_day", sa.Date(), nullable=False),
        sa.Column("last_day", sa.Date(), nullable=False),
        sa.Column("half", sa.String(length=8), nullable=True),
        sa.Column("want", sa.String(length=60), nullable=False),
        sa.Column("joined_at", INSTANT, nullable=False),
        sa.Column("since", INSTANT, nullable=False),
        sa.Column("offer_id", KEY, nullable=True),
        sa.Column("misses", sa.Integer(), nullable=False),
        sa.Column("served_by", KEY, nullable=True),
        sa.Column("ended_at", INSTANT, nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_waiting_entry_account_id")),
        sa.ForeignKeyConstraint(
            ["department_id"], ["department.id"], name=op.f("fk_waiting_entry_department_id")
        ),
        sa.ForeignKeyConstraint(["doctor_id"], ["doctor.id"], name=op.f("fk_waiting_entry_doctor_id")),
        sa.ForeignKeyConstraint(["hospital_id"], ["hospital.id"], name=op.f("fk_waiting_entry_hospital_id")),
        sa.ForeignKeyConstraint(["offer_id"], ["offer.id"], name=op.f("fk_waiting_entry_offer_id")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_waiting_entry_person_id")),
        sa.ForeignKeyConstraint(["served_by"], ["appointment.id"], name=op.f("fk_waiting_entry_served_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_waiting_entry")),
    )
    op.create_index(
        "ix_waiting_entry_line",
        "waiting_entry",
        ["department_id", "since"],
        unique=False,
        sqlite_where=sa.text("state = 'waiting'"),
        postgresql_where=sa.text("state = 'waiting'"),
    )
    op.create_index(
        "ix_waiting_entry_offer",
        "waiting_entry",
        ["offer_id"],
        unique=False,
        sqlite_where=sa.text("offer_id is not null"),
        postgresql_where=sa.text("offer_id is not null"),
    )
    op.create_index(
        "ix_waiting_entry_over",
        "waiting_entry",
        ["last_day"],
        unique=False,
        sqlite_where=sa.text("state in ('waiting', 'paused')"),
        postgresql_where=sa.text("state in ('waiting', 'paused')"),
    )
    op.create_index(op.f("ix_waiting_entry_person_id"), "waiting_entry", ["person_id"], unique=False)
    op.create_index(op.f("ix_waiting_entry_phone_print"), "waiting_entry", ["phone_print"], unique=False)
    op.create_index(
        "uq_waiting_entry_want",
        "waiting_entry",
        ["person_id", "want"],
        unique=True,
        sqlite_where=sa.text("state in ('waiting', 'paused')"),
        postgresql_where=sa.text("state in ('waiting', 'paused')"),
    )


def downgrade() -> None:
    op.drop_table("waiting_entry")
    op.drop_table("freed_slot")
    op.drop_table("awaited")
