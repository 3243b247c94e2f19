"""Offers by text: told once while they stand, and answered against what they are now."""

from dataclasses import dataclass
from datetime import date, timedelta

import pytest
from sqlalchemy import select

from core.booking.stopping import stop
from core.booking.tables import Appointment
from core.calling import engine as calls
from core.calling.rules import Kind as CallKind
from core.calling.tables import OutboundCall
from core.contact.rules import Disposition
from core.events import InteractionClosed, OfferEnded, TextDropped
from core.offers import engine
from core.offers.rules import Kind, State
from core.offers.tables import Offer
from core.outbox import Outbox
from core.values import Actor, ActorKind, Channel, Phone, system
from core.wake import Wake
from core.work import Hotline
from sms import inbound
from sms.inbound import Inbox
from tests.builders import CALLER, SEED
from tests.clocks import FrozenClock
from tests.pages import database_url
from tests.sms.texting import LI, STRANGER, Texting, texting

__all__ = ["database_url"]  # SQLite alone: what differs between the databases is tested below the texts

FRIDAY = date(2026, 11, 27)
BY = Actor(ActorKind.SYSTEM, "leave", Channel.PHONE)


@dataclass
class Away:
    """Dr Chen is away on Thursday; Li Xiuying, and whoever else was to see him, is offered Friday."""

    post: Texting
    stopped: int
    friday: int
    source: int = 0

    async def offer(self, person: str = "李秀英", *, minutes: int = 24 * 60) -> int:
        """For the stopped visit of somebody; they are called about it, too. Not told by text yet."""
        town = self.post.town
        self.source += 1
        async with town.hotline.read() as db:
            who = town.people[person]
            query = select(Appointment.id).where(
                Appointment.session_id == self.stopped, Appointment.person_id == who
            )
            visit = (await db.execute(query)).scalar_one()
        async with town.hotline.work(BY) as work:
            made = await engine.make(
                work,
                engine.Make(
                    Kind.LEAVE, self.source, self.friday, who, Phone(LI), minutes, appointment_id=visit
                ),
            )
            ends = work.now + timedelta(minutes=minutes)
            await calls.ask(work, calls.Ask(CallKind.LEAVE, f"offer/{made}", who, Phone(LI), work.now, ends))
        return made

    async def told(self) -> str:
        """What stands on the telephone since the last look."""
        await self.post.deliver()
        sent = list(self.post.handset.got.values())
        fresh, self.post.seen = sent[self.post.seen :], len(sent)
        return "\n".join(text.body for text in fresh)

    async def ended(self, offer_id: int) -> tuple[str, str | None]:
        async with self.post.hotline.read() as db:
            row = await db.get_one(Offer, offer_id)
        return row.state, row.why

    async def calls(self) -> set[str]:
        """States of the calls that are owed."""
        async with self.post.hotline.read() as db:
            return set((await db.execute(select(OutboundCall.state))).scalars())


@pytest.fixture
async def away(hotline: Hotline) -> Away:
    post = await texting(hotline)
    thursday, friday = await post.town.session("chen"), await post.town.session("chen", day=FRIDAY)
    await post.town.book(thursday, post.town.people["李秀英"], phone=LI)
    child = await post.town.person("王小宝", phone=LI)
    await post.town.book(thursday, child, phone=LI)
    async with hotline.work(SEED) as work:
        await stop(work, thursday, reason="leave")
    here = Away(post, thursday, friday)
    await here.told()
    return here


# --- told ---------------------------------------------------------------------------------------------


@pytest.mark.req("R-089")
async def test_the_leave_the_kept_slot_and_the_answers_are_told_in_one_text(away: Away) -> None:
    await away.offer(minutes=120)
    told = await away.told()
    assert told == (
        "【12320】李秀英,陈建国11月26日停诊,改留心血管内科11月27日周五8:00,12:00前"
        "回复1接受 2其他时间 3退号退费"
    )
    assert await away.told() == ""


async def test_an_offer_that_is_over_before_its_text_left_is_not_told(away: Away) -> None:
    offer = await away.offer()
    async with away.post.hotline.work(CALLER) as work:
        await engine.accept(work, offer)
    assert "回复1接受" not in await away.told()
    assert "overtaken" in [event.why for event in await away.post.told(TextDropped)]  # type: ignore[attr-defined]


