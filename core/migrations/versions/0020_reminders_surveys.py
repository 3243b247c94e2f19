"""Reminders of visits, and what was asked after calls and visits."""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "survey",
        sa.Column("id", KEY, autoincrement=True, nullable=False),
        sa.Column("subject", sa.String(length=40), nullable=False),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("way", sa.String(length=8), nullable=False),
        sa.Column("state", sa.String(length=8), nullable=False),
        sa.Column("score", sa.Integer(), nullable=True),
        sa.Column("channel", sa.String(length=16), nullable=True),
        sa.Column("person_id", KEY, nullable=True),
        sa.Column("phone_print", sa.String(length=32), nullable=False),
        sa.Column("phone_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("interaction_id", KEY, nullable=True),
        sa.Column("appointment_id", KEY, nullable=True),
        sa.Column("hospital_id", KEY, nullable=True),
        sa.Column("staff_id", KEY, nullable=True),
        sa.Column("skill", sa.String(length=20), nullable=True),
        sa.Column("callback_id", KEY, nullable=True),
        sa.Column("asked_at", INSTANT, nullable=False),
        sa.Column("until", INSTANT, nullable=False),
        sa.Column("answered_at", INSTANT, nullable=True),
        sa.CheckConstraint("(state = 'answered') = (score is not null)", name=op.f("ck_survey_answered")),
        sa.CheckConstraint("score between 1 and 5", name=op.f("ck_survey_score")),
        sa.ForeignKeyConstraint(
            ["appointment_id"], ["appointment.id"], name=op.f("fk_survey_appointment_id")
        ),
        sa.ForeignKeyConstraint(["callback_id"], ["callback.id"], name=op.f("fk_survey_callback_id")),
        sa.ForeignKeyConstraint(["hospital_id"], ["hospital.id"], name=op.f("fk_survey_hospital_id")),
        sa.ForeignKeyConstraint(
            ["interaction_id"], ["interaction.id"], name=op.f("fk_survey_interaction_id")
        ),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_survey_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_survey")),
        sa.UniqueConstraint("subject", name=op.f("uq_survey_subject")),
    )
    op.create_index("ix_survey_answered", "survey", ["answered_at"], unique=False)
    op.create_index(op.f("ix_survey_appointment_id"), "survey", ["appointment_id"], unique=False)
    op.create_index(op.f("ix_survey_interaction_id"), "survey", ["interaction_id"], unique=False)
    op.create_index(
        "ix_survey_open",
        "survey",
        ["until"],
        unique=False,
        sqlite_where=sa.text("state = 'open'"),
        postgresql_where=sa.text("state = 'open'"),
    )
    op.create_index("ix_survey_person", "survey", ["person_id", "asked_at"], unique=False)
    op.create_index("ix_survey_phone", "survey", ["phone_print", "asked_at"], unique=False)
    op.create_table(
        "visit_reminder",
        sa.Column("id", KEY, autoincrement=True, nullable=False),
        sa.Column("appointment_id", KEY, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("person_id", KEY, nullable=False),
        sa.Column("way", sa.String(length=8), nullable=False),
        sa.Column("state", sa.String(length=8), nullable=False),
        sa.Column("answer", sa.String(length=10), nullable=True),
        sa.Column("channel", sa.String(length=16), nullable=True),
        sa.Column("visit_at", INSTANT, nullable=False),
        sa.Column("made_at", INSTANT, nullable=False),
        sa.Column("ended_at", INSTANT, nullable=True),
        sa.ForeignKeyConstraint(
            ["appointment_id"], ["appointment.id"], name=op.f("fk_visit_reminder_appointment_id")
        ),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_visit_reminder_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_visit_reminder")),
        sa.UniqueConstraint(
            "appointment_id", "version", name=op.f("uq_visit_reminder_appointment_id_version")
        ),
    )
    op.create_index(
        "ix_visit_reminder_open",
        "visit_reminder",
        ["visit_at"],
        unique=False,
        sqlite_where=sa.text("state = 'open'"),
        postgresql_where=sa.text("state = 'open'"),
    )


def downgrade() -> None:
    op.drop_table("visit_reminder")
    op.drop_table("survey")
