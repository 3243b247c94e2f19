"""Messages that the dialplan took while our process was away: each becomes a call we owe."""

import asyncio
import re
import wave
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import structlog

from core.contact import engine as contact
from core.contact.rules import Disposition, State
from core.values import system
from core.work import Hotline

log = structlog.get_logger()

DIALPLAN = system("dialplan")
_NOTE = re.compile(r"(?P<ani>\+?\d*) (?P<since>\d{9,11})")


@dataclass(frozen=True)
class Left:
    """What lies in the folder for one caller. seconds: of the recording; 0 without one."""

    note: Path
    unique_id: str
    ani: str | None
    recording: str | None
    seconds: int


def find(folder: Path) -> list[Left]:
    """Every caller's note in the switch's message folder, oldest first; a half-written one waits."""
    found = []
    for note in sorted(folder.glob("left-*.txt"), key=lambda path: path.stat().st_mtime):
        read = _NOTE.fullmatch(note.read_text(encoding="utf-8", errors="replace").strip("\r\n"))
        if read is None:
            continue
        sound = note.with_suffix(".wav")
        seconds = _seconds(sound)
        found.append(
            Left(
                note,
                note.stem.removeprefix("left-"),
                read["ani"] or None,
                sound.name if seconds else None,
                seconds,
            )
        )
    return found


async def take_in(
    hotline: Hotline, folder: Path, *, dnis: str, within: timedelta, busy: frozenset[str]
) -> int:
    """Promise each of them a call and remove the note, which holds a number in the clear.

    busy: unique ids of channels that are still up, whose recording may not be over. Twice for the
    same note is once. Returns how many callers were taken in.
    """
    taken = 0
    for left in await asyncio.to_thread(find, folder):
        if left.unique_id in busy:
            continue
        async with hotline.work(DIALPLAN) as work:
            opened = await contact.open_interaction(work, linked_id=left.unique_id, dnis=dnis, ani=left.ani)
            if not await contact.promised(work.db, opened.interaction_id):
                await contact.promise_callback(
                    work,
                    opened.interaction_id,
                    number=opened.number,
                    person_id=None,
                    due=work.now + within,
                    recording=left.recording,
                    recording_s=left.seconds,
                )
                if opened.new:
                    await contact.move(work, opened.interaction_id, State.MESSAGE)
                await contact.close(work, opened.interaction_id, Disposition.MESSAGE)
        left.note.unlink(missing_ok=True)
        taken += 1
    if taken:
        log.info("messages left with the switch were taken in", callers=taken)
    return taken


def _seconds(sound: Path) -> int:
    try:
        with wave.open(str(sound), "rb") as read:
            return round(read.getnframes() / read.getframerate())
    except (OSError, EOFError, wave.Error):
        return 0
