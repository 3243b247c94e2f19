"""Finding hospitals and sessions: by region, grade, kind, name, pinyin, day, state and speciality."""

import re
from datetime import date, timedelta
from urllib.parse import quote

import pytest
from sqlalchemy import update

from core.booking.stopping import stop
from core.catalogue.tables import Doctor, Hospital, Region
from core.work import Hotline
from tests.builders import SEED, VISIT, Clinic, clinic
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


async def hospitals(hotline: Hotline, many: int) -> None:
    """Further live hospitals in 岚州市, all of them 二甲."""
    async with hotline.work(SEED) as work:
        region = Region(code="990900", name="岚州市")
        work.db.add(region)
        await work.db.flush()
        for number in range(many):
            work.db.add(
                Hospital(
                    code=f"H{number}", name=f"岚州市第{number + 2}医院", short_name=f"岚州{number + 2}院",
                    pinyin="", initials="", grade="二甲", kind="tcm", region_id=region.id, state="live",
                    menu_order=200 + number, created_at=work.now,
                )
            )  # fmt: skip


def listed(page: str) -> list[str]:
    """Names of the hospitals in a list, in its order."""
    return re.findall(r'href="(?:/m)?/hospitals/\d+">([^<]*)</a>', page)


# --- hospitals ----------------------------------------------------------------------------------------


@pytest.mark.req("I-006")
@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", 3),
        ("region=990900", 2),
        ("region=990100", 1),
        ("grade=三甲", 1),
        ("grade=一甲", 0),
        ("kind=tcm", 2),
        ("kind=tcm&region=990100", 0),
        ("q=市一", 1),
        ("q=qsdy", 1),  # 青石市第一人民医院, by initials with some left out
        ("q=lanzhou", 2),
        ("q=lz3y", 0),
        ("q=岚州&grade=三甲", 0),
        ("q=%00%25", 0),
    ],
)
async def test_hospitals_are_found(pages: Client, town: Clinic, query: str, found: int) -> None:
    await hospitals(town.hotline, 2)
    for form in ("", "/m"):
        page = await text(pages, f"{form}/hospitals?{quote(query, safe='=&%')}")
        assert len(listed(page)) == found, page
        assert (f"{found} 家医院" if found else "没有找到医院") in words(page)


@pytest.mark.req("R-186")
async def test_the_list_has_ten_on_a_page_and_ways_between(pages: Client, town: Clinic) -> None:
    await hospitals(town.hotline, 30)
    first = await text(pages, "/hospitals?grade=二甲")
    assert len(listed(first)) == 10
    assert "30 家医院" in first
    assert "第 1 页，共 3 页" in first
    base = "/hospitals?grade=%E4%BA%8C%E7%94%B2"
    links = re.findall(r'href="([^"]*)"[^>]*>(首页|前一页|后一页|尾页)</a>', first)[1:]
    assert links == [(f"{base}&amp;page=2", "后一页"), (f"{base}&amp;page=3", "尾页")]
    middle = await text(pages, "/hospitals?grade=二甲&page=2")
    assert f'href="{base}">首页</a>' in middle
    assert f'href="{base}" rel="prev">前一页</a>' in middle
    last = await text(pages, "/hospitals?grade=二甲&page=3")
    assert "后一页" not in last
    assert set(listed(first) + listed(middle) + listed(last)) == {f"岚州市第{n + 2}医院" for n in range(30)}


async def test_more_hospitals_cost_no_more_statements(pages: Client, town: Clinic, hotline: Hotline) -> None:
    await text(pages, "/hospitals?q=医院")
    with statements(hotline) as few:
        await text(pages, "/hospitals?q=医院")
    await hospitals(hotline, 12)
    await text(pages, "/hospitals?q=医院")  # the index is read again
    with statements(hotline) as many:
        await text(pages, "/hospitals?q=医院")
    assert len(many) == len(few) <= 5


