"""Seal what was recorded, and erase what has been kept long enough.

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
from core.events import RecordingErased, RecordingMissing, RecordingSealed
from core.partial import written
from core.recordings import engine as recordings
from core.recordings import vault
from core.recordings.auditing import faults
from core.recordings.rules import SIDES, Fault, State, kept_until, verify_after
from core.recordings.tables import Recording, RecordingFile, RetentionRule
from core.values import local, system
from core.work import Hotline, Work

log = structlog.get_logger()

KEEPER = system("recordings")
LOOK_EVERY_S = 5.0
PEAKS = 240
# A call that ended without our hearing of it: the sound is whole by now.
LEFT_OPEN = timedelta(hours=6)
# Those that are whole and not sealed yet.
WAITING = select(Recording).where(written(Recording.state, State.WAITING)).order_by(Recording.id).limit(100)


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
    """free: share of the disk. waiting: not sealed yet. lost, tampered: files, as found last."""

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
        self._backlog = 0

    async def run(self) -> None:
        """For ever."""
        while True:
            for part in (self.seal_waiting, self.erase_due):
                try:
                    await part()
                except Exception:  # a border: the next look tries again, and the other parts go on
                    log.exception("keeping recordings failed", part=part.__name__)
            await asyncio.sleep(LOOK_EVERY_S)

    # --- sealing ------------------------------------------------------------------------------------------

    async def seal_waiting(self) -> int:
        """Seal every recording that is whole; returns how many."""
        async with self._hotline.work(KEEPER) as work:
            left = select(Recording.interaction_id).where(
                written(Recording.state, State.LIVE), Recording.began_at < work.now - LEFT_OPEN
            )
            for interaction_id in (await work.db.scalars(left)).all():
                await recordings.ended(work, interaction_id)
        async with self._hotline.read() as db:
            rows = (await db.execute(WAITING)).scalars().all()
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
                    verify_after=verify_after(work.now),
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
                    written(Recording.state, State.SEALED),
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
                update(RecordingFile)
                .where(RecordingFile.recording_id.in_(gone))
                .values(verify_after=None, fault=None)
                .returning(RecordingFile.path)
            )
            files = [self.kept / path for path in paths]
        for path in files:
            await asyncio.to_thread(path.unlink, missing_ok=True)
        return len(gone)

    # --- looking ------------------------------------------------------------------------------------------

    async def condition(self) -> Condition:
        """For the health page: free disk, what waits, what is known to be lost or altered."""
        folder = self.kept if self.kept.exists() else self.kept.parent
        disk = await asyncio.to_thread(shutil.disk_usage, folder)
        async with self._hotline.read() as db:
            known = await faults(db)
        lost, tampered = known.get(Fault.LOST, 0), known.get(Fault.TAMPERED, 0)
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
