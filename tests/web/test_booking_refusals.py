"""Each rule that says no, on the page where it does, with a way on and nothing lost; and the captcha's rule."""

from collections.abc import Awaitable, Callable
from datetime import date

import pytest
from sqlalchemy import select

from core.booking.commands import Cancel
from core.booking.stopping import stop
from core.schedule.tables import Hold
from tests import captchas
from tests.builders import CALLER, SEED
from tests.clocks import FrozenClock
from tests.public import words
from tests.wizard import PHONE, Surfer, li, links, made, town

__all__ = ["li", "town"]

Arrange = Callable[[Surfer], Awaitable[object]]


# --- what nobody's choice can cure: said before anything is kept ------------------------------------------


async def _stopped(li: Surfer, session: int) -> None:
    async with li.town.hotline.work(SEED) as work:
        await stop(work, session, reason="病假")


async def _full(li: Surfer, session: int) -> None:
    for name in ("甲", "乙"):
        await li.town.book(session, await li.town.person(name))


CLOSED: tuple[tuple[str, Callable[[Surfer, int], Awaitable[object]], str], ...] = (
    ("session-stopped", _stopped, "11月26日(星期四)医生停诊,请选择其他日期或其他医生。"),
    ("slot-full", _full, "号已约满,请选择其他时段或其他医生。"),
    (
        "channel-closed",
        lambda li, _: li.town.rule("channel.open@channel=web", "no"),
        "该医院暂不接受本渠道预约",
    ),
    (
        "outside-booking-hours",
        lambda li, _: li.town.rule("booking.hours", "12:00-17:00"),
        "每天12:00至17:00受理预约",
    ),
)


@pytest.mark.req("I-008", "R-069")
@pytest.mark.parametrize(("code", "arrange", "said"), CLOSED, ids=[row[0] for row in CLOSED])
async def test_a_session_that_cannot_be_booked_says_why_and_leads_on(
    li: Surfer, code: str, arrange: Callable[[Surfer, int], Awaitable[object]], said: str
) -> None:
    session, other = await li.town.session("chen", slots=2), await li.town.session("chen", half="pm")
    await arrange(li, session)
    for page in (await li.get(f"/book/{session}"), await li.post(f"/book/{session}", 409, key="k", period=1)):
        assert said in words(page)
        assert 'name="period"' not in page
        on = links(page)
        assert f"/doctors/{li.town.doctors['chen']}" in on
        assert f"/departments/{li.town.department_id}" in on
        assert "tel:12320" in on
        assert f"/book/{other}" in on
    assert await made(li.town.hotline) == [] or code == "slot-full"


async def test_before_the_release_the_page_says_when_and_leads_to_the_line(li: Surfer) -> None:
    await li.town.rule("window.last-day", "1")
    session = await li.town.session("chen")
    page = await li.get(f"/book/{session}")
    assert "该号源11月25日07:00开放预约" in words(page)
    assert f"/book/{session}/line" in links(page)


# --- what another person, another time or further papers cure -------------------------------------------


async def _booked_there(li: Surfer, post: str = "wu", half: str = "pm") -> None:
    session = await li.town.session(post, half=half)
    await li.town.book(session, li.person_id, by=CALLER)


async def _near(li: Surfer) -> None:
    await li.town.rule("limit.department-day", "5")
    session = await li.town.session("wu")
    await li.town.book(session, li.person_id, by=CALLER)


async def _rule(li: Surfer, key: str, value: str) -> None:
    await li.town.rule(key, value)


async def _live_elsewhere(li: Surfer) -> None:
    await li.town.rule("limit.live", "1")
    session = await li.town.session("wu", day=date(2026, 11, 27))
    await li.town.book(session, li.person_id, by=CALLER)


async def _twice_a_day(li: Surfer) -> None:
    await li.town.rule("limit.day", "1")
    await _booked_there(li, "kid")


async def _with_the_doctor(li: Surfer) -> None:
    await li.town.rule("limit.department-day", "5")
    await _booked_there(li, "chen")


async def _often(li: Surfer) -> None:
    await li.town.rule("limit.period", "1")
    session = await li.town.session("wu", day=date(2026, 11, 27))
    await li.town.book(session, li.person_id, by=CALLER)


async def _one_phone(li: Surfer) -> None:
    await li.town.rule("limit.phone-persons", "1")
    session = await li.town.session("wu")
    await li.town.book(session, await li.town.person("甲"), by=CALLER, phone=PHONE)


async def _given_up_before(li: Surfer) -> None:
    await li.town.rule("rebook.pause-minutes", "60")
    async with li.town.hotline.read() as db:
        held = (await db.execute(select(Hold.session_id))).scalar_one()
    await _given_up(li, held)


async def _blocked(li: Surfer) -> None:
    await li.town.rule("block.cancel", "1 -> 7d", own=False)
    await _given_up(li, await li.town.session("wu", day=date(2026, 11, 27)))


async def _given_up(li: Surfer, session: int) -> None:
    made = await li.town.book(session, li.person_id, by=CALLER)
    await li.town.store.submit(Cancel(made.appointment_id), CALLER)


