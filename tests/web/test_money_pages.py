"""The pages of money: a month, a day with three lists, stuck refunds, doubts, and a list that is brought."""

import re
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from aiohttp import FormData
from aiohttp.test_utils import TestClient
from sqlalchemy import select, update

from core.links.hospital_lists import FolderLists
from core.money.hospital_list import MOST_BYTES
from core.money.tables import PaymentAttempt, Reconciliation, ReconciliationLine, Refund
from core.staff.tables import AuditEntry
from core.work import Hotline
from tests.builders import SEED, Clinic, clinic
from tests.clocks import FrozenClock
from tests.entering import enter, form_token
from tests.money.trouble import DAY, Trouble, trouble
from tests.pages import Open
from web.staff.money_words import fault, why, yuan
from web.staff.refunds import fen

Client = TestClient[Any, Any]
HTML = "<script>alert(1)</script>"
GOOD = "类型,订单号,金额\r\n收费,P00000000777701,30.00\r\n".encode()


@pytest.fixture
async def town(hotline: Hotline) -> Clinic:
    return await clinic(hotline)


@pytest.fixture
async def found(town: Clinic) -> Trouble:
    booked = await town.book(await town.session(), await town.person("赵小兰"))
    return await trouble(town.hotline, town.hospital_id, booked.appointment_id)


@pytest.fixture
def lists(tmp_path: Path) -> FolderLists:
    return FolderLists(tmp_path / "lists")


@pytest.fixture
async def client(open_pages: Open, hotline: Hotline, found: Trouble, lists: FolderLists) -> Client:
    client = await open_pages(lists=lists)
    await enter(client, hotline, "settlement")
    return client


async def text(client: Client, path: str, status: int = 200) -> str:
    answer = await client.get(path)
    assert answer.status == status, path
    return await answer.text()


async def post(client: Client, path: str, **form: str) -> Any:
    form = {"form-token": form_token(client), **form}
    return await client.post(path, data=form, allow_redirects=False)


async def bring(
    client: Client, path: str, content: bytes, name: str = "清单.csv", *, token: str | None = None
) -> Any:
    form = FormData()
    form.add_field("form-token", form_token(client) if token is None else token)
    form.add_field("file", BytesIO(content), filename=name, content_type="text/csv")
    return await client.post(f"{path}/list", data=form, allow_redirects=False)


def every_file(folder: Path) -> list[str]:
    lists = folder / "lists"
    return [str(one.relative_to(lists)) for one in lists.rglob("*") if one.is_file()]


async def acts(hotline: Hotline) -> list[tuple[str, str | None]]:
    async with hotline.read() as db:
        rows = await db.execute(select(AuditEntry.act, AuditEntry.reason).order_by(AuditEntry.id))
        return [(act, reason) for act, reason in rows if act != "role-created"]


# --- what is shown ------------------------------------------------------------------------------------


@pytest.mark.req("R-138", "R-201")
async def test_a_month_shows_its_days_and_what_waits_for_somebody(client: Client, found: Trouble) -> None:
    page = await text(client, "/staff/money")
    assert '22<span class="unseen">日，1 笔差错没有处理</span>' in page
    for words in ("<b>1</b> 笔差错没有处理", "<b>1</b> 笔退费等人处理", "<b>1</b> 笔支付没有结果"):
        assert words in page
    assert f"/staff/money/days/{found.day_id}" in page
    assert f"/staff/money/days/{found.day_id}" not in await text(client, "/staff/money?month=2026-10")
    for odd in ("month=2026-13", "month=x", "day=x", "hospital=x", "day=2026-02-30"):
        await text(client, f"/staff/money?{odd}")


@pytest.mark.req("R-138")
async def test_a_days_difference_shows_three_sides_and_is_settled_with_words(
    client: Client, hotline: Hotline, found: Trouble
) -> None:
    day = f"/staff/money/days/{found.day_id}"
    page = await text(client, day)
    sides = re.findall(r'data-label="(平台|渠道|医院)" class="number sum">([^<]+)<', page)
    assert sides == [("平台", "30.00"), ("渠道", "30.00"), ("医院", "—")]
    path = f"/staff/money/differences/{found.line_id}"
    empty = await post(client, path, day=str(found.day_id), reason=" ")
    assert empty.status == 400
    assert (await post(client, path, day=str(found.day_id), reason=f"医院漏记{HTML}")).status == 303
    page = await text(client, day)
    assert "医院漏记&lt;script&gt;" in page
    assert "zhang" in page
    late = await post(client, path, day=str(found.day_id), reason="又一次")
    assert late.status == 409
    assert (await acts(hotline))[-1] == ("difference-settled", f"医院漏记{HTML}")


