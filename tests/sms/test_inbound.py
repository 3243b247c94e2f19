"""What a gateway brings is kept once, answered once, in order; and no machine is talked to for ever."""

import asyncio

import pytest
from sqlalchemy import select

from core.booking.commands import Cancel
from core.booking.stopping import stop
from core.events import TextHandled, TextReceived, TextsStopped
from core.outbox import Later, Outbox
from core.values import Phone, system
from core.wake import Wake
from core.work import Hotline
from sms import inbound, talks, turns
from sms.grammar import Verb
from sms.inbound import MOST_AN_HOUR, Inbox
from sms.sender import Sender
from sms.tables import TextMessage, TextTalk
from sms.talk import Talk, Turn
from tests.builders import CALLER
from tests.clocks import FrozenClock
from tests.sms.texting import LI, Texting, texting


@pytest.fixture
async def post(hotline: Hotline) -> Texting:
    return await texting(hotline)


@pytest.mark.req("I-011")
async def test_the_same_text_again_is_the_same_text(post: Texting) -> None:
    for _ in range(3):
        await post.write("帮助", gateway_id="SM1")
    await post.deliver()
    assert len(post.handset.got) == 1
    assert len(await post.told(TextReceived)) == 1


async def test_two_gateways_may_use_one_name(post: Texting) -> None:
    from core.ports import IncomingText

    await post.write("帮助", gateway_id="7")
    await post.inbox.received(IncomingText("other", "7", LI, "12320", "查询"))
    await post.deliver()
    assert [event.verb for event in await post.told(TextHandled)] == ["help", "query"]


async def test_texts_of_one_number_are_answered_in_their_order_however_they_are_carried(
    post: Texting,
) -> None:
    session = await post.town.session("chen")
    for body in ("预约陈建国", "1", "查询"):
        await post.write(body)
    await post.deliver()
    assert [event.verb for event in await post.told(TextHandled)] == ["book", "choose", "query"]
    assert await post.made() == [("booked", "sms")]
    assert await post.town.states(session) == {"booked": 1, "free": 5}


async def test_two_houses_answer_a_text_once(post: Texting) -> None:
    await post.town.session("chen")
    await post.says("预约陈建国")
    await post.write("1")
    twins = [
        Outbox(post.hotline, {inbound.CARRIER: Inbox(post.hotline, post.town.store).route()}, Wake())
        for _ in range(2)
    ]
    async with post.hotline.read() as db:
        newest = (
            await db.execute(select(TextMessage.id).order_by(TextMessage.id.desc()).limit(1))
        ).scalar_one()
    await asyncio.gather(*(twin.carry_due() for twin in twins))
    await post.deliver()
    assert await post.made() == [("booked", "sms")]
    assert [event.text_id for event in await post.told(TextHandled)].count(newest) == 1


async def test_two_texts_of_a_number_at_once_are_answered_one_after_the_other(
    post: Texting, monkeypatch: pytest.MonkeyPatch, clock: FrozenClock
) -> None:
    """The second is brought to another house while the first is still being answered."""
    entered, open_again = asyncio.Event(), asyncio.Event()

    async def slowly(sender: Sender, talk: Talk, body: str) -> tuple[Turn, Verb | None]:
        if not entered.is_set():
            entered.set()
            await open_again.wait()
        return await turns.turn(sender, talk, body)

    monkeypatch.setattr(inbound, "turn", slowly)
    await post.town.session("chen")
    houses = [
        Outbox(post.hotline, {inbound.CARRIER: Inbox(post.hotline, post.town.store).route(at_once=1)}, Wake())
        for _ in range(2)
    ]
    await post.write("预约陈建国")
    first = asyncio.create_task(houses[0].carry_due())
    await entered.wait()
    await post.write("1")
    await houses[1].carry_due()
    assert await post.told(TextHandled) == []
    open_again.set()
    await first
    clock.advance(seconds=5)
    await houses[1].carry_due()
    assert [event.outcome for event in await post.told(TextHandled)] == ["held", "booked"]  # type: ignore[attr-defined]
    assert await post.made() == [("booked", "sms")]


async def test_a_turn_whose_claim_ran_out_keeps_nothing(post: Texting, clock: FrozenClock) -> None:
    """Another house has gone on with the talk meanwhile."""
    mark = post.hotline.sealer.fingerprint(LI, "phone")
    act = {"mark": mark, "text_id": 1, "written_at": clock.now(), "number": Phone(LI)}
    async with post.hotline.work(system("test")) as work:
        mine = await talks.claim(work, **act)
    with pytest.raises(Later):
        async with post.hotline.work(system("test")) as work:
            await talks.claim(work, **act)
    clock.advance(minutes=1)
    async with post.hotline.work(system("test")) as work:
        theirs = await talks.claim(work, **act)
        await talks.keep(work, mark, theirs, Talk(verb="query"), ended=False)
    with pytest.raises(Later):
        async with post.hotline.work(system("test")) as work:
            await talks.keep(work, mark, mine, Talk(verb="cancel"), ended=False)
    async with post.hotline.read() as db:
        assert (await db.get_one(TextTalk, mark)).state["verb"] == "query"


