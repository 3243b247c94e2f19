"""The day before, by text: 1 keeps, 2 moves, 3 gives up, judged by what the visit is now."""

from datetime import date

import pytest
from sqlalchemy import select

from core.booking.commands import Cancel
from core.events import TextDropped
from core.reminding import engine
from core.reminding.tables import VisitReminder
from core.work import Hotline
from tests.builders import CALLER, SEED
from tests.clocks import FrozenClock
from tests.pages import database_url
from tests.sms.texting import LI, Texting, texting

__all__ = ["database_url"]  # SQLite alone: what differs between the databases is tested below the texts

FRIDAY = date(2026, 11, 27)


@pytest.fixture
async def post(hotline: Hotline, clock: FrozenClock) -> Texting:
    """Li Xiuying has a visit tomorrow, and has been reminded of it."""
    made = await texting(hotline)
    await booked(made, "李秀英", await made.town.session("chen"))
    await reminded(made, clock)
    return made


async def booked(post: Texting, person: str, session: int) -> int:
    who = post.town.people.get(person) or await post.town.person(person, phone=LI)
    return (await post.town.book(session, who, phone=LI)).appointment_id


async def reminded(post: Texting, clock: FrozenClock) -> None:
    await post.deliver()
    clock.set("2026-11-25 16:00")
    async with post.hotline.work(SEED) as work:
        await engine.remind_due(work)
    await post.deliver()
    post.seen = len(post.handset.got)


async def answers(post: Texting) -> list[str | None]:
    async with post.hotline.read() as db:
        return list((await db.execute(select(VisitReminder.answer).order_by(VisitReminder.id))).scalars())


async def test_the_reminder_says_what_can_be_answered(post: Texting) -> None:
    assert post.handset.last.startswith("【12320】李秀英11月26日周四8:00-8:30市一医院心血管内科陈建国,流水号")
    assert post.handset.last.endswith("。回复1保留 2改约 3取消")


async def test_1_keeps_it(post: Texting) -> None:
    assert "好的,为您保留:李秀英11月26日周四8:00" in await post.says("1")
    assert await answers(post) == ["kept"]
    assert await post.made() == [("booked", "phone")]


async def test_2_leads_to_other_times(post: Texting) -> None:
    await post.town.session("chen", day=FRIDAY)
    assert "可约:1)11/26周四上午余5 2)11/27周五上午余6" in await post.says("2")
    assert "改到11/27周五8:00" in await post.says("2")
    assert "已改约" in await post.says("1")
    assert await answers(post) == ["changed"]


@pytest.mark.req("R-088")
async def test_3_gives_it_up_after_the_yes(post: Texting) -> None:
    assert "要取消李秀英11月26日周四8:00" in await post.says("3")
    assert await answers(post) == [None]
    assert "已取消" in await post.says("1")
    assert await answers(post) == ["cancelled"]
    assert await post.made() == [("cancelled", "phone")]


async def test_the_no_to_that_keeps_it(post: Texting) -> None:
    await post.says("3")
    assert "原预约不变" in await post.says("0")
    assert await post.made() == [("booked", "phone")]


async def test_a_yes_to_a_visit_that_was_given_up_meanwhile_is_not_confirmed(post: Texting) -> None:
    """Lesson L7: a Y to a cancelled visit was once answered with 'confirmed'."""
    async with post.hotline.read() as db:
        visit = (await db.execute(select(VisitReminder.appointment_id))).scalar_one()
    await post.town.store.submit(Cancel(visit), CALLER)
    await post.deliver()
    post.seen = len(post.handset.got)
    assert "该预约已有变动" in await post.says("1")
    assert await answers(post) == [None]


async def test_a_reminder_that_is_no_longer_true_is_not_sent(hotline: Hotline, clock: FrozenClock) -> None:
    post = await texting(hotline)
    visit = await booked(post, "李秀英", await post.town.session("chen"))
    await post.deliver()
    clock.set("2026-11-25 16:00")
    async with hotline.work(SEED) as work:
        await engine.remind_due(work)
    await post.town.store.submit(Cancel(visit), CALLER)
    await post.deliver()
    assert "reminder" not in post.handset.kinds
    assert "reminder" in [event.text_kind for event in await post.told(TextDropped)]  # type: ignore[attr-defined]


async def test_of_two_children_it_is_asked_which(hotline: Hotline, clock: FrozenClock) -> None:
    post = await texting(hotline)
    session = await post.town.session("chen")
    await booked(post, "李秀英", session)
    await booked(post, "王小宝", session)
    await reminded(post, clock)
    asked = await post.says("1")
    assert "您回的是哪个?1)" in asked
    second = "李秀英" if "2)李秀英" in asked else "王小宝"
    assert f"为您保留:{second}" in await post.says("2")
    assert sorted(await answers(post), key=str) == [None, "kept"]


async def test_whoever_wants_no_reminders_gets_none(hotline: Hotline, clock: FrozenClock) -> None:
    post = await texting(hotline)
    await post.says("退订")
    await booked(post, "李秀英", await post.town.session("chen"))
    await reminded(post, clock)
    assert "reminder" not in post.handset.kinds
