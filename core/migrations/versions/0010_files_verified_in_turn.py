"""Sealed files are verified in turn, and what was found stays with the file."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

TABLE, COLUMNS = "recording_file", ("verify_after", "fault")


def upgrade() -> None:
    op.add_column(TABLE, sa.Column("verify_after", sa.DateTime(timezone=True), nullable=True))
    op.add_column(TABLE, sa.Column("fault", sa.String(length=8), nullable=True))
    # Nobody knows when the files there are were looked at: all are due.
    op.execute(
        "update recording_file set verify_after = (select sealed_at from recording "
        "where recording.id = recording_file.recording_id and recording.state = 'sealed')"
    )
    for column in COLUMNS:
        there = sa.text(f"{column} is not null")
        op.create_index(f"ix_{TABLE}_{column}", TABLE, [column], sqlite_where=there, postgresql_where=there)


def downgrade() -> None:
    for column in reversed(COLUMNS):
        op.drop_index(f"ix_{TABLE}_{column}", table_name=TABLE)
        op.drop_column(TABLE, column)
