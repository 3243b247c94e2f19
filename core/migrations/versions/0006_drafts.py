"""Drafts: what is being done for a caller."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "draft",
        sa.Column(
            "id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False
        ),
        sa.Column("interaction_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("staff_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("ani_print", sa.String(length=32), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("body_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("hold_id", sa.String(length=24), nullable=True),
        sa.Column("person_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("appointment_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("state", sa.String(length=8), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("saved_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("left_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["appointment_id"], ["appointment.id"], name=op.f("fk_draft_appointment_id")),
        sa.ForeignKeyConstraint(["interaction_id"], ["interaction.id"], name=op.f("fk_draft_interaction_id")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_draft_person_id")),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_draft_staff_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_draft")),
    )
    op.create_index("ix_draft_ani", "draft", ["ani_print", "saved_at"], unique=False)
    op.create_index(
        "ix_draft_ongoing",
        "draft",
        ["saved_at"],
        unique=False,
        sqlite_where=sa.text("state in ('open', 'left')"),
        postgresql_where=sa.text("state in ('open', 'left')"),
    )
    op.create_index(
        "uq_draft_live",
        "draft",
        ["interaction_id"],
        unique=True,
        sqlite_where=sa.text("state in ('open', 'left')"),
        postgresql_where=sa.text("state in ('open', 'left')"),
    )


def downgrade() -> None:
    op.drop_index(
        "uq_draft_live",
        table_name="draft",
        sqlite_where=sa.text("state in ('open', 'left')"),
        postgresql_where=sa.text("state in ('open', 'left')"),
    )
    op.drop_index(
        "ix_draft_ongoing",
        table_name="draft",
        sqlite_where=sa.text("state in ('open', 'left')"),
        postgresql_where=sa.text("state in ('open', 'left')"),
    )
    op.drop_index("ix_draft_ani", table_name="draft")
    op.drop_table("draft")
