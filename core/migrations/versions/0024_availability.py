"""Indexes for a hospital's days, for an owner's holds, and for the numbers of a session by state.

The last stands for a partial one of the free numbers: see core.schedule.tables.Slot.
"""

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_session_hospital_day", "session", ["hospital_id", "day"], unique=False)
    op.create_index("ix_hold_owner", "hold", ["owner"], unique=False)
    op.create_index("ix_slot_session_state", "slot", ["session_id", "state", "sequence"], unique=False)
    op.drop_index("ix_slot_free", "slot")


def downgrade() -> None:
    free = sa.text("state = 'free'")
    op.create_index(
        "ix_slot_free", "slot", ["session_id", "sequence"], sqlite_where=free, postgresql_where=free
    )
    op.drop_index("ix_slot_session_state", "slot")
    op.drop_index("ix_hold_owner", "hold")
    op.drop_index("ix_session_hospital_day", "session")
