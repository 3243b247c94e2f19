"""The pages of staff: in, out, one's own account, the accounts of others, roles, the audit."""

import re
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pyotp
import pytest
from aiohttp import ClientResponse
from aiohttp.test_utils import TestClient
from pytest_aiohttp import AiohttpClient

from core.contact import queue_view, skills
from core.staff import audit
from core.staff.engine import give_one_time
from core.staff.functions import FUNCTIONS
from core.staff.login import SecondFactor
from core.staff.passwords import Passwords
from core.work import Hotline
from tests.builders import SEED, clinic
from tests.clocks import FrozenClock
from tests.entering import account, cookie, enter
from web.app import make_app
from web.house import WebHouse

Client = TestClient[Any, Any]
ONE_TIME, OWN = "k7fm-2xqp-9hdw", "HuaKai-2026"


@pytest.fixture
def house(house: WebHouse) -> WebHouse:
    return replace(house, passwords=Passwords.quick())


@pytest.fixture
async def client(house: WebHouse, aiohttp_client: AiohttpClient) -> AsyncIterator[Client]:
    return await aiohttp_client(make_app(house))


async def token(client: Client, path: str) -> str:
    found = re.search(r'name="form-token" value="([^"]+)"', await (await client.get(path)).text())
    assert found, path
    return found[1]


async def post(client: Client, path: str, page: str | None = None, **form: Any) -> ClientResponse:
    """As the form on a page would. page: where it stands, else at the same address."""
    form["form-token"] = await token(client, page or path)
    return await client.post(path, data=form, allow_redirects=False)


async def goes_to(answer: ClientResponse) -> str:
    assert answer.status == 303, await answer.text()
    return answer.headers["Location"]


async def with_one_time(hotline: Hotline, *functions: str, **who: Any) -> int:
    staff_id = await account(hotline, *functions, **who)
    hashed = await Passwords.quick().hash(ONE_TIME)
    async with hotline.work(SEED) as work:
        await give_one_time(work, staff_id, hashed)
    return staff_id


@pytest.mark.req("R-171")
async def test_the_first_login_leads_over_a_password_of_ones_own(client: Client, hotline: Hotline) -> None:
    await with_one_time(hotline, "staff")
    entered = await post(client, "/login?next=/staff", login="zhang", password=ONE_TIME)
    assert await goes_to(entered) == "/me/password?next=/staff"
    for path in ("/me", "/staff"):
        assert (await client.get(path, allow_redirects=False)).headers["Location"] == "/me/password"
    changed = await post(client, "/me/password?next=/staff", new=OWN, again=OWN)
    assert await goes_to(changed) == "/staff"
    assert (await client.get("/staff")).status == 200


async def test_a_wrong_password_says_no_more_than_that(client: Client, hotline: Hotline) -> None:
    await with_one_time(hotline)
    pages = []
    for login in ("zhang", "nobody"):
        answer = await post(client, "/login", login=login, password="guess")
        assert answer.status == 403
        pages.append((await answer.text()).replace(login, ""))
    assert pages[0] == pages[1]
    assert "不正确" in pages[0]


@pytest.mark.parametrize(
    ("functions", "lands"), [(("desk",), "/desk/"), (("desk", "supervise"), "/wall/"), (("reports",), "/me")]
)
async def test_each_lands_where_they_work(
    house: WebHouse, aiohttp_client: AiohttpClient, hotline: Hotline, functions: tuple[str, ...], lands: str
) -> None:
    app = make_app(house)
    for place in ("/desk/", "/wall/"):
        app.router.add_get(place, _nothing)
    client = await aiohttp_client(app)
    staff_id = await with_one_time(hotline, *functions)
    assert staff_id
    await post(client, "/login", login="zhang", password=ONE_TIME)
    assert await goes_to(await post(client, "/me/password", new=OWN, again=OWN)) == lands


async def _nothing(request: Any) -> Any: ...


async def test_a_form_of_another_session_is_not_taken(client: Client, hotline: Hotline) -> None:
    await enter(client, hotline, "staff")
    foreign = await token(client, "/me")
    await enter(client, hotline, "staff", login="li")
    for form in ({"form-token": foreign}, {"form-token": ""}, {}):
        answer = await client.post("/staff/roles/new", data={"name": "新角色", **form})
        assert answer.status == 403
    await client.get("/login")
    answer = await client.post("/login", data={"login": "zhang", "password": OWN, "form-token": foreign})
    assert answer.status == 403


