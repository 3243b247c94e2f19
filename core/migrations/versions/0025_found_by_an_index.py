"""Indexes for what was found by reading whole tables that only grow.

A contact's waits and drafts, calls and callbacks that are owed, a card or an identity number whatever its
hospital or kind, surveys of a time. The draft of a number that was told of it is found also when it is over.
"""

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None

ONGOING = sa.text("state in ('open', 'left')")
TOLD = sa.text("contact_print is not null")
OPEN = sa.text("state in ('waiting', 'dialling', 'handed')")
OWED = sa.text("state = 'owed'")
PLAIN = (
    ("ix_draft_interaction_id", "draft", "interaction_id"),
    ("ix_queue_entry_interaction_id", "queue_entry", "interaction_id"),
    ("ix_person_identity_print", "person", "identity_print"),
    ("ix_visit_card_card_print", "visit_card", "card_print"),
    ("ix_survey_asked_at", "survey", "asked_at"),
)


def upgrade() -> None:
    for name, table, column in PLAIN:
        op.create_index(name, table, [column], unique=False)
    op.create_index(
        "ix_outbound_call_open", "outbound_call", ["state", "until"], sqlite_where=OPEN, postgresql_where=OPEN
    )
    op.create_index(
        "ix_callback_owed", "callback", ["promised_for"], sqlite_where=OWED, postgresql_where=OWED
    )
    op.drop_index("ix_draft_contact", "draft")
    op.create_index("ix_draft_contact", "draft", ["contact_print"], sqlite_where=TOLD, postgresql_where=TOLD)


def downgrade() -> None:
    op.drop_index("ix_draft_contact", "draft")
    op.create_index(
        "ix_draft_contact", "draft", ["contact_print"], sqlite_where=ONGOING, postgresql_where=ONGOING
    )
    op.drop_index("ix_callback_owed", "callback")
    op.drop_index("ix_outbound_call_open", "outbound_call")
    for name, table, _ in reversed(PLAIN):
        op.drop_index(name, table)
