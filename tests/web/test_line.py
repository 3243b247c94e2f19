"""The waiting page: the published rule, an honest place, one's turn; without a script, and on any phone."""

import re
from dataclasses import dataclass, field
from hashlib import sha256

import pytest

from core.http.forms import FIELD
from core.release import turns
from core.release.rules import replayed
from core.values import Channel
from core.work import Hotline
from tests import patients
from tests.builders import SURFER
from tests.clocks import FrozenClock
from tests.pages import Open
from tests.public import Client, text, words
from tests.release.room import OPENS, Room, room
from tests.web.test_public_light import MOST_BYTES, well_formed

PAGE = "/book/{}/line"


@dataclass
class Surfer:
    """Somebody at a browser, logged in."""

    client: Client
    at: Room
    account_id: int
    person_id: int
    form: str
    path: str = field(init=False)

    def __post_init__(self) -> None:
        self.path = PAGE.format(self.at.session_id)

    async def post(self, path: str = "", *, status: int = 303, before: str = "") -> str:
        answer = await self.client.post(
            before + self.path + path, data={FIELD: self.form}, allow_redirects=False
        )
        assert answer.status == status, answer.status
        return answer.headers.get("Location", "") or await answer.text()

    async def told(self) -> dict[str, object]:
        answer = await self.client.get(f"{self.path}.json")
        body: dict[str, object] = await answer.json()
        return body


@pytest.fixture
async def at(hotline: Hotline, clock: FrozenClock) -> Room:
    return await room(hotline, clock, slots=3, shares={"phone": 1})


@pytest.fixture
async def li(open_pages: Open, hotline: Hotline, at: Room) -> Surfer:
    client = await open_pages()
    person_id = await at.clinic.person("李秀英")
    account_id = await patients.account(hotline, person_id)
    return Surfer(client, at, account_id, person_id, await patients.enter(client, hotline, account_id))


async def at_seven(at: Room, clock: FrozenClock) -> None:
    clock.set(OPENS)
    await at.advance()


async def test_everybody_reads_the_rule_with_its_numbers_and_the_commitment(
    open_pages: Open, at: Room, clock: FrozenClock
) -> None:
    clock.set("2026-11-24 06:30")
    said = words(await text(await open_pages(), PAGE.format(at.session_id)))
    for sentence in (
        "07:00 放号 06:45 开始登记抽签",
        "06:45 到 07:00 登记的人一起抽签排队，早登记晚登记机会一样。",
        "放号后才来的，排在抽签的人后面，先到先得。",
        "一个人只有一个位置。电话保底 1 个，别的渠道不能占用；其余 2 个大家共用，网上按这条队的顺序给，电话和短信先到先得。",
        "轮到您时有 90 秒选号；没有选就过号，可以重新排到队尾。",
        "排队最长到 07:30",
    ):
        assert sentence in said, sentence
    assert re.search(r"校验值（SHA-256）： [0-9a-f]{64}", said)
    assert "登记抽签</button>" not in said


async def test_who_is_not_logged_in_is_sent_to_the_login_and_back(open_pages: Open, at: Room) -> None:
    client = await open_pages()
    page = await text(client, PAGE.format(at.session_id))
    assert f'href="/account/login?next={PAGE.format(at.session_id)}"' in page
    answer = await client.post(PAGE.format(at.session_id), allow_redirects=False)
    assert answer.status == 303
    assert answer.headers["Location"].startswith("/account/login")


async def test_a_form_of_another_session_registers_nobody(li: Surfer) -> None:
    answer = await li.client.post(li.path, data={FIELD: "forged"}, allow_redirects=False)
    assert answer.status == 403
    assert await li.at.places() == {}


async def test_who_registers_sees_so_and_the_page_looks_again_by_itself(li: Surfer) -> None:
    assert "07:00 放号，现在登记进入抽签" in words(await text(li.client, li.path))
    assert await li.post() == li.path
    answer = await li.client.get(li.path)
    said = words(await answer.text())
    assert "已登记，07:00 抽签" in said
    assert "前面还有" not in said  # nobody may know before
    assert 5 <= int(answer.headers["Refresh"]) <= 10


async def test_with_a_script_the_page_is_not_loaded_again_and_again(li: Surfer) -> None:
    await li.post()
    answer = await li.client.get(f"{li.path}?live=yes")
    assert "Refresh" not in answer.headers
    page = await answer.text()
    assert f'data-live="{li.path}.json"' in page
    assert 'src="/static/line.js"' in page
    told = await li.told()
    assert f'data-key="{told["key"]}"' in page
    assert told["words"] in words(page)  # type: ignore[operator]


async def test_a_place_is_told_as_it_is(li: Surfer, clock: FrozenClock) -> None:
    for number in range(12):
        await li.at.join(f"other:{number}")
    await at_seven(li.at, clock)
    await li.post()  # comes late, behind twelve
    said = words(await text(li.client, li.path))
    assert "前面还有 12 位，余号 2 个：可能约不上" in said
    told = await li.told()
    assert (told["before"], told["left"], told["chance"], told["again_s"]) == (12, 2, "short", 10)
    for number in range(3):
        await li.at.join(f"caller:{number}", Channel.PHONE)
    await li.post("/leave")
    clock.advance(seconds=1)
    await li.post()
    said = words(await text(li.client, li.path))
    assert "前面还有 12 位，其他渠道还有 2 位要用共用号，余号 2 个：可能约不上" in said


async def test_ones_turn_leads_on_to_the_booking(li: Surfer, clock: FrozenClock) -> None:
    await li.post()
    await at_seven(li.at, clock)
    clock.advance(seconds=10)
    page = await text(li.client, li.path)
    assert "轮到您了，请选号 还有 80 秒" in words(page)
    assert f'action="/book/{li.at.session_id}"><button>现在去选号' in page


