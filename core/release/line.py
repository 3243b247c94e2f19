"""Join the line before a release, leave it, see where one stands: each change is one guarded statement."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncSession

from core.booking.facts import SlotFacts
from core.booking.loading import asked
from core.booking.may import may_ask
from core.errors import LineNotOpen, LineOver
from core.events import LineBegun, LineJoined, LineLeft
from core.release import draw, rules, view
from core.release.rules import ENDED, LIVE, PlaceState, Stage, Terms
from core.release.tables import Line, Place
from core.release.view import Told
from core.schedule.tables import Session
from core.values import Channel
from core.work import Work


def whose(owner: str, person_id: int | None) -> str:
    """By whom a place is known: the person where we know who it is, so that nobody has two by two ways.

    owner: 'web:<account>', 'phone:<fingerprint>'; never a number itself.
    """
    return f"person:{person_id}" if person_id is not None else owner


@dataclass(frozen=True)
class Joined:
    """new: False when they stood in this line already. drawn: their place is given by the draw."""

    place_id: int
    new: bool
    drawn: bool


async def join(
    work: Work, session_id: int, *, owner: str, channel: Channel, person_id: int | None = None
) -> Joined:
    """Register for the draw, or after the release stand at the end; who stands there already keeps it.

    Who has been served, passed over or sent home stands at the end again. Raises LineNotOpen when it is too
    early, LineOver where nobody needs to wait (any more), NotFound, and what would refuse any booking of this
    session by this channel at its release.
    """
    wanted = await asked(work, session_id=session_id)
    slot = wanted.slot
    may_ask(slot, wanted.book, channel=channel, now=max(work.now, slot.release_at))
    found = rules.terms(wanted.book, kind=slot.number_kind, department=slot.department_code, half=slot.half)
    line = await _line(work, slot, found)
    return await _stand(work, line, slot, whose(owner, person_id), channel, person_id)


async def _line(work: Work, slot: SlotFacts, found: Terms) -> Line:
    """The session's line; the first who registers begins it. Raises LineNotOpen, LineOver."""
    line = await view.line_of(work.db, slot.session_id)
    now_is = view.as_announced(found, line)
    stands = rules.stage(work.now, opens_at=slot.release_at, lead=now_is.lead, window=now_is.window)
    facts = {"session_id": slot.session_id}
    if not now_is.room or stands is Stage.OVER or (line is not None and line.over_at is not None):
        raise LineOver(facts=facts)
    if stands is Stage.EARLY:
        raise LineNotOpen(facts={**facts, "opens": slot.release_at - now_is.lead})
    if line is not None:
        return line
    if stands is Stage.OPEN:  # nobody registered in time: there is nobody to wait for
        raise LineOver(facts=facts)
    commitment = rules.commitment(draw.secret_of(work.sealer, slot.session_id, slot.release_at))
    row = {
        "session_id": slot.session_id, "announced_at": slot.release_at, "commitment": commitment,
        "turn_s": found.turn.total_seconds(), "window_s": found.window.total_seconds(), "begun_at": work.now,
    }  # fmt: skip
    maker = sqlite.insert if work.house.database.sqlite else postgresql.insert
    begun = maker(Line).values(row).on_conflict_do_nothing().returning(Line.session_id)
    if (await work.db.execute(begun)).one_or_none() is not None:
        work.record(
            LineBegun(session_id=slot.session_id, announced_at=slot.release_at, commitment=commitment)
        )
    return await work.db.get_one(Line, slot.session_id)


async def _stand(
    work: Work, line: Line, slot: SlotFacts, who: str, channel: Channel, person_id: int | None
) -> Joined:
    ticket = draw.ticket_of(work.sealer, slot.session_id, who)
    in_draw = work.now < slot.release_at
    secret = draw.secret_of(work.sealer, slot.session_id, line.announced_at)
    drawn = rules.drawn(rules.seed(slot.session_id, line.announced_at, secret), ticket) if in_draw else None
    row = {
        "session_id": slot.session_id, "whose": who, "person_id": person_id, "channel": channel.value,
        "ticket": ticket, "drawn": drawn, "position": rules.late(work.now) if drawn is None else drawn,
        "state": PlaceState.WAITING.value, "joined_at": work.now, "turn_until": None,
    }  # fmt: skip
    again = ("channel", "position", "state", "joined_at", "turn_until") + (("drawn",) if in_draw else ())
    maker = sqlite.insert if work.house.database.sqlite else postgresql.insert
    stands = (
        maker(Place)
        .values(row)
        .on_conflict_do_update(
            index_elements=["session_id", "whose"],
            set_={name: row[name] for name in again},
            where=Place.state.in_(ENDED),
        )
        .returning(Place.id)
    )
    place_id = (await work.db.execute(stands)).scalar_one_or_none()
    if place_id is None:
        mine = (
            await work.db.execute(
                select(Place.id, Place.drawn).where(Place.session_id == slot.session_id, Place.whose == who)
            )
        ).one()
        return Joined(mine[0], False, mine[1] is not None)
    work.record(LineJoined(session_id=slot.session_id, place_id=place_id, person_id=person_id, drawn=in_draw))
    return Joined(place_id, True, in_draw)


async def leave(work: Work, session_id: int, *, who: str) -> bool:
    """Give a place up; False when there is none to give up. Before the release it leaves the draw too."""
    opened = select(Session.release_at).where(Session.id == session_id)
    before = (await work.db.execute(opened)).scalar_one_or_none()
    changes: dict[str, object] = {"state": PlaceState.LEFT.value, "turn_until": None}
    if before is not None and work.now < before:
        changes["drawn"] = None
    gone = await work.db.execute(
        update(Place)
        .where(Place.session_id == session_id, Place.whose == who, Place.state.in_(LIVE))
        .values(changes)
        .returning(Place.id)
    )
    place_id = gone.scalar_one_or_none()
    if place_id is None:
        return False
    work.record(LineLeft(session_id=session_id, place_id=place_id))
    return True


async def place(db: AsyncSession, session_id: int, *, who: str, now: datetime) -> Told | None:
    """What the owner of one place is told, without the whole line; None: they have none.

    For a voice in a call. Who is before one is counted by the index.
    """
    mine = await view.stood(db, session_id, who)
    if mine is None:
        return None
    before = or_(
        Place.state == PlaceState.TURN, (Place.state == PlaceState.WAITING) & (Place.position < mine.position)
    )
    rows = await db.execute(
        select(Place.channel, func.count())
        .where(Place.session_id == session_id, Place.state.in_(LIVE), before)
        .group_by(Place.channel)
    )
    ahead = {row[0]: row[1] for row in rows}
    release_at, recycle_at = (
        await db.execute(select(Session.release_at, Session.recycle_at).where(Session.id == session_id))
    ).one()
    return view.told(
        mine,
        ahead if now >= release_at else None,
        await view.left(db, session_id, now=now, recycle_at=recycle_at),
    )
