"""My credit, my favourites and my reminders on pages, and the buttons of a doctor's and a hospital's page."""

import html
import re
from datetime import date, timedelta

import pytest

from core.accounts import people
from core.accounts.favourites import MOST
from core.accounts.tables import Favourite
from core.booking.commands import Cancel
from core.booking.visit import attend, miss_due
from core.catalogue.tables import Doctor
from core.credit.engine import decide
from core.credit.periods import CheckPeriod
from core.events import TextDelivered
from core.http import credit_words
from core.http.forms import FIELD
from core.values import Actor, ActorKind, system
from core.work import Hotline
from tests import patients
from tests.builders import CALLER, SEED, SURFER, VISIT, Clinic, clinic
from tests.clocks import FrozenClock
from tests.pages import Open
from tests.public import Client, text, words

FORMS = pytest.mark.parametrize("form", ["", "/m"], ids=["full", "light"])
JUDGE = Actor(ActorKind.STAFF, "judge", functions=frozenset({"appeals"}))
MISSED = date(2026, 11, 18)


@pytest.fixture
async def town(hotline: Hotline) -> Clinic:
    made = await clinic(hotline)
    await made.person("李秀英")
    return made


@pytest.fixture
async def account(town: Clinic) -> int:
    return await patients.account(town.hotline, town.people["李秀英"])


async def missed(town: Clinic, clock: FrozenClock, name: str = "李秀英") -> int:
    clock.set(f"{MISSED - timedelta(days=1)} 10:00")
    made = await town.book(await town.session(day=MISSED), town.people[name])
    async with town.hotline.work(SEED) as work:
        work.record(TextDelivered(text_id=1, text_kind="booked", appointment_id=made.appointment_id))
    clock.set(f"{MISSED + timedelta(days=1)} 02:00")
    async with town.hotline.work(system("timers")) as work:
        await miss_due(work)
    clock.set("2026-11-23 10:00")
    return made.appointment_id


async def send(client: Client, path: str, page: str, **typed: str) -> str:
    """The first form of a page that goes there, sent with this; the page that comes of it."""
    form = re.findall(rf'<form[^>]*action="{path}".*?</form>', page, re.S)[0]
    fields = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', form))
    answer = await client.post(path, data=fields | typed)
    return await answer.text()


# --- credit -----------------------------------------------------------------------------------------------


@pytest.mark.req("R-063")
@FORMS
async def test_a_line_is_explained_without_reproach(
    open_pages: Open, town: Clinic, account: int, clock: FrozenClock, form: str
) -> None:
    await missed(town, clock)
    client = await open_pages()
    await patients.enter(client, town.hotline, account)
    page = await text(client, f"{form}/account/credit")
    told = words(page)
    for said in (
        "李秀英：可以预约。", "没有到诊", "11月18日 周三 08:00，市一医院心血管内科陈建国",
        "11月17日 周二 10:00 “预约成功”的短信已送到手机。就诊当天没有取号，医院也没有报来就诊记录。",
        "算到 2027年2月19日 周五 为止，之后不再计算。规则：近 3 个月内没有到诊满 3 次，暂停预约 3 个月。",
    ):  # fmt: skip
        assert said in told, said
    for reproach in ("黑名单", "违约", "失信", "处罚", "警告", "恶意"):
        assert reproach not in told
    assert f'action="{form}/account/credit"' not in page


@FORMS
async def test_a_block_says_until_when_and_an_appeal_is_answered_there(
    open_pages: Open, town: Clinic, account: int, clock: FrozenClock, form: str
) -> None:
    await town.rule("block.no-show", "1 -> 3m", own=False)
    await missed(town, clock)
    client = await open_pages()
    await patients.enter(client, town.hotline, account)
    path = f"{form}/account/credit"
    page = await text(client, path)
    assert "从 11月19日 周四 起暂停预约，2月19日 周五 02:00 自动恢复。" in words(page)
    assert "请写下申诉的理由" in await send(client, path, page, words="  ")
    rejected = await send(client, path, page, words="字" * 401)
    assert "申诉的理由最多400个字" in rejected
    words_typed = "我当天在住院 <b>&\n有证明"
    done = await send(client, path, page, words=words_typed)
    assert "申诉已收到" in done
    assert "正在处理" in done
    assert html.escape("我当天在住院 <b>&") in done
    assert "提交申诉" not in done
    assert "申诉已在处理中" in await send(client, path, page, words="又一次")
    async with town.hotline.work(JUDGE) as work:
        await decide(work, appeal_id=1, granted=True, answer="出院证明已核实")
    told = words(await text(client, path))
    assert "申诉通过" in told
    assert "答复：出院证明已核实" in told
    assert "李秀英：可以预约。" in told


