"""Recordings from their row to their end: begun, paused, ended, held by law, looked at."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time

from sqlalchemy import Row, Select, exists, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from core.contact.agent_tables import Matter
from core.contact.tables import Interaction
from core.errors import NotAllowed, NotFound, SoundGone, WrongInput, WrongState
from core.events import RecordingBegan, RecordingEnded, RecordingHeld, RecordingPaused
from core.recordings.rules import PLAY_REASONS, SIDES, Gap, State, gaps
from core.recordings.tables import QualitySheet, Recording, RecordingFile, RecordingGap
from core.staff import audit
from core.staff.tables import Staff
from core.values import instant_of
from core.work import Work

PAGE = 20


async def begin(work: Work, interaction_id: int, staff_id: int | None = None) -> tuple[str, bool]:
    """The key of a call's recording, and whether it is a new one; the row exists before any sound does."""
    live = select(Recording.key).where(
        Recording.interaction_id == interaction_id, Recording.state == State.LIVE.value
    )
    known = (await work.db.execute(live)).scalar_one_or_none()
    if known is not None:
        return known, False
    row = Recording(
        key=f"{work.now:%Y%m%d}-{interaction_id}-{work.chance.token()[:8]}",
        interaction_id=interaction_id,
        staff_id=staff_id,
        state=State.LIVE.value,
        began_at=work.now,
        seconds=0,
    )
    work.db.add(row)
    await work.db.flush()
    work.record(RecordingBegan(interaction_id=interaction_id, recording_id=row.id))
    return row.key, True


async def ended(work: Work, interaction_id: int) -> bool:
    """The call's sound is whole; False when it was not being recorded."""
    done = await work.db.execute(
        update(Recording)
        .where(Recording.interaction_id == interaction_id, Recording.state == State.LIVE.value)
        .values(state=State.WAITING.value, ended_at=work.now)
        .returning(Recording.id)
    )
    row = done.scalar_one_or_none()
    if row is None:
        return False
    await work.db.execute(
        update(RecordingGap)
        .where(RecordingGap.recording_id == row, RecordingGap.ended_at.is_(None))
        .values(ended_at=work.now)
    )
    work.record(RecordingEnded(interaction_id=interaction_id, recording_id=row))
    return True


async def pause(work: Work, interaction_id: int, *, on: bool, why: str) -> bool:
    """Note that silence is recorded from now on, or sound again; False when nothing changes by it."""
    live = select(Recording.id).where(
        Recording.interaction_id == interaction_id, Recording.state == State.LIVE.value
    )
    recording = (await work.db.execute(live)).scalar_one_or_none()
    if recording is None:
        return False
    closed = await work.db.execute(
        update(RecordingGap)
        .where(RecordingGap.recording_id == recording, RecordingGap.ended_at.is_(None))
        .values(ended_at=None if on else work.now)
        .returning(RecordingGap.id)
    )
    was_on = closed.first() is not None
    if was_on == on:
        return False
    if on:
        work.db.add(RecordingGap(recording_id=recording, began_at=work.now, why=why[:20]))
    work.record(RecordingPaused(interaction_id=interaction_id, recording_id=recording, on=on, why=why[:20]))
    return True


async def hold(work: Work, recording_id: int, reason: str | None) -> None:
    """Keep a recording whatever the rule says (reason), or by the rule again (None).

    Raises NotAllowed, NotFound, WrongInput, WrongState when it is erased or was never there.
    """
    if not work.by.may("recordings"):
        raise NotAllowed(facts={"function": "recordings"})
    row = await work.db.get(Recording, recording_id, with_for_update=True)
    if row is None:
        raise NotFound(facts={"what": "recording"})
    if reason is not None and row.state in (State.ERASED, State.MISSING):
        raise WrongState(facts={"state": row.state})  # there is nothing left to be held
    if reason is not None and not reason.strip():
        raise WrongInput(facts={"field": "reason"})
    row.hold_reason = reason.strip()[:100] if reason else None
    row.hold_by = work.by.staff_id if reason else None
    on = reason is not None
    work.record(RecordingHeld(interaction_id=row.interaction_id, recording_id=recording_id, on=on))
    act = "recording-held" if on else "recording-released"
    await audit.note(work, act, what="recording", subject_id=recording_id, reason=reason)


async def played(work: Work, recording_id: int, reason: str, words: str = "") -> None:
    """Somebody is about to hear a recording: written down first. Raises as `visible`, WrongInput."""
    if reason not in PLAY_REASONS or (reason == "other" and not words.strip()):
        raise WrongInput(facts={"field": "reason"})
    row = await visible(work, recording_id)
    if row.state != State.SEALED:
        raise NotFound(facts={"what": "sound"})
    said = f"{PLAY_REASONS[reason]} {words.strip()}".strip()
    await audit.note(work, "recording-played", what="recording", subject_id=recording_id, reason=said)


async def visible(work: Work, recording_id: int) -> Recording:
    """A recording, if the actor may have it.

    A member of one hospital may have none of the hotline's: a call is about more than one hospital's
    patients. Raises NotFound, NotAllowed.
    """
    row = await work.db.get(Recording, recording_id)
    if row is None:
        raise NotFound(facts={"what": "recording"})
    if not work.by.may("recordings") or work.by.hospital_id is not None:
        raise NotAllowed(facts={"function": "recordings"})
    return row


