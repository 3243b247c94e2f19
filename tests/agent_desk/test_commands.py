"""What an operator does at a desk: a shift, a call, a booking, a matter; and what is refused."""

from datetime import date
from typing import Any

import pytest
from sqlalchemy import select, update

from agent_desk.socket import COMMANDS
from core.booking.commands import Hold
from core.booking.tables import Appointment
from core.events import SealOpened
from core.http.access import Access, access_of
from core.journal import JournalRow
from core.people.register import add_card, add_phone
from core.people.tables import PersonPhone
from core.staff.functions import FUNCTIONS
from core.staff.tables import AuditEntry
from core.values import Phone
from tests.builders import SEED, SURFER, Clinic, clinic
from tests.desks import OPERATOR, Page, Room

NUMBER = "10912345678"


@pytest.fixture
async def town(room: Room) -> Clinic:
    return await clinic(room.hotline)


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_every_command_says_what_it_needs(name: str) -> None:
    access = access_of(COMMANDS[name])
    assert isinstance(access, Access)
    assert access.functions
    assert access.functions <= set(FUNCTIONS)


async def test_who_may_only_answer_calls_books_nothing_and_sees_no_number(room: Room) -> None:
    page, _ = await room.talking(await room.operator("desk"))
    refused = {
        name
        for name, given in {
            "draft.save": {"draft_id": 1, "version": 1, "changes": {}},
            "draft.commit": {"draft_id": 1, "version": 1},
            "slots": {"department_id": 1},
            "person.search": {"q": "li"},
            "reveal": {"person_id": 1, "field": "identity", "reason": "核对身份"},
            "appointment.cancel": {"appointment_id": 1},
        }.items()
        if await page.refused(name, **given) == "not-allowed"
    }
    assert len(refused) == 6
    async with room.hotline.read() as db:
        written = (await db.execute(select(AuditEntry.what).where(AuditEntry.act == "refused"))).scalars()
    assert set(written) == {f"desk {name}" for name in refused}


@pytest.mark.parametrize("kind", ["agent", "hospital"])
async def test_nobody_is_consulted_by_what_is_no_id(room: Room, kind: str) -> None:
    page, _ = await room.talking(await room.operator())
    for value in ("", "x", "9" * 19):
        assert await page.refused("consult", kind=kind, value=value) == "wrong-input"


# --- a shift --------------------------------------------------------------------------------------


async def test_a_pause_asked_for_during_a_call_waits_for_its_end(room: Room) -> None:
    operator = await room.operator()
    page, _ = await room.talking(operator)
    assert (await page.do("pause", reason="meal"))["wanted"] == "meal"
    parts = await page.until(lambda parts: parts["me"]["wanted"])
    assert parts["me"]["wanted_words"] == "通话后用餐"
    assert await page.refused("ready") == "agent-engaged"
    await page.do("finish")
    parts = await page.until(lambda parts: parts["me"]["state"] == "wrap-up")
    assert await page.refused("ready") == "disposition-missing"
    matter = parts["matters"][0]
    await page.do("dispose", matter_id=matter["matter_id"], first="advice", second="route")
    await page.do("ready")
    parts = await page.until(lambda parts: parts["me"]["state"] == "paused")
    assert parts["me"]["reason_words"] == "用餐"
    assert parts["call"] is None
    assert parts["matters"] == []


async def test_a_shift_goes_on_at_another_device(room: Room) -> None:
    operator = await room.operator()
    page = await room.ready(operator)
    assert page.parts["phone"]["user"] == "page-8001"
    assert (await page.do("sign-in", device="phone"))["state"] == "ready"
    await page.until(lambda parts: parts["phone"]["user"] is None and parts["me"]["device"] == "phone")


async def test_a_phone_has_one_operator_at_a_time(room: Room) -> None:
    await room.ready(await room.operator())
    other = await room.open(await room.operator())
    other_number = {"device": "page"}
    room.phones.extension = lambda number: "8001"  # type: ignore[method-assign]
    assert await other.refused("sign-in", **other_number) == "phone-taken"


