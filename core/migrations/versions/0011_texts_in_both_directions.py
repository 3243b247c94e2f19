"""Texts in both directions: parts with their receipts, what a number was asked, who wants no reminders,
and the link by which somebody who wrote gives an identity number."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "text_part",
        sa.Column("gateway", sa.String(length=16), nullable=False),
        sa.Column("part_id", sa.String(length=80), nullable=False),
        sa.Column("text_id", KEY, nullable=True),
        sa.Column("delivered", sa.Boolean(), nullable=True),
        sa.Column("why", sa.String(length=80), nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.ForeignKeyConstraint(["text_id"], ["text_message.id"], name=op.f("fk_text_part_text_id")),
        sa.PrimaryKeyConstraint("gateway", "part_id", name=op.f("pk_text_part")),
    )
    op.create_index(op.f("ix_text_part_text_id"), "text_part", ["text_id"])
    op.create_table(
        "text_talk",
        sa.Column("phone_print", sa.String(length=32), nullable=False),
        sa.Column("state", sa.JSON(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("interaction_id", KEY, nullable=True),
        sa.Column("expires_at", INSTANT, nullable=False),
        sa.ForeignKeyConstraint(
            ["interaction_id"], ["interaction.id"], name=op.f("fk_text_talk_interaction_id")
        ),
        sa.PrimaryKeyConstraint("phone_print", name=op.f("pk_text_talk")),
    )
    op.create_index(op.f("ix_text_talk_expires_at"), "text_talk", ["expires_at"])
    op.create_table(
        "completion_link",
        sa.Column("person_id", KEY, nullable=False),
        sa.Column("token_print", sa.String(length=32), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("expires_at", INSTANT, nullable=False),
        sa.Column("used_at", INSTANT, nullable=True),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_completion_link_person_id")),
        sa.PrimaryKeyConstraint("person_id", name=op.f("pk_completion_link")),
        sa.UniqueConstraint("token_print", name=op.f("uq_completion_link_token_print")),
    )
    op.create_table(
        "text_stop",
        sa.Column("phone_print", sa.String(length=32), nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("phone_print", name=op.f("pk_text_stop")),
    )


def downgrade() -> None:
    for table in ("text_stop", "completion_link", "text_talk", "text_part"):
        op.drop_table(table)
