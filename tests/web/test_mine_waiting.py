"""My places on the waiting list as pages: onto the list, how many stand before me, what is kept, and off it."""

import re

import pytest

from core.accounts import people
from core.booking.tables import Appointment
from core.http.forms import FIELD
from core.waiting.rules import State
from core.work import Hotline
from tests import patients
from tests.builders import SEED, VISIT, Clinic, clinic
from tests.clocks import FrozenClock
from tests.pages import Open
from tests.public import Client, text, words
from tests.waiting_list import Queue

FORMS = pytest.mark.parametrize("form", ["", "/m"], ids=["full", "light"])


@pytest.fixture
async def town(hotline: Hotline) -> Clinic:
    made = await clinic(hotline)
    await made.person("李秀英")
    return made


@pytest.fixture
async def queue(town: Clinic) -> Queue:
    return Queue(town)


@pytest.fixture
async def account(town: Clinic) -> int:
    return await patients.account(town.hotline, town.people["李秀英"])


@pytest.fixture
async def client(open_pages: Open, town: Clinic, account: int) -> Client:
    opened = await open_pages()
    await patients.enter(opened, town.hotline, account)
    return opened


async def press(client: Client, page: str, act: str, path: str) -> str:
    """The form with this button, sent; the page that comes of it."""
    for form in re.findall(r"<form.*?</form>", page, re.S):
        if f'action="{path}"' in form and f'value="{act}"' in form:
            fields = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', form))
            return await (await client.post(path, data=fields | {"act": act})).text()
    raise AssertionError(f"no button {act}")


async def joins(client: Client, path: str, **typed: str) -> str:
    page = await text(client, path)
    token = re.findall(r'name="form-token" value="([^"]+)"', page)[0]
    person = re.findall(r'name="person"[^>]*value="(\d+)"|value="(\d+)"[^>]*name="person"', page)
    fields = {FIELD: token, "person": next(one for one in person[0] if one), "days": "7"} | typed
    return await (await client.post(path, data=fields)).text()


@pytest.mark.req("I-009")
@FORMS
async def test_from_a_full_session_onto_the_list_to_the_number(
    client: Client, queue: Queue, account: int, form: str
) -> None:
    session = await queue.full()
    await queue.joins("先到的人")
    path = f"{form}/account/waiting/join?session={session}"
    assert path in await text(client, f"{form}/book/{session}")
    assert path in await text(client, f"{form}/doctors/{queue.clinic.doctors['chen']}?day={VISIT}")
    told = words(await joins(client, path, what="this"))
    assert "已加入候补" in told
    assert "11月26日 上午" in told
    assert "前面还有 1 人" in told
    await queue.gives_up(session)
    await queue.runs()
    await queue.answers("先到的人", False)
    await queue.runs()
    page = await text(client, f"{form}/account/waiting")
    assert "有号了" in words(page)
    assert "10:30" in words(page)  # half an hour to answer
    done = await press(client, page, "accept", f"{form}/account/waiting")
    assert "预约成功" in words(done)
    await queue.runs()
    async with queue.hotline.read() as db:
        made = (await db.get_one(Appointment, 3)).account_id
    assert made == account
    assert "没有候补" in words(await text(client, f"{form}/account/waiting"))


@FORMS
async def test_not_this_one_keeps_the_place_and_off_the_list_gives_it_up(
    client: Client, queue: Queue, form: str
) -> None:
    session = await queue.full()
    here = f"{form}/account/waiting"
    await joins(client, f"{here}/join?session={session}", what="doctor", half="am")
    await queue.gives_up(session)
    await queue.runs()
    page = await press(client, await text(client, here), "refuse", here)
    assert "候补的位置还留着" in words(page)
    again = await press(client, page, "leave", here) if 'value="leave"' in page else ""
    assert "已退出候补" in words(again)