REFUSED: tuple[tuple[str, Arrange, str, bool, bool], ...] = (
    # code, what brings it about, words, whether another person helps, whether another time does
    ("limit-department-day", _booked_there, "同一科室同一天最多预约1个号", True, True),
    ("limit-doctor-day", _with_the_doctor, "同一医生同一天最多预约1个号", True, True),
    ("limit-day", _twice_a_day, "每人每天最多预约1个号", True, True),
    ("limit-live", _live_elsewhere, "您已有1个待就诊的预约", True, False),
    ("limit-period", _often, "您近期预约已达1次的上限", True, False),
    ("limit-phone", _one_phone, "一个手机号最多为1位患者预约", True, False),
    ("rebook-too-soon", _given_up_before, "您刚取消过这个班次,11月23日11:00后可以再约", True, True),
    ("blacklisted", _blocked, "您的预约因多次取消预约暂停", True, False),
    ("overlapping-visit", _near, "时间太近来不及就诊", True, True),
    ("too-young", lambda li: _rule(li, "age.min", "60"), "只接诊60周岁及以上", True, False),
    ("too-old", lambda li: _rule(li, "age.max", "40"), "只接诊40周岁及以下", True, False),
    ("wrong-sex", lambda li: _rule(li, "sex.only", "male"), "只接诊男性患者", True, False),
    ("identity-kind-refused", lambda li: _rule(li, "identity.first-visit", "passport"), "首次就诊请使用护照", True, False),
)  # fmt: skip


@pytest.mark.req("I-008", "R-059")
@pytest.mark.parametrize(
    ("code", "arrange", "said", "person", "time"), REFUSED, ids=[row[0] for row in REFUSED]
)
async def test_a_refusal_stands_where_it_was_said_with_a_way_on(
    li: Surfer, code: str, arrange: Arrange, said: str, person: bool, time: bool
) -> None:
    session = await li.town.session("chen")
    held = await li.hold(session)
    await arrange(li)
    before = len(await made(li.town.hotline))
    assert said in words(await li.get(held))  # warned while there is still a choice
    refused = await li.post(held, 403 if code == "blacklisted" else 409, person=li.person_id)
    assert said in words(refused)
    assert 'role="alert"' in refused
    assert f'name="person" value="{li.person_id}"' in refused  # nothing chosen is lost
    assert held in links(refused)
    assert ("换一位就诊人" in refused) == person
    assert ("换一个时段" in refused) == time
    assert len(await made(li.town.hotline)) == before
    assert (await li.town.states(session))["held"] == 1


@pytest.mark.req("R-059")
@pytest.mark.parametrize(
    ("rule", "facts", "lack"),
    [
        (("identity.needed", "yes"), {"identity": False}, "去补证件号码"),
        (("age.min", "2"), {"identity": False, "born": None}, "去补出生日期"),
    ],
)
async def test_who_lacks_papers_is_told_what_and_where(
    li: Surfer, rule: tuple[str, str], facts: dict[str, object], lack: str
) -> None:
    child = await li.family("李小宝", **facts)
    await li.town.rule(*rule)
    held = await li.hold(await li.town.session("chen"))
    for page in (await li.get(held), await li.post(held, 409, person=child)):
        assert lack in words(page)
        assert f"/account/people?next={held}" in links(page)


async def test_a_refused_booking_goes_through_when_the_cause_is_gone(li: Surfer) -> None:
    """The key of a hold remembers nothing of what was refused."""
    held = await li.hold(await li.town.session("chen"))
    await li.town.rule("sex.only", "male")
    await li.post(held, 409, person=li.person_id)
    await li.town.rule("sex.only", "any", priority=1)
    await li.book(held)


async def test_who_fits_is_chosen_beforehand_and_others_hear_why_not(li: Surfer) -> None:
    child = await li.family("李小宝", born=date(2020, 1, 1))
    await li.town.rule("age.max", "14")
    page = await li.get(await li.hold(await li.town.session("chen")))
    assert f'value="{child}" id="p{child}" required checked' in page
    assert page.count(" checked") == 1


# --- the captcha ----------------------------------------------------------------------------------------


@pytest.mark.req("I-008")
@pytest.mark.parametrize(("mode", "asked"), [("off", False), ("rush", False), ("always", True)])
async def test_a_captcha_is_asked_where_the_rule_says(li: Surfer, mode: str, asked: bool) -> None:
    await li.town.rule("captcha.web", mode)
    held = await li.hold(await li.town.session("chen"))
    page = await li.get(f"{held}?person={li.person_id}")
    assert ("captcha-token" in page) == asked
    if not asked:
        await li.book(held)
        return
    again = await li.post(held, 400, person=li.person_id, captcha_token=captchas.token_of(page), captcha="1")
    assert "验证码不对" in words(again)
    assert captchas.token_of(again) != captchas.token_of(page)
    answer = await captchas.solved(li.town.hotline, again)
    await li.book(held, **{name.replace("-", "_"): value for name, value in answer.items()})


async def test_in_the_rush_after_a_release_a_captcha_is_asked(li: Surfer, clock: FrozenClock) -> None:
    await li.town.rule("window.last-day", "3")
    await li.town.rule("release.room", "no")
    session = await li.town.session("chen")
    for place, (when, asked) in enumerate((("2026-11-23 07:29", True), ("2026-11-23 07:30", False))):
        clock.set(when)
        held = await li.hold(session, key=when, place=place)
        assert ("captcha-token" in await li.get(f"{held}?person={li.person_id}")) == asked


async def test_who_books_one_after_the_other_is_asked_at_the_fourth(li: Surfer, clock: FrozenClock) -> None:
    session = await li.town.session("chen")
    for number, name in enumerate(("甲", "乙", "丙", "丁")):
        child = await li.family(name)
        held = await li.hold(session, key=name, place=number)
        page = await li.get(f"{held}?person={child}")
        assert ("captcha-token" in page) == (number == 3)
        if number < 3:
            await li.book(held, child)
    clock.advance(hours=1)
    held = await li.hold(session, key="later", place=4)
    assert "captcha-token" not in await li.get(f"{held}?person={child}")
