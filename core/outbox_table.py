"""What still has to be carried outside: one row for each event and carrier."""

from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from core.database import Base, Instant, Key
from core.partial import only_in, written

# DEAD: given up by us, somebody must look at it. LEFT: given up by somebody, who said why.
WAITING, DONE, DEAD, LEFT = "waiting", "done", "dead", "left"


class OutboxRow(Base):
    """A delivery owed. It is due at `due_at`; a worker that takes it pushes that forward (its lease).

    attempts: also the fence: who took the row at attempt 3 may settle attempt 3 and no other.
    appointment_id: its lane; what concerns one appointment is carried in order.
    """

    __tablename__ = "outbox"

    id: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=True)
    carrier: Mapped[str] = mapped_column(String(16))
    journal_id: Mapped[int] = mapped_column(ForeignKey("journal.id"))
    appointment_id: Mapped[int | None] = mapped_column(BigInteger)
    state: Mapped[str] = mapped_column(String(8), default=WAITING)
    taken: Mapped[bool] = mapped_column(default=False)  # somebody carries it now, until due_at
    due_at: Mapped[datetime] = mapped_column(Instant)
    created_at: Mapped[datetime] = mapped_column(Instant)
    attempts: Mapped[int] = mapped_column(default=0)
    last_error: Mapped[str | None] = mapped_column(String(200))

    __table_args__ = (
        UniqueConstraint("carrier", "journal_id"),
        Index("ix_outbox_due", "due_at", **only_in(WAITING)),
        Index("ix_outbox_lane", "appointment_id", "carrier", **only_in(WAITING)),
        Index("ix_outbox_dead", "created_at", **only_in(DEAD)),
    )


IS_WAITING = written(OutboxRow.state, WAITING)
IS_DEAD = written(OutboxRow.state, DEAD)
