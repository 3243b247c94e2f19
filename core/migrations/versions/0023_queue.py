"""The kept place in the queue."""

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "kept_place",
        sa.Column("id", KEY, autoincrement=True, nullable=False),
        sa.Column("callback_id", KEY, nullable=False),
        sa.Column("interaction_id", KEY, nullable=False),
        sa.Column("phone_print", sa.String(length=32), nullable=False),
        sa.Column("klass", sa.Integer(), nullable=False),
        sa.Column("skill", sa.String(length=20), nullable=True),
        sa.Column("prefers", KEY, nullable=True),
        sa.Column("department_id", KEY, nullable=True),
        sa.Column("arrived_at", INSTANT, nullable=False),
        sa.Column("made_at", INSTANT, nullable=False),
        sa.Column("until", INSTANT, nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("call_id", KEY, nullable=True),
        sa.Column("ended_at", INSTANT, nullable=True),
        sa.ForeignKeyConstraint(["call_id"], ["interaction.id"], name=op.f("fk_kept_place_call_id")),
        sa.ForeignKeyConstraint(["callback_id"], ["callback.id"], name=op.f("fk_kept_place_callback_id")),
        sa.ForeignKeyConstraint(
            ["interaction_id"], ["interaction.id"], name=op.f("fk_kept_place_interaction_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_kept_place")),
        sa.UniqueConstraint("callback_id", name=op.f("uq_kept_place_callback_id")),
        sa.UniqueConstraint("interaction_id", name=op.f("uq_kept_place_interaction_id")),
    )
    standing, waiting = sa.text("state in ('waiting', 'calling')"), sa.text("state = 'waiting'")
    op.create_index(
        "uq_kept_place_phone",
        "kept_place",
        ["phone_print"],
        unique=True,
        sqlite_where=standing,
        postgresql_where=standing,
    )
    op.create_index(
        "ix_kept_place_waiting",
        "kept_place",
        ["klass", "arrived_at"],
        sqlite_where=waiting,
        postgresql_where=waiting,
    )


def downgrade() -> None:
    op.drop_table("kept_place")
