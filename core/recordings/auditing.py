"""Whether what was sealed is still there and whole: a page of files at a time, all in turn, for ever.

Goes on beside the sealing and holds it up nowhere. What is found stays with the row of the file.
"""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from datetime import date, datetime, time, timedelta
from pathlib import Path

import structlog
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from core.events import RecordingFaulty, RecordingsAudited
from core.journal import JournalRow
from core.recordings import vault
from core.recordings.rules import LOOK_HOUR, SIDES, Fault, State, verify_after
from core.recordings.tables import Recording, RecordingFile
from core.values import instant_of, local, system
from core.work import Hotline, Work

log = structlog.get_logger()

AUDITOR = system("recordings")
# Files opened in one round: some seconds of one core.
PAGE = 20
# Between two rounds: others get their turn. And when nothing is due:
BREATH_S = 0.2
LOOK_EVERY_S = 60.0


async def found(work: Work, file_id: int, fault: Fault | None) -> None:
    """A sealed file was looked at. What is otherwise than it was is told; one erased by now is left alone."""
    file = await work.db.get(RecordingFile, file_id)
    if file is None:
        return
    recording = await work.db.get_one(Recording, file.recording_id, with_for_update=True)
    if recording.state != State.SEALED:
        return
    before, file.fault = file.fault, fault.value if fault else None
    file.verify_after = verify_after(work.now)
    if file.fault != before:
        work.record(
            RecordingFaulty(
                interaction_id=recording.interaction_id,
                recording_id=recording.id,
                side=file.side,
                fault=file.fault or "",
            )
        )


async def faults(db: AsyncSession) -> Mapping[str, int]:
    """Fault to the number of sealed files that have it."""
    query = select(RecordingFile.fault, func.count()).where(RecordingFile.fault.is_not(None))
    return {str(fault): files for fault, files in await db.execute(query.group_by(RecordingFile.fault))}


class Auditor:
    """kept: where sealed files lie. Run one for an installation."""

    def __init__(self, hotline: Hotline, kept: Path) -> None:
        self._hotline = hotline
        self._kept = kept
        self._audited: datetime | None = None
        self._days: list[str] | None = None  # folders that tonight's look has still to come to
        self._orphans = 0

    async def run(self) -> None:
        """For ever."""
        while True:
            more = False
            try:
                more = await self.round()
            except Exception:  # a border: the next round tries again
                log.exception("looking at recordings failed")
            await asyncio.sleep(BREATH_S if more else LOOK_EVERY_S)

    async def round(self) -> bool:
        """One page of files, or one day's folder; False when nothing is due."""
        return await self._verify() > 0 or await self._compare()

    # --- files --------------------------------------------------------------------------------------------

    async def _verify(self) -> int:
        """Open those files that have waited longest; returns how many."""
        due = (
            select(RecordingFile)
            .join(Recording, Recording.id == RecordingFile.recording_id)
            .where(
                RecordingFile.verify_after <= self._hotline.clock.now(),
                Recording.state == State.SEALED.value,
            )
            .order_by(RecordingFile.verify_after, RecordingFile.id)
        )
        async with self._hotline.read() as db:
            files = (await db.execute(due.limit(PAGE))).scalars().all()
        told = {file.id: await asyncio.to_thread(self._look, file) for file in files}
        if told:
            async with self._hotline.work(AUDITOR) as work:
                for file_id, fault in told.items():
                    await found(work, file_id, fault)
        return len(told)

    def _look(self, file: RecordingFile) -> Fault | None:
        path = self._kept / file.path
        try:
            if not path.exists():
                return Fault.LOST
            whole = vault.verify(self._hotline.sealer, path, file.plain_bytes, file.sha256)
        except OSError:  # what the disk does not give back is not there
            return Fault.LOST
        return None if whole else Fault.TAMPERED

    # --- folders ------------------------------------------------------------------------------------------

    async def _compare(self) -> bool:
        """Once a night, a folder a round: what has no row. The last round tells what was found."""
        if self._days is None:
            if not await self._night_is_due():
                return False
            self._days, self._orphans = await asyncio.to_thread(self._folders), 0
        if self._days:
            self._orphans += await self._compare_day(self._days[-1])
            self._days.pop()
            return True
        async with self._hotline.work(AUDITOR) as work:
            known = await faults(work.db)
            work.record(
                RecordingsAudited(
                    orphans=self._orphans,
                    lost=known.get(Fault.LOST, 0),
                    tampered=known.get(Fault.TAMPERED, 0),
                )
            )
        self._audited, self._days = work.now, None
        return True

    async def _night_is_due(self) -> bool:
        now = local(self._hotline.clock.now())
        if now.hour < LOOK_HOUR:
            return False
        if self._audited is None:  # of before this start
            query = select(JournalRow.at).where(JournalRow.kind == RecordingsAudited.kind)
            async with self._hotline.read() as db:
                self._audited = await db.scalar(query.order_by(JournalRow.id.desc()).limit(1))
        return self._audited is None or local(self._audited).date() < now.date()

    def _folders(self) -> list[str]:
        days = (path.relative_to(self._kept) for path in self._kept.glob("*/*/*") if path.is_dir())
        return sorted(day.as_posix() for day in days)

    async def _compare_day(self, day: str) -> int:
        """How many files of a folder have no row. Erased ones go: the process died before they went."""
        lying = await asyncio.to_thread(lambda: list((self._kept / day).glob("*.sealed")))
        owners = await self._owners(day)  # read after the folder: a file that came since is not in it
        for path in lying:
            if owners.get(path.name) == State.ERASED:
                await asyncio.to_thread(path.unlink, missing_ok=True)
        return sum(path.name not in owners for path in lying)

    async def _owners(self, day: str) -> Mapping[str, str]:
        """File name to the state of the recording it belongs to."""
        with suppress(ValueError):  # what is no day has no recordings
            begin = date.fromisoformat(day.replace("/", "-"))
            query = select(Recording.key, Recording.state).where(
                Recording.began_at >= instant_of(begin, time()),
                Recording.began_at < instant_of(begin + timedelta(days=1), time()),
                Recording.state.in_((State.WAITING.value, State.SEALED.value, State.ERASED.value)),
            )
            async with self._hotline.read() as db:
                rows = (await db.execute(query)).all()
            return {f"{key}{ending}.sealed": state for key, state in rows for ending in SIDES.values()}
        return {}