async def test_why_a_day_waits_is_said_in_words(client: Client, hotline: Hotline, found: Trouble) -> None:
    async with hotline.work(SEED) as work:
        await work.db.execute(update(Reconciliation).values(state="due", last_error="hospital-list:7:amount"))
    assert "第 7 行：金额要写成元" in await text(client, f"/staff/money/days/{found.day_id}")
    assert "联系不上" in why("ClientConnectorError")
    assert why("hospital-list:x") == "医院的清单读不了（读不出来），改好以后会自己再试。"


# --- refunds and doubts -------------------------------------------------------------------------------


async def refund(hotline: Hotline) -> Refund:
    async with hotline.read() as db:
        return (await db.execute(select(Refund))).scalar_one()


async def test_a_stuck_refund_is_sent_again(client: Client, hotline: Hotline, found: Trouble) -> None:
    assert "渠道查无原交易（34）" in await text(client, "/staff/money/refunds")
    path = f"/staff/money/refunds/{found.refund_id}/again"
    assert (await post(client, path)).status == 303
    assert (await refund(hotline)).state == "requested"
    assert (await post(client, path)).status == 409
    assert (await acts(hotline))[-1][0] == "refund-sent-again"


async def test_what_was_given_back_by_hand_needs_its_amount_twice_and_its_proof(
    client: Client, hotline: Hotline, found: Trouble
) -> None:
    path = f"/staff/money/refunds/{found.refund_id}/hand"
    for amount, reason in (("3.00", "凭证 8817"), ("三十", "凭证 8817"), ("30.00", " "), ("", "凭证 8817")):
        refused = await post(client, path, amount=amount, reason=reason)
        assert refused.status == 400, amount
        assert (await refund(hotline)).state == "failed"
    assert 'value="凭证 8817"' in await (await post(client, path, amount="3", reason="凭证 8817")).text()
    assert (await post(client, path, amount="30", reason=f"凭证 8817 {HTML}")).status == 303
    it = await refund(hotline)
    assert (it.state, it.settled_by, it.note) == ("refunded", "zhang", f"凭证 8817 {HTML}")
    assert (await acts(hotline))[-1] == ("refund-by-hand", f"凭证 8817 {HTML}")
    assert (await post(client, path, amount="30", reason="又一次")).status == 409


async def test_a_payment_in_doubt_is_asked_about_now(
    client: Client, hotline: Hotline, found: Trouble, clock: FrozenClock
) -> None:
    assert found.order_no in await text(client, "/staff/money/doubts")
    path = f"/staff/money/doubts/{found.attempt_id}"
    assert (await post(client, path)).status == 303
    async with hotline.read() as db:
        assert (await db.execute(select(PaymentAttempt.ask_at))).scalar_one() == clock.now()
    async with hotline.work(SEED) as work:
        await work.db.execute(update(PaymentAttempt).values(state="paid"))
    assert (await post(client, path)).status == 409
    assert found.order_no not in await text(client, "/staff/money/doubts")


# --- a list that is brought ---------------------------------------------------------------------------


async def day_of(hotline: Hotline) -> Reconciliation:
    async with hotline.read() as db:
        return (await db.execute(select(Reconciliation))).scalar_one()


@pytest.mark.req("R-138")
async def test_a_list_is_kept_under_our_own_name_and_its_day_compared_anew(
    client: Client, hotline: Hotline, found: Trouble, town: Clinic, lists: FolderLists, tmp_path: Path
) -> None:
    path = f"/staff/money/days/{found.day_id}"
    taken = await bring(client, path, GOOD, "../../../etc/passwd<b>.CSV")
    assert taken.headers["Location"] == f"{path}?done=list"
    kept = every_file(tmp_path)
    assert kept == [f"{town.hospital_id}/{DAY}.csv"]
    assert len(await lists.lines(town.hospital_id, DAY) or ()) == 1
    it = await day_of(hotline)
    assert (it.state, it.tries) == ("due", 0)
    assert [act for act, _ in await acts(hotline)][-2:] == ["day-compared-again", "hospital-list-brought"]


