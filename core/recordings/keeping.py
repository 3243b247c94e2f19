"""Seal what was recorded, erase what has been kept long enough, and look each night whether all is there.

Every step may be the last one before a crash: the plain file goes only after its sealed copy and its row
are durable, a sealed file only after its row says that it is erased.
"""

import asyncio
import shutil
import wave
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import structlog
from sqlalchemy import delete, select, update

from core.contact.agent_tables import Matter
from core.events import RecordingErased, RecordingMissing, RecordingsAudited, RecordingSealed
from core.journal import JournalRow
from core.recordings import vault
from core.recordings.rules import SIDES, State, kept_until
from core.recordings.tables import Recording, RecordingFile, RetentionRule
from core.values import local, system
from core.work import Hotline, Work

log = structlog.get_logger()

KEEPER = system("recordings")
LOOK_EVERY_S = 5.0
PEAKS = 240
# A call that ended without our hearing of it: the sound is whole by now.
LEFT_OPEN = timedelta(hours=6)
AUDIT_HOUR = 3


@dataclass(frozen=True)
class Side:
    """One sealed file, before its row is written."""

    side: str
    path: str
    sealed: vault.Sealed
    seconds: int
    peaks: list[int]


@dataclass(frozen=True)
class Condition:
    """free: share of the disk. waiting: not sealed yet. lost, tampered: as of the last nightly look."""

    free: float
    waiting: int
    lost: int
    tampered: int