async def test_an_offer_is_told_at_night_only_if_the_visit_is_near(away: Away, clock: FrozenClock) -> None:
    clock.set("2026-11-23 22:30")
    await away.offer()
    assert await away.told() == ""
    clock.set("2026-11-24 07:00")
    assert "回复1接受" in await away.told()
    clock.set("2026-11-25 22:30")
    await away.offer("王小宝")
    assert "王小宝" in await away.told()


async def test_whoever_wants_no_reminders_is_told_of_a_leave_all_the_same(away: Away) -> None:
    await away.post.says("退订")
    await away.offer()
    assert "回复1接受" in await away.told()


async def test_a_visit_that_is_stopped_with_an_offer_is_told_once(away: Away) -> None:
    """Not that it is stopped, and then again with the slot that is kept."""
    town = away.post.town
    monday = await town.session("wu", day=date(2026, 11, 30))
    made = await town.book(monday, town.people["李秀英"], phone=LI)
    await away.told()
    async with town.hotline.work(BY) as work:
        await stop(work, monday, reason="leave")
        await engine.make(
            work,
            engine.Make(
                Kind.LEAVE, 90, away.friday, town.people["李秀英"], Phone(LI), 60,
                appointment_id=made.appointment_id,
            ),
        )  # fmt: skip
    told = await away.told()
    assert "改留" in told
    assert told.count("【12320】") == 1


# --- answered -----------------------------------------------------------------------------------------


@pytest.mark.req("R-089")
async def test_1_takes_the_offer_hours_later_and_the_texts_of_the_change_answer_it(
    away: Away, clock: FrozenClock
) -> None:
    offer = await away.offer()
    await away.told()
    clock.advance(hours=5)
    told = await away.post.says("1")
    assert "已改约" in told
    assert "11月27日周五8:00" in told
    assert told.count("【12320】") == 1
    assert await away.ended(offer) == (State.ACCEPTED, None)
    assert await away.calls() == {"done"}
    closed = [event.disposition for event in await away.post.told(InteractionClosed)]  # type: ignore[attr-defined]
    assert closed == [Disposition.CHANGED]


async def test_the_word_takes_it_as_the_figure_does(away: Away) -> None:
    offer = await away.offer()
    await away.told()
    assert "已改约" in await away.post.says("接受")
    assert (await away.ended(offer))[0] == State.ACCEPTED


async def test_1_again_tells_what_is_and_does_nothing_more(away: Away) -> None:
    await away.offer()
    await away.told()
    await away.post.says("1")
    again = await away.post.says("1")
    assert "已经约好了:李秀英,11月27日周五8:00" in again
    states = [state for state, _ in await away.post.made()]
    assert sorted(states) == ["booked", "replaced", "stopped"]


@pytest.mark.parametrize("way", ["phone", "other-times", "lapsed", "withdrawn", "cancelled"])
async def test_an_answer_to_what_is_over_says_what_became_of_it(
    away: Away, clock: FrozenClock, way: str
) -> None:
    offer = await away.offer(minutes=30)
    await away.told()
    async with away.post.hotline.work(CALLER) as work:
        if way == "phone":
            await engine.accept(work, offer)
        elif way == "other-times":
            await engine.refuse(work, offer, "refused")
        elif way == "withdrawn":
            await engine.withdraw(work, offer, "stopped-again")
        elif way == "cancelled":
            await engine.refuse(work, offer, "cancelled")
    clock.advance(minutes=31 if way == "lapsed" else 5)
    await away.told()
    said = {"phone": "已经约好了", "cancelled": "“查询”"}.get(way, "“改约”")
    assert said in await away.post.says("1")
    booked = sum(state == "booked" for state, _ in await away.post.made())
    assert booked == (way == "phone")


async def test_2_leads_through_the_other_times_and_the_slot_is_kept_until_one_is_agreed(away: Away) -> None:
    town = away.post.town
    await town.session("chen", day=FRIDAY, half="pm")
    offer = await away.offer()
    await away.told()
    listed = await away.post.says("2")
    assert "陈建国可约:1)11/27周五上午余5 2)11/27周五下午余6" in listed
    assert (await away.ended(offer))[0] == State.OPEN
    assert await away.calls() == {"done"}
    assert "改到11/27周五14:00" in await away.post.says("2")
    assert "已改约" in await away.post.says("1")
    assert await away.ended(offer) == (State.REFUSED, "other-times")
    assert await town.states(away.friday) == {"free": 6}
    states = [state for state, _ in await away.post.made()]
    assert sorted(states) == ["booked", "replaced", "stopped"]