async def test_a_raised_hand_stands_on_ones_own_desk(room: Room) -> None:
    page, _ = await room.talking(await room.operator())
    await page.do("hand", text="来电人情绪激动，请班长看一下")
    parts = await page.until(lambda parts: parts["messages"])
    assert parts["messages"][0]["text"].startswith("来电人")


# --- calls ----------------------------------------------------------------------------------------


@pytest.mark.req("R-080")
async def test_a_call_from_its_ring_to_its_end(room: Room) -> None:
    operator = await room.operator()
    page = await room.ready(operator)
    call = await room.switch.comes_in(NUMBER)
    await room.switch.offers(call, operator)
    parts = await page.until(lambda parts: parts["call"] and parts["draft"])
    assert (parts["call"]["state"], parts["call"]["number_masked"]) == ("ringing", "109****5678")
    await room.switch.answers(operator)
    await page.until(lambda parts: parts["call"]["leg_present"] and parts["matters"])
    await page.do("hold")
    parts = await page.until(lambda parts: parts["call"]["state"] == "holding")
    assert parts["call"]["hold_since"]
    await page.do("retrieve")
    await page.until(lambda parts: parts["call"]["state"] == "talking" and not parts["call"]["hold_since"])
    await page.do("consult", kind="hospital", value="1", label="市一医院")
    parts = await page.until(lambda parts: parts["call"]["third"])
    assert parts["call"]["third"] == {"kind": "hospital", "label": "市一医院", "state": "talking"}
    await page.do("abandon")
    await page.until(lambda parts: not parts["call"]["third"])
    await page.do("finish")
    parts = await page.until(lambda parts: parts["call"]["state"] == "wrap-up" and parts["call"]["over"])
    assert await page.refused("hold") == "call-gone"


async def test_a_refused_call_waits_on_and_the_operator_is_free_again(room: Room) -> None:
    operator = await room.operator()
    page = await room.ready(operator)
    call = await room.switch.comes_in()
    await room.switch.offers(call, operator)
    await page.until(lambda parts: parts["call"])
    await page.do("refuse")
    await page.until(lambda parts: parts["call"] is None and parts["queue"]["waiting"] == 1)


async def test_a_transferred_caller_takes_the_draft_along(room: Room) -> None:
    one, other = await room.operator(), await room.operator()
    first, call = await room.talking(one, NUMBER)
    second = await room.ready(other)
    draft = (await first.until(lambda parts: parts["draft"]))["draft"]
    await first.do(
        "draft.save", draft_id=draft["draft_id"], version=draft["version"], changes={"name": "李秀英"}
    )
    await first.do("transfer", kind="agent", value=str(other), label="同事")
    await room.switch.offers(call, other)
    await room.switch.answers(other)
    parts = await second.until(lambda parts: parts["draft"] and parts["call"]["state"] == "talking")
    assert parts["draft"]["draft_id"] == draft["draft_id"]
    assert parts["draft"]["fields"]["name"] == "李秀英"


async def test_without_a_switch_the_desk_says_so_and_goes_on(room: Room) -> None:
    page, _ = await room.talking(await room.operator())
    room.switch.up = False
    assert await page.refused("hold") == "switch-away"
    assert await page.refused("gap", on=True, why="card") == "switch-away"


async def test_a_recording_pauses_while_a_number_is_typed_and_goes_on_by_itself(room: Room) -> None:
    page, call = await room.talking(await room.operator())
    draft = (await page.until(lambda parts: parts["draft"]))["draft"]
    saved = await page.do(
        "draft.save", draft_id=draft["draft_id"], version=draft["version"], changes={"id_number": "9901"}
    )
    assert room.switch.asked.count(("gap on", call)) == 1

    async def over() -> bool:
        return room.switch.gaps[call] is False

    await room.until(over)  # nobody typed on
    await page.do("draft.save", draft_id=draft["draft_id"], version=saved["version"], changes={"card": "A1"})
    assert room.switch.asked.count(("gap on", call)) == 2
    await page.do("gap", on=False, why="operator")
    assert room.switch.gaps[call] is False


# --- booking --------------------------------------------------------------------------------------


