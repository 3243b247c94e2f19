"""Calls that the machine could not make: an operator takes one, sees what was tried, dials, settles it."""

from dataclasses import dataclass
from datetime import timedelta

import pytest

from core.booking.rules import State as Visit
from core.booking.stopping import stop
from core.booking.tables import Appointment
from core.calling import engine as calling
from core.calling import handed
from core.calling.rules import Answer, Kind, Outcome, State
from core.calling.tables import OutboundAttempt, OutboundCall
from core.contact.floor_view import owed_calls
from core.leave.rules import CaseState, Disposition
from core.offers import engine as offers
from core.offers.rules import Kind as Why
from core.values import Actor, ActorKind, Channel, Phone
from tests.builders import SEED, Clinic, clinic
from tests.desks import Room
from tests.leave.stage import stage as open_stage

NUMBER = Phone("10912345678")
BY = Actor(ActorKind.SYSTEM, "leave", Channel.PHONE)


@dataclass
class Owed:
    """A stopped visit of 王秀英, another session's slot kept for her, and a call that got no key."""

    town: Clinic
    person: int
    appointment: int
    other: int
    call: int


@pytest.fixture
async def owed(room: Room) -> Owed:
    town = await clinic(room.hotline)
    person = await town.person("王秀英", phone=NUMBER.digits)
    session, other = await town.session(), await town.session("chen", half="pm")
    made = await town.book(session, person, phone=NUMBER.digits)
    async with room.hotline.work(SEED) as work:
        await stop(work, session, reason="leave")
    async with room.hotline.work(BY) as work:
        wanted = offers.Make(Why.LEAVE, 1, other, person, NUMBER, 60, appointment_id=made.appointment_id)
        offer = await offers.make(work, wanted)
        asked = calling.Ask(
            Kind.LEAVE, f"offer/{offer}", person, NUMBER, work.now, work.now + timedelta(days=1),
            made.appointment_id, made.starts_at,
        )  # fmt: skip
        await calling.ask(work, asked)
        await handed.hand(work, asked)
        (call,) = await handed.waiting(work.db)
        row = await work.db.get_one(OutboundCall, call.call_id)
        row.tries = 1
        work.db.add(
            OutboundAttempt(
                call_id=row.id, number=1, linked_id="machine-1", began_at=work.now, outcome=Outcome.SILENT
            )
        )
    return Owed(town, person, made.appointment_id, other, call.call_id)


async def stands(room: Room, owed: Owed) -> tuple[str, str | None, list[str | None]]:
    """The call's state and answer, and how each try ended."""
    async with room.hotline.read() as db:
        row = await db.get_one(OutboundCall, owed.call)
        tries = (await handed.tries_of(db, [owed.call]))[owed.call]
    return row.state, row.answer, [one.outcome for one in tries]


@pytest.mark.req("R-089")
async def test_an_operator_sees_whom_what_is_kept_and_what_was_tried(room: Room, owed: Owed) -> None:
    page = await room.ready(await room.operator())
    (one,) = page.parts["outbound"]["shared"]
    assert (one["person"], one["number_masked"]) == ("王秀英", "109****5678")
    assert (one["visit"]["state_words"], one["visit"]["time"][:5]) == ("停诊待处理", "08:00")
    assert one["offer"]["doctor"] == one["visit"]["doctor"]
    assert one["offer"]["time"][:5] == "14:00"
    assert [(each["words"], each["by"]) for each in one["tries"]] == [("接了没按键", "自动外呼")]
    assert page.parts["callbacks"] == {"mine": [], "shared": []}


async def test_one_of_two_operators_gets_the_call(room: Room, owed: Owed) -> None:
    first, second = await room.ready(await room.operator()), await room.ready(await room.operator())
    await first.do("outbound.take", call_id=owed.call)
    assert await second.refused("outbound.take", call_id=owed.call) == "changed-meanwhile"
    assert await second.refused("outbound.dial", call_id=owed.call) == "changed-meanwhile"
    assert await second.refused("outbound.settle", call_id=owed.call, how="kept") == "changed-meanwhile"
    parts = await second.until(lambda parts: parts["outbound"]["taken"])
    assert parts["outbound"]["shared"] == []
    await first.do("outbound.give-back", call_id=owed.call)
    await second.until(lambda parts: parts["outbound"]["shared"])
    await second.do("outbound.take", call_id=owed.call)
    async with room.hotline.read() as db:
        assert await owed_calls(db) == []  # it is in its own list, in no other


@pytest.mark.req("R-089")
async def test_a_dialled_call_begins_as_the_change_of_the_stopped_visit(room: Room, owed: Owed) -> None:
    staff_id = await room.operator()
    page = await room.ready(staff_id)
    await page.do("outbound.dial", call_id=owed.call)
    parts = await page.until(
        lambda parts: parts["call"] and parts["draft"] and parts["draft"]["verb"] == "change"
    )
    assert (parts["call"]["direction"], parts["call"]["number_masked"]) == ("out", "109****5678")
    assert parts["draft"]["fields"]["appointment_id"] == owed.appointment
    equal = await page.do("equivalents", appointment_id=owed.appointment)
    assert owed.other in {one["session_id"] for one in equal["choices"]}
    assert await stands(room, owed) == ("handed", None, ["silent", None])


