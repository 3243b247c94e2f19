"""Every command of a desk, sent with ids of another hospital; and what a desk shows of another hospital.

A new command needs its line in one of the two tables.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from agent_desk.socket import COMMANDS
from core.booking import draft
from core.booking.tables import Appointment, Draft
from core.calling import handed
from core.calling.engine import Ask
from core.calling.rules import Kind
from core.calling.tables import OutboundCall
from core.contact import engine as contact
from core.contact.agent_tables import Matter
from core.contact.tables import Callback
from core.database import Base
from core.people.register import add_card, add_phone
from core.people.tables import Person
from core.schedule.tables import Hold, Slot
from core.staff.functions import FUNCTIONS
from core.values import Phone, phone, system
from tests.builders import SEED, VISIT, Clinic, clinic
from tests.desks import OPERATOR, Page, Room

NUMBER = "10912345678"
OTHERS = "10912340002"

# What is sent by an operator of one hospital who has every function there is, and what they are told. In
# braces: theirs; `own`: the sender's own draft.
ELSEWHERE: Mapping[str, list[tuple[dict[str, Any], str]]] = {
    "appointment.cancel": [({"appointment_id": "{appointment}"}, "not-allowed")],
    "card.check": [
        (
            {"card": "C0002", "name": "赵小兰", "phone": OTHERS, "hospital_id": "{hospital}"},
            "not-allowed",
        )
    ],
    "draft.choose": [
        ({"draft_id": "{own}", "session_id": "{session}"}, "not-allowed"),
        ({"draft_id": "{draft}", "session_id": "{mine}"}, "not-allowed"),
        ({"draft_id": "{menu}", "session_id": "{mine}"}, "not-allowed"),
    ],
    "draft.commit": [
        ({"draft_id": "{draft}", "version": "{version}"}, "not-allowed"),
        ({"draft_id": "{menu}", "version": 1}, "not-allowed"),
    ],
    "draft.new": [({"verb": "change", "appointment_id": "{appointment}"}, "not-allowed")],
    "draft.release": [
        ({"draft_id": "{draft}"}, "not-allowed"),
        ({"draft_id": "{menu}"}, "not-allowed"),
    ],
    "waiting.join": [
        ({"draft_id": "{draft}"}, "not-allowed"),
        ({"draft_id": "{menu}"}, "not-allowed"),
    ],
    "draft.save": [
        ({"draft_id": "{draft}", "version": "{version}", "changes": {"note": "x"}}, "not-allowed"),
        ({"draft_id": "{menu}", "version": 1, "changes": {"note": "x"}}, "not-allowed"),
    ],
    "person.pick": [({"person_id": "{patient}"}, "person-unknown")],
    "person.search": [({"q": "赵小兰"}, "nothing")],
    "catalogue.search": [
        ({"q": "陈建国"}, "nothing"),
        ({"q": "陈建国", "hospital_id": "{hospital}"}, "nothing"),
    ],
    "equivalents": [
        ({"session_id": "{session}"}, "not-allowed"),
        ({"appointment_id": "{appointment}"}, "not-allowed"),
    ],
    "slots": [
        ({"hospital_id": "{hospital}"}, "not-allowed"),
        ({"department_id": "{department}"}, "nothing"),
        ({"doctor_id": "{doctor}"}, "nothing"),
    ],
    "reveal": [({"person_id": "{patient}", "field": "phone", "reason": "核对身份"}, "person-unknown")],
    "dispose": [({"matter_id": "{matter}", "first": "advice", "second": "route"}, "not-allowed")],
    "callback.take": [({"callback_id": "{callback}"}, "changed-meanwhile")],
    "callback.give-back": [({"callback_id": "{callback}"}, "changed-meanwhile")],
    "callback.settle": [({"callback_id": "{callback}", "state": "done"}, "changed-meanwhile")],
    "dial": [({"callback_id": "{callback}"}, "changed-meanwhile")],
    "outbound.take": [({"call_id": "{handed}"}, "not-found")],
    "outbound.give-back": [({"call_id": "{handed}"}, "not-found")],
    "outbound.dial": [({"call_id": "{handed}"}, "not-found")],
    "outbound.accept": [({"call_id": "{handed}"}, "not-found")],
    "outbound.settle": [({"call_id": "{handed}", "how": "given-up"}, "not-found")],
}

NO_FOREIGN_ID = {
    "sign-in": "own state only",
    "sign-out": "own state only",
    "ready": "own state only",
    "pause": "own state only",
    "hand": "own words, to the supervisors",
    "matter.next": "own call only",
    "refuse": "own call only",
    "rejoin": "own call only",
    "hold": "own call only",
    "retrieve": "own call only",
    "finish": "own call only",
    "complete": "own call only",
    "conference": "own call only",
    "abandon": "own call only",
    "keys": "own call only",
    "gap": "own call only",
    "consult": "telephone: every desk may be called, none of its data are told; the draft is shown by scope",
    "transfer": "telephone: as consult",
}


def test_every_command_is_tried_or_has_a_reason_why_not() -> None:
    assert ELSEWHERE.keys() | NO_FOREIGN_ID.keys() == COMMANDS.keys()
    assert ELSEWHERE.keys() & NO_FOREIGN_ID.keys() == set(), "tried and explained away"


# --- what is theirs -----------------------------------------------------------------------------------

KEPT: tuple[type[Base], ...] = (
    Appointment, Callback, Draft, Hold, Matter, OutboundCall, Person, Slot,
)  # fmt: skip


@dataclass
class Theirs:
    """Another hospital, with an operator in the middle of a call; ids: of everything that is theirs."""

    room: Room
    here: Clinic
    there: Clinic
    ids: dict[str, int]

    async def operator(self, *functions: str) -> int:
        return await self.room.operator(*(functions or OPERATOR), hospital_id=self.here.hospital_id)

    async def kept(self, own: int) -> set[str]:
        """own: a draft that is not theirs."""
        async with self.room.hotline.read() as db:
            return {
                f"{kind.__tablename__} {tuple(row)}"
                for kind in KEPT
                for row in (await db.execute(select(kind.__table__))).all()
                if (kind, row.id) != (Draft, own)
            }


@pytest.fixture
async def theirs(room: Room) -> Theirs:
    here, there = await clinic(room.hotline), await clinic(room.hotline, 2)
    mine = await here.session("kid", day=VISIT - timedelta(days=1))
    session, later = await there.session(), await there.session("kid", half="pm")
    patient = await there.person("赵小兰", phone=OTHERS)
    async with room.hotline.work(SEED) as work:
        await add_card(work, patient, there.hospital_id, "C0002")
    booked = await there.book(session, patient, phone=OTHERS)
    page, _ = await room.talking(await room.operator(hospital_id=there.hospital_id), OTHERS)
    parts = await page.until(lambda parts: parts["draft"] and parts["draft"]["fields"] and parts["matters"])
    chosen = await page.do("draft.choose", draft_id=parts["draft"]["draft_id"], session_id=later)
    callback = await room.owe()
    await page.do("callback.take", callback_id=callback)
    ids = {
        "mine": mine, "session": session, "patient": patient, "appointment": booked.appointment_id,
        "hospital": there.hospital_id, "department": there.department_id, "doctor": there.doctors["chen"],
        "draft": parts["draft"]["draft_id"], "version": chosen["version"], "callback": callback,
        "matter": parts["matters"][0]["matter_id"], "menu": await in_the_menu(room),
        "handed": await handed_over(room, patient, booked.appointment_id),
    }  # fmt: skip
    return Theirs(room, here, there, ids)


async def handed_over(room: Room, person_id: int, appointment_id: int) -> int:
    """A call about their visit that operators make."""
    async with room.hotline.work(SEED) as work:
        until = work.now + timedelta(days=1)
        number = phone(OTHERS, demo=True)
        await handed.hand(
            work, Ask(Kind.REMINDER, "reminder/1", person_id, number, work.now, until, appointment_id)
        )
        (one,) = await handed.waiting(work.db)
    return one.call_id


async def in_the_menu(room: Room) -> int:
    """The draft of a caller who is still in the voice menu, and whom nobody has taken yet."""
    call = await room.switch.comes_in("10912340003")
    async with room.hotline.work(system("ivr")) as work:
        return (await draft.open_draft(work, interaction_id=call)).draft_id


# --- the tests ----------------------------------------------------------------------------------------


@pytest.mark.req("R-167")
async def test_an_operator_of_a_hospital_does_nothing_to_another(theirs: Theirs) -> None:
    page, _ = await theirs.room.talking(await theirs.operator(*FUNCTIONS), NUMBER)
    own = (await page.until(lambda parts: parts["draft"] and parts["draft"]["fields"]))["draft"]["draft_id"]
    before, found = await theirs.kept(own), []
    for name, sent in ELSEWHERE.items():
        for given, wanted in sent:
            told = await said(page, name, meant(given, theirs.ids | {"own": own}))
            found += [(name, given, told)] if told != wanted else []
    assert found == []
    assert before - await theirs.kept(own) == set(), "otherwise than before"


def meant(given: Mapping[str, Any], ids: Mapping[str, int]) -> dict[str, Any]:
    return {
        name: ids[value[1:-1]] if isinstance(value, str) and value.startswith("{") else value
        for name, value in given.items()
    }


async def said(page: Page, name: str, given: Mapping[str, Any]) -> str:
    """The code of the refusal; nothing: the lists in the answer are empty, or of their own hospital alone."""
    told = await page.answer(await page.send(name, **given))
    if "no" in told:
        return str(told["no"]["code"])
    listed = [one for value in told["ok"].values() if isinstance(value, list) for one in value]
    foreign = [one for one in listed if one.get("hospital_id") != 1]
    return "nothing" if not foreign else f"told: {foreign}"


@pytest.mark.req("R-167")
@pytest.mark.parametrize("known_by_menu", [True, False], ids=["the menu knows them", "by number alone"])
async def test_a_call_shows_no_patient_of_another_hospital_from_its_ring_on(
    theirs: Theirs, *, known_by_menu: bool
) -> None:
    room, operator = theirs.room, await theirs.operator()
    page = await room.ready(operator)
    call = await room.switch.comes_in(OTHERS)
    if known_by_menu:
        async with room.hotline.work(system("ivr")) as work:
            await contact.know(work, call, theirs.ids["patient"], by="serial")
    assert await room.switch.offers(call, operator)
    for state in ("ringing", "talking"):
        parts = await page.until(
            lambda parts, state=state: (
                parts["call"] and parts["call"]["state"] == state and parts["draft"] and parts["caller"]
            )
        )
        shown = parts["caller"]
        assert (shown["person"], shown["candidates"], shown["appointments"]) == (None, [], []), state
        assert not parts["draft"]["fields"].keys() & {"person_id", "name"}, state
        if state == "ringing":
            await room.switch.answers(operator)


@pytest.mark.req("R-167")
async def test_of_a_family_at_one_number_only_ones_own_patients_are_named(theirs: Theirs) -> None:
    wang = await theirs.here.person("王小虎", sex="male")
    async with theirs.room.hotline.work(SEED) as work:
        await add_card(work, wang, theirs.here.hospital_id, "C0009")
        await add_phone(work, wang, Phone(OTHERS))
    page, _ = await theirs.room.talking(await theirs.operator(), OTHERS)
    parts = await page.until(lambda parts: parts["caller"])
    assert parts["caller"]["person"] is None, "who of the family calls nobody has said"
    assert [one["name"] for one in parts["caller"]["candidates"]] == ["王小虎"]


@pytest.mark.req("R-167")
async def test_whom_an_operator_does_not_see_they_book_for_as_for_a_stranger(theirs: Theirs) -> None:
    """By name and phone as they are told them, never by what the draft knew already."""
    page, _ = await theirs.room.talking(await theirs.operator(), OTHERS)
    parts = await page.until(lambda parts: parts["draft"] and parts["draft"]["fields"])
    of_draft = {"draft_id": parts["draft"]["draft_id"]}
    chosen = await page.do("draft.choose", **of_draft, session_id=theirs.ids["mine"])
    version = chosen["version"]
    assert await page.refused("draft.commit", **of_draft, version=version) == "draft-incomplete"
    typed = {"name": "赵小兰", "phone": OTHERS}
    version = (await page.do("draft.save", **of_draft, version=version, changes=typed))["version"]
    assert (await page.do("draft.commit", **of_draft, version=version))["serial"]
    parts = await page.until(lambda parts: parts["caller"]["appointments"])
    assert parts["caller"]["person"]["name"] == "赵小兰", "a patient of theirs from now on"
    assert [one["hospital_id"] for one in parts["caller"]["appointments"]] == [theirs.here.hospital_id]


@pytest.mark.req("R-167")
async def test_a_choice_does_not_tell_what_somebody_unseen_has_booked(theirs: Theirs) -> None:
    same_hour = await theirs.here.session()
    page, _ = await theirs.room.talking(await theirs.operator(), OTHERS)
    parts = await page.until(lambda parts: parts["draft"] and parts["draft"]["fields"])
    await page.do("draft.choose", draft_id=parts["draft"]["draft_id"], session_id=same_hour)


@pytest.mark.req("R-167")
async def test_a_draft_handed_on_shows_no_slot_of_another_hospital_and_keeps_it(theirs: Theirs) -> None:
    room, session = theirs.room, theirs.ids["session"]
    first, call = await room.talking(await room.operator(), NUMBER)
    parts = await first.until(lambda parts: parts["draft"] and parts["draft"]["fields"])
    of_draft = {"draft_id": parts["draft"]["draft_id"]}
    await first.do("draft.choose", **of_draft, session_id=session)
    operator = await theirs.operator()
    second = await room.ready(operator)
    await first.do("transfer", kind="agent", value=str(operator), label="同事")
    assert await room.switch.offers(call, operator)
    await room.switch.answers(operator)

    async def followed() -> bool:
        async with room.hotline.read() as db:
            row = await db.get_one(Draft, of_draft["draft_id"])
        of_draft["version"] = row.version
        return row.staff_id == operator

    await room.until(followed)
    parts = await second.until(
        lambda parts: parts["draft"] and parts["draft"]["version"] == of_draft["version"]
    )
    assert (parts["draft"]["hold"], parts["draft"]["lapsed"]) == (None, None)
    assert not parts["draft"]["fields"].keys() & {"hospital_id", "department_id", "session_id"}
    assert await second.refused("draft.commit", **of_draft) == "not-allowed"
    del of_draft["version"]
    assert await second.refused("draft.release", **of_draft) == "not-allowed"
    assert (await theirs.there.states(session))["held"] == 1


@pytest.mark.req("R-167")
async def test_a_booking_made_elsewhere_in_the_same_call_is_not_told_again(theirs: Theirs) -> None:
    room = theirs.room
    page, call = await room.talking(await theirs.operator(), NUMBER)
    parts = await page.until(lambda parts: parts["draft"] and parts["draft"]["fields"])
    async with room.hotline.work(system("ivr")) as work:
        await draft.note(
            work, interaction_id=call, ani_print=None, changes={}, done=True,
            appointment_id=theirs.ids["appointment"],
        )  # fmt: skip
    page = await room.open((await room.agent(page.parts["me"]["staff_id"])).staff_id)
    assert page.parts["draft"]["result"] is None
    refused = await page.refused("draft.commit", draft_id=parts["draft"]["draft_id"], version=1)
    assert refused == "not-allowed"


@pytest.mark.req("R-167")
async def test_a_call_that_is_owed_names_ones_own_patients_only(theirs: Theirs) -> None:
    room, mine = theirs.room, await theirs.here.person("王小虎", sex="male")
    async with room.hotline.work(SEED) as work:
        await add_card(work, mine, theirs.here.hospital_id, "C0009")
    for person_id in (theirs.ids["patient"], mine):
        call = await room.switch.comes_in()
        async with room.hotline.work(system("ivr")) as work:
            number = phone(OTHERS, demo=True)
            await contact.promise_callback(work, call, number=number, person_id=person_id, due=work.now)
    page = await room.open(await theirs.operator())
    assert [one["person"] for one in page.parts["callbacks"]["shared"]] == [None, "王小虎"]
    page = await room.open(await room.operator())
    assert [one["person"] for one in page.parts["callbacks"]["shared"]] == ["赵小兰", "王小虎"]


async def test_a_draft_that_nobody_has_taken_is_only_theirs_who_have_its_call(theirs: Theirs) -> None:
    """Also between operators of the hotline: who waits in the menu is in nobody's hands."""
    page, _ = await theirs.room.talking(await theirs.room.operator(), NUMBER)
    refused = {
        await page.refused("draft.save", draft_id=theirs.ids["menu"], version=1, changes={"note": "x"}),
        await page.refused("draft.choose", draft_id=theirs.ids["menu"], session_id=theirs.ids["session"]),
        await page.refused("draft.release", draft_id=theirs.ids["menu"]),
        await page.refused("draft.commit", draft_id=theirs.ids["menu"], version=1),
    }
    assert refused == {"not-allowed"}
