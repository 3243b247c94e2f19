"""Indexes for looking back over a day: contacts by their begin, events by kind, wrap-ups by contact."""

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_interaction_started", "interaction", ["started_at"], unique=False)
    op.create_index("ix_journal_kind", "journal", ["kind", "at"], unique=False)
    op.create_index("ix_agent_interval_interaction_id", "agent_interval", ["interaction_id"], unique=False)


def downgrade() -> None:
    op.drop_index("ix_agent_interval_interaction_id", table_name="agent_interval")
    op.drop_index("ix_journal_kind", table_name="journal")
    op.drop_index("ix_interaction_started", table_name="interaction")
