"""Department, doctor and department's number: live counts, why there is nothing, and the ways to book."""

import re
from datetime import date

import pytest

from core.booking.stopping import stop
from core.catalogue.codes import post_of_code, sms_code
from core.catalogue.tables import Post
from core.values import day_of
from core.work import Hotline
from sms.grammar import Asked, Verb, read
from tests.builders import CALLER, SEED, SURFER, VISIT, Clinic, clinic
from tests.clocks import FrozenClock
from tests.pages import Open
from tests.public import SMS, Client, text, words
from tests.statements import statements


@pytest.fixture
async def town(hotline: Hotline) -> Clinic:
    return await clinic(hotline)


@pytest.fixture
async def pages(open_pages: Open) -> Client:
    return await open_pages(sms_number=SMS)


@pytest.mark.req("R-011", "R-096", "I-006")
async def test_the_counts_change_with_each_booking(pages: Client, town: Clinic) -> None:
    session = await town.session("chen", slots=3, minutes=60)
    for person, shown in (("李", "余 3"), ("王", "余 2"), ("周", "余 1"), ("", "约满")):
        for path in (f"/departments/{town.department_id}", f"/doctors/{town.doctors['chen']}"):
            for form in ("", "/m"):
                page = words(await text(pages, form + path))
                assert shown in page, (form + path, shown)
                assert ("共 3" in page) == bool(person)
        if person:
            await town.book(session, await town.person(person), by=SURFER)


async def test_a_cancelled_share_of_another_channel_is_not_ours(pages: Client, town: Clinic) -> None:
    """What only callers may have is said to be theirs."""
    session = await town.session("chen", slots=3, minutes=60, shares={"phone": 2})
    await town.book(session, await town.person("李"), by=SURFER)
    page = words(await text(pages, f"/doctors/{town.doctors['chen']}"))
    assert "网上约满 电话余 2" in page
    assert "编辑短信" not in page, "a text may not have one of them"


@pytest.mark.req("R-089", "R-149")
@pytest.mark.parametrize("form", ["", "/m"])
async def test_why_there_is_nothing_is_said_in_words(
    pages: Client, town: Clinic, clock: FrozenClock, form: str
) -> None:
    path = f"{form}/departments/{town.department_id}"
    away = await town.session("wu")
    await town.session("chen", day=date(2026, 12, 8))
    async with town.hotline.work(SEED) as work:
        await stop(work, away, reason="病假")
    assert "停诊" in words(await text(pages, f"{path}?day=2026-11-26"))
    assert "明天 07:00 放号" in words(await text(pages, f"{path}?day=2026-12-08"))
    clock.set("2026-11-24 06:59")
    assert "今天 07:00 放号" in words(await text(pages, f"{path}?day=2026-12-08"))
    clock.set("2026-11-24 07:00")
    assert "余 6" in words(await text(pages, f"{path}?day=2026-12-08"))
    clock.set("2026-12-08 07:00")
    assert "已停止预约" in words(await text(pages, f"{path}?day=2026-12-08"))
    clock.set("2026-12-08 11:00")
    assert "已结束" in words(await text(pages, f"{path}?day=2026-12-08"))


@pytest.mark.req("R-097")
@pytest.mark.parametrize("form", ["", "/m"])
async def test_what_to_write_in_a_text_is_what_texts_are_read_as(
    pages: Client, town: Clinic, clock: FrozenClock, form: str
) -> None:
    await town.session("chen", half="pm")
    page = words(await text(pages, f"{form}/doctors/{town.doctors['chen']}"))
    told = re.search(r"编辑短信： ?(预约 \d+ \d{4} \S+?) ?，发送到 ?(\d+)", page)
    assert told, page
    assert told[2] == SMS
    asked = read(told[1], day_of(clock.now()))
    assert isinstance(asked, Asked)
    assert (asked.verb, asked.when.day, asked.when.half) == (Verb.BOOK, VISIT, "pm")
    assert post_of_code(asked.figures or "") == town.posts["chen"]


@pytest.mark.req("R-097")
async def test_every_post_shows_its_code(pages: Client, town: Clinic) -> None:
    await town.session("chen")
    page = words(await text(pages, f"/departments/{town.department_id}"))
    for post in ("chen", "wu"):
        assert f"短信预约码 {sms_code(town.posts[post])}" in page
    assert f"发送到 {SMS}" in page


async def test_without_a_number_for_texts_nobody_is_told_to_send_one(open_pages: Open, town: Clinic) -> None:
    await town.session("chen")
    pages = await open_pages()
    for form in ("", "/m"):
        for path in (f"/departments/{town.department_id}", f"/doctors/{town.doctors['chen']}", "/home"):
            page = words(await text(pages, form + path))
            assert not re.search("预约码|编辑短信|发短信", page)
            assert "拨打 12320" in page