@pytest.mark.parametrize(
    ("content", "name", "words"),
    [
        (b"", "", "请选择文件"),
        (GOOD, "list.exe", "请选择 CSV 文件"),
        (GOOD, "list.csv.xlsx", "请选择 CSV 文件"),
        (b"MZ\x00\x00" * 99, "list.csv", "不是 UTF-8 或 GBK"),
        (b"", "list.csv", "文件是空的"),
        ("类型,订单号,金额\r\n收费,<script>,30".encode(), "list.csv", "第 2 行：订单号不对"),
    ],
)
async def test_what_is_no_list_is_not_kept(
    client: Client, hotline: Hotline, found: Trouble, tmp_path: Path, content: bytes, name: str, words: str
) -> None:
    answer = await bring(client, f"/staff/money/days/{found.day_id}", content, name)
    page = await answer.text()
    assert words in page
    assert "<script>" not in page.replace('<script type="module"', "")
    assert not (tmp_path / "lists").exists()
    assert (await day_of(hotline)).state == "done"


async def test_more_than_a_list_may_be_is_not_even_read(
    client: Client, found: Trouble, tmp_path: Path
) -> None:
    path = f"/staff/money/days/{found.day_id}"
    assert (await bring(client, path, b"x" * (MOST_BYTES + 1))).status == 413
    assert (await bring(client, path, GOOD, token="stolen")).status == 403
    many = FormData()
    for place in range(20):
        many.add_field(f"field-{place}", "x")
    many.add_field("file", GOOD, filename="list.csv")
    assert (await client.post(f"{path}/list", data=many)).status == 400
    late = FormData()  # the token behind the file
    late.add_field("file", GOOD, filename="list.csv")
    late.add_field("form-token", form_token(client))
    assert (await client.post(f"{path}/list", data=late)).status == 403
    assert (await post(client, f"{path}/list", file="x")).status == 400
    broken = {"Content-Type": "multipart/form-data; boundary=x"}
    assert (await client.post(f"{path}/list", data=b"--x\r\nnonsense", headers=broken)).status in (400, 403)
    nested = b"--x\r\nContent-Type: multipart/mixed; boundary=y\r\n\r\n--y\r\n\r\nz\r\n--y--\r\n--x--\r\n"
    assert (await client.post(f"{path}/list", data=nested, headers=broken)).status in (400, 403)
    assert not (tmp_path / "lists").exists()


# --- who may ------------------------------------------------------------------------------------------


async def test_a_form_of_another_session_changes_nothing(
    client: Client, hotline: Hotline, found: Trouble
) -> None:
    for path in (
        f"/staff/money/days/{found.day_id}/again",
        f"/staff/money/differences/{found.line_id}",
        f"/staff/money/refunds/{found.refund_id}/again",
        f"/staff/money/refunds/{found.refund_id}/hand",
        f"/staff/money/doubts/{found.attempt_id}",
    ):
        form = {"form-token": "stolen", "reason": "x", "amount": "30"}
        assert (await client.post(path, data=form)).status == 403, path
    assert (await refund(hotline)).state == "failed"
    async with hotline.read() as db:
        assert (await db.execute(select(ReconciliationLine.settled_at))).scalar_one() is None


@pytest.mark.req("R-167")
async def test_staff_of_a_hospital_see_its_money_alone(
    client: Client, hotline: Hotline, found: Trouble, town: Clinic
) -> None:
    other = await clinic(hotline, 2)
    await enter(client, hotline, "settlement", login="bie", hospital_id=other.hospital_id)
    month = await text(client, f"/staff/money?hospital={town.hospital_id}")
    assert f"/staff/money/days/{found.day_id}" not in month
    assert "<b>0</b> 笔差错没有处理" in month
    assert "P00000000777701" not in await text(client, "/staff/money/refunds")
    assert found.order_no not in await text(client, "/staff/money/doubts")
    await text(client, f"/staff/money/days/{found.day_id}", 403)
    assert (await bring(client, f"/staff/money/days/{found.day_id}", GOOD)).status == 403
    await enter(client, hotline, "settlement", login="ben", hospital_id=town.hospital_id)
    assert f"/staff/money/days/{found.day_id}" in await text(client, "/staff/money")


def test_sums_are_read_and_written_in_yuan() -> None:
    assert [fen(typed) for typed in ("30", "30.5", "¥30.05", "30.00元")] == [3000, 3050, 3005, 3000]
    assert [fen(typed) for typed in ("", "三十", "-30", "30.005", "3e2", "99999999", "３０")] == [None] * 7
    assert [yuan(one) for one in (None, 0, -3005, 123456789)] == ["—", "0.00", "-30.05", "1,234,567.89"]
    assert fault(0, "size") == "文件超过 2 MB"
