"""What callers left with the dialplan while we were away becomes a call we owe, once."""

import os
import wave
from datetime import timedelta
from pathlib import Path

from sqlalchemy import select

from core.contact import engine as contact
from core.contact.tables import Callback, Interaction
from core.values import system
from core.work import Hotline
from ivr.left_alone import take_in

TWO_HOURS = timedelta(hours=2)


def leave(folder: Path, name: str, note: str, seconds: int = 0) -> None:
    (folder / f"left-{name}.txt").write_text(note, encoding="utf-8")
    os.utime(folder / f"left-{name}.txt", (1000, 1000))
    if seconds:
        with wave.open(str(folder / f"left-{name}.wav"), "wb") as out:
            out.setnchannels(1)
            out.setsampwidth(2)
            out.setframerate(8000)
            out.writeframes(bytes(16000 * seconds))


def notes(folder: Path) -> int:
    return len(list(folder.glob("*.txt")))


async def take(hotline: Hotline, folder: Path, busy: frozenset[str] = frozenset()) -> int:
    return await take_in(hotline, folder, dnis="12320", within=TWO_HOURS, busy=busy)


async def owed(hotline: Hotline) -> list[Callback]:
    async with hotline.read() as db:
        return list((await db.execute(select(Callback))).scalars())


async def test_a_message_becomes_a_call_we_owe_and_its_note_is_gone(hotline: Hotline, tmp_path: Path) -> None:
    leave(tmp_path, "hotline-1763.7", "10712345678 1763860000\n", seconds=4)
    assert await take(hotline, tmp_path) == 1
    (callback,) = await owed(hotline)
    assert (callback.recording, callback.recording_s) == ("left-hotline-1763.7.wav", 4)
    assert callback.phone_sealed
    assert hotline.sealer.open(callback.phone_sealed, "phone") == "10712345678"
    assert callback.promised_for == hotline.clock.now() + TWO_HOURS
    assert notes(tmp_path) == 0
    async with hotline.read() as db:
        made = (await db.execute(select(Interaction))).scalar_one()
    assert (made.state, made.disposition) == ("closed", "message")


async def test_who_said_nothing_and_hid_the_number_is_kept_too(hotline: Hotline, tmp_path: Path) -> None:
    leave(tmp_path, "hotline-1763.8", " 1763860000")
    assert await take(hotline, tmp_path) == 1
    (callback,) = await owed(hotline)
    assert (callback.recording, callback.phone_sealed) == (None, None)


async def test_taken_in_twice_is_owed_once(hotline: Hotline, tmp_path: Path) -> None:
    leave(tmp_path, "hotline-1763.7", "10712345678 1763860000")
    await take(hotline, tmp_path)
    leave(tmp_path, "hotline-1763.7", "10712345678 1763860000")  # we died before the note was removed
    await take(hotline, tmp_path)
    assert len(await owed(hotline)) == 1


async def test_a_call_that_began_with_us_and_ended_alone_stays_one_interaction(
    hotline: Hotline, tmp_path: Path
) -> None:
    async with hotline.work(system("test")) as work:
        await contact.open_interaction(work, linked_id="hotline-1763.7", dnis="12320", ani="10712345678")
    leave(tmp_path, "hotline-1763.7", "10712345678 1763860000", seconds=2)
    await take(hotline, tmp_path)
    assert len(await owed(hotline)) == 1
    async with hotline.read() as db:
        made = (await db.execute(select(Interaction))).scalar_one()
    assert made.disposition == "message"


async def test_somebody_who_is_still_speaking_and_a_half_written_note_wait(
    hotline: Hotline, tmp_path: Path
) -> None:
    leave(tmp_path, "hotline-1763.7", "10712345678 1763860000")
    leave(tmp_path, "hotline-1763.9", "1071")
    assert await take(hotline, tmp_path, busy=frozenset({"hotline-1763.7"})) == 0
    assert notes(tmp_path) == 2