async def test_who_finds_no_better_time_still_has_the_kept_one(away: Away) -> None:
    await away.post.town.session("chen", day=FRIDAY, half="pm")
    offer = await away.offer()
    await away.told()
    await away.post.says("2")
    assert "为您留的号还在,接受回1" in await away.post.says("0")
    assert "已改约" in await away.post.says("1")
    assert (await away.ended(offer))[0] == State.ACCEPTED


async def test_while_there_are_no_other_times_the_slot_stays_kept(away: Away) -> None:
    town = away.post.town
    for _ in range(5):
        await town.book(away.friday, await town.person("某人"), phone="10799999999")
    offer = await away.offer()
    await away.told()
    assert "没有别的时间" in await away.post.says("其他时间")
    assert (await away.ended(offer))[0] == State.OPEN
    assert "已改约" in await away.post.says("1")


async def test_3_asks_once_more_and_gives_the_visit_up(away: Away) -> None:
    offer = await away.offer()
    await away.told()
    assert "要取消李秀英11月26日周四8:00" in await away.post.says("3")
    assert "为您留的号还在" in await away.post.says("0")
    assert (await away.ended(offer))[0] == State.OPEN
    await away.post.says("3")
    assert "已取消" in await away.post.says("1")
    assert await away.ended(offer) == (State.REFUSED, "cancelled")
    assert await away.calls() == {"done"}
    assert [state for state, _ in await away.post.made()] == ["cancelled", "stopped"]


async def test_a_visit_given_up_by_its_own_words_ends_its_offer(away: Away) -> None:
    offer = await away.offer()
    await away.told()
    await away.post.says("取消11月26日")
    await away.post.says("1")
    await away.post.says("1")
    assert await away.ended(offer) == (State.REFUSED, "cancelled")


async def test_no_leaves_the_choice_open(away: Away) -> None:
    offer = await away.offer()
    await away.told()
    assert "回复“改约”" in await away.post.says("拒绝")
    assert await away.ended(offer) == (State.REFUSED, "refused")
    assert {state for state, _ in await away.post.made()} == {"stopped"}


async def test_a_figure_that_was_not_offered_does_nothing(away: Away) -> None:
    offer = await away.offer()
    await away.told()
    assert "没有这个数字" in await away.post.says("7")
    assert (await away.ended(offer))[0] == State.OPEN


# --- which --------------------------------------------------------------------------------------------


async def test_of_two_offers_it_is_asked_which(away: Away) -> None:
    mine, childs = await away.offer(), await away.offer("王小宝")
    await away.told()
    asked = await away.post.says("1")
    assert asked == "【12320】您回的是哪个?1)王小宝11/27周五8:30陈建国 2)李秀英11/27周五8:00陈建国,回数字选"
    assert (await away.ended(mine))[0] == (await away.ended(childs))[0] == State.OPEN
    assert "已改约" in await away.post.says("1")
    assert (await away.ended(childs))[0] == State.ACCEPTED
    assert (await away.ended(mine))[0] == State.OPEN


async def test_1_once_more_is_not_taken_for_the_other_child(away: Away) -> None:
    mine = await away.offer()
    await away.told()
    childs = await away.offer("王小宝")
    await away.told()
    await away.post.says("1")
    await away.post.says("1")
    told = await away.post.says("1")
    assert "为李秀英留了" in told
    assert (await away.ended(childs))[0] == State.ACCEPTED
    assert (await away.ended(mine))[0] == State.OPEN
    assert "已改约" in await away.post.says("1")
    assert (await away.ended(mine))[0] == State.ACCEPTED


async def test_a_newer_question_of_the_talk_is_answered_first(away: Away) -> None:
    offer = await away.offer()
    await away.told()
    await away.post.town.session("wu")
    assert "为谁约" in await away.post.says("预约吴敏")
    assert "吴敏" in await away.post.says("1")
    assert "已预约" in await away.post.says("1")
    assert (await away.ended(offer))[0] == State.OPEN


async def test_an_older_question_of_the_talk_gives_way_and_its_slot_is_free(
    away: Away, clock: FrozenClock
) -> None:
    town = away.post.town
    wu = await town.session("wu")
    await away.post.says("预约吴敏")
    await away.post.says("1")
    assert (await town.states(wu))["held"] == 1
    clock.advance(minutes=1)
    await away.offer()
    await away.told()
    assert "已改约" in await away.post.says("1")
    assert await town.states(wu) == {"free": 6}


async def test_somebody_elses_telephone_answers_nothing(away: Away) -> None:
    offer = await away.offer()
    await away.told()
    assert "没有等您答复的事" in await away.post.says("1", STRANGER)
    assert (await away.ended(offer))[0] == State.OPEN