@dataclass(frozen=True)
class RecordingView:
    """One line of the list. dispositions: codes of the first level."""

    recording_id: int
    interaction_id: int
    staff_id: int | None
    operator: str
    number: str | None
    state: State
    direction: str
    began_at: datetime
    seconds: int
    held: bool
    erase_after: datetime | None
    dispositions: tuple[str, ...]
    score: int | None


@dataclass(frozen=True)
class Filters:
    """What to list; None: everything. scored: with, or without, a quality sheet."""

    day: date | None = None
    staff_id: int | None = None
    disposition: str | None = None
    direction: str | None = None
    longer_s: int | None = None
    scored: bool | None = None


def _matching(filters: Filters) -> Select[Recording, Interaction, Staff]:
    query = (
        select(Recording, Interaction, Staff)
        .join(Interaction, Interaction.id == Recording.interaction_id)
        .outerjoin(Staff, Staff.id == Recording.staff_id)
    )
    if filters.day is not None:
        query = query.where(
            Recording.began_at >= instant_of(filters.day, time.min),
            Recording.began_at < instant_of(date.fromordinal(filters.day.toordinal() + 1), time.min),
        )
    if filters.staff_id is not None:
        query = query.where(Recording.staff_id == filters.staff_id)
    if filters.direction:
        query = query.where(Interaction.direction == filters.direction)
    if filters.longer_s:
        query = query.where(Recording.seconds >= filters.longer_s)
    if filters.disposition:
        said = exists().where(
            Matter.interaction_id == Recording.interaction_id, Matter.first == filters.disposition
        )
        query = query.where(said)
    if filters.scored is not None:
        sheet = exists().where(QualitySheet.recording_id == Recording.id)
        query = query.where(sheet if filters.scored else ~sheet)
    return query


async def listed(db: AsyncSession, filters: Filters, page: int = 1) -> tuple[Sequence[RecordingView], int]:
    """One page of recordings, newest first, and how many there are in all."""
    query = _matching(filters)
    total = (await db.execute(select(func.count()).select_from(query.subquery("found")))).scalar_one()
    rows = await db.execute(query.order_by(Recording.id.desc()).limit(PAGE).offset((max(1, page) - 1) * PAGE))
    return await _views(db, rows.all()), total


async def load(db: AsyncSession, recording_id: int) -> RecordingView:
    """Raises NotFound."""
    rows = (await db.execute(_matching(Filters()).where(Recording.id == recording_id))).all()
    if not rows:
        raise NotFound(facts={"what": "recording"})
    return (await _views(db, rows))[0]


async def of_interaction(db: AsyncSession, interaction_id: int) -> Sequence[RecordingView]:
    """The recordings of one contact, oldest first."""
    query = _matching(Filters()).where(Recording.interaction_id == interaction_id)
    return await _views(db, (await db.execute(query.order_by(Recording.id))).all())


async def _views(db: AsyncSession, rows: Sequence[Row[Recording, Interaction, Staff]]) -> list[RecordingView]:
    calls = [row[1].id for row in rows]
    said: dict[int, list[str]] = {}
    matters = select(Matter.interaction_id, Matter.first).where(
        Matter.interaction_id.in_(calls), Matter.first.is_not(None)
    )
    for call, first in (await db.execute(matters.order_by(Matter.id))).all():
        said.setdefault(call, []).append(str(first))
    sheets = select(QualitySheet.recording_id, QualitySheet.total).where(
        QualitySheet.recording_id.in_([row[0].id for row in rows])
    )
    scores: dict[int, int] = {row[0]: row[1] for row in (await db.execute(sheets)).all()}
    return [
        RecordingView(
            recording.id,
            call.id,
            recording.staff_id,
            staff.name if staff is not None else "",
            staff.number if staff is not None else None,
            State(recording.state),
            call.direction,
            recording.began_at,
            recording.seconds,
            recording.hold_reason is not None,
            recording.erase_after,
            tuple(said.get(call.id, ())),
            scores.get(recording.id),
        )
        for recording, call, staff in rows
    ]


async def gaps_of(db: AsyncSession, recording_id: int) -> Sequence[Gap]:
    """The silences on purpose, as places in the sound."""
    recording = await db.get_one(Recording, recording_id)
    rows = (
        await db.execute(
            select(RecordingGap).where(RecordingGap.recording_id == recording_id).order_by(RecordingGap.id)
        )
    ).scalars()
    told = [(row.began_at, row.ended_at, row.why) for row in rows]
    return gaps(recording.began_at, recording.seconds, told)


async def peaks_of(db: AsyncSession, recording_id: int) -> dict[str, list[int]]:
    """Side to its loudness along the way, the mix first; empty for what is not sealed."""
    query = select(RecordingFile).where(RecordingFile.recording_id == recording_id)
    found = {row.side: list(row.peaks) for row in (await db.execute(query)).scalars()}
    return {side: found[side] for side in SIDES if side in found}


async def file_of(db: AsyncSession, recording_id: int, side: str) -> RecordingFile:
    """Raises NotFound."""
    query = select(RecordingFile).where(
        RecordingFile.recording_id == recording_id, RecordingFile.side == side
    )
    row = (await db.execute(query)).scalar_one_or_none()
    if row is None:
        raise NotFound(facts={"what": "sound"})
    return row


async def sound_of(db: AsyncSession, recording_id: int, side: str) -> RecordingFile:
    """A file to be heard. Raises NotFound, SoundGone when it was erased by rule."""
    file = await file_of(db, recording_id, side)
    recording = await db.get_one(Recording, recording_id)
    if recording.state == State.ERASED:
        raise SoundGone(facts={"why": "erased"})
    return file
