"""Interactions from the first ring to the disposition, and the calls we owe."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
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
    reception,
    step,
)
from core.contact.tables import Callback, Greeting, Holiday, Interaction, OpeningHours
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


@dataclass(frozen=True)
class Opened:
    """An interaction and who may be calling. number: None when withheld or not a phone number."""

    interaction_id: int
    number: Phone | None
    new: bool


async def open_interaction(
    work: Work, *, linked_id: str, dnis: str, ani: str | None, channel: Channel = Channel.PHONE
) -> Opened:
    """Begin the record of a contact; the same Linkedid again gives the same one."""
    number = _number(ani, demo=work.demo)
    maker = sqlite.insert if work.house.database.sqlite else postgresql.insert
    row = {
        "linked_id": linked_id,
        "channel": channel.value,
        "direction": "in",
        "ani_print": work.sealer.fingerprint(number.digits, "phone") if number else None,
        "ani_sealed": work.sealer.seal(number.digits, "phone") if number else None,
        "dnis": dnis,
        "state": State.IVR.value,
        "reached": "greeting",
        "started_at": work.now,
    }
    added = await work.db.execute(
        maker(Interaction).values(row).on_conflict_do_nothing().returning(Interaction.id)
    )
    made = added.scalar_one_or_none()
    if made is None:
        known = (
            await work.db.execute(select(Interaction).where(Interaction.linked_id == linked_id))
        ).scalar_one()
        if known.direction == "out" and known.ani_sealed is not None:  # whom we called, and not who calls
            number = Phone(work.sealer.open(known.ani_sealed, "phone"))
        return Opened(known.id, number, False)
    work.interaction_id = made
    work.record(
        InteractionOpened(interaction_id=made, linked_id=linked_id, dnis=dnis, known=number is not None)
    )
    return Opened(made, number, True)


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
    hours = (await db.execute(select(OpeningHours))).scalars()
    days = (await db.execute(select(Holiday).where(Holiday.day == local(now).date()))).scalars()
    greetings = (
        await db.execute(
            select(Greeting).where(Greeting.on, or_(Greeting.dnis.is_(None), Greeting.dnis == dnis))
        )
    ).scalars()
    return reception(
        now,
        dnis,
        [Hours(row.weekday, row.opens, row.closes, row.dnis) for row in hours],
        [SpecialDay(row.day, row.name, row.working, row.staffed) for row in days],
        [
            Announcement(row.name, row.text, row.dnis, row.on, row.starts_at, row.ends_at, row.to_person)
            for row in greetings
        ],
    )
