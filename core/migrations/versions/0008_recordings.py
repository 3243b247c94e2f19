"""Recordings, how long they are kept, and quality sheets."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "retention_rule",
        sa.Column(
            "id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False
        ),
        sa.Column("disposition", sa.String(length=12), nullable=True),
        sa.Column("days", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_retention_rule")),
        sa.UniqueConstraint("disposition", name=op.f("uq_retention_rule_disposition")),
    )
    op.create_table(
        "recording",
        sa.Column(
            "id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False
        ),
        sa.Column("key", sa.String(length=40), nullable=False),
        sa.Column("interaction_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("staff_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("began_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("sealed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("seconds", sa.Integer(), nullable=False),
        sa.Column("hold_reason", sa.String(length=100), nullable=True),
        sa.Column("hold_by", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("erase_after", sa.DateTime(timezone=True), nullable=True),
        sa.Column("erased_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["interaction_id"], ["interaction.id"], name=op.f("fk_recording_interaction_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_recording")),
        sa.UniqueConstraint("key", name=op.f("uq_recording_key")),
    )
    op.create_index("ix_recording_began", "recording", ["began_at"], unique=False)
    op.create_index(
        "ix_recording_due",
        "recording",
        ["erase_after"],
        unique=False,
        sqlite_where=sa.text("state = 'sealed'"),
        postgresql_where=sa.text("state = 'sealed'"),
    )
    op.create_index(op.f("ix_recording_interaction_id"), "recording", ["interaction_id"], unique=False)
    op.create_index(
        "uq_recording_live",
        "recording",
        ["interaction_id"],
        unique=True,
        sqlite_where=sa.text("state = 'live'"),
        postgresql_where=sa.text("state = 'live'"),
    )
    op.create_table(
        "quality_sheet",
        sa.Column(
            "id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False
        ),
        sa.Column("recording_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("staff_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("inspector_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("template", sa.String(length=20), nullable=False),
        sa.Column("scores", sa.JSON(), nullable=False),
        sa.Column("fatal", sa.String(length=20), nullable=True),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("comment", sa.String(length=300), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("appeal", sa.String(length=300), nullable=True),
        sa.Column("appealed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decision", sa.String(length=10), nullable=True),
        sa.Column("decided_by", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["inspector_id"], ["staff.id"], name=op.f("fk_quality_sheet_inspector_id")),
        sa.ForeignKeyConstraint(
            ["recording_id"], ["recording.id"], name=op.f("fk_quality_sheet_recording_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_quality_sheet")),
        sa.UniqueConstraint(
            "recording_id", "inspector_id", name=op.f("uq_quality_sheet_recording_id_inspector_id")
        ),
    )
    op.create_index(op.f("ix_quality_sheet_recording_id"), "quality_sheet", ["recording_id"], unique=False)
    op.create_index(op.f("ix_quality_sheet_staff_id"), "quality_sheet", ["staff_id"], unique=False)
    op.create_table(
        "recording_file",
        sa.Column(
            "id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False
        ),
        sa.Column("recording_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("side", sa.String(length=8), nullable=False),
        sa.Column("path", sa.String(length=120), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("plain_bytes", sa.Integer(), nullable=False),
        sa.Column("peaks", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["recording_id"], ["recording.id"], name=op.f("fk_recording_file_recording_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_recording_file")),
        sa.UniqueConstraint("recording_id", "side", name=op.f("uq_recording_file_recording_id_side")),
    )
    op.create_table(
        "recording_gap",
        sa.Column(
            "id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False
        ),
        sa.Column("recording_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("began_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("why", sa.String(length=20), nullable=False),
        sa.ForeignKeyConstraint(
            ["recording_id"], ["recording.id"], name=op.f("fk_recording_gap_recording_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_recording_gap")),
    )
    op.create_index(op.f("ix_recording_gap_recording_id"), "recording_gap", ["recording_id"], unique=False)


def downgrade() -> None:
    for table in ("quality_sheet", "retention_rule", "recording_gap", "recording_file", "recording"):
        op.drop_table(table)
