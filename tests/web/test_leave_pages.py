"""The pages of a doctor's leave: entered, looked at beforehand, approved, followed, closed out."""

import re
from collections.abc import Awaitable, Callable
from io import BytesIO
from typing import Any

import pytest
from aiohttp.test_utils import TestClient
from python_calamine import CalamineWorkbook
from sqlalchemy import select

from core.booking.rules import State as Visit
from core.leave.rules import CaseState, Kind
from core.offers import engine as offers
from core.staff.tables import AuditEntry
from core.work import Hotline
from sms.managing import TextRoom
from sms.tables import TextMessage
from tests.builders import SEED, TEXTER, VISIT
from tests.entering import enter, form_token
from tests.leave.stage import Stage, later
from tests.leave.stage import stage as open_stage
from tests.pages import Open
from web.staff.leave import curve
from web.staff.leave_words import WIDE, bar

Client = TestClient[Any, Any]
HTML = "<script>alert(1)</script>"


@pytest.fixture
async def stage(hotline: Hotline) -> Stage:
    return await open_stage(hotline)


@pytest.fixture
def text_room() -> TextRoom:
    return TextRoom(list)


Enter = Callable[..., Awaitable[Client]]


@pytest.fixture
def enter_as(open_pages: Open, hotline: Hotline, stage: Stage, text_room: TextRoom) -> Enter:
    """A browser of somebody with these functions; each time another person."""
    number = 0

    async def start(*functions: str, hospital_id: int | None = None) -> Client:
        nonlocal number
        number += 1
        client = await open_pages(text_room=text_room)
        await enter(
            client, hotline, *(functions or ("leave", "leave-approve")), login=f"who{number}",
            hospital_id=hospital_id,
        )  # fmt: skip
        return client

    return start


async def text(client: Client, path: str, status: int = 200) -> str:
    answer = await client.get(path)
    assert answer.status == status, (path, answer.status)
    return await answer.text()


async def post(client: Client, path: str, **form: str) -> Any:
    form = {"form-token": form_token(client), **form}
    return await client.post(path, data=form, allow_redirects=False)


def filled(stage: Stage, **other: str) -> dict[str, str]:
    """The form as a browser sends it: Dr Chen is away on the day of the visits."""
    day = VISIT.isoformat()
    return {
        "doctor": str(stage.clinic.doctors["chen"]), "kind": "stop", "first": day, "first_half": "am",
        "last": day, "last_half": "night", "post": "", "substitute_id": "", "keep": "", "reason": "sick",
        "words": "发烧", **other,
    }  # fmt: skip


async def entered(client: Client, stage: Stage, **other: str) -> str:
    """The address of a new leave."""
    answer = await post(client, "/staff/leaves/new", **filled(stage, **other))
    assert answer.status == 303
    return str(answer.headers["Location"]).partition("?")[0]


# --- entered ------------------------------------------------------------------------------------------


@pytest.mark.req("R-089")
async def test_a_doctor_is_found_and_the_leave_shows_what_it_will_do_before_it_is_sent_in(
    enter_as: Enter, stage: Stage
) -> None:
    await stage.patients(3, await stage.clinic.session())
    await stage.clinic.session("zhao", half="pm", slots=2)
    client = await enter_as()
    found = await text(client, "/staff/leaves/new?q=陈")
    link = re.search(r'href="(/staff/leaves/new\?doctor=\d+)"', found)
    assert link
    assert "赵明" in await text(client, link[1])  # who could stand in
    address = await entered(client, stage)
    page = await text(client, address)
    for words in ("草稿", "<b>1</b> 个班次关闭", "<b>3</b> 位患者受影响", "<b>1</b> 位没有合适的号"):
        assert words in page, words
    assert re.search(r"<dt>同院同科同级医生</dt>.*<b>2</b> 位", page)
    assert 'data-label="患者" class="number sum">3<' in page
    assert "提交审核" in page
    assert await stage.cases(1) == []


@pytest.mark.req("R-089")
async def test_four_eyes_enter_and_approve_and_the_patients_are_on_the_page(
    enter_as: Enter, stage: Stage, hotline: Hotline
) -> None:
    await stage.patients(2, await stage.clinic.session())
    await stage.clinic.session("zhao", half="pm", slots=1)
    first, second = await enter_as(), await enter_as()
    address = await entered(first, stage)
    assert (await post(first, f"{address}/submit")).status == 303
    own = await post(first, f"{address}/approve")
    assert own.status == 409
    assert "请让同事审核" in await own.text()
    answer = await post(second, f"{address}/approve")
    assert answer.headers["Location"] == f"{address}?done=approved&n=2"
    await stage.settle()
    page = await text(second, f"{address}?done=approved&n=2")
    for words in (
        "影响 2 位患者",
        "等患者答复 1",
        "待人工外呼 1",
        "没有合适的号",
        "同院同科同级医生",
        "138****0000",
    ):
        assert words in page, words
    assert "0 / 2" in page
    only = await text(second, f"{address}?case=desk")
    assert "138****0001" in only
    assert "138****0000" not in only
    async with hotline.read() as db:
        acts = (
            await db.execute(
                select(AuditEntry.act).where(AuditEntry.act.startswith("leave-")).order_by(AuditEntry.id)
            )
        ).scalars()
    assert list(acts) == ["leave-entered", "leave-submitted", "leave-approved"]
    assert "停诊" in await text(second, "/staff/leaves?state=open")
    assert "没有停诊单" in await text(second, "/staff/leaves?state=new")