async def test_leaving_ends_the_session_for_good(client: Client, hotline: Hotline) -> None:
    await enter(client, hotline, "desk")
    kept = {one.key: one.value for one in client.session.cookie_jar}
    assert await goes_to(await post(client, "/logout", "/me")) == "/login?out"
    client.session.cookie_jar.update_cookies(kept)
    assert (await client.get("/me", allow_redirects=False)).status == 303


async def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites(
    client: Client, hotline: Hotline
) -> None:
    await with_one_time(hotline)
    entered = await post(client, "/login", login="zhang", password=ONE_TIME)
    (made,) = [one for one in entered.headers.getall("Set-Cookie") if one.startswith("hotline-session=")]
    assert "HttpOnly" in made
    assert "SameSite=Lax" in made
    assert "Domain" not in made


async def test_a_second_factor_is_set_up_asked_for_and_given_up(
    house: WebHouse, aiohttp_client: AiohttpClient, hotline: Hotline, clock: FrozenClock
) -> None:
    client = await aiohttp_client(make_app(replace(house, second_factor=SecondFactor.EVERYBODY)))
    await with_one_time(hotline)
    await post(client, "/login", login="zhang", password=ONE_TIME)
    assert await goes_to(await post(client, "/me/password", new=OWN, again=OWN)) == "/me/second-factor"
    page = await (await client.get("/me/second-factor")).text()
    assert "<svg" in page
    (sealed,) = re.findall(r'name="offer" value="([0-9a-f]+)"', page)
    (secret,) = re.findall(r'class="secret">([A-Z2-7 ]+)<', page)
    made = pyotp.TOTP(secret.replace(" ", ""))

    def shown() -> str:
        return made.generate_otp(int(clock.now().timestamp()) // 30)

    wrong = await post(client, "/me/second-factor", offer=sealed, code="000000")
    assert wrong.status == 403
    assert secret in await wrong.text(), "the same secret is shown again"
    assert await goes_to(await post(client, "/me/second-factor", offer=sealed, code=shown())) == "/me"
    await post(client, "/logout", "/me")
    clock.advance(minutes=1)
    assert (
        await goes_to(await post(client, "/login?next=/me", login="zhang", password=OWN))
        == "/login/code?next=/me"
    )
    assert (await post(client, "/login/code", code="000000")).status == 403
    assert await goes_to(await post(client, "/login/code?next=/me", code=shown())) == "/me"
    assert "动态验证码" in await (await client.get("/me")).text()


async def test_a_second_factor_is_replaced_and_given_up_by_who_shows_the_password_and_a_code(
    client: Client, hotline: Hotline, clock: FrozenClock
) -> None:
    await with_one_time(hotline)
    await post(client, "/login", login="zhang", password=ONE_TIME)
    await post(client, "/me/password", new=OWN, again=OWN)

    async def offered() -> tuple[str, pyotp.TOTP]:
        page = await (await client.get("/me/second-factor")).text()
        (secret,) = re.findall(r'class="secret">([A-Z2-7 ]+)<', page)
        (sealed,) = re.findall(r'name="offer" value="([0-9a-f]+)"', page)
        return sealed, pyotp.TOTP(secret.replace(" ", ""))

    def shown(made: pyotp.TOTP) -> str:
        return made.generate_otp(int(clock.now().timestamp()) // 30)

    sealed, first = await offered()
    bare = await post(client, "/me/second-factor", offer=sealed, code=shown(first))
    assert (bare.status, "不正确" in await bare.text()) == (403, True)
    done = await post(client, "/me/second-factor", offer=sealed, code=shown(first), password=OWN)
    assert await goes_to(done) == "/me?changed=second-factor"
    clock.advance(minutes=1)
    sealed, second = await offered()
    form = {"offer": sealed, "code": shown(second), "password": OWN}
    assert (await post(client, "/me/second-factor", **form)).status == 403
    await goes_to(await post(client, "/me/second-factor", **form, present=shown(first)))
    clock.advance(minutes=1)
    assert (await post(client, "/me/second-factor/end", "/me", password=OWN)).status == 403
    given_up = await post(client, "/me/second-factor/end", "/me", password=OWN, code=shown(second))
    assert await goes_to(given_up) == "/me?changed=no-second-factor"


@pytest.mark.parametrize("what", ["reset", "second-factor"])
async def test_nobody_resets_their_own_account(client: Client, hotline: Hotline, what: str) -> None:
    me = await enter(client, hotline, "staff")
    page = await (await client.get(f"/staff/{me.staff_id}")).text()
    assert f'action="/staff/{me.staff_id}/{what}"' not in page
    refused = await post(client, f"/staff/{me.staff_id}/{what}", "/me", reason="手机丢了")
    assert (refused.status, "没有办理这项业务的权限" in await refused.text()) == (403, True)


@pytest.mark.req("R-168", "R-169")
async def test_an_account_is_made_changed_reset_and_deleted(client: Client, hotline: Hotline) -> None:
    town = await clinic(hotline)
    await enter(client, hotline, "staff")
    made = await post(
        client, "/staff/new", login="8005", name="李娜", number="8005", mobile="10712345678",
        hospital=str(town.hospital_id), role="1",
    )  # fmt: skip
    page = await made.text()
    assert re.search(r'class="secret">[a-z2-9]{4}-[a-z2-9]{4}-[a-z2-9]{4}<', page)
    (staff_id,) = re.findall(r'href="/staff/(\d+)"', page)
    form = {"name": "李丽", "number": "8006", "mobile": "", "hospital": "", "login": "other"}
    assert await goes_to(await post(client, f"/staff/{staff_id}", **form)) == f"/staff/{staff_id}?done=saved"
    shown = await (await client.get(f"/staff/{staff_id}")).text()
    assert "李丽" in shown
    assert "8005" in shown, "the login stays"
    reset = await (await post(client, f"/staff/{staff_id}/reset", f"/staff/{staff_id}")).text()
    assert "密码已重置" in reset
    unsure = await post(client, f"/staff/{staff_id}/delete", f"/staff/{staff_id}", sure="")
    assert "unsure" in await goes_to(unsure)
    await post(client, f"/staff/{staff_id}/delete", f"/staff/{staff_id}", sure="8005")
    assert (await client.get(f"/staff/{staff_id}")).status == 404
    again = await post(client, "/staff/new", login="8005", name="李娜")
    assert again.status == 400
    assert "用过的登录名不再使用" in await again.text()
    async with hotline.read() as db:
        assert (await audit.verify(db, hotline.sealer)).broken is None


@pytest.mark.req("R-165", "R-166")
async def test_a_role_is_made_changed_and_deleted_when_nobody_has_it(
    client: Client, hotline: Hotline
) -> None:
    await enter(client, hotline, "staff")
    someone = await account(hotline, "desk", login="li")
    await post(client, "/staff/roles/new", name="报表员", function="reports")
    page = await (await client.get("/staff/roles")).text()
    role = re.search(r'href="/staff/roles/(\d+)">报表员', page)
    assert role
    address = f"/staff/roles/{role[1]}"
    await post(client, address, name="数据员", function=["reports", "export"])
    shown = await (await client.get(address)).text()
    assert set(re.findall(r'value="([\w-]+)" checked', shown)) == {"reports", "export"}
    await post(client, f"/staff/{someone}/roles", f"/staff/{someone}", role=role[1])
    assert "删除角色</button>" not in await (await client.get(address)).text()
    await post(client, f"/staff/{someone}/roles", f"/staff/{someone}")
    await post(client, f"{address}/delete", address)
    assert (await client.get(address)).status == 404


async def test_a_role_shows_every_function_in_chinese(client: Client, hotline: Hotline) -> None:
    await enter(client, hotline, "staff")
    page = await (await client.get("/staff/roles/new")).text()
    assert all(label in page for _, label in FUNCTIONS.values())


async def test_one_ends_ones_own_sessions_and_administrators_anybodys(
    client: Client, hotline: Hotline
) -> None:
    me = await enter(client, hotline, "staff")
    assert me.staff_id
    other = await account(hotline, "desk", login="li")
    await cookie(client, hotline, me.staff_id)
    await cookie(client, hotline, other)
    page = await (await client.get("/me")).text()
    assert re.findall(r"/me/sessions/(\d+)/end", page) == ["2"], "not the one of this page"
    assert (await post(client, "/me/sessions/3/end", "/me")).status == 404, "somebody else's"
    assert await goes_to(await post(client, "/me/sessions/2/end", "/me")) == "/me?changed=session#sessions"
    await post(client, "/staff/sessions/3/end", "/staff/sessions")
    left = await (await client.get("/staff/sessions")).text()
    assert "结束</button>" not in left


@pytest.mark.req("R-167")
async def test_an_administrator_of_a_hospital_keeps_its_staff_alone(client: Client, hotline: Hotline) -> None:
    here, there = await clinic(hotline), await clinic(hotline, 2)
    stranger = await account(hotline, "desk", login="wang", hospital_id=there.hospital_id)
    colleague = await account(hotline, "leave", login="zhao", hospital_id=here.hospital_id)
    await enter(client, hotline, "staff", "leave", hospital_id=here.hospital_id)
    page = await (await client.get("/staff")).text()
    assert "zhao" in page
    assert "wang" not in page
    assert (await client.get(f"/staff/{colleague}")).status == 200
    assert (await client.get(f"/staff/{stranger}")).status == 403
    for path in ("reset", "delete", "roles", "second-factor"):
        answer = await post(client, f"/staff/{stranger}/{path}", "/me", sure="wang", reason="x")
        assert answer.status == 403, path
    roles = await (await client.get(f"/staff/{colleague}")).text()
    (desk,) = re.findall(r'value="(\d+)"[^>]*>\s*<label[^>]*><b>角色 wang', roles)
    beyond = await post(client, f"/staff/{colleague}/roles", f"/staff/{colleague}", role=desk)
    assert beyond.status == 403, "nobody gives what they have not"
    assert (await client.get("/staff/roles/new")).status == 403
    made = await post(client, "/staff/new", login="qian", name="钱", hospital=str(there.hospital_id))
    assert made.status == 200
    assert "qian" in await (await client.get("/staff")).text(), (
        "in their own hospital, whatever the form says"
    )


async def test_the_audit_is_found_by_who_what_and_when(
    client: Client, hotline: Hotline, clock: FrozenClock
) -> None:
    clock.advance(days=1)
    by = await enter(client, hotline, "staff")
    for number in range(60):
        async with hotline.work(by) as work:
            await audit.note(work, "exported", what=f"报表 {number}")

    async def rows(query: str) -> list[str]:
        return re.findall(r"<td[^>]*>报表 (\d+)<", await (await client.get(f"/staff/audit?{query}")).text())

    assert await rows("act=exported") == [str(n) for n in range(59, 9, -1)]
    assert await rows("act=exported&page=2") == [str(n) for n in range(9, -1, -1)]
    assert len(await rows("who=zhang&from=2026-11-24&to=2026-11-24")) == 50
    assert await rows("act=exported&to=2026-11-23") == []
    assert await rows("who=nobody") == []
    assert (await client.get("/staff/audit?page=x&from=never&act=no")).status == 200


async def test_nobody_reads_the_passwords_of_the_demo_outside_it(client: Client) -> None:
    assert "演示账号" not in await (await client.get("/login")).text()


async def test_a_skill_is_kept_with_its_people_and_hospitals_and_dropped(
    client: Client, hotline: Hotline
) -> None:
    here = await clinic(hotline)
    await enter(client, hotline, "staff")
    await account(hotline, "desk", login="lin", number="8001")
    page = "/staff/skills"
    made = await post(
        client, page, code="provincial", label="省级医院组", people="8001", hospital=str(here.hospital_id)
    )
    assert await goes_to(made) == "/staff/skills?done=%E7%9C%81%E7%BA%A7%E5%8C%BB%E9%99%A2%E7%BB%84"
    async with hotline.read() as db:
        (one,) = await skills.skills(db)
        assert (one.code, one.hospitals, [number for number, _ in one.people]) == (
            "provincial", {here.hospital_id}, ["8001"]
        )  # fmt: skip
        assert await queue_view.group_of(db, here.hospital_id) == "provincial"
    for wrong, words in (
        ({"code": "省"}, "小写字母开头"),
        ({"label": " "}, "请填写名称"),
        ({"people": "8001 9999"}, "没有这些工号：9999"),
    ):
        form = {"code": "provincial", "label": "改名", "people": "8001"} | wrong
        refused = await post(client, page, **form)
        assert refused.status == 400, wrong
        assert words in await refused.text()
    dropped = await post(client, "/staff/skills/provincial/delete", page)
    assert dropped.status == 303
    async with hotline.read() as db:
        assert await skills.skills(db) == []
        assert await queue_view.group_of(db, here.hospital_id) is None
