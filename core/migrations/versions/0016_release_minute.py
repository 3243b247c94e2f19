"""The release minute: places in line."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "release_line",
        sa.Column("session_id", KEY, autoincrement=False, nullable=False),
        sa.Column("announced_at", INSTANT, nullable=False),
        sa.Column("commitment", sa.String(length=64), nullable=False),
        sa.Column("turn_s", sa.Integer(), nullable=False),
        sa.Column("window_s", sa.Integer(), nullable=False),
        sa.Column("begun_at", INSTANT, nullable=False),
        sa.Column("over_at", INSTANT, nullable=True),
        sa.ForeignKeyConstraint(["session_id"], ["session.id"], name=op.f("fk_release_line_session_id")),
        sa.PrimaryKeyConstraint("session_id", name=op.f("pk_release_line")),
    )
    op.create_index(
        "ix_release_line_standing",
        "release_line",
        ["session_id"],
        sqlite_where=sa.text("over_at is null"),
        postgresql_where=sa.text("over_at is null"),
    )
    op.create_table(
        "release_place",
        sa.Column("id", KEY, autoincrement=True, nullable=False),
        sa.Column("session_id", KEY, nullable=False),
        sa.Column("whose", sa.String(length=64), nullable=False),
        sa.Column("person_id", KEY, nullable=True),
        sa.Column("channel", sa.String(length=16), nullable=False),
        sa.Column("ticket", sa.String(length=16), nullable=False),
        sa.Column("drawn", sa.BigInteger(), nullable=True),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.String(length=8), nullable=False),
        sa.Column("joined_at", INSTANT, nullable=False),
        sa.Column("turn_until", INSTANT, nullable=True),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_release_place_person_id")),
        sa.ForeignKeyConstraint(
            ["session_id"], ["release_line.session_id"], name=op.f("fk_release_place_session_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_release_place")),
        sa.UniqueConstraint("session_id", "whose", name=op.f("uq_release_place_session_id_whose")),
    )
    op.create_index("ix_release_place_line", "release_place", ["session_id", "state", "channel", "position"])


def downgrade() -> None:
    op.drop_table("release_place")
    op.drop_table("release_line")