@pytest.mark.req("R-089")
async def test_the_kept_slot_is_accepted_by_the_operator_in_one_act(room: Room, owed: Owed) -> None:
    staff_id = await room.operator()
    page = await room.ready(staff_id)
    await page.do("outbound.dial", call_id=owed.call)
    done = await page.do("outbound.accept", call_id=owed.call)
    parts = await page.until(lambda parts: parts["outbound"] == {"mine": [], "shared": [], "taken": 0})
    assert parts["call"]
    async with room.hotline.read() as db:
        old = await db.get_one(Appointment, owed.appointment)
    assert (old.state, old.replaced_by_id) == (Visit.REPLACED, done["appointment_id"])
    assert await stands(room, owed) == ("done", "accepted", ["silent", "talked"])
    assert await page.refused("outbound.accept", call_id=owed.call) == "not-found"


async def test_nobody_says_cancelled_of_a_visit_that_still_stands(room: Room, owed: Owed) -> None:
    page = await room.ready(await room.operator())
    await page.do("outbound.dial", call_id=owed.call)
    assert await page.refused("outbound.settle", call_id=owed.call, how="cancelled") == "wrong-state"
    await page.do("appointment.cancel", appointment_id=owed.appointment)
    await page.do("outbound.settle", call_id=owed.call, how="cancelled")
    assert await stands(room, owed) == ("done", "cancelled", ["silent", "talked"])


@pytest.mark.parametrize(
    ("how", "left"),
    [
        ("unreached", ("handed", None, ["silent", "no-answer"])),
        ("thinking", ("handed", None, ["silent", "talked"])),
        ("given-up", ("dropped", None, ["silent", "no-answer"])),
    ],
)
async def test_a_call_without_an_answer_is_made_again_or_given_up(
    room: Room, owed: Owed, how: str, left: tuple[str, str | None, list[str]]
) -> None:
    page = await room.ready(await room.operator())
    await page.do("outbound.dial", call_id=owed.call)
    await page.do("outbound.settle", call_id=owed.call, how=how)
    assert await stands(room, owed) == left
    parts = await page.until(lambda parts: not parts["outbound"]["mine"])
    assert len(parts["outbound"]["shared"]) == (how != "given-up")


async def test_an_answer_by_text_takes_the_call_off_every_list(room: Room, owed: Owed) -> None:
    page = await room.ready(await room.operator())
    await page.do("outbound.take", call_id=owed.call)
    async with room.hotline.work(SEED) as work:
        (one,) = await handed.waiting(work.db)
        assert await calling.drop(work, one.subject, Answer.ELSEWHERE)
    await page.until(lambda parts: parts["outbound"] == {"mine": [], "shared": [], "taken": 0})
    assert (await stands(room, owed))[:2] == (State.DONE, Answer.ELSEWHERE)
    assert await page.refused("outbound.dial", call_id=owed.call) == "not-found"


@pytest.mark.req("R-167")
async def test_staff_of_another_hospital_neither_see_nor_take_it(room: Room, owed: Owed) -> None:
    elsewhere = await clinic(room.hotline, 2)
    page = await room.ready(await room.operator(hospital_id=elsewhere.hospital_id))
    assert page.parts["outbound"] == {"mine": [], "shared": [], "taken": 0}
    assert await page.refused("outbound.take", call_id=owed.call) == "not-found"
    assert await page.refused("outbound.accept", call_id=owed.call) == "not-found"


async def test_who_may_not_book_has_no_such_list(room: Room, owed: Owed) -> None:
    page = await room.ready(await room.operator("desk"))
    assert page.parts["outbound"] == {"mine": [], "shared": [], "taken": 0}
    assert await page.refused("outbound.take", call_id=owed.call) == "not-allowed"


# --- with a real leave behind it ----------------------------------------------------------------------


@pytest.mark.req("R-089")
async def test_whom_nobody_reaches_is_given_up_with_the_fee_and_the_case_says_so(room: Room) -> None:
    stage = await open_stage(room.hotline)
    await stage.patients(1, await stage.clinic.session())
    leave = await stage.approved()
    await stage.settle()  # nothing can be offered: a person calls
    page = await room.ready(await room.operator())
    (one,) = page.parts["outbound"]["shared"]
    assert (one["person"], one["offer"], one["tries"]) == ("患者0", None, [])
    await page.do("outbound.dial", call_id=one["call_id"])
    await page.do("outbound.settle", call_id=one["call_id"], how="unreached")
    await page.do("outbound.take", call_id=one["call_id"])
    await page.do("outbound.settle", call_id=one["call_id"], how="given-up")
    (case,) = await stage.cases(leave)
    assert (case.state, case.disposition) == (CaseState.SETTLED, Disposition.UNREACHABLE)
    assert (await stage.visit(stage.visits[0])).state == Visit.CANCELLED
    await page.until(lambda parts: not parts["outbound"]["shared"])


@pytest.mark.req("R-089")
async def test_an_operators_change_ends_the_case_and_the_call(room: Room) -> None:
    stage = await open_stage(room.hotline)
    await stage.patients(1, await stage.clinic.session())
    leave = await stage.approved()
    await stage.settle()
    other = await stage.clinic.session("wu", half="pm")  # another grade: for a person to ask
    page = await room.ready(await room.operator())
    call = page.parts["outbound"]["shared"][0]["call_id"]
    await page.do("outbound.dial", call_id=call)
    parts = await page.until(
        lambda parts: parts["draft"] and parts["draft"]["fields"].get("appointment_id") == stage.visits[0]
    )
    of_draft = {"draft_id": parts["draft"]["draft_id"]}
    chosen = await page.do("draft.choose", **of_draft, session_id=other)
    done = await page.do("draft.commit", **of_draft, version=chosen["version"])
    assert done["appointment_id"]
    await stage.settle()
    assert await stage.states(leave) == [CaseState.CHANGED]
    await page.until(lambda parts: parts["outbound"] == {"mine": [], "shared": [], "taken": 0})
