"""Rows written before their last four could be searched get their prints, and none twice."""

from sqlalchemy import select, update

from core.booking.tables import Appointment
from core.booking.tails import fill_tails
from core.people.look_up import search
from core.people.tables import PersonPhone, VisitCard
from core.values import system
from core.work import Hotline
from tests.booking.room import NUMBER, open_room


async def test_older_rows_are_found_by_their_last_four_after_a_while(hotline: Hotline) -> None:
    room = await open_room(hotline)
    li = await room.clinic.person("李秀英", phone=NUMBER)
    await room.card(li, "C0001234")
    await room.clinic.book(await room.clinic.session("chen"), li, phone=NUMBER)
    async with hotline.work(system("test")) as work:
        for column in (Appointment.contact_tail, PersonPhone.phone_tail, VisitCard.card_tail):
            await work.db.execute(update(column.class_).values({column.key: None}))
    async with hotline.read() as db:
        assert await search(db, hotline.sealer, "5678") == []
    async with hotline.work(system("timers")) as work:
        assert await fill_tails(work) == 3
    async with hotline.work(system("timers")) as work:
        assert await fill_tails(work) == 0
    async with hotline.read() as db:
        for words in ("5678", "1234"):
            assert [person.id for person in await search(db, hotline.sealer, words)] == [li]
        tail = hotline.sealer.fingerprint("5678", "phone-tail")
        assert (await db.execute(select(Appointment.contact_tail))).scalars().all() == [tail]
