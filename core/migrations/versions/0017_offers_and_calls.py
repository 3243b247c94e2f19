"""Offers of held slots, and the calls the house makes by itself."""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "offer",
        sa.Column("id", KEY, autoincrement=True, nullable=False),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("source_id", KEY, nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("why", sa.String(length=24), nullable=True),
        sa.Column("person_id", KEY, nullable=False),
        sa.Column("appointment_id", KEY, nullable=True),
        sa.Column("made_id", KEY, nullable=True),
        sa.Column("hold_id", sa.String(length=24), nullable=False),
        sa.Column("slot_id", KEY, nullable=False),
        sa.Column("session_id", KEY, nullable=False),
        sa.Column("phone_print", sa.String(length=32), nullable=False),
        sa.Column("phone_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("made_at", INSTANT, nullable=False),
        sa.Column("expires_at", INSTANT, nullable=False),
        sa.Column("ended_at", INSTANT, nullable=True),
        sa.Column("channel", sa.String(length=16), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "(kind = 'leave') = (appointment_id is not null)", name=op.f("ck_offer_displaced")
        ),
        sa.ForeignKeyConstraint(["appointment_id"], ["appointment.id"], name=op.f("fk_offer_appointment_id")),
        sa.ForeignKeyConstraint(["made_id"], ["appointment.id"], name=op.f("fk_offer_made_id")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_offer_person_id")),
        sa.ForeignKeyConstraint(["session_id"], ["session.id"], name=op.f("fk_offer_session_id")),
        sa.ForeignKeyConstraint(["slot_id"], ["slot.id"], name=op.f("fk_offer_slot_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_offer")),
    )
    op.create_index(
        "ix_offer_due",
        "offer",
        ["expires_at"],
        unique=False,
        sqlite_where=sa.text("state = 'open'"),
        postgresql_where=sa.text("state = 'open'"),
    )
    op.create_index("ix_offer_phone", "offer", ["phone_print", "made_at"], unique=False)
    op.create_index(op.f("ix_offer_session_id"), "offer", ["session_id"], unique=False)
    op.create_index("ix_offer_source", "offer", ["kind", "source_id"], unique=False)
    op.create_index(
        "uq_offer_open_source",
        "offer",
        ["kind", "source_id"],
        unique=True,
        sqlite_where=sa.text("state = 'open'"),
        postgresql_where=sa.text("state = 'open'"),
    )
    op.create_index(
        "uq_offer_open_visit",
        "offer",
        ["appointment_id"],
        unique=True,
        sqlite_where=sa.text("state = 'open'"),
        postgresql_where=sa.text("state = 'open'"),
    )
    op.create_index(
        "uq_offer_open_waiting",
        "offer",
        ["person_id"],
        unique=True,
        sqlite_where=sa.text("state = 'open' and kind = 'waiting'"),
        postgresql_where=sa.text("state = 'open' and kind = 'waiting'"),
    )
    op.create_table(
        "outbound_call",
        sa.Column("id", KEY, autoincrement=True, nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("subject", sa.String(length=40), nullable=False),
        sa.Column("person_id", KEY, nullable=False),
        sa.Column("appointment_id", KEY, nullable=True),
        sa.Column("phone_print", sa.String(length=32), nullable=False),
        sa.Column("phone_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("answer", sa.String(length=16), nullable=True),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("visit_at", INSTANT, nullable=True),
        sa.Column("due_at", INSTANT, nullable=False),
        sa.Column("until", INSTANT, nullable=False),
        sa.Column("made_at", INSTANT, nullable=False),
        sa.Column("ended_at", INSTANT, nullable=True),
        sa.Column("leased_until", INSTANT, nullable=True),
        sa.ForeignKeyConstraint(
            ["appointment_id"], ["appointment.id"], name=op.f("fk_outbound_call_appointment_id")
        ),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_outbound_call_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outbound_call")),
        sa.UniqueConstraint("subject", name=op.f("uq_outbound_call_subject")),
    )
    op.create_index(
        op.f("ix_outbound_call_appointment_id"), "outbound_call", ["appointment_id"], unique=False
    )
    op.create_index(
        "ix_outbound_call_due",
        "outbound_call",
        ["due_at"],
        unique=False,
        sqlite_where=sa.text("state = 'waiting'"),
        postgresql_where=sa.text("state = 'waiting'"),
    )
    op.create_index(op.f("ix_outbound_call_phone_print"), "outbound_call", ["phone_print"], unique=False)
    op.create_table(
        "outbound_attempt",
        sa.Column("id", KEY, autoincrement=True, nullable=False),
        sa.Column("call_id", KEY, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("linked_id", sa.String(length=80), nullable=False),
        sa.Column("interaction_id", KEY, nullable=True),
        sa.Column("began_at", INSTANT, nullable=False),
        sa.Column("answered_at", INSTANT, nullable=True),
        sa.Column("ended_at", INSTANT, nullable=True),
        sa.Column("outcome", sa.String(length=16), nullable=True),
        sa.Column("key", sa.String(length=1), nullable=True),
        sa.ForeignKeyConstraint(["call_id"], ["outbound_call.id"], name=op.f("fk_outbound_attempt_call_id")),
        sa.ForeignKeyConstraint(
            ["interaction_id"], ["interaction.id"], name=op.f("fk_outbound_attempt_interaction_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outbound_attempt")),
        sa.UniqueConstraint("call_id", "number", name=op.f("uq_outbound_attempt_call_id_number")),
        sa.UniqueConstraint("linked_id", name=op.f("uq_outbound_attempt_linked_id")),
    )


def downgrade() -> None:
    op.drop_table("outbound_attempt")
    op.drop_table("outbound_call")
    op.drop_table("offer")