async def test_an_offer_that_has_lapsed_is_not_taken_and_the_page_says_so(
    client: Client, queue: Queue, clock: FrozenClock
) -> None:
    session = await queue.full()
    await joins(client, f"/account/waiting/join?session={session}", what="this")
    await queue.gives_up(session)
    await queue.runs()
    page = await text(client, "/account/waiting")
    clock.advance(minutes=31)
    late = await press(client, page, "accept", "/account/waiting")
    assert "已经处理或超时" in words(late)
    assert 'value="accept"' not in late


async def test_who_has_paused_goes_on_by_a_button(client: Client, queue: Queue, clock: FrozenClock) -> None:
    await queue.clinic.rule("waiting.misses", "1")
    session = await queue.full()
    await joins(client, f"/account/waiting/join?session={session}", what="this")
    await queue.gives_up(session)
    await queue.runs()
    clock.advance(minutes=31)
    await queue.runs()
    page = await text(client, "/account/waiting")
    assert "已暂停" in words(page)
    assert "您排在第一位" in words(await press(client, page, "resume", "/account/waiting"))


@FORMS
async def test_why_nobody_can_wait_is_told_with_the_way_on(client: Client, queue: Queue, form: str) -> None:
    session = await queue.clinic.session(slots=1)
    path = f"{form}/account/waiting/join?session={session}"
    page = await joins(client, path, what="this")
    assert "还有号" in words(page)
    assert f'href="{form}/book/{session}"' in page
    full = await queue.full(half="pm")
    await joins(client, f"{form}/account/waiting/join?session={full}", what="this")
    twice = await joins(client, f"{form}/account/waiting/join?session={full}", what="this")
    assert "已经在这个候补名单里" in words(twice)
    assert "请先选" in words(await joins(client, path, what="everything"))


@FORMS
async def test_a_department_can_be_waited_for(client: Client, queue: Queue, form: str) -> None:
    await queue.full()
    department = queue.clinic.department_id
    path = f"{form}/account/waiting/join?department={department}"
    assert path in await text(client, f"{form}/departments/{department}?day={VISIT}")
    told = words(await joins(client, path, what="department", half="am", days="14"))
    assert "11月23日到12月7日，上午" in told
    assert "哪位医生都可以" in told


async def test_an_address_that_names_nothing_is_told_so(client: Client) -> None:
    assert (await client.get("/account/waiting/join")).status == 400
    assert (await client.get("/account/waiting/join?session=9999")).status == 404
    assert (await client.get("/account/waiting/join?department=9999")).status == 404


async def test_another_accounts_place_is_not_there(client: Client, queue: Queue, open_pages: Open) -> None:
    session = await queue.full()
    entry = await queue.joins("旁人")
    await queue.gives_up(session)
    await queue.runs()
    offer = await queue.offer("旁人")
    assert offer is not None
    page = await joins(client, f"/account/waiting/join?session={session}", what="this")
    assert "旁" not in words(page)
    token = re.findall(r'name="form-token" value="([^"]+)"', page)[0]
    for act in ("leave", "accept", "refuse", "resume"):
        fields = {FIELD: token, "act": act, "id": str(entry), "offer": str(offer.offer_id)}
        assert (await client.post("/account/waiting", data=fields)).status == 404
    assert (await queue.entry("旁人")).state is State.WAITING


async def test_somebody_elses_person_cannot_be_put_on_the_list(client: Client, queue: Queue) -> None:
    session = await queue.full()
    other = await queue.clinic.person("旁人")
    path = f"/account/waiting/join?session={session}"
    page = await text(client, path)
    token = re.findall(r'name="form-token" value="([^"]+)"', page)[0]
    answer = await client.post(path, data={FIELD: token, "person": str(other), "what": "this"})
    assert answer.status == 404


async def test_one_waits_for_those_one_books_for(client: Client, queue: Queue, account: int) -> None:
    session = await queue.full()
    child = await queue.clinic.person("李小宝")
    async with queue.hotline.work(SEED) as work:
        await people.add(work, account, child, "child")
    path = f"/account/waiting/join?session={session}"
    assert "李小宝" in await text(client, path)
    assert "就诊人 李小宝" in words(await joins(client, path, what="this", person=str(child)))
