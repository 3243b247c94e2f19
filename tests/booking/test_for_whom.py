"""Whom an operator books for: the picked person, or, with another name, somebody else; and with which papers."""

from datetime import date

import pytest
from sqlalchemy import select

from core.booking import draft
from core.booking.draft_view import DraftView
from core.booking.draft_warnings import warnings
from core.booking.known import begin_with
from core.booking.tables import Appointment
from core.contact.tables import Interaction
from core.errors import (
    CardChargeOff,
    CardMismatch,
    DraftIncomplete,
    IdentityConflict,
    OverLimitDepartmentDay,
)
from core.http.refusals import sentence
from core.people.tables import Person
from core.values import demo_identity
from core.work import Hotline
from tests.booking.room import NUMBER, Room, open_room

OTHER = "10755550002"
ID = demo_identity("0101", date(1980, 5, 4), 41).number


@pytest.fixture
async def room(hotline: Hotline) -> Room:
    return await open_room(hotline)


async def begun(room: Room) -> DraftView:
    """The draft of a call from NUMBER, begun with whoever is known there."""
    interaction, mark = await room.ring()
    seen = await room.open(interaction, mark)
    async with room.hotline.work(room.by(), interaction) as work:
        call = await work.db.get_one(Interaction, interaction)
        return await begin_with(work, seen, call.ani_sealed)


async def made(room: Room) -> list[Appointment]:
    async with room.hotline.read() as db:
        return list((await db.execute(select(Appointment).order_by(Appointment.id))).scalars())


async def person(room: Room, person_id: int) -> Person:
    async with room.hotline.read() as db:
        return await db.get_one(Person, person_id)


async def warned(room: Room, seen: DraftView) -> list[str]:
    async with room.hotline.read() as db:
        found = await warnings(
            db, room.hotline.sealer, seen, by=room.by(), now=room.hotline.clock.now(), demo=True
        )
    return [refusal.code for refusal in found]


# --- another name ---------------------------------------------------------------------------------


async def test_a_known_caller_books_for_a_relative_nobody_knows(room: Room) -> None:
    li = await room.clinic.person("李秀英", phone=NUMBER)
    await room.clinic.book(await room.clinic.session("wu", half="pm"), li)
    chen = await room.clinic.session("chen")
    seen = await begun(room)
    assert (seen.person_id, seen.fields["name"]) == (li, "李秀英")
    with pytest.raises(OverLimitDepartmentDay):
        await room.choose(seen, chen)
    seen = await room.save(seen, name="孙小宝")
    assert seen.person_id is None
    assert seen.fields == {"name": "孙小宝", "contact_phone": NUMBER}
    seen = await room.save(await room.choose(seen, chen), phone=OTHER, id_number=ID)
    assert await warned(room, seen) == []
    await room.commit(seen)
    booked = (await made(room))[-1]
    assert booked.person_id != li
    assert (await person(room, booked.person_id)).name == "孙小宝"
    async with room.hotline.read() as db:
        assert len((await db.execute(select(Person.id))).all()) == 2


async def test_what_was_typed_about_the_picked_person_goes_with_them(room: Room) -> None:
    li = await room.clinic.person("李秀英", phone=NUMBER, identity=False)
    seen = await room.save(
        await begun(room), phone=NUMBER, id_number=ID, card="C1", sex="female", note="轮椅"
    )
    kept = await room.save(seen, name="李 秀英")
    assert kept.person_id == li
    assert kept.fields["id_number"] == ID
    emptied = await room.save(kept, name="")
    assert emptied.person_id == li
    other = await room.save(emptied, name="孙", phone=OTHER)  # in one save: the new person's own
    assert other.fields == {"name": "孙", "phone": OTHER, "contact_phone": NUMBER, "note": "轮椅"}
    with pytest.raises(DraftIncomplete):
        await room.commit(await room.save(other, phone=None))


async def test_the_limits_of_a_relative_who_is_known_count_for_them(room: Room) -> None:
    await room.clinic.person("李秀英", phone=NUMBER)
    wang = await room.clinic.person("王强", phone=OTHER, sex="male")
    await room.clinic.book(await room.clinic.session("wu", half="pm"), wang)
    chen = await room.clinic.session("chen")
    seen = await room.choose(await begun(room), chen)
    assert await warned(room, seen) == []
    seen = await room.save(seen, name="王强", phone=OTHER)
    assert await warned(room, seen) == ["limit-department-day"]
    with pytest.raises(OverLimitDepartmentDay):
        await room.choose(seen, await room.clinic.session("chen", half="pm"))


async def test_a_stranger_is_warned_of_by_what_was_typed(room: Room) -> None:
    await room.clinic.rule("age.min", "60")
    seen = await room.prepared(await room.clinic.session("chen"), name="孙丽")
    assert await warned(room, seen) == []  # not even a phone yet
    seen = await room.save(seen, phone=OTHER)
    assert await warned(room, seen) == ["identity-needed"]
    assert await warned(room, await room.save(seen, id_number=ID)) == ["too-young"]