async def test_who_is_passed_over_is_told_and_may_stand_at_the_end(li: Surfer, clock: FrozenClock) -> None:
    await li.post()
    await li.at.join("other:1")
    await li.at.join("other:2")
    await li.at.join("other:3")
    clock.set(OPENS)
    for _ in range(5):
        await li.at.advance()
        clock.advance(seconds=91)
        if (await li.at.states())[f"person:{li.person_id}"] == "passed":
            break
    await li.at.advance()
    assert "过号了" in words(await text(li.client, li.path))
    await li.post()
    assert list(await li.at.places())[-1] == f"person:{li.person_id}"


async def test_leaving_gives_the_place_up(li: Surfer) -> None:
    await li.post()
    assert await li.post("/leave") == li.path
    assert (await li.at.states())[f"person:{li.person_id}"] == "left"
    assert "登记抽签" in words(await text(li.client, li.path))


async def test_too_early_is_said_on_the_page(li: Surfer, clock: FrozenClock) -> None:
    clock.set("2026-11-24 06:00")
    said = words(await li.post(status=409))
    assert "还没有开始登记,11月24日06:45开始。" in said
    assert await li.at.places() == {}


async def test_a_booking_without_a_turn_gets_the_line_and_with_one_the_number(
    li: Surfer, clock: FrozenClock
) -> None:
    await li.at.join("other:1")
    await li.at.join("other:2")
    await at_seven(li.at, clock)
    await li.post()
    periods = await li.at.clinic.periods(li.at.session_id)  # the first one's number is the telephone's

    async def choose(number: int, before: str = "") -> str:
        answer = await li.client.post(
            f"{before}/book/{li.at.session_id}",
            data={FIELD: li.form, "period": str(periods[number]), "key": f"form-{number}-{clock.now()}"},
            allow_redirects=False,
        )
        assert answer.status == 303, await answer.text()
        return answer.headers["Location"]

    assert await choose(1) == li.path
    assert await choose(1, "/m") == f"/m{li.path}"
    assert await li.at.clinic.states(li.at.session_id) == {"free": 3}
    clock.advance(seconds=90)
    await li.at.advance()
    assert (await choose(1)).startswith("/book/held/")
    clock.advance(seconds=1)
    assert "您已经选了号" in words(await text(li.client, li.path))
    await li.at.join("other:3")
    await li.at.join("other:4")
    clock.advance(seconds=1)
    assert (await choose(2)).startswith("/book/held/")  # another one instead of it needs no turn
    assert (await li.at.clinic.states(li.at.session_id))["held"] == 1


async def test_the_draw_can_be_checked_from_what_the_pages_show(li: Surfer, clock: FrozenClock) -> None:
    promised = re.search(r"[0-9a-f]{64}", await text(li.client, li.path))
    assert promised
    await li.post()
    for number in range(9):
        await li.at.join(f"other:{number}", Channel.PHONE)
    assert "没有人登记就没有抽签" in words(await text(li.client, f"{li.path}/proof"))
    await text(li.client, f"{li.path}/proof.txt", 404)
    await at_seven(li.at, clock)
    rows = (await text(li.client, f"{li.path}/proof.txt")).splitlines()
    facts = dict(row.split(" ", 1) for row in rows[:4])
    assert facts["commitment"] == promised[0] == sha256(facts["secret"].encode()).hexdigest()
    assert facts["asked"] == f"{li.at.session_id}|2026-11-24T07:00:00+08:00"
    assert facts["seed"] == sha256(f"{facts['asked']}|{facts['secret']}".encode()).hexdigest()
    tickets = [row.split(" ")[1] for row in rows[4:]]
    assert len(tickets) == 10
    assert replayed(facts["seed"], tickets) == tickets
    page = await text(li.client, f"{li.path}/proof")
    mine = re.search(r"您的抽签号 (\S+) 排在第 (\d+) 位", words(page))
    assert mine
    assert tickets[int(mine[2]) - 1] == mine[1]


async def test_any_phone_can_wait(li: Surfer, clock: FrozenClock) -> None:
    for number in range(40):
        await li.at.join(f"other:{number}")
    seen = [await text(li.client, f"/m{li.path}")]
    assert await li.post(before="/m") == f"/m{li.path}"
    answer = await li.client.get(f"/m{li.path}")
    assert "Refresh" in answer.headers
    seen.append(await answer.text())
    await at_seven(li.at, clock)
    seen += [await text(li.client, f"/m{li.path}"), await text(li.client, f"/m{li.path}/proof")]
    for page in seen:
        assert len(page.encode()) < MOST_BYTES
        well_formed(page)
        assert "<script" not in page


async def test_a_session_that_does_not_exist_has_no_line(li: Surfer) -> None:
    assert "没有找到" in words(await text(li.client, "/book/999999/line", 404))
    await text(li.client, "/book/999999/line.json", 404)


async def test_a_line_that_is_over_says_so(li: Surfer, hotline: Hotline, clock: FrozenClock) -> None:
    await li.post()
    await at_seven(li.at, clock)
    clock.set("2026-11-24 08:00")
    await hotline.run(turns.Turns().give, SURFER)
    page = await text(li.client, li.path)
    assert "号已经放完，或排队已经结束" in words(page)
    assert f'action="/book/{li.at.session_id}"><button>去预约' in page


async def test_who_waits_by_telephone_is_told_so(li: Surfer, clock: FrozenClock) -> None:
    await li.at.join("phone:print", Channel.PHONE, li.person_id)
    await at_seven(li.at, clock)
    page = await text(li.client, li.path)
    assert "您已经通过电话排队 轮到时请用电话选号。" in words(page)
    assert "现在去选号" not in page