async def pop(room: Room, operator: int) -> tuple[Page, dict[str, Any]]:
    page, _ = await room.talking(operator, NUMBER)
    parts = await page.until(lambda parts: parts["draft"] and parts["caller"])
    return page, parts


@pytest.mark.req("R-082", "R-078")
async def test_a_known_caller_is_booked_for_and_the_matter_fills_itself(room: Room, town: Clinic) -> None:
    session = await town.session()
    li = await town.person("李秀英", phone=NUMBER)
    page, parts = await pop(room, await room.operator())
    assert parts["caller"]["person"]["name"] == "李秀英"
    assert "*" in parts["caller"]["person"]["id_masked"]
    await page.do("person.pick", person_id=li)
    found = await page.do("catalogue.search", q="心血管")
    department = next(hit for hit in found["hits"] if hit["kind"] == "department")
    listed = await page.do("slots", department_id=department["id"])
    assert listed["sessions"][0]["free"] == 6
    draft = page.parts["draft"]["draft_id"]
    chosen = await page.do("draft.choose", draft_id=draft, session_id=session)
    assert chosen["hold"]["doctor"] == "陈建国"
    saved = await page.do(
        "draft.save", draft_id=draft, version=chosen["version"], changes={"contact_phone": NUMBER}
    )
    parts = await page.until(lambda parts: parts["draft"]["version"] == saved["version"])
    assert parts["draft"]["missing"] == []
    assert "李秀英" in parts["draft"]["read_back"]
    number = await page.send("draft.commit", draft_id=draft, version=saved["version"])
    done = (await page.answer(number))["ok"]
    assert done["serial"]
    assert (await page.answer(await page.send("draft.commit", number, draft_id=draft, version=1)))[
        "ok"
    ] == done
    parts = await page.until(lambda parts: parts["matters"][0]["by_act"] and parts["caller"]["appointments"])
    assert parts["matters"][0]["label"] == "预约成功·新预约"
    assert parts["caller"]["appointments"][0]["may_cancel"]
    async with room.hotline.read() as db:
        assert len((await db.execute(select(Appointment.id))).all()) == 1


async def test_equals_come_with_what_is_left_and_what_others_are_choosing(room: Room, town: Clinic) -> None:
    full, other = await town.session(slots=1), await town.session("wu", slots=2)
    await town.store.submit(Hold(session_id=other, owner="web:1"), SURFER)
    page, _ = await pop(room, await room.operator())
    (equal,) = (await page.do("equivalents", session_id=full))["choices"]
    assert (equal["session_id"], equal["free"]) == (other, 1)
    assert [one["face"] for one in equal["held"]] == ["网站"]


async def test_a_stranger_needs_a_name_and_is_told_what_is_missing(room: Room, town: Clinic) -> None:
    page, parts = await pop(room, await room.operator())
    assert parts["caller"]["person"] is None
    draft = parts["draft"]
    assert {lack["field"] for lack in draft["missing"]} >= {"name", "session_id"}
    refused = await page.refused("draft.commit", draft_id=draft["draft_id"], version=draft["version"])
    assert refused == "draft-incomplete"


async def test_of_two_savers_the_second_is_told(room: Room) -> None:
    page, parts = await pop(room, await room.operator())
    given = {"draft_id": parts["draft"]["draft_id"], "version": parts["draft"]["version"]}
    await page.do("draft.save", **given, changes={"name": "李"})
    assert await page.refused("draft.save", **given, changes={"name": "王"}) == "changed-meanwhile"


async def test_a_colleagues_draft_is_nobody_elses(room: Room) -> None:
    one, other = await room.operator(), await room.operator()
    _, parts = await pop(room, one)
    page = await room.open(other)
    given = {"draft_id": parts["draft"]["draft_id"], "version": parts["draft"]["version"]}
    assert await page.refused("draft.save", **given, changes={"name": "王"}) == "not-allowed"
    assert await page.refused("draft.commit", **given) == "not-allowed"


