"""The text of a release: one segment, at a decent hour, once, only while there is something to book."""

from datetime import date

import pytest
from sqlalchemy import insert

from core.accounts import reminders
from core.catalogue.codes import sms_code
from core.outbox import Backoff, Outbox
from core.ports import OutsideError
from core.schedule.engine import withdraw
from core.values import system
from core.wake import Wake
from core.work import Hotline
from sms.outbound import CARRIER, ROUTES
from sms.segments import segments
from sms.tables import TextStop
from sms.texter import Texter
from tests import patients
from tests.builders import SEED, VISIT, clinic
from tests.clocks import FrozenClock
from tests.sms.test_outbound import Handset, Post, alone

PHONE = "10912345678"
TIMERS = system("timers")
PUBLIC = "https://12320.example"


@pytest.fixture
async def post(hotline: Hotline) -> Post:
    return await waiting(hotline)


async def waiting(hotline: Hotline, *, public: str = PUBLIC, answers: bool = True) -> Post:
    """李秀英 waits for the next numbers of Dr Chen; nothing is open yet."""
    hotline.routes = ROUTES
    town = await clinic(hotline)
    account = await patients.account(hotline, await town.person("李秀英"), PHONE)
    async with hotline.work(SEED) as work:
        await reminders.ask(work, account, town.posts["chen"])
    handset = Handset()
    texter = Texter(hotline, alone(handset, hotline.clock), public=lambda: public, answers=answers)
    outbox = Outbox(hotline, {CARRIER: texter.route()}, Wake(), backoff=Backoff(tries=3))
    return Post(town, handset, outbox, metrics=None)  # type: ignore[arg-type] # nobody counts here


async def opened(post: Post, day: date = VISIT, *, slots: int = 6) -> int:
    session = await post.town.session(day=day, slots=slots)
    assert await post.town.hotline.run(reminders.tell_due, TIMERS) == 1
    await post.deliver()
    return session


@pytest.mark.req("I-009")
async def test_it_names_doctor_and_day_and_how_to_book_in_one_segment(post: Post) -> None:
    await opened(post)
    (text,) = post.handset.got.values()
    code = sms_code(post.town.posts["chen"])
    assert text.to == PHONE
    assert (
        text.body
        == f"【12320】放号了:市一医院心血管内科陈建国,11月26日周四上午。回复“预约 {code} 1126 上午”预约"
    )
    assert segments(text.body) == 1
    await post.deliver()
    assert post.handset.kinds == ["released"]


async def test_where_no_texts_are_taken_it_names_the_page(hotline: Hotline) -> None:
    post = await waiting(hotline, answers=False)
    await opened(post)
    assert post.handset.last.endswith(f"上午。预约:{PUBLIC}/doctors/{post.town.doctors['chen']}")
    assert segments(post.handset.last) == 1


async def test_without_a_page_and_texts_it_names_the_telephone(hotline: Hotline) -> None:
    post = await waiting(hotline, public="", answers=False)
    await opened(post)
    assert post.handset.last.endswith("上午。请上网或拨打12320预约")


async def test_it_wakes_nobody(post: Post, clock: FrozenClock) -> None:
    clock.set("2026-11-23 23:00")
    await opened(post)
    assert post.handset.kinds == []
    clock.set("2026-11-24 07:00")
    await post.deliver()
    assert post.handset.kinds == ["released"]


async def test_what_has_gone_before_morning_is_not_told_and_the_next_is(
    post: Post, clock: FrozenClock
) -> None:
    clock.set("2026-11-23 23:00")
    session = await opened(post)
    async with post.town.hotline.work(SEED) as work:
        await withdraw(work, session, reason="x")
    clock.set("2026-11-24 07:00")
    await post.deliver()
    assert post.handset.kinds == []
    await opened(post, date(2026, 11, 27))
    assert "11月27日" in post.handset.last


async def test_whoever_wants_no_reminders_gets_none(post: Post) -> None:
    async with post.town.hotline.work(SEED) as work:
        row = {"phone_print": work.sealer.fingerprint(PHONE, "phone"), "at": work.now}
        await work.db.execute(insert(TextStop).values(row))
    await opened(post)
    assert post.handset.kinds == []
    assert await post.states() == [("released", "dropped")]


async def test_what_has_gone_while_the_gateway_was_away_is_dropped(post: Post, clock: FrozenClock) -> None:
    post.handset.script = [OutsideError("away")]
    session = await opened(post)
    async with post.town.hotline.work(SEED) as work:
        await withdraw(work, session, reason="x")
    clock.advance(seconds=30)
    await post.deliver()
    assert await post.states() == [("released", "dropped")]
    assert post.handset.kinds == []