async def test_nobody_appeals_for_another(
    open_pages: Open, town: Clinic, account: int, clock: FrozenClock
) -> None:
    await town.rule("block.no-show", "1 -> 3m", own=False)
    await missed(town, clock)
    other = await patients.account(town.hotline, await town.person("王强"), "10911112222")
    client = await open_pages()
    token = await patients.enter(client, town.hotline, other)
    for entry in ("1", "2", "x", ""):
        form = {FIELD: token, "entry": entry, "words": "不对"}
        assert (await client.post("/account/credit", data=form)).status == 404


async def test_of_the_family_it_says_only_whether_they_may_book(
    open_pages: Open, town: Clinic, account: int, clock: FrozenClock
) -> None:
    await town.rule("block.no-show", "1 -> 3m", own=False)
    for name in ("王小明", "赵六"):
        await town.person(name)
        async with town.hotline.work(SEED) as work:
            await people.add(work, account, town.people[name], "child")
    await missed(town, clock, "王小明")
    client = await open_pages()
    await patients.enter(client, town.hotline, account)
    told = words(await text(client, "/account/credit"))
    held = told.partition("王小明（子女）")[2]
    assert held.startswith(" 因没有到诊次数多，暂停预约，2月19日 周五 02:00 恢复")
    assert "赵六" in told
    assert "陈建国" not in told
    assert "没有记录" in told


async def test_what_was_taken_back_says_why(
    open_pages: Open, town: Clinic, account: int, clock: FrozenClock
) -> None:
    appointment_id = await missed(town, clock)
    async with town.hotline.work(system("his")) as work:
        await attend(work, appointment_id, evidence="his")
    client = await open_pages()
    await patients.enter(client, town.hotline, account)
    assert "医院后来确认您当天来过，这一条撤销了。" in words(await text(client, "/account/credit"))


async def test_what_no_rule_counts_is_said_to_matter_to_nobody(
    open_pages: Open, town: Clinic, account: int
) -> None:
    made = await town.book(await town.session(), town.people["李秀英"], by=SURFER)
    await town.store.submit(Cancel(made.appointment_id), CALLER)
    client = await open_pages()
    await patients.enter(client, town.hotline, account)
    told = words(await text(client, "/account/credit"))
    assert "11月23日 周一 10:00 由电话办理取消。" in told
    assert "不影响预约" in told


@pytest.mark.req("R-061", "R-158")
@pytest.mark.parametrize(
    ("kind", "value", "said"),
    [
        ("month", 1, "本月内"), ("month", 3, "本月和前 2 个月内"), ("days", 30, "近 30 天内"), ("months", 3, "近 3 个月内"),
        ("year", 1, "今年内"), ("quarter", 1, "本季度内"),
    ],
)  # fmt: skip
def test_a_check_period_in_words(kind: str, value: int, said: str) -> None:
    assert credit_words.period(CheckPeriod(kind, value)) == said


# --- favourites and reminders --------------------------------------------------------------------------------


