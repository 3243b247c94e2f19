"""Indexes for what was found by reading whole tables that only grow.

A contact's waits and drafts, calls and callbacks that are owed, a card or an identity number whatever its
hospital or kind, surveys of a time; recordings that wait to be sealed, silences that go on, refunds that
failed. The draft of a number that was told of it is found also when it is over.
"""

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None

ONGOING = sa.text("state in ('open', 'left')")
TOLD = sa.text("contact_print is not null")
PLAIN = (
    ("ix_draft_interaction_id", "draft", "interaction_id"),
    ("ix_queue_entry_interaction_id", "queue_entry", "interaction_id"),
    ("ix_person_identity_print", "person", "identity_print"),
    ("ix_visit_card_card_print", "visit_card", "card_print"),
    ("ix_survey_asked_at", "survey", "asked_at"),
)
# Name, table, columns, and of which rows.
PARTS = (
    (
        "ix_outbound_call_open",
        "outbound_call",
        ["state", "until"],
        sa.text("state in ('waiting', 'dialling', 'handed')"),
    ),
    ("ix_callback_owed", "callback", ["promised_for"], sa.text("state = 'owed'")),
    ("ix_recording_waiting", "recording", ["id"], sa.text("state = 'waiting'")),
    ("ix_recording_gap_open", "recording_gap", ["recording_id"], sa.text("ended_at is null")),
    ("ix_refund_failed", "refund", ["asked_at"], sa.text("state = 'failed'")),
)


def upgrade() -> None:
    for name, table, column in PLAIN:
        op.create_index(name, table, [column], unique=False)
    for name, table, columns, part in PARTS:
        op.create_index(name, table, columns, sqlite_where=part, postgresql_where=part)
    op.drop_index("ix_draft_contact", "draft")
    op.create_index("ix_draft_contact", "draft", ["contact_print"], sqlite_where=TOLD, postgresql_where=TOLD)


def downgrade() -> None:
    op.drop_index("ix_draft_contact", "draft")
    op.create_index(
        "ix_draft_contact", "draft", ["contact_print"], sqlite_where=ONGOING, postgresql_where=ONGOING
    )
    for name, table, *_ in reversed(PARTS):
        op.drop_index(name, table)
    for name, table, _ in reversed(PLAIN):
        op.drop_index(name, table)
