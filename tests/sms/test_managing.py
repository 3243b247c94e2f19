"""Texts that need a person: tried again, left with words, read for a reason, and counted."""

from dataclasses import replace

import pytest
from sqlalchemy import select, update

from core import events, owed
from core.errors import ChangedMeanwhile, NotAllowed, NotFound, WrongInput
from core.journal import JournalRow
from core.outbox_table import OutboxRow
from core.staff.tables import AuditEntry
from core.values import Actor, ActorKind
from core.work import Hotline
from sms.managing import TextRoom
from sms.tables import TextMessage
from tests.builders import SEED
from tests.clocks import FrozenClock
from tests.sms.given_up import WORDS, given_up

KEEPER = Actor(ActorKind.STAFF, "9001", functions=frozenset({"texts", "reveal"}))
ROOM = TextRoom(lambda: [("console", True)])


async def states(hotline: Hotline) -> list[str]:
    async with hotline.read() as db:
        return list((await db.execute(select(OutboxRow.state).order_by(OutboxRow.id))).scalars())


async def last_act(hotline: Hotline) -> tuple[str, str | None]:
    async with hotline.read() as db:
        query = select(AuditEntry.act, AuditEntry.reason).order_by(AuditEntry.id.desc()).limit(1)
        act, reason = (await db.execute(query)).one()
        return act, reason


async def test_what_was_given_up_is_listed_without_its_words(hotline: Hotline) -> None:
    out = await given_up(hotline)
    came = await given_up(hotline, incoming=True, state="received", name="2")
    async with hotline.read() as db:
        rows = await ROOM.dead(db)
    assert [(row.outbox_id, row.incoming, row.kind, row.state) for row in rows] == [
        (came, True, "from-patient", "received"),
        (out, False, "reply", "failed"),
    ]
    assert {row.phone_masked for row in rows} == {"107****5678"}
    assert {row.why for row in rows} == {"number unknown"}
    assert "心血管内科" not in repr(rows)


async def test_one_is_tried_again_once(hotline: Hotline) -> None:
    row = await given_up(hotline)
    async with hotline.work(KEEPER) as work:
        await ROOM.again(work, row)
    assert await states(hotline) == ["waiting"]
    assert await last_act(hotline) == ("text-sent-again", None)
    async with hotline.read() as db:
        kinds = (await db.execute(select(JournalRow.kind))).scalars().all()
        assert await ROOM.dead(db) == []
    assert events.TextRevived.kind in kinds
    for act in (lambda work: ROOM.again(work, row), lambda work: ROOM.leave(work, row, "晚了")):
        with pytest.raises(ChangedMeanwhile):
            async with hotline.work(KEEPER) as work:
                await act(work)


async def test_what_may_have_gone_is_not_sent_twice(hotline: Hotline) -> None:
    row = await given_up(hotline, state="unknown")
    async with hotline.read() as db:
        (seen,) = await ROOM.dead(db)
    assert not seen.retry
    with pytest.raises(ChangedMeanwhile):
        async with hotline.work(KEEPER) as work:
            await ROOM.again(work, row)
    assert await states(hotline) == ["dead"]


async def test_one_is_left_with_words_and_no_longer_counted(hotline: Hotline) -> None:
    row = await given_up(hotline, incoming=True, state="received")
    with pytest.raises(WrongInput):
        async with hotline.work(KEEPER) as work:
            await ROOM.leave(work, row, "  ")
    async with hotline.work(KEEPER) as work:
        await ROOM.leave(work, row, "已电话联系患者")
    assert await states(hotline) == ["left"]
    assert await last_act(hotline) == ("text-given-up", "已电话联系患者")
    async with hotline.read() as db:
        assert (await db.execute(select(TextMessage.state))).scalar_one() == "failed"
        assert await owed.counts(db) == {}


async def test_words_are_read_for_a_chosen_reason_that_is_written_down(hotline: Hotline) -> None:
    row = await given_up(hotline)
    async with hotline.work(KEEPER) as work:
        assert await ROOM.read(work, row, "patient") == WORDS
    assert await last_act(hotline) == ("text-read", "患者来电询问")
    for by, outbox_id, reason, refusal in (
        (KEEPER, row, "curious", WrongInput),
        (KEEPER, row + 1, "patient", NotFound),
        (replace(KEEPER, functions=frozenset({"texts"})), row, "patient", NotAllowed),
        (replace(KEEPER, hospital_id=1), row, "patient", NotAllowed),
    ):
        with pytest.raises(refusal):
            async with hotline.work(by) as work:
                await ROOM.read(work, outbox_id, reason)


async def test_staff_of_a_hospital_touch_no_text(hotline: Hotline) -> None:
    row = await given_up(hotline)
    by = replace(KEEPER, hospital_id=1)
    for act in (lambda work: ROOM.again(work, row), lambda work: ROOM.leave(work, row, "x")):
        with pytest.raises(NotAllowed):
            async with hotline.work(by) as work:
                await act(work)
    assert await states(hotline) == ["dead"]


async def test_a_day_is_counted_by_the_hour(hotline: Hotline, clock: FrozenClock) -> None:
    for place, state in enumerate(("delivered", "delivered", "sent", "failed", "unknown", "queued")):
        await given_up(hotline, state=state, name=f"now-{place}")
    await given_up(hotline, incoming=True, state="received", name="in")
    clock.advance(hours=5)
    await given_up(hotline, state="delivered", name="later")
    async with hotline.read() as db:
        hours = await ROOM.figures(db, clock.now())
    assert len(hours) == 24
    busy = hours[-6]
    assert (busy.delivered, busy.sent, busy.failed, busy.unknown, busy.total) == (2, 1, 1, 1, 5)
    assert (hours[-1].delivered, sum(hour.total for hour in hours)) == (1, 6)
    async with hotline.work(SEED) as work:
        await work.db.execute(update(TextMessage).values(created_at=clock.now()))
    clock.advance(hours=25)
    async with hotline.read() as db:
        assert sum(hour.total for hour in await ROOM.figures(db, clock.now())) == 0
