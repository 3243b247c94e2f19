"""Recordings from their row to their erasure, with the process dying between every two steps."""

import asyncio
import threading
import wave
from collections import defaultdict
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import soundfile
from sqlalchemy import select

from core import journal
from core.contact import engine as contact
from core.contact import matters
from core.errors import NotAllowed, NotFound, WrongInput
from core.events import RecordingEnded, RecordingFaulty, RecordingsAudited
from core.recordings import auditing, keeping, vault
from core.recordings import engine as recordings
from core.recordings.auditing import Auditor
from core.recordings.keeping import Keeper
from core.recordings.rules import KEPT_DAYS, VERIFIED_WITHIN_DAYS, State
from core.recordings.tables import Recording, RecordingFile, RecordingGap
from core.staff import engine as staff
from core.staff.tables import AuditEntry
from core.values import Actor, ActorKind, system
from core.work import Hotline
from tests.clocks import FrozenClock

TEST = system("test")
SECONDS = 3


class Killed(BaseException):
    """The process ends here."""


@pytest.fixture
def keeper(hotline: Hotline, tmp_path: Path) -> Keeper:
    (tmp_path / "raw").mkdir()
    return Keeper(hotline, tmp_path / "raw", tmp_path / "kept")


def sound(path: Path, seed: int) -> None:
    samples = np.random.default_rng(seed).integers(-9000, 9000, SECONDS * 8000).astype("<i2")
    with wave.open(str(path), "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(8000)
        out.writeframes(samples.tobytes())


async def recorded(hotline: Hotline, keeper: Keeper, linked_id: str = "1") -> tuple[int, str]:
    """A call whose recording is whole; its interaction and the key of its files."""
    async with hotline.work(TEST) as work:
        call = await contact.open_interaction(work, linked_id=linked_id, dnis="12320", ani=None)
        key, new = await recordings.begin(work, call.interaction_id, None)
        assert new
        assert await recordings.begin(work, call.interaction_id, None) == (key, False)
    for number, ending in enumerate(("", "-rx", "-tx")):
        sound(keeper._raw / f"{key}{ending}.wav", number)
    async with hotline.work(TEST) as work:
        assert await recordings.ended(work, call.interaction_id)
        assert not await recordings.ended(work, call.interaction_id)
    return call.interaction_id, key


async def look(hotline: Hotline, keeper: Keeper) -> RecordingsAudited:
    """All that is due, and what the look found."""
    auditor = Auditor(hotline, keeper.kept)
    while await auditor.round():
        pass
    async with hotline.read() as db:
        (found,) = await journal.latest(db, RecordingsAudited, 1)
    return found


async def row(hotline: Hotline) -> Recording:
    async with hotline.read() as db:
        return (await db.execute(select(Recording))).scalar_one()


async def test_a_recording_is_sealed_and_its_plain_sound_is_gone(hotline: Hotline, keeper: Keeper) -> None:
    await recorded(hotline, keeper)
    assert await keeper.seal_waiting() == 1
    made = await row(hotline)
    assert (made.state, made.seconds) == (State.SEALED, SECONDS)
    assert list(keeper._raw.iterdir()) == []
    async with hotline.read() as db:
        files = (await db.execute(select(RecordingFile))).scalars().all()
    assert {one.side for one in files} == {"mixed", "caller", "heard"}
    for one in files:
        assert len(one.peaks) == keeping.PEAKS
        assert vault.verify(hotline.sealer, keeper.kept / one.path, one.plain_bytes, one.sha256)
    assert await keeper.seal_waiting() == 0


@pytest.mark.parametrize("place", ["before files", "between files", "before row", "before removal"])
async def test_a_crash_at_any_step_loses_no_sound(
    hotline: Hotline, keeper: Keeper, clock: FrozenClock, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    _, key = await recorded(hotline, keeper)
    plain = (keeper._raw / f"{key}.wav").read_bytes()
    real, calls = vault.seal_file, []

    def dying(*given: object) -> vault.Sealed:
        calls.append(given)
        if place == "before files" or (place == "between files" and len(calls) == 2):
            raise Killed
        return real(*given)  # type: ignore[arg-type]

    async def killed(*_given: object) -> None:
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(vault, "seal_file", dying)
        if place == "before row":
            patch.setattr(keeper, "_written", killed)
        if place == "before removal":
            patch.setattr(keeper, "_remove_plain", lambda _key: (_ for _ in ()).throw(Killed()))
        with pytest.raises(Killed):
            await keeper.seal_waiting()
    again = Keeper(hotline, keeper._raw, keeper.kept)
    await again.seal_waiting()
    made = await row(hotline)
    async with hotline.read() as db:
        mixed = await recordings.file_of(db, made.id, "mixed")
    assert made.state == State.SEALED
    assert b"".join(vault.read(hotline.sealer, keeper.kept / mixed.path, mixed.plain_bytes)) == plain
    clock.advance(days=VERIFIED_WITHIN_DAYS)
    found = await look(hotline, again)
    assert (found.orphans, found.lost, found.tampered) == (0, 0, 0)


async def test_what_was_never_written_is_missing_and_said_so(hotline: Hotline, keeper: Keeper) -> None:
    _, key = await recorded(hotline, keeper)
    for path in keeper._raw.iterdir():
        path.unlink()
    await keeper.seal_waiting()
    assert ((await row(hotline)).state, key[:8]) == (State.MISSING, key[:8])


async def test_a_recording_goes_when_its_time_is_over_unless_the_law_holds_it(
    hotline: Hotline, keeper: Keeper, clock: FrozenClock
) -> None:
    await recorded(hotline, keeper)
    await keeper.seal_waiting()
    by = Actor(ActorKind.STAFF, "9101", staff_id=None, functions=frozenset({"recordings"}))
    recording = (await row(hotline)).id
    async with hotline.work(by) as work:
        await recordings.hold(work, recording, "卫健委调查")
    clock.advance(days=KEPT_DAYS[None] + 1)
    assert await keeper.erase_due() == 0
    async with hotline.work(by) as work:
        await recordings.hold(work, recording, None)
    assert await keeper.erase_due() == 1
    made = await row(hotline)
    assert (made.state, made.erased_at) == (State.ERASED, clock.now())
    assert list(keeper.kept.glob("*/*/*/*")) == []
    async with hotline.read() as db:
        assert len((await recordings.file_of(db, recording, "mixed")).sha256) == 64, "the proof stays"


async def test_a_complaint_is_kept_longer_though_its_disposition_came_later(
    hotline: Hotline, keeper: Keeper, clock: FrozenClock
) -> None:
    call, _ = await recorded(hotline, keeper)
    await keeper.seal_waiting()
    async with hotline.work(TEST) as work:
        mine = await staff.create_staff(work, login="8001", name="话务员")
        matter = await matters.open_matter(work, call, mine)
        await matters.dispose(work, matter.matter_id, "complaint", "complaint")
    clock.advance(days=KEPT_DAYS[None] + 1)
    assert await keeper.erase_due() == 0
    assert (await row(hotline)).erase_after == clock.now() + timedelta(
        days=KEPT_DAYS["complaint"] - KEPT_DAYS[None] - 1
    )


async def test_the_nightly_look_finds_what_is_lost_altered_and_nobodys(
    hotline: Hotline, keeper: Keeper, clock: FrozenClock
) -> None:
    await recorded(hotline, keeper)
    await keeper.seal_waiting()
    async with hotline.read() as db:
        files = list((await db.execute(select(RecordingFile).order_by(RecordingFile.side))).scalars())
    (keeper.kept / files[0].path).unlink()
    altered = keeper.kept / files[1].path
    whole = altered.read_bytes()
    altered.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    (altered.parent / "nobodys.sealed").write_bytes(b"?")
    clock.advance(days=VERIFIED_WITHIN_DAYS)
    found = await look(hotline, keeper)
    assert (found.orphans, found.lost, found.tampered) == (1, 1, 1)
    again = Keeper(hotline, keeper._raw, keeper.kept)
    condition = await again.condition()
    assert (condition.lost, condition.tampered) == (1, 1), "known after a restart, too"
    altered.write_bytes(whole)  # brought back from a copy
    clock.advance(days=VERIFIED_WITHIN_DAYS)
    await look(hotline, keeper)
    condition = await keeper.condition()
    assert (condition.lost, condition.tampered) == (1, 0)
    async with hotline.read() as db:
        told = [one.fault for one in await journal.latest(db, RecordingFaulty, 9)]
    assert sorted(told) == ["", "lost", "tampered"], "told once each"


async def test_each_file_is_opened_in_its_turn_and_no_round_opens_more_than_a_page(
    hotline: Hotline, keeper: Keeper, clock: FrozenClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(auditing, "PAGE", 2)
    opened: dict[Path, list[datetime]] = defaultdict(list)

    def noted(_sealer: object, path: Path, *_more: object) -> bool:
        opened[path].append(clock.now())
        return True

    monkeypatch.setattr(vault, "verify", noted)
    auditor, sealed, most = Auditor(hotline, keeper.kept), {}, 0
    for day in range(3 * VERIFIED_WITHIN_DAYS):
        if day < 3:
            await recorded(hotline, keeper, linked_id=str(day))
            await keeper.seal_waiting()
            sealed |= {path: clock.now() for path in keeper.kept.glob("*/*/*/*") if path not in sealed}
        more = True
        while more:
            before = sum(len(times) for times in opened.values())
            more = await auditor.round()
            most = max(most, sum(len(times) for times in opened.values()) - before)
        clock.advance(days=1)
    assert set(opened) == set(sealed)
    assert most == 2
    for path, times in opened.items():
        seen = [sealed[path], *times, clock.now()]
        apart = [later - earlier for earlier, later in pairwise(seen)]
        assert max(apart) <= timedelta(days=VERIFIED_WITHIN_DAYS)


async def test_a_recording_is_sealed_while_another_is_looked_at(
    hotline: Hotline, keeper: Keeper, clock: FrozenClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    await recorded(hotline, keeper)
    await keeper.seal_waiting()
    clock.advance(days=VERIFIED_WITHIN_DAYS)
    looking, enough = threading.Event(), threading.Event()

    def long(*_given: object) -> bool:
        looking.set()
        enough.wait()
        return True

    monkeypatch.setattr(vault, "verify", long)
    look = asyncio.create_task(Auditor(hotline, keeper.kept).round())
    try:
        await asyncio.to_thread(looking.wait)
        await recorded(hotline, keeper, linked_id="2")
        assert await keeper.seal_waiting() == 1
        assert not look.done()
    finally:
        enough.set()
    assert await look


async def test_what_was_erased_but_not_removed_goes_in_the_night(
    hotline: Hotline, keeper: Keeper, clock: FrozenClock
) -> None:
    await recorded(hotline, keeper)
    await keeper.seal_waiting()
    left = {path: path.read_bytes() for path in keeper.kept.glob("*/*/*/*")}
    clock.advance(days=KEPT_DAYS[None] + 1)
    await keeper.erase_due()
    for path, data in left.items():  # as if the process had died before the files went
        path.write_bytes(data)
    found = await look(hotline, keeper)
    assert (found.orphans, found.lost, found.tampered) == (0, 0, 0)
    assert list(keeper.kept.glob("*/*/*/*")) == []


async def test_a_call_whose_end_nobody_heard_leaves_no_gap_open(
    hotline: Hotline, keeper: Keeper, clock: FrozenClock
) -> None:
    async with hotline.work(TEST) as work:
        call = (await contact.open_interaction(work, linked_id="1", dnis="1", ani=None)).interaction_id
        await recordings.begin(work, call)
        await recordings.pause(work, call, on=True, why="identity")
    clock.advance(hours=7)
    await keeper.seal_waiting()
    async with hotline.read() as db:
        gap = (await db.execute(select(RecordingGap))).scalar_one()
        (over,) = await journal.latest(db, RecordingEnded, 1)
    assert (gap.ended_at, over.interaction_id) == (clock.now(), call)


async def test_hearing_needs_a_function_and_a_reason_and_is_written_down(
    hotline: Hotline, keeper: Keeper
) -> None:
    await recorded(hotline, keeper)
    recording = (await row(hotline)).id
    good = Actor(ActorKind.STAFF, "9101", functions=frozenset({"recordings"}))
    one_hospital = Actor(ActorKind.STAFF, "h1", functions=frozenset({"recordings"}), hospital_id=1)
    for by in (Actor(ActorKind.STAFF, "8001"), one_hospital):
        with pytest.raises(NotAllowed):
            async with hotline.work(by) as work:
                await recordings.played(work, recording, "quality")
    with pytest.raises(NotFound):
        async with hotline.work(good) as work:
            await recordings.played(work, recording, "quality")
    await keeper.seal_waiting()
    for reason, words in (("curious", ""), ("other", " ")):
        with pytest.raises(WrongInput):
            async with hotline.work(good) as work:
                await recordings.played(work, recording, reason, words)
    async with hotline.work(good) as work:
        await recordings.played(work, recording, "complaint")
    async with hotline.read() as db:
        (entry,) = (await db.execute(select(AuditEntry))).scalars()
    assert (entry.act, entry.subject_id, entry.reason) == ("recording-played", recording, "投诉核实")


async def test_a_gap_is_noted_once_and_ends_with_the_call(
    hotline: Hotline, keeper: Keeper, clock: FrozenClock
) -> None:
    async with hotline.work(TEST) as work:
        call = (await contact.open_interaction(work, linked_id="1", dnis="1", ani=None)).interaction_id
        await recordings.begin(work, call)
    began = clock.now()
    for second, on, changed in ((5, True, True), (6, True, False), (9, False, True), (10, False, False)):
        clock.instant = began + timedelta(seconds=second)
        async with hotline.work(TEST) as work:
            assert await recordings.pause(work, call, on=on, why="identity") is changed
    clock.instant = began + timedelta(seconds=20)
    async with hotline.work(TEST) as work:
        await recordings.pause(work, call, on=True, why="card")
    clock.instant = began + timedelta(seconds=30)
    async with hotline.work(TEST) as work:
        await recordings.ended(work, call)
        made = (await work.db.execute(select(Recording))).scalar_one()
        made.seconds = 30
    async with hotline.read() as db:
        found = await recordings.gaps_of(db, (await row(hotline)).id)
    assert [(gap.first_s, gap.last_s, gap.why) for gap in found] == [(5, 9, "identity"), (20, 30, "card")]


def test_half_a_sample_at_the_end_of_a_file_is_no_reason_to_stop(tmp_path: Path) -> None:
    """A switch that died in the middle of writing."""
    path = tmp_path / "cut.wav"
    soundfile.write(path, np.full(8000, 0.5), 8000, subtype="PCM_16")
    path.write_bytes(path.read_bytes()[:-1])
    seconds, peaks = keeping._look(path)
    assert seconds == 1
    assert set(peaks) == {50}