async def test_a_leave_is_returned_with_words_amended_and_sent_in_again(
    enter_as: Enter, stage: Stage
) -> None:
    await stage.clinic.session()
    first, second = await enter_as(), await enter_as()
    address = await entered(first, stage)
    await post(first, f"{address}/submit")
    assert (await post(second, f"{address}/return", words=" ")).status == 400
    assert (await post(second, f"{address}/return", words=f"日期不对{HTML}")).status == 303
    page = await text(first, address)
    assert "日期不对&lt;script&gt;" in page
    assert 'value="发烧"' in await text(first, f"{address}/edit")
    assert (await post(first, f"{address}/edit", **filled(stage, last_half="am"))).status == 303
    assert "已退回" in await text(first, "/staff/leaves?state=own")
    assert (await post(first, f"{address}/submit")).status == 303
    await text(first, f"{address}/edit", 404)  # nobody amends what waits for approval


WRONG = (
    ("last", "2020-01-01", "结束不能早于开始"),
    ("first", "明天", "日期请写成"),
    ("last_half", "x", "请选上午、下午或晚上"),
    ("reason", "x", "请选一个原因"),
    ("kind", "substitute", "请选替诊医生"),
    ("kind", "reduce", "保留几个号"),
    ("words", "长" * 201, "最多 200 个字"),
    ("kind", "x", 'role="alert"'),
)


async def test_what_cannot_be_is_said_beside_the_form_that_keeps_what_was_typed(
    enter_as: Enter, stage: Stage
) -> None:
    client = await enter_as()
    for field, value, words in WRONG:
        answer = await post(client, "/staff/leaves/new", **filled(stage, **{field: value}))
        page = await answer.text()
        assert answer.status == 400, field
        assert words in page
        assert field == "words" or 'value="发烧"' in page


# --- handled ------------------------------------------------------------------------------------------


@pytest.mark.req("R-089", "R-083")
async def test_the_list_shows_how_and_when_each_patient_was_told_and_what_came_of_it(
    enter_as: Enter, stage: Stage, hotline: Hotline
) -> None:
    await stage.patients(1, await stage.clinic.session())
    await stage.clinic.session("zhao", half="pm")
    leave = await stage.approved()
    await stage.settle()
    (case,) = await stage.cases(leave)
    assert case.offer_id
    async with hotline.work(TEXTER) as work:
        work.db.add(
            TextMessage(
                kind="leave-offer", subject="offer/1", appointment_id=case.appointment_id,
                phone_print="x", phone_sealed=b"x", phone_masked="138****0000", state="delivered",
                created_at=work.now, settled_at=work.now,
            )
        )  # fmt: skip
        await offers.accept(work, case.offer_id)
    await stage.settle()
    client = await enter_as("leave")
    page = await text(client, f"/staff/leaves/{leave}")
    for words in ("1 / 1", "接受改约", "已送达", "现在：", "赵明"):
        assert words in page, words
    report = await text(client, f"/staff/leaves/{leave}/report")
    for words in ("停诊处理报告", "短信或网上答复邀约", "接受改约", "一半在 <b>0</b> 分钟内"):
        assert words in report, words
    assert "导出 Excel" not in report


@pytest.mark.req("R-089")
async def test_all_who_wait_are_moved_at_once_after_the_numbers_were_named(
    enter_as: Enter, stage: Stage
) -> None:
    await stage.patients(3, await stage.clinic.session())
    target = await stage.clinic.session("zhao", half="pm", slots=2)
    leave = await stage.approved()
    client = await enter_as()
    page = await text(client, f"/staff/leaves/{leave}/batch")
    assert f"batch?session={target}" in page
    page = await text(client, f"/staff/leaves/{leave}/batch?session={target}")
    assert "把 3 位患者改到" in page
    assert "先到的 2 位改过去，1 位留着" in page
    wrong = await post(client, f"/staff/leaves/{leave}/batch", act="move", session=str(target), count="7")
    assert wrong.status == 409
    assert (await stage.states(leave)).count(CaseState.CHANGED) == 0
    done = await post(client, f"/staff/leaves/{leave}/batch", act="move", session=str(target), count="3")
    assert done.headers["Location"] == f"/staff/leaves/{leave}?done=moved&n=2&left=1"
    assert "改约了 2 位患者，1 位没有办成" in await text(client, done.headers["Location"])
    done = await post(client, f"/staff/leaves/{leave}/batch", act="cancel", count="1")
    assert done.headers["Location"] == f"/staff/leaves/{leave}?done=cancelled&n=1&left=0"
    assert (await stage.visit(stage.visits[2])).state == Visit.CANCELLED
    assert (await post(client, f"/staff/leaves/{leave}/batch", act="x", count="0")).status == 404


