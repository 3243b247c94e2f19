"""The log of a case finds texts by their cause, offers by their visits, tries by their contact."""

from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_text_message_journal_id", "text_message", ["journal_id"])
    op.create_index("ix_offer_appointment", "offer", ["appointment_id"])
    op.create_index("ix_offer_made", "offer", ["made_id"])
    op.create_index("ix_outbound_attempt_interaction_id", "outbound_attempt", ["interaction_id"])


def downgrade() -> None:
    op.drop_index("ix_outbound_attempt_interaction_id", "outbound_attempt")
    op.drop_index("ix_offer_made", "offer")
    op.drop_index("ix_offer_appointment", "offer")
    op.drop_index("ix_text_message_journal_id", "text_message")