@pytest.mark.req("R-088")
async def test_an_appointment_is_cancelled_for_the_caller(room: Room, town: Clinic) -> None:
    li = await town.person("李秀英", phone=NUMBER)
    booked = await town.book(await town.session(), li, phone=NUMBER)
    page, parts = await pop(room, await room.operator())
    assert parts["caller"]["appointments"][0]["appointment_id"] == booked.appointment_id
    done = await page.do("appointment.cancel", appointment_id=booked.appointment_id)
    assert done["refund_fen"] == 0
    await page.until(lambda parts: not parts["caller"]["appointments"] and parts["matters"][0]["by_act"])


@pytest.mark.req("R-167")
async def test_a_hospitals_own_operator_reaches_no_other_hospital(room: Room, town: Clinic) -> None:
    li = await town.person("李秀英", phone=NUMBER)
    session = await town.session()
    booked = await town.book(session, li, phone=NUMBER)
    far = await clinic(room.hotline, 2)
    page, parts = await pop(room, await room.operator(*OPERATOR, hospital_id=far.hospital_id))
    assert parts["caller"]["appointments"] == []
    assert await page.refused("appointment.cancel", appointment_id=booked.appointment_id) == "not-allowed"
    draft = parts["draft"]["draft_id"]
    assert await page.refused("draft.choose", draft_id=draft, session_id=session) == "not-allowed"
    given = {"draft_id": draft, "version": parts["draft"]["version"]}
    for changes, code in (
        ({"person_id": li}, "person-unknown"),
        ({"booker_id": li}, "person-unknown"),
        ({"verb": "change", "appointment_id": booked.appointment_id}, "not-allowed"),
        ({"hospital_id": town.hospital_id}, "not-allowed"),
        ({"session_id": session}, "not-allowed"),
    ):
        assert await page.refused("draft.save", **given, changes=changes) == code, changes
    assert await page.refused("slots", hospital_id=town.hospital_id) == "not-allowed"
    assert (await page.do("slots", department_id=town.department_id))["sessions"] == []


async def test_a_hospitals_own_operator_finds_picks_and_unmasks_its_patients_only(
    room: Room, town: Clinic
) -> None:
    li = await town.person("李秀英", phone=NUMBER)
    far = await clinic(room.hotline, 2)
    mine = await far.person("李明", born=date(1990, 1, 1))
    async with room.hotline.work(SEED) as work:
        await add_card(work, li, town.hospital_id, "C0001")
        await add_card(work, mine, town.hospital_id, "C0002")
        await add_card(work, mine, far.hospital_id, "C0003")
    page, _ = await pop(room, await room.operator(*OPERATOR, "reveal", hospital_id=far.hospital_id))
    found = (await page.do("person.search", q="李"))["people"]
    assert [(one["name"], [card["masked"] for card in one["cards"]]) for one in found] == [
        ("李明", ["*****"])
    ]
    assert await page.refused("person.pick", person_id=li) == "person-unknown"
    asked = {"field": "identity", "reason": "核对身份"}
    assert await page.refused("reveal", person_id=li, **asked) == "person-unknown"
    await page.do("person.pick", person_id=mine)
    await page.do("reveal", person_id=mine, **asked)
    parts = await page.until(lambda parts: parts["caller"]["person"])
    assert parts["caller"]["person"]["person_id"] == mine
    assert [card["hospital_id"] for card in parts["caller"]["person"]["cards"]] == [far.hospital_id]


async def test_another_name_is_another_patient_and_the_hospital_says_how_they_pay(
    room: Room, town: Clinic
) -> None:
    await town.rule("pay.mode", "either")
    await town.person("李秀英", phone=NUMBER)
    page, parts = await pop(room, await room.operator())
    draft = (await page.until(lambda parts: parts["draft"]["fields"].get("person_id")))["draft"]
    assert (draft["pays"], draft["pay"]) == (None, None)
    chosen = await page.do("draft.choose", draft_id=draft["draft_id"], session_id=await town.session())
    typed = {"name": "孙小宝", "phone": "10755550002", "person_id": None, "pay": "online"}
    saved = await page.do("draft.save", draft_id=draft["draft_id"], version=chosen["version"], changes=typed)
    parts = await page.until(lambda parts: parts["draft"]["version"] == saved["version"])
    assert "person_id" not in parts["draft"]["fields"]
    assert (parts["draft"]["pays"], parts["draft"]["pay"]) == (["at-hospital", "online"], "online")
    assert "孙小宝" in parts["draft"]["read_back"]
    assert "在线支付" in parts["draft"]["read_back"]
    done = await page.do("draft.commit", draft_id=draft["draft_id"], version=saved["version"])
    assert "前在线付清" in done["say"]


