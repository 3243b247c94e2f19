"""Interactions from the first ring to the disposition, and the calls we owe."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import or_, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncSession

from core.contact.rules import (
    Announcement,
    Disposition,
    Hours,
    Reception,
    SpecialDay,
    State,
    Timetable,
    reception,
    step,
)
from core.contact.tables import Callback, Greeting, Holiday, Interaction, OpeningHours
from core.database import table_of
from core.errors import NotFound, PhoneInvalid
from core.events import (
    CallbackPromised,
    CallerIdentified,
    InteractionClosed,
    InteractionMoved,
    InteractionOpened,
    StepsTaken,
)
from core.values import Channel, Phone, local, phone
from core.work import Work

_CONTACT = table_of(Interaction)


@dataclass(frozen=True)
class Opened:
    """An interaction and who may be calling. number: None when withheld or not a phone number."""

    interaction_id: int
    number: Phone | None
    new: bool


@dataclass(frozen=True)
class Arrival:
    """A contact that comes in. linked_id: its key; ani: who calls, as the line gives it."""

    linked_id: str
    dnis: str
    ani: str | None
    channel: Channel = Channel.PHONE


async def open_interaction(
    work: Work, *, linked_id: str, dnis: str, ani: str | None, channel: Channel = Channel.PHONE
) -> Opened:
    """Begin the record of a contact; the same Linkedid again gives the same one."""
    opened = (await open_interactions(work, [Arrival(linked_id, dnis, ani, channel)]))[0]
    if opened.new:
        work.interaction_id = opened.interaction_id
    return opened


async def open_interactions(work: Work, arrivals: Sequence[Arrival]) -> list[Opened]:
    """The same for several in one statement, answered in their order."""
    numbers = {one.linked_id: _number(one.ani, demo=work.demo) for one in arrivals}
    maker = sqlite.insert if work.house.database.sqlite else postgresql.insert
    adding = maker(_CONTACT).on_conflict_do_nothing().returning(_CONTACT.c.linked_id, _CONTACT.c.id)
    rows = [_row(work, one, numbers[one.linked_id]) for one in {a.linked_id: a for a in arrivals}.values()]
    made = {row[0]: row[1] for row in (await work.db.execute(adding, rows)).all()}
    for one in {a.linked_id: a for a in arrivals if a.linked_id in made}.values():
        known = numbers[one.linked_id] is not None
        work.record(
            InteractionOpened(
                interaction_id=made[one.linked_id], linked_id=one.linked_id, dnis=one.dnis, known=known
            )
        )
    return [
        Opened(made[one.linked_id], numbers[one.linked_id], True)
        if one.linked_id in made
        else await _known(work, one.linked_id, numbers[one.linked_id])
        for one in arrivals
    ]


def _row(work: Work, arrival: Arrival, number: Phone | None) -> dict[str, Any]:
    return {
        "linked_id": arrival.linked_id,
        "channel": arrival.channel.value,
        "direction": "in",
        "ani_print": work.sealer.fingerprint(number.digits, "phone") if number else None,
        "ani_sealed": work.sealer.seal(number.digits, "phone") if number else None,
        "dnis": arrival.dnis,
        "state": State.IVR.value,
        "reached": "greeting",
        "started_at": work.now,
    }


async def _known(work: Work, linked_id: str, number: Phone | None) -> Opened:
    known = (
        await work.db.execute(select(Interaction).where(Interaction.linked_id == linked_id))
    ).scalar_one()
    if known.direction == "out" and known.ani_sealed is not None:  # whom we called, and not who calls
        number = Phone(work.sealer.open(known.ani_sealed, "phone"))
    return Opened(known.id, number, False)


def _number(ani: str | None, *, demo: bool) -> Phone | None:
    if not ani:
        return None
    try:
        return phone(ani, demo=demo)
    except PhoneInvalid:
        return None  # withheld, an extension, or a foreign format: the call goes on without it


async def know(work: Work, interaction_id: int, person_id: int, *, by: str) -> None:
    """The caller is this person. by: 'tail', 'identity', 'serial', 'agent'."""
    await _set(work, interaction_id, person_id=person_id)
    work.record(CallerIdentified(interaction_id=interaction_id, person_id=person_id, by=by))


async def reach(work: Work, interaction_id: int, stage: str) -> None:
    """How far the menu got, for the person who takes over and for the reports."""
    await _set(work, interaction_id, reached=stage)


async def steps(
    work: Work, interaction_id: int, taken: Sequence[dict[str, Any]], times: Sequence[datetime] = ()
) -> None:
    """What was said and keyed since the last time, and when each; nothing when nothing was."""
    if taken:
        work.record(StepsTaken(interaction_id=interaction_id, steps=list(taken), times=list(times)))


async def move(work: Work, interaction_id: int, to: State, *, detail: str | None = None) -> bool:
    """Go on to another place; False when the interaction has been closed meanwhile.

    Raises NotFound, WrongState.
    """
    row = await work.db.get(Interaction, interaction_id, with_for_update=True)
    if row is None:
        raise NotFound(facts={"what": "interaction"})
    if row.state == State.CLOSED:
        return False
    if row.state == to:
        return True
    row.state = step(State(row.state), to).value
    if to is State.QUEUED:
        row.queued_at = row.queued_at or work.now
    if to is State.TALKING:
        row.answered_at = row.answered_at or work.now
    work.record(InteractionMoved(interaction_id=interaction_id, state=to.value, detail=detail))
    return True


async def close(work: Work, interaction_id: int, disposition: Disposition) -> bool:
    """End an interaction, exactly once; False for every time after the first."""
    closed = await work.db.execute(
        update(Interaction)
        .where(Interaction.id == interaction_id, Interaction.closed_at.is_(None))
        .values(state=State.CLOSED.value, disposition=disposition.value, closed_at=work.now)
        .returning(Interaction.reached)
    )
    row = closed.one_or_none()
    if row is None:
        return False
    work.record(
        InteractionClosed(interaction_id=interaction_id, disposition=disposition.value, reached=row[0])
    )
    return True


async def by_linked_id(db: AsyncSession, linked_id: str) -> Interaction | None:
    return (
        await db.execute(select(Interaction).where(Interaction.linked_id == linked_id))
    ).scalar_one_or_none()


async def close_left_open(work: Work, *, alive: frozenset[str], older_than: timedelta, of: str = "") -> int:
    """Close interactions whose call the switch no longer has: we missed its end.

    alive: Linkedids of the calls there are. of: how the Linkedids of that switch begin. Only those
    older than `older_than` are looked at, so that a call that is just coming in is never taken for
    a lost one.
    """
    rows = (
        (
            await work.db.execute(
                select(Interaction).where(
                    Interaction.closed_at.is_(None),
                    Interaction.channel == Channel.PHONE.value,
                    Interaction.started_at < work.now - older_than,
                    Interaction.linked_id.startswith(of, autoescape=True),
                )
            )
        )
        .scalars()
        .all()
    )
    lost = [row for row in rows if row.linked_id not in alive]
    for row in lost:
        queued = row.state in (State.QUEUED, State.OFFERED)
        await close(work, row.id, Disposition.ABANDONED_QUEUE if queued else Disposition.ABANDONED_MENU)
    return len(lost)


async def promise_callback(
    work: Work,
    interaction_id: int,
    *,
    number: Phone | None,
    person_id: int | None,
    due: datetime,
    recording: str | None = None,
    recording_s: int = 0,
) -> int:
    """Owe somebody a call at a time we told them."""
    made = Callback(
        interaction_id=interaction_id,
        person_id=person_id,
        phone_sealed=work.sealer.seal(number.digits, "phone") if number else None,
        recording=recording,
        recording_s=recording_s,
        promised_for=due,
        created_at=work.now,
    )
    work.db.add(made)
    await work.db.flush()
    work.record(
        CallbackPromised(interaction_id=interaction_id, callback_id=made.id, due=due, recording=recording)
    )
    return made.id


async def promised(db: AsyncSession, interaction_id: int) -> bool:
    """Whether a call is owed, or was, for this contact."""
    query = select(Callback.id).where(Callback.interaction_id == interaction_id).limit(1)
    return (await db.execute(query)).first() is not None


async def keep_message(work: Work, callback_id: int, *, recording: str, seconds: int) -> None:
    """The caller's words, beside the call we owe."""
    await work.db.execute(
        update(Callback).where(Callback.id == callback_id).values(recording=recording, recording_s=seconds)
    )


