"""Accounts of patients: sessions, codes, attendees, favourites, reminders; more papers of a person."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    _accounts()
    _proofs()
    _kept()
    _papers()


def _accounts() -> None:
    op.create_table(
        "account",
        sa.Column("id", KEY, autoincrement=True, nullable=False),
        sa.Column("person_id", KEY, nullable=False),
        sa.Column("phone_print", sa.String(length=32), nullable=False),
        sa.Column("phone_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("password", sa.String(length=160), nullable=False),
        sa.Column("state", sa.String(length=8), nullable=False),
        sa.Column("opened_at", INSTANT, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_account_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_account")),
        sa.UniqueConstraint("person_id", name=op.f("uq_account_person_id")),
        sa.UniqueConstraint("phone_print", name=op.f("uq_account_phone_print")),
    )
    op.create_table(
        "account_session",
        sa.Column("id", KEY, autoincrement=True, nullable=False),
        sa.Column("print", sa.String(length=32), nullable=False),
        sa.Column("account_id", KEY, nullable=False),
        sa.Column("kind", sa.String(length=4), nullable=False),
        sa.Column("stage", sa.String(length=8), nullable=False),
        sa.Column("address", sa.String(length=45), nullable=False),
        sa.Column("browser", sa.String(length=60), nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("seen_at", INSTANT, nullable=False),
        sa.Column("ends_at", INSTANT, nullable=False),
        sa.Column("ended_at", INSTANT, nullable=True),
        sa.Column("ended_why", sa.String(length=12), nullable=True),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_account_session_account_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_account_session")),
        sa.UniqueConstraint("print", name=op.f("uq_account_session_print")),
    )
    op.create_index("ix_account_session_account", "account_session", ["account_id", "ended_at"])


def _proofs() -> None:
    op.create_table(
        "phone_code",
        sa.Column("id", KEY, autoincrement=True, nullable=False),
        sa.Column("phone_print", sa.String(length=32), nullable=False),
        sa.Column("phone_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("purpose", sa.String(length=12), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("sent_today", sa.Integer(), nullable=False),
        sa.Column("asked_at", INSTANT, nullable=False),
        sa.Column("expires_at", INSTANT, nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("used_at", INSTANT, nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_phone_code")),
        sa.UniqueConstraint("phone_print", name=op.f("uq_phone_code_phone_print")),
    )
    op.create_index(op.f("ix_phone_code_expires_at"), "phone_code", ["expires_at"])
    op.create_table(
        "captcha",
        sa.Column("token_print", sa.String(length=32), nullable=False),
        sa.Column("answer_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("expires_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("token_print", name=op.f("pk_captcha")),
    )
    op.create_index(op.f("ix_captcha_expires_at"), "captcha", ["expires_at"])


def _kept() -> None:
    op.create_table(
        "attendee",
        sa.Column("id", KEY, autoincrement=True, nullable=False),
        sa.Column("account_id", KEY, nullable=False),
        sa.Column("person_id", KEY, nullable=False),
        sa.Column("relation", sa.String(length=12), nullable=False),
        sa.Column("added_at", INSTANT, nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_attendee_account_id")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_attendee_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_attendee")),
        sa.UniqueConstraint("account_id", "person_id", name=op.f("uq_attendee_account_id_person_id")),
    )
    op.create_table(
        "favourite",
        sa.Column("id", KEY, autoincrement=True, nullable=False),
        sa.Column("account_id", KEY, nullable=False),
        sa.Column("what", sa.String(length=12), nullable=False),
        sa.Column("what_id", KEY, nullable=False),
        sa.Column("added_at", INSTANT, nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_favourite_account_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_favourite")),
        sa.UniqueConstraint(
            "account_id", "what", "what_id", name=op.f("uq_favourite_account_id_what_what_id")
        ),
    )
    op.create_table(
        "release_reminder",
        sa.Column("id", KEY, autoincrement=True, nullable=False),
        sa.Column("account_id", KEY, nullable=False),
        sa.Column("post_id", KEY, nullable=False),
        sa.Column("after_day", sa.Date(), nullable=False),
        sa.Column("asked_at", INSTANT, nullable=False),
        sa.Column("told_at", INSTANT, nullable=True),
        sa.Column("session_id", KEY, nullable=True),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_release_reminder_account_id")),
        sa.ForeignKeyConstraint(["post_id"], ["post.id"], name=op.f("fk_release_reminder_post_id")),
        sa.ForeignKeyConstraint(["session_id"], ["session.id"], name=op.f("fk_release_reminder_session_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_release_reminder")),
    )
    op.create_index(op.f("ix_release_reminder_post_id"), "release_reminder", ["post_id"])
    op.create_index(
        "uq_release_reminder_waiting",
        "release_reminder",
        ["account_id", "post_id"],
        unique=True,
        sqlite_where=sa.text("told_at is null"),
        postgresql_where=sa.text("told_at is null"),
    )


def _papers() -> None:
    op.create_table(
        "person_card",
        sa.Column("id", KEY, autoincrement=True, nullable=False),
        sa.Column("person_id", KEY, nullable=False),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("card_print", sa.String(length=32), nullable=False),
        sa.Column("card_sealed", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_person_card_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_person_card")),
        sa.UniqueConstraint("person_id", "kind", name=op.f("uq_person_card_person_id_kind")),
    )
    op.create_index(op.f("ix_person_card_card_print"), "person_card", ["card_print"])
    op.add_column("person", sa.Column("address_sealed", sa.LargeBinary(), nullable=True))
    with op.batch_alter_table("appointment") as table:
        table.add_column(sa.Column("account_id", KEY, nullable=True))
        table.create_foreign_key(op.f("fk_appointment_account_id"), "account", ["account_id"], ["id"])
        table.create_index(op.f("ix_appointment_account_id"), ["account_id"])


def downgrade() -> None:
    with op.batch_alter_table("appointment") as table:
        table.drop_index(op.f("ix_appointment_account_id"))
        table.drop_constraint(op.f("fk_appointment_account_id"), type_="foreignkey")
        table.drop_column("account_id")
    op.drop_column("person", "address_sealed")
    for table_name in (
        "person_card",
        "release_reminder",
        "favourite",
        "attendee",
        "captcha",
        "phone_code",
        "account_session",
        "account",
    ):
        op.drop_table(table_name)
