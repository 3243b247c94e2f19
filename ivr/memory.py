"""What is the same for all callers: asked once every few seconds, and not once for each of them.

A caller who is offered what went a moment ago meets the engine's refusal, which nobody can get round, and
hears the way on. So nothing here is a promise, and two seconds of it harm nobody.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from types import MappingProxyType
from typing import Any, TypeVar, cast

from sqlalchemy.ext.asyncio import AsyncSession

from core.booking import view as bookings
from core.booking.view import Names
from core.catalogue import engine as catalogue
from core.catalogue.engine import Named
from core.contact import engine as contact
from core.contact.rules import Timetable
from core.errors import StorageAway
from core.events import (
    AppointmentCancelled,
    AppointmentChanged,
    AppointmentExpired,
    CatalogueChanged,
    Event,
    HoldReleased,
    SessionAmended,
    SessionPublished,
    SessionResumed,
    SessionStoppedForLeave,
    SessionWithdrawn,
    SlotHeld,
)
from core.schedule import view
from core.schedule.view import OpenPeriod, OpenSession
from core.values import Channel, local
from core.work import Hotline
from ivr.room_left import RoomLeft

T = TypeVar("T")
Key = tuple[str | int | date, ...]

# What is on sale, and who is received how; and what things are called, and when a period is.
FRESH, LASTING = timedelta(seconds=2), timedelta(seconds=30)
# While the storage is away the last answer is better than none, but not for longer.
KEPT = timedelta(minutes=1)
MOST = 2000
# Further ahead than any hospital opens; what is open is decided by each session's own instants.
HORIZON = timedelta(days=120)

_FREED = HoldReleased | AppointmentCancelled | AppointmentChanged | AppointmentExpired
_PLAN = (
    SessionPublished | SessionAmended | SessionWithdrawn | SessionStoppedForLeave | SessionResumed
    | CatalogueChanged
)  # fmt: skip


@dataclass
class _Known:
    """An answer. at: of when it is; None: it is to be asked again. told_at: the same, whatever came since."""

    value: Any = None
    at: datetime | None = None
    told_at: datetime | None = None
    asking: "asyncio.Task[Any] | None" = None


class Memory:
    """One for a house, which remembers; one that does not asks anew each time.

    What is handed out belongs to all, and nobody can change it. Who asks what is being asked already waits
    for that answer. What this process sells and gives back is heard at once, what another does by the next
    question. All raise StorageAway.
    """

    def __init__(self, hotline: Hotline, *, remembers: bool = False) -> None:
        self._hotline = hotline
        self._remembers = remembers
        self._known: dict[Key, _Known] = {}
        self._room_left = RoomLeft()
        if remembers:
            hotline.listeners.append(self.heard)

    # --- questions ------------------------------------------------------------------------------------

    async def timetable(self, dnis: str) -> Timetable:
        """Opening hours, holidays and announcements of a number today."""
        day = local(self._hotline.clock.now()).date()
        return await self._of(("timetable", dnis, day), FRESH, lambda db, _: contact.timetable(db, dnis, day))

    async def hospitals(self) -> Sequence[Named]:
        """As `catalogue.live_hospitals` has them."""

        async def ask(db: AsyncSession, _now: datetime) -> Sequence[Named]:
            return tuple(await catalogue.live_hospitals(db))

        return await self._of(("hospitals",), FRESH, ask)

    async def departments(self, hospital_id: int) -> tuple[Sequence[Named], Mapping[int, int]]:
        """A hospital's open departments, and how many numbers the phone may sell in each that has any."""

        async def ask(db: AsyncSession, now: datetime) -> tuple[Sequence[Named], Mapping[int, int]]:
            named = tuple(await catalogue.open_departments(db, hospital_id))
            room = await view.departments_with_room(
                db, hospital_id=hospital_id, channel=Channel.PHONE, now=now, last_day=_last_day(now)
            )
            return named, MappingProxyType(room)

        return await self._of(("departments", hospital_id), FRESH, ask)

    async def sessions(self, department_id: int) -> Sequence[OpenSession]:
        """What the phone may sell in a department, soonest first."""

        async def ask(db: AsyncSession, now: datetime) -> Sequence[OpenSession]:
            found = await view.open_sessions(
                db,
                department_id=department_id,
                channel=Channel.PHONE,
                now=now,
                first_day=local(now).date(),
                last_day=_last_day(now),
            )
            self._room_left.told(department_id, found)
            return tuple(found)

        return await self._of(("sessions", department_id), FRESH, ask)

    async def periods(self, session_id: int) -> Sequence[OpenPeriod]:
        """The periods of a session in which the phone may sell something, in order of time."""

        async def ask(db: AsyncSession, now: datetime) -> Sequence[OpenPeriod]:
            return tuple(await view.open_periods(db, session_id=session_id, channel=Channel.PHONE, now=now))

        return await self._of(("periods", session_id), FRESH, ask)

    async def period(self, session_id: int, period_id: int) -> tuple[datetime, datetime]:
        """When a period of a session begins and ends."""

        async def ask(db: AsyncSession, _now: datetime) -> Mapping[int, tuple[datetime, datetime]]:
            return MappingProxyType(await view.period_times(db, session_id))

        key: Key = ("times", session_id)
        times = await self._of(key, LASTING, ask)
        if period_id not in times:  # it was added since
            self._forget(key)
            times = await self._of(key, LASTING, ask)
        return times[period_id]

    async def names(self, hospital_id: int, department_id: int) -> Names:
        """Raises sqlalchemy's NoResultFound."""
        return await self._of(
            ("names", hospital_id, department_id),
            LASTING,
            lambda db, _: bookings.names(db, hospital_id, department_id),
        )

    # --- forgetting -----------------------------------------------------------------------------------

    def doubt(self, session: OpenSession) -> None:
        """Somebody was refused what this session was said to have."""
        self._forget(("sessions", session.department_id))
        self._forget(("periods", session.session_id))
        self._forget(("departments", session.hospital_id))

    def heard(self, events: Sequence[Event]) -> None:
        """What this process has just committed."""
        for event in events:
            if isinstance(event, SlotHeld):
                self._counted(event.session_id, -1)
            elif isinstance(event, _FREED):
                self._counted(event.session_id, +1)
            elif isinstance(event, _PLAN):
                for key in self._known:
                    self._forget(key)

    def _counted(self, session_id: int, by: int) -> None:
        """A number more or less is no news while there are others."""
        news = self._room_left.count(session_id, by)
        if news.session:
            self._forget(("sessions", news.department_id))
        if news.department:
            self._forget(("departments", news.hospital_id))

    def _forget(self, key: Key) -> None:
        known = self._known.get(key)
        if known is not None:
            known.at = known.asking = None  # who waits for an answer gets it; nobody else does

    # --- asking ---------------------------------------------------------------------------------------

    async def _of(
        self, key: Key, lasts: timedelta, ask: Callable[[AsyncSession, datetime], Awaitable[T]]
    ) -> T:
        now = self._hotline.clock.now()
        if not self._remembers:
            async with self._hotline.read() as db:
                return await ask(db, now)
        known = self._known.get(key) or self._keep(key)
        if known.at is not None and abs(now - known.at) < lasts:  # a clock may be set back
            return cast("T", known.value)
        if known.asking is None:
            known.asking = asyncio.create_task(self._ask(known, ask), name="what all callers are told")
        asking: asyncio.Task[T] = known.asking
        try:
            return await asyncio.shield(asking)  # who hangs up takes no answer from the others
        except StorageAway:
            if known.told_at is None or abs(now - known.told_at) > KEPT:
                raise
            return cast("T", known.value)

    async def _ask(self, known: _Known, ask: Callable[[AsyncSession, datetime], Awaitable[T]]) -> T:
        me, now = asyncio.current_task(), self._hotline.clock.now()
        try:
            async with self._hotline.read() as db:
                found = await ask(db, now)
            if known.asking is me:
                known.value, known.at, known.told_at = found, now, now
            return found
        finally:
            if known.asking is me:
                known.asking = None

    def _keep(self, key: Key) -> _Known:
        if len(self._known) >= MOST:
            del self._known[next(iter(self._known))]  # the longest known; whoever needs it asks again
        return self._known.setdefault(key, _Known())


def _last_day(now: datetime) -> date:
    return (local(now) + HORIZON).date()