async def test_a_change_is_for_whom_its_appointment_is(room: Room) -> None:
    """Whoever calls about it: their name is not put into it, and their phone not made its own."""
    await room.clinic.person("李秀英", phone=NUMBER)
    wang = await room.clinic.person("王强", phone=OTHER, sex="male")
    booked = await room.clinic.book(await room.clinic.session("wu"), wang, phone=OTHER)
    interaction, mark = await room.ring()
    async with room.hotline.work(room.by(), interaction) as work:
        await draft.note(
            work, interaction_id=interaction, ani_print=mark,
            changes={"verb": "change", "appointment_id": booked.appointment_id},
        )  # fmt: skip
        seen = await draft.open_draft(work, interaction_id=interaction, staff_id=room.staff[0])
        call = await work.db.get_one(Interaction, interaction)
        assert await begin_with(work, seen, call.ani_sealed) == seen
    seen = await room.choose(seen, await room.clinic.session("wu", half="pm"))
    sentence = await room.read_back(seen)
    assert "王强" in sentence
    assert f"尾号{OTHER[-4:]}" in sentence
    assert await warned(room, seen) == []


# --- papers beside somebody picked ----------------------------------------------------------------


@pytest.mark.parametrize(("card", "ask"), [("C-LI", None), ("C-WANG", ["card"]), ("C-NOBODY", ["card"])])
async def test_a_card_typed_beside_somebody_picked_must_be_theirs(
    room: Room, card: str, ask: list[str] | None
) -> None:
    li = await room.clinic.person("李秀英", phone=NUMBER)
    await room.card(li, "C-LI")
    await room.card(await room.clinic.person("王强"), "C-WANG")
    seen = await room.choose(await begun(room), await room.clinic.session("chen"))
    seen = await room.save(seen, card=card)
    assert seen.person_id == li
    assert await warned(room, seen) == (["card-mismatch"] if ask else [])
    if ask is None:
        await room.commit(seen)
        return
    with pytest.raises(CardMismatch) as refused:
        await room.commit(seen)
    assert refused.value.facts["ask"] == ask
    assert await made(room) == []


async def test_the_card_that_was_typed_is_the_one_charged(room: Room) -> None:
    li = await room.clinic.person("李秀英", phone=NUMBER)
    await room.card(li, "C-OLD", 5000)
    await room.card(li, "C-NEW", 5000)
    await room.clinic.rule("card.charge", "yes")
    fields = {"person_id": li, "phone": NUMBER, "pay": "card", "card": "C-OLD"}
    await room.commit(await room.prepared(await room.clinic.session("wu"), **fields))
    assert await room.balance(li) == [4000, 5000]
    [booked] = await made(room)
    dearer = await room.clinic.session("chen", day=date(2026, 11, 27))
    await room.commit(
        await room.prepared(dearer, verb="change", appointment_id=booked.id, pay="card", card="C-NEW")
    )
    assert await room.balance(li) == [4000, 3000]  # the difference, from the other
    [_, booked] = await made(room)
    with pytest.raises(CardMismatch):
        await room.commit(await room.prepared(dearer, verb="change", appointment_id=booked.id, card="C-NO"))


@pytest.mark.parametrize("verb", ["book", "change"])
async def test_an_identity_number_that_is_not_theirs_is_refused(room: Room, verb: str) -> None:
    li = await room.clinic.person("李秀英", phone=NUMBER)
    fields: dict[str, object] = {"person_id": li, "phone": NUMBER}
    if verb == "change":
        booked = await room.clinic.book(await room.clinic.session("wu"), li)
        fields = {"verb": "change", "appointment_id": booked.appointment_id}
    seen = await room.prepared(await room.clinic.session("chen"), **fields)
    seen = await room.save(seen, id_number=ID[:10])
    assert await warned(room, seen) == []  # half a number says nothing
    wrong = await room.save(seen, id_number=ID)
    assert await warned(room, wrong) == ["identity-conflict"]
    with pytest.raises(IdentityConflict) as refused:
        await room.commit(wrong)
    assert "选中的患者" in sentence(refused.value)
    await room.commit(await room.save(wrong, id_number=room.clinic.numbers["李秀英"]))


async def test_a_card_is_not_offered_where_it_is_not_charged(room: Room) -> None:
    li = await room.clinic.person("李秀英", phone=NUMBER)
    await room.card(li, "C-LI", 5000)
    seen = await room.prepared(await room.clinic.session("chen"), person_id=li, phone=NUMBER, pay="card")
    agreed = await room.agreed(seen)
    assert agreed.paying is not None
    assert (agreed.paying.codes, agreed.paying.card_off, agreed.read_back) == (("at-hospital",), True, "")
    with pytest.raises(CardChargeOff):
        await room.commit(seen)