async def _set(work: Work, interaction_id: int, **values: object) -> None:
    await work.db.execute(update(Interaction).where(Interaction.id == interaction_id).values(**values))


async def receive(db: AsyncSession, dnis: str, now: datetime) -> Reception:
    """How a call to this number is received now: hours, holidays and announcements are rows."""
    return received(await timetable(db, dnis, local(now).date()), dnis, now)


def received(rows: Timetable, dnis: str, now: datetime) -> Reception:
    """The same, of what `timetable` has loaded for this number and the day of now."""
    return reception(now, dnis, rows.hours, rows.special, rows.announcements)


async def timetable(db: AsyncSession, dnis: str, day: date) -> Timetable:
    """All that decides how calls to this number are received on a day."""
    hours = (await db.execute(select(OpeningHours))).scalars()
    days = (await db.execute(select(Holiday).where(Holiday.day == day))).scalars()
    greetings = (
        await db.execute(
            select(Greeting).where(Greeting.on, or_(Greeting.dnis.is_(None), Greeting.dnis == dnis))
        )
    ).scalars()
    return Timetable(
        tuple(Hours(row.weekday, row.opens, row.closes, row.dnis) for row in hours),
        tuple(SpecialDay(row.day, row.name, row.working, row.staffed) for row in days),
        tuple(
            Announcement(row.name, row.text, row.dnis, row.on, row.starts_at, row.ends_at, row.to_person)
            for row in greetings
        ),
    )