@pytest.mark.req("R-146", "R-147", "R-148", "R-149", "R-150", "R-151")
async def test_a_hospital_tells_its_rules_and_its_departments(pages: Client, town: Clinic) -> None:
    await town.session("chen", slots=4, minutes=60)
    await town.session("kid", day=date(2026, 12, 24))
    for key, value in (
        ("window.first-day", "0"),
        ("release.day", "weekly-1"),
        ("release.time", "08:30"),
        ("book.stop", "start-30m"),
        ("cancel.deadline", "workday-2 17:00"),
        ("pay.mode", "online"),
        ("refund.web", "no"),
        ("identity.needed", "yes"),
        ("channel.open@channel=sms", "no"),
    ):
        await town.rule(key, value)
    for form in ("", "/m"):
        page = words(await text(pages, f"{form}/hospitals/{town.hospital_id}"))
        for told in (
            "青石市第一人民医院", "三甲", "综合医院", "当天起，最远可约到 14 天后", "每周一 08:30", "就诊前 30 分钟",
            "就诊前 2 个工作日 17:00 前", "网上支付须在 30 分钟内完成", "不支持，请到医院窗口办理",
            "预约时须提供就诊人的证件号码", "暂不接受短信预约", "余 4", "放号",
        ):  # fmt: skip
            assert told in page, (form, told)


async def test_only_a_web_address_is_a_link(pages: Client, town: Clinic) -> None:
    for website, there in (("https://yiyuan.example/", True), ("javascript:alert(1)", False)):
        async with town.hotline.work(SEED) as work:
            await work.db.execute(update(Hospital).values(website=website, introduction="<b>好</b>"))
        page = await text(pages, f"/hospitals/{town.hospital_id}")
        assert (f'href="{website}"' in page) == there
        assert "javascript" not in page
        assert "&lt;b&gt;好" in page


# --- sessions -----------------------------------------------------------------------------------------


@pytest.fixture
async def week(town: Clinic) -> Clinic:
    """陈建国 on Thursday, free; 吴敏 on Thursday, stopped; 曾小雨 on Friday, full, and far ahead."""
    await town.session("chen")
    away = await town.session("wu")
    full = await town.session("kid", day=VISIT + timedelta(days=1), slots=1)
    await town.book(full, await town.person("李"))
    await town.session("kid", day=date(2026, 12, 24))
    async with town.hotline.work(SEED) as work:
        await stop(work, away, reason="病假")
        await work.db.execute(
            update(Doctor).where(Doctor.id == town.doctors["chen"]).values(speciality="高血压、冠心病")
        )
    return town


@pytest.mark.req("R-070")
@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("day=2026-11-26", ["陈建国", "吴敏"]),
        ("day=2026-11-27", ["曾小雨"]),
        ("day=2026-11-26&state=free", ["陈建国"]),
        ("day=2026-11-26&state=stopped", ["吴敏"]),
        ("day=2026-11-27&state=full", ["曾小雨"]),
        ("day=2026-12-24&state=soon", ["曾小雨"]),
        ("day=2026-11-26&kind=expert", ["陈建国"]),
        ("day=2026-11-26&kind=special", []),
        ("speciality=心血管内科", ["陈建国", "吴敏"]),
        ("speciality=xnk&state=free", ["陈建国"]),
        ("speciality=高血压", ["陈建国"]),
        ("speciality=儿科", ["曾小雨", "曾小雨"]),
        ("q=陈建国", ["陈建国"]),
        ("q=zxy", ["曾小雨", "曾小雨"]),
        ("q=市一 心内科", ["陈建国", "吴敏"]),
        ("q=市一&speciality=高血压", ["陈建国"]),
        ("q=查无此人", []),
        ("kind=expert", []),  # without a word or a day it is tomorrow
    ],
)
async def test_sessions_are_found(pages: Client, week: Clinic, query: str, found: list[str]) -> None:
    for form in ("", "/m"):
        page = await text(pages, f"{form}/search?{quote(query, safe='=&')}")
        results = page.partition("号源</h2>")[2].partition("</form>")[0]
        assert re.findall(r'href="(?:/m)?/doctors/\d+\?[^"]*">([^<]*)</a>', results) == found
        assert ("没有符合条件的号源" in page) == (not found)


async def test_names_are_found_by_pinyin_and_lead_to_their_pages(pages: Client, week: Clinic) -> None:
    for typed, path in (
        ("xnk", f"/departments/{week.department_id}"),
        ("cjg", f"/doctors/{week.doctors['chen']}"),
        ("shiyi", f"/hospitals/{week.hospital_id}"),
    ):
        for form in ("", "/m"):
            assert f'href="{form}{path}"' in await text(pages, f"{form}/search?q={typed}")