@pytest.mark.req("I-009")
@FORMS
async def test_a_star_keeps_a_doctor_and_a_second_lets_go(
    open_pages: Open, town: Clinic, account: int, form: str
) -> None:
    await town.session(slots=4)
    client = await open_pages()
    page, kept = f"{form}/doctors/{town.doctors['chen']}", f"{form}/account/favourites"
    stranger = await text(client, page)
    assert f'href="{form}/account/login?next={page}"' in stranger
    assert 'method="post"' not in stranger
    await patients.enter(client, town.hotline, account)
    done = await send(client, kept, await text(client, page))
    assert "已收藏，取消" in done
    assert "陈建国" in words(done)
    assert "11月26日 周四 起余 4" in words(await text(client, kept))
    again = await send(client, kept, done)
    assert "已收藏" not in again
    assert "还没有" in await text(client, kept)


@pytest.mark.req("I-009")
@FORMS
async def test_a_hospital_is_kept_too(open_pages: Open, town: Clinic, account: int, form: str) -> None:
    client = await open_pages()
    await patients.enter(client, town.hotline, account)
    page = await text(client, f"{form}/hospitals/{town.hospital_id}")
    done = await send(client, f"{form}/account/favourites", page)
    assert "已收藏，取消" in done
    assert "青石市第一人民医院" in await text(client, f"{form}/account/favourites")


@pytest.mark.req("I-009")
@FORMS
async def test_a_release_is_waited_for_from_the_doctors_page(
    open_pages: Open, town: Clinic, account: int, form: str
) -> None:
    client = await open_pages()
    token = await patients.enter(client, town.hotline, account)
    page, kept = f"/doctors/{town.doctors['chen']}", f"{form}/account/favourites"
    ask = {FIELD: token, "act": "remind", "what": "post", "id": str(town.posts["chen"]), "back": page}
    for _ in range(2):
        answer = await client.post(kept, data=ask)
        assert answer.status == 200
        assert answer.url.path == f"{form}{page}"
    assert "取消放号提醒" in await answer.text()
    assert "陈建国" in words(await text(client, kept)).partition("放号提醒")[2]
    await client.post(kept, data=ask | {"act": "forget"})
    assert "没有在等的" in await text(client, kept)


async def test_a_form_leads_nowhere_but_back(open_pages: Open, town: Clinic, account: int) -> None:
    client = await open_pages()
    token = await patients.enter(client, town.hotline, account)
    keep = {FIELD: token, "act": "keep", "what": "doctor", "id": str(town.doctors["chen"])}
    for back in ("", "//elsewhere.example", "https://elsewhere.example/doctors/1", "/doctors/1/../../x"):
        answer = await client.post("/account/favourites", data=keep | {"back": back}, allow_redirects=False)
        assert answer.headers["Location"] == "/account/favourites?done=keep"
    for wrong in ({"act": "x"}, {"what": "post"}, {"id": "9999"}, {"id": "x"}, {"act": "remind"}):
        assert (await client.post("/account/favourites", data=keep | wrong)).status == 404


async def test_the_limit_is_told_on_the_list(open_pages: Open, town: Clinic, account: int) -> None:
    async with town.hotline.work(SEED) as work:
        work.db.add_all(
            Favourite(account_id=account, what="doctor", what_id=1000 + n, added_at=work.now)
            for n in range(MOST)
        )
    client = await open_pages()
    token = await patients.enter(client, town.hotline, account)
    form = {FIELD: token, "act": "keep", "what": "doctor", "id": str(town.doctors["chen"])}
    answer = await client.post("/account/favourites", data=form)
    assert answer.status == 409
    assert "最多收藏50个" in await answer.text()


@pytest.mark.req("R-098")
async def test_fifty_favourites_are_still_light(open_pages: Open, town: Clinic, account: int) -> None:
    async with town.hotline.work(SEED) as work:
        for number in range(50):
            doctor = Doctor(
                hospital_id=town.hospital_id, code=f"D{number}", name=f"医生{number}", pinyin="", initials="",
                title="副主任医师",
            )  # fmt: skip
            work.db.add(doctor)
            await work.db.flush()
            work.db.add(Favourite(account_id=account, what="doctor", what_id=doctor.id, added_at=work.now))
    await town.session(day=VISIT)
    client = await open_pages()
    await patients.enter(client, town.hotline, account)
    page = await text(client, "/m/account/favourites")
    assert page.count("取消收藏") == 50
    assert len(page.encode()) < 30_000