async def test_the_next_matter_of_the_same_caller_begins_with_the_last_one_told(room: Room) -> None:
    page, parts = await pop(room, await room.operator())
    assert await page.refused("matter.next") == "disposition-missing"
    first, before = parts["matters"][0]["matter_id"], parts["draft"]["draft_id"]
    await page.do("dispose", matter_id=first, first="enquired", second="fee")
    new = await page.do("matter.next")
    assert new["draft_id"] != before
    parts = await page.until(lambda parts: len(parts["matters"]) == 2)
    assert [(one["ordinal"], one["open"]) for one in parts["matters"]] == [(1, False), (2, True)]


async def test_a_number_is_shown_in_full_for_a_reason_that_is_written_down(room: Room, town: Clinic) -> None:
    li = await town.person("李秀英", phone=NUMBER)
    page, _ = await room.talking(await room.operator(*OPERATOR, "reveal"), NUMBER)
    assert await page.refused("reveal", person_id=li, field="identity", reason="好奇") == "wrong-input"
    shown = await page.do("reveal", person_id=li, field="identity", reason="核对身份")
    assert shown["value"] == town.numbers["李秀英"]
    async with room.hotline.read() as db:
        kept = (
            (await db.execute(select(JournalRow).where(JournalRow.kind == SealOpened.kind))).scalars().all()
        )
        audited = await db.execute(
            select(AuditEntry.what, AuditEntry.subject_id, AuditEntry.reason).where(
                AuditEntry.act == "unmasked"
            )
        )
    assert [row.body["reason"] for row in kept] == ["核对身份"]
    assert audited.all() == [("identity", li, "核对身份")]


async def test_the_phone_that_is_shown_masked_is_the_one_shown_in_full(room: Room, town: Clinic) -> None:
    li = await town.person("李秀英", phone="10711112222")
    async with room.hotline.work(SEED) as work:
        await add_phone(work, li, Phone("10733334444"))
        await work.db.execute(update(PersonPhone).where(PersonPhone.id == 1).values(main=False))
    page, _ = await room.talking(await room.operator(*OPERATOR, "reveal"), NUMBER)
    [one] = (await page.do("person.search", q="李秀英"))["people"]
    shown = await page.do("reveal", person_id=li, field="phone", reason="核对身份")
    assert (one["phone_masked"], shown["value"]) == ("107****4444", "10733334444")


# --- calls we owe ---------------------------------------------------------------------------------


async def test_a_shared_call_is_taken_by_one_dialled_and_settled(room: Room) -> None:
    one, other = await room.operator(), await room.operator()
    owed = await room.owe()
    first, second = await room.ready(one), await room.ready(other)
    assert first.parts["callbacks"]["shared"][0]["late"]
    await first.do("callback.take", callback_id=owed)
    parts = await second.until(lambda parts: not parts["callbacks"]["shared"])
    assert parts["callbacks"]["mine"] == []
    assert await second.refused("callback.take", callback_id=owed) == "changed-meanwhile"
    assert await second.refused("dial", callback_id=owed) == "changed-meanwhile"
    assert await second.refused("callback.settle", callback_id=owed, state="done") == "changed-meanwhile"
    await first.do("dial", callback_id=owed)
    parts = await first.until(lambda parts: parts["call"] and parts["call"]["direction"] == "out")
    assert parts["callbacks"]["mine"][0]["number_masked"] == "109****5678"
    await first.do("callback.settle", callback_id=owed, state="done")
    await first.until(lambda parts: not parts["callbacks"]["mine"])
    assert await first.refused("callback.settle", callback_id=owed, state="done") == "not-found"
