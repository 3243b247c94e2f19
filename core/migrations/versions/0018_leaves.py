"""Leaves: what is stopped, whom it displaces, and the case of each."""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "leave",
        sa.Column("id", KEY, autoincrement=True, nullable=False),
        sa.Column("hospital_id", KEY, nullable=False),
        sa.Column("doctor_id", KEY, nullable=True),
        sa.Column("post_id", KEY, nullable=True),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("first_day", sa.Date(), nullable=False),
        sa.Column("first_half", sa.String(length=8), nullable=False),
        sa.Column("last_day", sa.Date(), nullable=False),
        sa.Column("last_half", sa.String(length=8), nullable=False),
        sa.Column("reason", sa.String(length=12), nullable=False),
        sa.Column("words", sa.String(length=200), nullable=False),
        sa.Column("source", sa.String(length=20), nullable=False),
        sa.Column("external_id", sa.String(length=64), nullable=True),
        sa.Column("substitute_id", KEY, nullable=True),
        sa.Column("keep", sa.Integer(), nullable=True),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("answer", sa.String(length=200), nullable=True),
        sa.Column("entered_by", sa.String(length=40), nullable=False),
        sa.Column("entered_staff_id", KEY, nullable=True),
        sa.Column("entered_at", INSTANT, nullable=False),
        sa.Column("approved_by", sa.String(length=40), nullable=True),
        sa.Column("approved_staff_id", KEY, nullable=True),
        sa.Column("approved_at", INSTANT, nullable=True),
        sa.Column("ended_at", INSTANT, nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("(doctor_id is null) <> (post_id is null)", name=op.f("ck_leave_whose")),
        sa.ForeignKeyConstraint(["approved_staff_id"], ["staff.id"], name=op.f("fk_leave_approved_staff_id")),
        sa.ForeignKeyConstraint(["doctor_id"], ["doctor.id"], name=op.f("fk_leave_doctor_id")),
        sa.ForeignKeyConstraint(["entered_staff_id"], ["staff.id"], name=op.f("fk_leave_entered_staff_id")),
        sa.ForeignKeyConstraint(["hospital_id"], ["hospital.id"], name=op.f("fk_leave_hospital_id")),
        sa.ForeignKeyConstraint(["post_id"], ["post.id"], name=op.f("fk_leave_post_id")),
        sa.ForeignKeyConstraint(["substitute_id"], ["doctor.id"], name=op.f("fk_leave_substitute_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_leave")),
        sa.UniqueConstraint("hospital_id", "external_id", name=op.f("uq_leave_hospital_id_external_id")),
    )
    op.create_index(
        "ix_leave_force",
        "leave",
        ["last_day"],
        unique=False,
        sqlite_where=sa.text("state in ('approved', 'handling', 'done')"),
        postgresql_where=sa.text("state in ('approved', 'handling', 'done')"),
    )
    op.create_index("ix_leave_state", "leave", ["state", "first_day"], unique=False)
    op.create_table(
        "leave_session",
        sa.Column("id", KEY, autoincrement=True, nullable=False),
        sa.Column("leave_id", KEY, nullable=False),
        sa.Column("session_id", KEY, nullable=False),
        sa.Column("doctor_id", KEY, nullable=True),
        sa.Column("slots", sa.JSON(), nullable=True),
        sa.Column("closed_at", INSTANT, nullable=False),
        sa.Column("opened_at", INSTANT, nullable=True),
        sa.ForeignKeyConstraint(["doctor_id"], ["doctor.id"], name=op.f("fk_leave_session_doctor_id")),
        sa.ForeignKeyConstraint(["leave_id"], ["leave.id"], name=op.f("fk_leave_session_leave_id")),
        sa.ForeignKeyConstraint(["session_id"], ["session.id"], name=op.f("fk_leave_session_session_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_leave_session")),
        sa.UniqueConstraint("leave_id", "session_id", name=op.f("uq_leave_session_leave_id_session_id")),
    )
    op.create_index(op.f("ix_leave_session_session_id"), "leave_session", ["session_id"], unique=False)
    op.create_table(
        "leave_case",
        sa.Column("id", KEY, autoincrement=True, nullable=False),
        sa.Column("leave_id", KEY, nullable=False),
        sa.Column("appointment_id", KEY, nullable=False),
        sa.Column("person_id", KEY, nullable=False),
        sa.Column("session_id", KEY, nullable=False),
        sa.Column("phone_print", sa.String(length=32), nullable=False),
        sa.Column("phone_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("visit_at", INSTANT, nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("need", sa.String(length=16), nullable=True),
        sa.Column("offers", sa.Integer(), nullable=False),
        sa.Column("offer_id", KEY, nullable=True),
        sa.Column("subject", sa.String(length=40), nullable=True),
        sa.Column("due_at", INSTANT, nullable=False),
        sa.Column("opened_at", INSTANT, nullable=False),
        sa.Column("ended_at", INSTANT, nullable=True),
        sa.Column("channel", sa.String(length=16), nullable=True),
        sa.Column("made_id", KEY, nullable=True),
        sa.Column("disposition", sa.String(length=16), nullable=True),
        sa.Column("staff_id", KEY, nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["appointment_id"], ["appointment.id"], name=op.f("fk_leave_case_appointment_id")
        ),
        sa.ForeignKeyConstraint(["leave_id"], ["leave.id"], name=op.f("fk_leave_case_leave_id")),
        sa.ForeignKeyConstraint(["made_id"], ["appointment.id"], name=op.f("fk_leave_case_made_id")),
        sa.ForeignKeyConstraint(["offer_id"], ["offer.id"], name=op.f("fk_leave_case_offer_id")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_leave_case_person_id")),
        sa.ForeignKeyConstraint(["session_id"], ["session.id"], name=op.f("fk_leave_case_session_id")),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_leave_case_staff_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_leave_case")),
        sa.UniqueConstraint("leave_id", "appointment_id", name=op.f("uq_leave_case_leave_id_appointment_id")),
    )
    op.create_index(op.f("ix_leave_case_appointment_id"), "leave_case", ["appointment_id"], unique=False)
    op.create_index("ix_leave_case_leave", "leave_case", ["leave_id", "state"], unique=False)
    op.create_index("ix_leave_case_state", "leave_case", ["state", "visit_at"], unique=False)
    op.create_index(
        "uq_leave_case_open",
        "leave_case",
        ["appointment_id"],
        unique=True,
        sqlite_where=sa.text("state in ('waiting', 'offered', 'desk')"),
        postgresql_where=sa.text("state in ('waiting', 'offered', 'desk')"),
    )


def downgrade() -> None:
    op.drop_table("leave_case")
    op.drop_table("leave_session")
    op.drop_table("leave")