async def test_a_turn_that_failed_makes_room_at_once(
    post: Texting, monkeypatch: pytest.MonkeyPatch, clock: FrozenClock
) -> None:
    async def breaks(*_: object) -> None:
        raise ConnectionResetError

    monkeypatch.setattr(inbound, "turn", breaks)
    await post.write("帮助")
    await post.outbox.carry_due()
    monkeypatch.setattr(inbound, "turn", turns.turn)
    clock.advance(seconds=3)
    await post.deliver()
    assert [event.outcome for event in await post.told(TextHandled)] == ["helped"]  # type: ignore[attr-defined]


async def test_a_turn_that_broke_after_its_act_does_it_once(
    post: Texting, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The process dies between the booking and the note of it: the text is carried again."""
    await post.town.session("chen")
    await post.says("预约陈建国")
    await post.write("1")
    settle = Inbox._settle

    async def dies(*_: object, **__: object) -> None:
        raise ConnectionResetError

    monkeypatch.setattr(Inbox, "_settle", dies)
    await post.outbox.carry_due()
    assert await post.made() == [("booked", "sms")]
    monkeypatch.setattr(Inbox, "_settle", settle)
    post.hotline.clock.advance(hours=1)  # type: ignore[attr-defined]
    await post.deliver()
    assert await post.made() == [("booked", "sms")]
    assert [event.outcome for event in await post.told(TextHandled)][-1] == "booked"


async def test_who_writes_from_no_telephone_is_not_kept(post: Texting) -> None:
    from core.ports import IncomingText

    await post.inbox.received(IncomingText("handset", "x", "10086", "12320", "您的话费余额不足"))
    assert await post.told(TextReceived) == []


async def test_a_machine_gets_no_answer_after_a_while(post: Texting, clock: FrozenClock) -> None:
    for _ in range(MOST_AN_HOUR + 5):
        await post.write("您好,本机主人正忙")
    await post.deliver()
    assert len(post.handset.got) == MOST_AN_HOUR
    clock.advance(hours=2)
    assert "【12320】" in await post.says("查询")


async def test_words_and_number_are_sealed(post: Texting) -> None:
    await post.write("预约陈建国")
    async with post.hotline.read() as db:
        row = (await db.execute(select(TextMessage))).scalar_one()
    assert "陈建国".encode() not in (row.body_sealed or b"")
    assert LI not in f"{row.phone_masked}{row.subject}{row.phone_print}"


# --- who wants no reminders ------------------------------------------------------------------------------


async def test_whoever_opted_out_gets_duties_and_answers_and_nothing_else(post: Texting) -> None:
    assert "已退订" in await post.says("TD")
    assert len(await post.told(TextsStopped)) == 1
    await post.says("退订")
    assert len(await post.told(TextsStopped)) == 1
    li, session = post.town.people["李秀英"], await post.town.session("chen")
    made = await post.town.book(session, li, phone=LI)
    await post.town.store.submit(Cancel(made.appointment_id), CALLER)
    await post.deliver()
    assert not {"booked", "cancelled"} & set(post.handset.kinds)
    post.seen = len(post.handset.got)
    await post.town.rule("rebook.pause-minutes", "0")
    await post.says("预约陈建国")
    assert "已预约" in await post.says("1")  # answers what they have just written
    async with post.hotline.work(system("test")) as work:
        await stop(work, session, reason="leave")
    await post.deliver()
    assert post.handset.kinds[-1] == "stopped"
    post.seen = len(post.handset.got)
    assert "已恢复" in await post.says("订阅")


async def test_a_leave_told_at_night_waits_for_the_morning_unless_the_visit_is_near(
    post: Texting, clock: FrozenClock
) -> None:
    clock.set("2026-11-23 22:30")
    near, far = await post.town.session("chen"), await post.town.session("wu")
    await post.town.book(far, post.town.people["李秀英"], phone=LI)
    await post.deliver()
    async with post.hotline.work(system("test")) as work:
        await stop(work, far, reason="leave")
    await post.deliver()
    assert "stopped" not in post.handset.kinds
    clock.set("2026-11-24 07:00")
    await post.deliver()
    assert post.handset.kinds[-1] == "stopped"
    clock.set("2026-11-25 22:30")  # the night before the visit
    await post.town.book(near, await post.town.person("王强"), phone="10799999999")
    await post.deliver()
    async with post.hotline.work(system("test")) as work:
        await stop(work, near, reason="leave")
    await post.deliver()
    assert post.handset.kinds.count("stopped") == 2
