"""Lines before the release of a session's numbers, and the places in them."""

from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from core.database import Base, Instant, Key
from core.partial import only


class Line(Base):
    """排队: a session's line, from the first who registers. Nothing here changes while people come and go."""

    __tablename__ = "release_line"

    session_id: Mapped[int] = mapped_column(ForeignKey("session.id"), primary_key=True, autoincrement=False)
    # As it was announced with the commitment, and so in the seed; what opens is session.release_at.
    announced_at: Mapped[datetime] = mapped_column(Instant)
    commitment: Mapped[str] = mapped_column(String(64))
    turn_s: Mapped[int] = mapped_column()
    window_s: Mapped[int] = mapped_column()
    begun_at: Mapped[datetime] = mapped_column(Instant)
    over_at: Mapped[datetime | None] = mapped_column(Instant)

    __table_args__ = (Index("ix_release_line_standing", "session_id", **only("over_at is null")),)


class Place(Base):
    """One person's place in one line; it survives a restart. Its state changes by guarded UPDATE only."""

    __tablename__ = "release_place"

    id: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=True)
    session_id: Mapped[int] = mapped_column(ForeignKey("release_line.session_id"))
    whose: Mapped[str] = mapped_column(String(64))  # person:12, or the owner where the person is unknown
    person_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    channel: Mapped[str] = mapped_column(String(16))
    ticket: Mapped[str] = mapped_column(String(16))  # in the draw: says nothing of whose it is
    drawn: Mapped[int | None] = mapped_column(BigInteger)  # None: came after the release
    position: Mapped[int] = mapped_column(BigInteger)  # where they stand now; release.rules
    state: Mapped[str] = mapped_column(String(8))  # release.rules.PLACE_NEXT
    joined_at: Mapped[datetime] = mapped_column(Instant)
    turn_until: Mapped[datetime | None] = mapped_column(Instant)

    __table_args__ = (
        UniqueConstraint("session_id", "whose"),
        # Who is next of a channel, how many are before one, how many have their turn: all of them by this.
        Index("ix_release_place_line", "session_id", "state", "channel", "position"),
    )