class Keeper:
    """raw: where the switch writes. kept: where sealed files lie. Run one for an installation."""

    def __init__(self, hotline: Hotline, raw: Path, kept: Path) -> None:
        self._hotline = hotline
        self._raw = raw
        self.kept = kept
        self._audited: datetime | None = None
        self._last: RecordingsAudited | None = None
        self._backlog = 0

    async def run(self) -> None:
        """For ever."""
        while True:
            for part in (self.seal_waiting, self.erase_due, self._audit_when_due):
                try:
                    await part()
                except Exception:  # a border: the next look tries again, and the other parts go on
                    log.exception("keeping recordings failed", part=part.__name__)
            await asyncio.sleep(LOOK_EVERY_S)

    async def _audit_when_due(self) -> None:
        now = self._hotline.clock.now()
        if self._audited is None:  # of before this start
            async with self._hotline.read() as db:
                query = select(JournalRow.at).where(JournalRow.kind == RecordingsAudited.kind)
                self._audited = await db.scalar(query.order_by(JournalRow.id.desc()).limit(1))
        last = self._audited
        if local(now).hour >= AUDIT_HOUR and (last is None or local(last).date() < local(now).date()):
            await self.audit()

    # --- sealing ------------------------------------------------------------------------------------------

    async def seal_waiting(self) -> int:
        """Seal every recording that is whole; returns how many."""
        async with self._hotline.work(KEEPER) as work:
            await work.db.execute(
                update(Recording)
                .where(Recording.state == State.LIVE.value, Recording.began_at < work.now - LEFT_OPEN)
                .values(state=State.WAITING.value, ended_at=work.now)
            )
        async with self._hotline.read() as db:
            query = select(Recording).where(Recording.state == State.WAITING.value).order_by(Recording.id)
            rows = (await db.execute(query.limit(100))).scalars().all()
        self._backlog = len(rows)
        done = 0
        for row in rows:
            try:
                await self.seal(row.id, row.key, row.began_at)
            except Exception:  # a border: one that cannot be sealed keeps none of the others waiting
                log.exception("a recording was not sealed", recording_id=row.id)
                continue
            self._backlog -= 1
            done += 1
        return done

    async def seal(self, recording_id: int, key: str, began: datetime) -> None:
        """One recording: files first, then the row, then the plain files go. A crash repeats it."""
        day = f"{local(began):%Y/%m/%d}"
        sides = await asyncio.to_thread(self._seal_files, key, day)

        async def write(work: Work) -> None:
            await self._written(work, recording_id, sides)

        await self._hotline.run(write, KEEPER)
        await asyncio.to_thread(self._remove_plain, key)

    def _seal_files(self, key: str, day: str) -> list[Side]:
        found = []
        for side, ending in SIDES.items():
            plain = self._raw / f"{key}{ending}.wav"
            if not plain.exists() or plain.stat().st_size <= 44:
                continue
            path = f"{day}/{key}{ending}.sealed"
            seconds, peaks = _look(plain)
            sealed = vault.seal_file(self._hotline.sealer, plain, self.kept / path)
            found.append(Side(side, path, sealed, seconds, peaks))
        return found

    async def _written(self, work: Work, recording_id: int, sides: Sequence[Side]) -> None:
        row = await work.db.get_one(Recording, recording_id)
        if row.state != State.WAITING:
            return
        if not any(one.side == "mixed" for one in sides):
            row.state = State.MISSING.value
            work.record(RecordingMissing(interaction_id=row.interaction_id, recording_id=row.id))
            return
        await work.db.execute(delete(RecordingFile).where(RecordingFile.recording_id == recording_id))
        for one in sides:
            work.db.add(
                RecordingFile(
                    recording_id=recording_id,
                    side=one.side,
                    path=one.path,
                    sha256=one.sealed.sha256,
                    plain_bytes=one.sealed.plain_bytes,
                    peaks=one.peaks,
                )
            )
        row.state, row.sealed_at = State.SEALED.value, work.now
        row.seconds = max(one.seconds for one in sides)
        row.erase_after = await self._until(work, row)
        work.record(
            RecordingSealed(interaction_id=row.interaction_id, recording_id=row.id, seconds=row.seconds)
        )

    async def _until(self, work: Work, row: Recording) -> datetime:
        said = await work.db.scalars(
            select(Matter.first).where(Matter.interaction_id == row.interaction_id, Matter.first.is_not(None))
        )
        rules: dict[str | None, int] = {
            rule.disposition: rule.days for rule in await work.db.scalars(select(RetentionRule))
        }
        return kept_until(row.ended_at or row.began_at, [str(code) for code in said], rules)

    def _remove_plain(self, key: str) -> None:
        for ending in SIDES.values():
            (self._raw / f"{key}{ending}.wav").unlink(missing_ok=True)

    # --- erasing ------------------------------------------------------------------------------------------

    async def erase_due(self, limit: int = 100) -> int:
        """Erase what has been kept long enough and is not held by law; returns how many.

        The disposition may have come after the sealing, so the time is reckoned once more.
        """
        async with self._hotline.work(KEEPER) as work:
            due = (
                select(Recording)
                .where(
                    Recording.state == State.SEALED.value,
                    Recording.erase_after <= work.now,
                    Recording.hold_reason.is_(None),
                )
                .limit(limit)
            )
            gone = []
            for row in (await work.db.execute(due)).scalars().all():
                row.erase_after = await self._until(work, row)
                if row.erase_after > work.now:
                    continue
                await work.db.flush()
                # Somebody may hold it by law at this very moment: one statement decides.
                erased = await work.db.execute(
                    update(Recording)
                    .where(
                        Recording.id == row.id,
                        Recording.state == State.SEALED.value,
                        Recording.hold_reason.is_(None),
                    )
                    .values(state=State.ERASED.value, erased_at=work.now)
                    .returning(Recording.id)
                )
                if erased.one_or_none() is None:
                    continue
                gone.append(row.id)
                work.record(RecordingErased(interaction_id=row.interaction_id, recording_id=row.id))
            paths = await work.db.scalars(
                select(RecordingFile.path).where(RecordingFile.recording_id.in_(gone))
            )
            files = [self.kept / path for path in paths]
        for path in files:
            await asyncio.to_thread(path.unlink, missing_ok=True)
        return len(gone)

    # --- looking ------------------------------------------------------------------------------------------

    async def audit(self) -> RecordingsAudited:
        """Compare folder and rows: what has no row, what has no file, what does not open any more."""
        async with self._hotline.read() as db:
            rows = await db.execute(
                select(RecordingFile.path, RecordingFile.plain_bytes, RecordingFile.sha256, Recording.state)
                .join(Recording, Recording.id == RecordingFile.recording_id)
                .where(Recording.state.in_((State.SEALED.value, State.ERASED.value)))
            )
            known = {path: (plain_bytes, sha256, state) for path, plain_bytes, sha256, state in rows}
        lying = await asyncio.to_thread(self._lying)
        orphans = [path for path in lying if path not in known]
        for path in lying:  # erased by its row, and the process died before the file went
            if path in known and known[path][2] == State.ERASED:
                await asyncio.to_thread((self.kept / path).unlink, missing_ok=True)
        lost, tampered = 0, 0
        for path, (plain_bytes, sha256, state) in known.items():
            if state != State.SEALED:
                continue
            if path not in lying:
                lost += 1
                continue
            good = await asyncio.to_thread(
                vault.verify, self._hotline.sealer, self.kept / path, plain_bytes, sha256
            )
            tampered += not good
        found = RecordingsAudited(orphans=len(orphans), lost=lost, tampered=tampered)
        async with self._hotline.work(KEEPER) as work:
            work.record(found)
            self._audited, self._last = work.now, found
        return found

    def _lying(self) -> set[str]:
        return {str(path.relative_to(self.kept)) for path in self.kept.glob("*/*/*/*.sealed")}

    async def condition(self) -> Condition:
        """For the health page: free disk, what waits, what the last look found."""
        folder = self.kept if self.kept.exists() else self.kept.parent
        disk = await asyncio.to_thread(shutil.disk_usage, folder)
        lost, tampered = (self._last.lost, self._last.tampered) if self._last else (0, 0)
        return Condition(disk.free / disk.total, self._backlog, lost, tampered)


def _look(path: Path) -> tuple[int, list[int]]:
    """Seconds, and the loudness along the way, 0 to 100."""
    try:
        with wave.open(str(path), "rb") as sound:
            rate, frames = sound.getframerate(), sound.getnframes()
            data = sound.readframes(frames)
    except (wave.Error, EOFError):
        return 0, []
    # A switch that died may have left half a sample.
    samples = np.frombuffer(data[: len(data) // 2 * 2], dtype="<i2")
    if len(samples) == 0:
        return 0, []
    parts = np.array_split(samples, min(PEAKS, len(samples)))
    loudest = [max(int(part.max()), -int(part.min())) for part in parts]
    return round(frames / rate), [int(min(100, one / 327.68)) for one in loudest]
