"""Comments on sentences."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "sentence_comment",
        sa.Column(
            "id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False
        ),
        sa.Column("sentence", sa.String(length=80), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("author", sa.String(length=20), nullable=False),
        sa.Column("text", sa.String(length=500), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("made_by", sa.String(length=64), nullable=False),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("settled_by", sa.String(length=20), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sentence_comment")),
    )
    op.create_index("ix_sentence_comment_sentence", "sentence_comment", ["sentence", "id"], unique=False)
    op.create_index(
        "ix_sentence_comment_open",
        "sentence_comment",
        ["sentence"],
        unique=False,
        sqlite_where=sa.text("settled_at is null"),
        postgresql_where=sa.text("settled_at is null"),
    )


def downgrade() -> None:
    op.drop_table("sentence_comment")