@pytest.mark.req("R-069", "R-005")
@pytest.mark.parametrize(
    ("rules", "phone", "sms"),
    [
        ({}, True, True),
        ({"channel.open@channel=sms": "no"}, True, False),
        ({"channel.open@channel=phone@kind=expert": "no"}, False, True),
        ({"booking.hours": "12:00-17:00"}, False, False),
        ({"booking.hours@channel=sms": "08:00-10:01"}, True, True),
    ],
)
async def test_a_way_that_the_hospital_has_closed_is_not_offered(
    pages: Client, town: Clinic, rules: dict[str, str], phone: bool, sms: bool
) -> None:
    await town.session("chen")
    for key, value in rules.items():
        await town.rule(key, value)
    page = words(await text(pages, f"/doctors/{town.doctors['chen']}"))
    assert ("电话余 6" in page) == phone
    assert ("编辑短信" in page) == sms
    assert ("约不到这一班" in page) == (not phone and not sms)


@pytest.mark.req("R-009")
async def test_a_doctor_shows_each_period(pages: Client, town: Clinic) -> None:
    session = await town.session("chen", slots=4, minutes=60)
    [first, *_] = await town.periods(session)
    for person in ("李", "王"):
        await town.book(session, await town.person(person), period_id=first, by=CALLER)
    page = words(await text(pages, f"/doctors/{town.doctors['chen']}"))
    assert "08:00–09:00 无号" in page
    assert "09:00–10:00 余 1" in page


@pytest.mark.req("R-075")
async def test_a_departments_own_number_has_its_page(pages: Client, town: Clinic) -> None:
    async with town.hotline.work(SEED) as work:
        post = Post(department_id=town.department_id, doctor_id=None, kind="ordinary", fee_fen=500)
        work.db.add(post)
        await work.db.flush()
        town.posts["own"] = post.id
    await town.session("own", slots=6)
    path = f"/departments/{town.department_id}/number"
    page = await text(pages, f"/departments/{town.department_id}")
    assert f'href="{path}?day=2026-11-26#s' in page
    assert "科室号（不指定医生）" in page
    for form in ("", "/m"):
        page = words(await text(pages, form + path))
        assert "5 元" in page
        assert "08:00" in page
        assert f"预约 {sms_code(town.posts['own'])} 1126 上午" in page
    await text(pages, f"/departments/{town.other_department_id}/number", 404)


async def test_seven_days_are_shown_and_the_next_are_a_link_away(pages: Client, town: Clinic) -> None:
    await town.session("chen", day=date(2026, 11, 23))
    await town.session("chen", day=date(2026, 12, 2))
    path = f"/departments/{town.department_id}"
    first = await text(pages, path)
    assert "11月29日" in first
    assert "11月30日" not in first
    assert f'href="{path}?day=2026-11-30" rel="next"' in first
    second = await text(pages, f"{path}?day=2026-12-02")
    assert "12月2日" in second
    assert "12月3日" not in second, "nothing is there any more"
    assert f'href="{path}?day=2026-11-23" rel="prev"' in second


@pytest.mark.parametrize(
    ("day", "note"), [("2026-11-01", "11月1日已经过去"), ("2027-06-01", "6月1日还没有排班")]
)
async def test_a_day_outside_says_so_and_shows_what_there_is(
    pages: Client, town: Clinic, day: str, note: str
) -> None:
    await town.session("chen")
    for form in ("", "/m"):
        for path in (f"/departments/{town.department_id}", f"/doctors/{town.doctors['chen']}"):
            page = words(await text(pages, f"{form}{path}?day={day}"))
            assert note in page
            assert "余 6" in page


@pytest.mark.req("R-058")
async def test_whom_a_department_sees_is_said_before_anybody_comes(pages: Client, town: Clinic) -> None:
    await town.session("kid")
    await town.rule("age.max@department=07", "14")
    await town.rule("sex.only@department=03", "female")
    for form in ("", "/m"):
        assert "只接诊 14 周岁及以下" in await text(pages, f"{form}/departments/{town.other_department_id}")
        assert "只接诊女性" in await text(pages, f"{form}/doctors/{town.doctors['chen']}")


async def test_where_there_is_no_schedule_another_way_is_offered(pages: Client, town: Clinic) -> None:
    assert "最近没有排班" in await text(pages, f"/departments/{town.department_id}")
    assert "最近没有门诊" in await text(pages, f"/doctors/{town.doctors['chen']}")
    assert "最近没有排班" in await text(pages, f"/m/departments/{town.department_id}")


async def test_many_sessions_cost_no_more_statements_than_one(
    pages: Client, town: Clinic, hotline: Hotline
) -> None:
    paths = [
        f"{form}/{what}/{key}"
        for form in ("", "/m")
        for what, key in (
            ("hospitals", town.hospital_id),
            ("departments", town.department_id),
            ("doctors", town.doctors["chen"]),
        )
    ]
    await town.session("chen")
    few = {}
    for path in paths:
        await text(pages, path)  # the rules are read once
        with statements(hotline) as heard:
            await text(pages, path)
        few[path] = len(heard)
    for day in range(23, 30):
        for post in town.posts:
            for half in ("am", "pm"):
                if (post, day, half) != ("chen", 26, "am"):
                    await town.session(post, day=date(2026, 11, day), half=half)
    for path in paths:
        with statements(hotline) as heard:
            await text(pages, path)
        assert len(heard) == few[path] <= 7, (path, "\n".join(heard))