@pytest.mark.req("R-089")
async def test_a_leave_is_taken_back_with_a_reason_and_says_who_is_restored(
    enter_as: Enter, stage: Stage
) -> None:
    await stage.patients(2, await stage.clinic.session())
    leave = await stage.approved()
    client = await enter_as()
    assert (await post(client, f"/staff/leaves/{leave}/withdraw", words="")).status == 400
    done = await post(client, f"/staff/leaves/{leave}/withdraw", words="医生回来了")
    page = await text(client, done.headers["Location"])
    assert "2 位患者恢复原号，0 位已经改约" in page
    assert "医生回来了" in page
    assert (await stage.visit(stage.visits[0])).state == Visit.BOOKED
    assert (await post(client, f"/staff/leaves/{leave}/withdraw", words="又")).status == 409


async def test_a_substitution_and_a_reduction_say_what_they_are(enter_as: Enter, stage: Stage) -> None:
    await stage.patients(4, await stage.clinic.session())
    client = await enter_as()
    address = await entered(client, stage, kind="substitute", substitute_id=str(stage.clinic.doctors["zhao"]))
    page = await text(client, address)
    assert "<b>4</b> 位患者换医生" in page
    assert "赵明" in page
    page = await text(client, await entered(client, stage, kind="reduce", keep="3"))
    assert "<b>1</b> 位患者受影响" in page
    assert "每班次 3 个号" in page


@pytest.mark.req("R-089", "R-167")
async def test_a_hospitals_own_enters_for_its_own_doctors_and_sees_no_other_leave(
    enter_as: Enter, stage: Stage
) -> None:
    await stage.patients(1, await stage.clinic.session())
    leave = await stage.approved()
    stranger = await enter_as(hospital_id=stage.sister.hospital_id)
    for path in ("", "/report", "/report.xlsx", "/batch", "/edit"):
        wanted = 403 if path == "/report.xlsx" else 404
        await text(stranger, f"/staff/leaves/{leave}{path}", wanted)
    for act in ("submit", "approve", "return", "withdraw", "batch", "edit"):
        assert (await post(stranger, f"/staff/leaves/{leave}/{act}", words="x")).status == 404, act
    assert "没有停诊单" in await text(stranger, "/staff/leaves")
    assert (await post(stranger, "/staff/leaves/new", **filled(stage))).status == 404
    await text(stranger, f"/staff/leaves/new?doctor={stage.clinic.doctors['chen']}", 404)
    own = await enter_as(hospital_id=stage.clinic.hospital_id)
    address = await entered(own, stage, first=later(1).isoformat(), last=later(1).isoformat())
    assert "医院录入" in await text(own, address)


async def test_the_report_is_taken_away_as_a_workbook_with_masked_numbers(
    enter_as: Enter, stage: Stage, hotline: Hotline
) -> None:
    await stage.patients(2, await stage.clinic.session())
    leave = await stage.approved(stage.asked(Kind.STOP))
    await stage.settle()
    client = await enter_as("leave", "export")
    answer = await client.get(f"/staff/leaves/{leave}/report.xlsx")
    assert answer.status == 200
    rows = CalamineWorkbook.from_filelike(BytesIO(await answer.read())).get_sheet_by_index(0).to_python()
    assert rows[3][:5] == ["就诊时间", "科室", "序号", "预约号", "患者"]
    assert [row[5] for row in rows[4:6]] == ["138****0000", "138****0001"]
    assert rows[4][6:8] == ["待人工外呼", "没有合适的号"]
    async with hotline.read() as db:
        noted = await db.execute(
            select(AuditEntry.what, AuditEntry.subject_id).order_by(AuditEntry.id.desc())
        )
        assert tuple(noted.first() or ()) == ("停诊处理报告", leave)
    assert "导出 Excel" in await text(client, f"/staff/leaves/{leave}/report")


def test_the_bar_is_as_wide_as_its_cases() -> None:
    parts = bar({CaseState.DESK: 1, CaseState.ACCEPTED: 3})
    assert [(one.tone, one.x, one.width) for one in parts] == [("good", 0.0, 750.0), ("bad", 750.0, 250.0)]
    assert sum(one.width for one in parts) == WIDE
    assert bar({}) == []
    assert curve([], 4) is None


async def test_nothing_is_left_behind_by_a_look(enter_as: Enter, stage: Stage, hotline: Hotline) -> None:
    client = await enter_as()
    for odd in ("state=x", "page=x", "page=999"):
        await text(client, f"/staff/leaves?{odd}")
    assert "没有找到" in await text(client, "/staff/leaves/new?q=不存在的人")
    await text(client, "/staff/leaves/999", 404)
    async with hotline.work(SEED) as work:
        assert (
            await work.db.execute(select(AuditEntry).where(AuditEntry.act == "leave-entered"))
        ).all() == []
