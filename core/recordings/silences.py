"""Silences that nobody ends any more: the process that kept them is gone, their rows are still open."""

from collections.abc import Sequence

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from core.events import RecordingPaused
from core.recordings.rules import State
from core.recordings.tables import Recording, RecordingGap
from core.work import Work


async def open_silences(db: AsyncSession) -> Sequence[tuple[int, str]]:
    """The calls that are recorded and silent, as far as rows tell, with the reasons of their silence."""
    query = (
        select(Recording.interaction_id, RecordingGap.why)
        .join(Recording, Recording.id == RecordingGap.recording_id)
        .where(RecordingGap.ended_at.is_(None), Recording.state == State.LIVE.value)
        .order_by(RecordingGap.id + 0)  # the whole table lies in that order, and is not to be read for it
    )
    return [(interaction_id, why) for interaction_id, why in await db.execute(query)]


async def close_over(work: Work) -> int:
    """End the silences of recordings that are over, with the recording; returns how many."""
    query = (
        select(RecordingGap.id, RecordingGap.why, Recording)
        .join(Recording, Recording.id == RecordingGap.recording_id)
        .where(RecordingGap.ended_at.is_(None), Recording.state != State.LIVE.value)
    )
    closed = 0
    for gap_id, why, recording in (await work.db.execute(query)).all():
        done = await work.db.execute(
            update(RecordingGap)
            .where(RecordingGap.id == gap_id, RecordingGap.ended_at.is_(None))
            .values(ended_at=recording.ended_at or work.now)
            .returning(RecordingGap.id)
        )
        if done.first() is None:
            continue
        closed += 1
        work.record(
            RecordingPaused(
                interaction_id=recording.interaction_id, recording_id=recording.id, on=False, why=why
            )
        )
    return closed