async def test_what_was_asked_stays_in_the_form(pages: Client, week: Clinic) -> None:
    page = await text(pages, '/search?q="><b>&speciality=骨科&day=2026-11-26&kind=expert&state=free')
    assert 'value="&#34;&gt;&lt;b&gt;"' in page
    assert 'value="骨科"' in page
    for chosen in ("2026-11-26", "expert", "free"):
        assert f'<option value="{chosen}" selected>' in page


async def test_nothing_asked_is_nothing_searched(pages: Client, week: Clinic, hotline: Hotline) -> None:
    with statements(hotline) as heard:
        page = await text(pages, "/search")
    assert "至少写一样" in page
    assert len(heard) == 1


async def test_tomorrow_is_supposed_and_said(pages: Client, week: Clinic, clock: FrozenClock) -> None:
    clock.set("2026-11-25 10:00")
    page = words(await text(pages, "/search?kind=expert"))
    assert "没有选日期，先看明天（11月26日 周四）" in page
    assert "陈建国" in page


@pytest.mark.parametrize(("form", "many"), [("", 20), ("/m", 10)])
async def test_many_sessions_come_in_pages_and_cost_no_more(
    pages: Client, town: Clinic, hotline: Hotline, form: str, many: int
) -> None:
    await town.session("chen", day=date(2026, 11, 24))
    path = f"{form}/search?speciality=xnk"
    await text(pages, path)
    with statements(hotline) as few:
        assert "后一页" not in await text(pages, path)
    for day in range(25, 30):
        for post in ("chen", "wu"):
            for half in ("am", "pm"):
                await town.session(post, day=date(2026, 11, day), half=half)
    await town.session("wu", day=date(2026, 11, 24))
    with statements(hotline) as heard:
        first = await text(pages, path)
    assert len(heard) == len(few) <= 5
    assert first.count("?day=") == many
    assert f'href="{path}&amp;page=2"' in first
    shown = first.count("?day=")
    for number in range(2, -(-22 // many) + 1):
        shown += (last := await text(pages, f"{path}&page={number}")).count("?day=")
    assert shown == 22
    assert "后一页" not in last


# --- what cannot be -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "status", "told"),
    [
        ("/hospitals?page=0", 404, "没有这一页"),
        ("/hospitals?page=-1", 400, "没有这一页"),
        ("/hospitals?page=abc", 400, "没有这一页"),
        ("/hospitals?page=99", 404, "没有这一页"),
        ("/hospitals?page=99999999999999999999", 404, "没有这一页"),
        ("/hospitals?page=２", 400, "没有这一页"),
        ("/hospitals?region=nowhere", 400, "筛选条件不对"),
        ("/hospitals?kind=castle", 400, "筛选条件不对"),
        ("/search?day=2026-13-45", 400, "没有这一天"),
        ("/search?day=tomorrow", 400, "日期要像"),
        ("/search?day=２０２６-11-26", 400, "日期要像"),
        ("/search?state=happy", 400, "筛选条件不对"),
        ("/search?kind=1' or 1=1", 400, "筛选条件不对"),
        ("/departments/1?day=x", 400, "日期要像"),
        ("/doctors/1?day=2026-02-30", 400, "没有这一天"),
        ("/hospitals/999", 404, "没有找到您要的内容"),
        ("/departments/999999999999", 404, "没有找到您要的内容"),
        ("/doctors/0", 404, "没有找到您要的内容"),
        ("/departments/999/number", 404, "没有找到您要的内容"),
    ],
)
async def test_what_cannot_be_is_told_with_a_way_on(
    pages: Client, town: Clinic, path: str, status: int, told: str
) -> None:
    for form in ("", "/m"):
        page = await text(pages, form + path, status)
        assert told in page
        for way in ("/home", "/hospitals", "/search"):
            assert f'href="{form}{way}"' in page
        assert 'href="tel:12320"' in page


@pytest.mark.parametrize(
    "path", ["/hospitals/abc", "/doctors/1e3", "/m/nothing", "/departments/1234567890123"]
)
async def test_an_address_of_nothing_is_told_too(pages: Client, town: Clinic, path: str) -> None:
    assert "没有这个页面" in await text(pages, path, 404)