# --- it breaks ----------------------------------------------------------------------------------------


async def test_a_turn_that_broke_behind_the_yes_takes_it_once_and_says_nothing_else(
    away: Away, clock: FrozenClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    await away.offer()
    await away.told()
    await away.post.write("1")
    settle = Inbox._settle

    async def dies(*_: object, **__: object) -> None:
        raise ConnectionResetError

    monkeypatch.setattr(Inbox, "_settle", dies)
    await away.post.outbox.carry_due()
    monkeypatch.setattr(Inbox, "_settle", settle)
    clock.advance(minutes=10)
    told = await away.told()
    assert "已改约" in told
    assert told.count("【12320】") == 1


async def test_two_houses_take_it_once(away: Away) -> None:
    import asyncio

    offer = await away.offer()
    await away.told()
    for body in ("1", "1"):
        await away.post.write(body)
    hotline = away.post.hotline
    twins = [
        Outbox(hotline, {inbound.CARRIER: Inbox(hotline, away.post.town.store).route(at_once=1)}, Wake())
        for _ in range(2)
    ]
    await asyncio.gather(*(twin.carry_due() for twin in twins))
    hotline.clock.advance(minutes=2)  # type: ignore[attr-defined]
    await away.told()
    assert (await away.ended(offer))[0] == State.ACCEPTED
    assert sum(state == "booked" for state, _ in await away.post.made()) == 1


async def test_a_turn_that_broke_behind_the_giving_up_says_so_once(
    away: Away, clock: FrozenClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    await away.offer()
    await away.told()
    await away.post.says("3")
    await away.post.write("1")
    settle = Inbox._settle

    async def dies(*_: object, **__: object) -> None:
        raise ConnectionResetError

    monkeypatch.setattr(Inbox, "_settle", dies)
    await away.post.outbox.carry_due()
    monkeypatch.setattr(Inbox, "_settle", settle)
    clock.advance(minutes=10)
    told = await away.told()
    assert "已取消" in told
    assert told.count("【12320】") == 1


# --- the waiting list's offers, and the end without an answer ---------------------------------------------


async def waits(away: Away, minutes: int = 15) -> int:
    async with away.post.hotline.work(BY) as work:
        return await engine.make(
            work,
            engine.Make(Kind.WAITING, 7, away.friday, away.post.town.people["李秀英"], Phone(LI), minutes),
        )


async def test_a_slot_of_the_waiting_list_is_told_and_taken(away: Away) -> None:
    offer = await waits(away)
    assert "李秀英候补到号:市一医院心血管内科陈建国,11月27日周五8:00,30元,10:15前回复1接受 2不要" in (
        await away.told()
    )
    assert "已预约" in await away.post.says("1")
    assert (await away.ended(offer))[0] == State.ACCEPTED


async def test_2_leaves_it_to_the_next(away: Away) -> None:
    offer = await waits(away)
    await away.told()
    assert "给下一位" in await away.post.says("2")
    assert await away.ended(offer) == (State.REFUSED, "refused")


async def test_an_offer_nobody_answered_is_told_to_be_over(away: Away, clock: FrozenClock) -> None:
    await away.offer(minutes=20)
    await waits(away)
    await away.told()
    clock.advance(minutes=21)
    async with away.post.hotline.work(system("timers")) as work:
        assert await engine.lapse_due(work) == 2
    told = await away.told()
    assert "李秀英,为您留的陈建国11月27日周五8:00的号没有等到答复" in told
    assert "话务员会给您打电话" in told
    assert "给下一位了" in told
    assert len(await away.post.told(OfferEnded)) == 2


async def test_a_refused_offer_needs_no_text_beside_the_answer(away: Away) -> None:
    await waits(away)
    await away.told()
    assert (await away.post.says("不要")).count("【12320】") == 1


async def test_what_the_talk_had_asked_comes_back_behind_an_offer_that_is_over(
    away: Away, clock: FrozenClock
) -> None:
    await away.post.town.session("wu")
    await away.post.says("预约吴敏")
    assert "回1预约" in await away.post.says("1")
    clock.advance(minutes=1)
    offer = await away.offer("王小宝")
    await away.told()
    async with away.post.hotline.work(CALLER) as work:
        await engine.accept(work, offer)
    await away.told()
    assert "已经约好了:王小宝" in await away.post.says("1")
    assert "已预约" in await away.post.says("1")
