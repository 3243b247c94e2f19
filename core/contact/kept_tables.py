"""Places in the queue that are kept for callers who have hung up."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from core.database import Base, Instant, Key
from core.partial import only_in, written

_WAITING = only_in("waiting")
STANDING = ("waiting", "calling")
_STANDING = only_in(*STANDING)


class KeptPlace(Base):
    """保留位置: who hung up is called when their turn comes, once. The call itself is a Callback.

    What decides the order (class, arrival) is that of the wait they gave up.
    """

    __tablename__ = "kept_place"

    id: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=True)
    callback_id: Mapped[int] = mapped_column(ForeignKey("callback.id"), unique=True)
    interaction_id: Mapped[int] = mapped_column(ForeignKey("interaction.id"), unique=True)  # of the wait
    phone_print: Mapped[str] = mapped_column(String(32))
    klass: Mapped[int] = mapped_column()  # distribution.QueueClass
    skill: Mapped[str | None] = mapped_column(String(20))
    prefers: Mapped[int | None] = mapped_column(Key)
    department_id: Mapped[int | None] = mapped_column(Key)
    arrived_at: Mapped[datetime] = mapped_column(Instant)
    made_at: Mapped[datetime] = mapped_column(Instant)
    until: Mapped[datetime] = mapped_column(Instant)  # after it the call is owed like any other
    state: Mapped[str] = mapped_column(String(10))  # waiting, calling, served, unreached, returned, lapsed
    call_id: Mapped[int | None] = mapped_column(ForeignKey("interaction.id"))  # the call to them
    ended_at: Mapped[datetime | None] = mapped_column(Instant)

    __table_args__ = (
        # Who rings again has their place back; nobody keeps two.
        Index("uq_kept_place_phone", "phone_print", unique=True, **_STANDING),
        Index("ix_kept_place_waiting", "klass", "arrived_at", **_WAITING),
    )


IS_WAITING = written(KeptPlace.state, "waiting")
IS_STANDING = written(KeptPlace.state, *STANDING)
