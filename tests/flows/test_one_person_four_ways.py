"""One person and one slot: menu, operator, then a text, the web or a redial; one appointment in the end.

One line of the journal for each hop, and the slot is held once.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import pytest
from sqlalchemy import func, select

from core import journal
from core.booking import draft as drafts
from core.booking import draft_view
from core.booking.tables import Appointment
from core.contact import queue_view
from core.contact.engine import by_linked_id
from core.events import DraftLeft, SlotHeld
from core.work import Hotline
from tests import patients
from tests.booking.test_draft_continue import hops_of
from tests.callers import Caller
from tests.clocks import FrozenClock
from tests.desks import Page, Room
from tests.ivr.town import ELDER, LI, Town, town
from tests.sms.texting import Texting, texting_in
from tests.web.test_booking_kept import offered
from tests.wizard import Surfer

FROM_MENU_TO_DESK = ("menu", "desk")


@dataclass
class Journey:
    """李秀英 on her way. calls: how often she has called; page: of the operator who has, or had, her call."""

    room: Room
    town: Town
    post: Texting
    calls: int = 0

    @property
    def hotline(self) -> Hotline:
        return self.town.hotline

    async def call(self, keys: str, *, ani: str = LI) -> Caller:
        self.calls += 1
        caller = Caller(self.town.keys(keys), ani=ani, id=f"call-{self.calls}")
        await self.town.desk.receive(caller)
        return caller

    async def interaction(self) -> int:
        """Of her last call."""
        async with self.hotline.read() as db:
            row = await by_linked_id(db, f"call-{self.calls}")
        assert row
        return row.id

    async def taken(self, staff_id: int, page: Page) -> dict[str, Any]:
        """This operator gets the call; returns the draft that lies before them."""
        call = await self.interaction()
        assert await self.room.switch.offers(call, staff_id)
        await self.room.switch.answers(staff_id)

        async def theirs() -> int:
            async with self.hotline.read() as db:
                seen = await draft_view.of_interaction(db, self.hotline.sealer, call)
            return seen.version if seen and seen.staff_id == staff_id else 0

        await self.room.until(theirs)
        version = await theirs()
        parts = await page.until(lambda parts: parts["draft"] and parts["draft"]["version"] == version)
        shown: dict[str, Any] = parts["draft"]
        return shown

    def is_chen(self, draft: dict[str, Any]) -> bool:
        """Whether it is the slot of the menu, or of the web, that is held in a draft."""
        held = draft["hold"]
        return (held["doctor"], held["session_id"]) == ("陈建国", self.town.sessions["chen"])

    async def breaks_off(self) -> None:
        """The line is cut in the middle of the talk; the desks leave the draft."""
        before = len(await self.told(DraftLeft))
        await self.room.switch.hangs_up(await self.interaction())

        async def left() -> bool:
            return len(await self.told(DraftLeft)) > before

        await self.room.until(left)

    async def told(self, kind: type) -> list[object]:
        async with self.hotline.read() as db:
            entries = await journal.entries(db, journal.START, 10_000)
        return [one.event for one in entries if isinstance(one.event, kind)]

    async def booked(self) -> int:
        async with self.hotline.read() as db:
            query = select(func.count()).where(Appointment.session_id == self.town.sessions["chen"])
            return await db.scalar(query) or 0


@pytest.fixture
async def li(hotline: Hotline, clock: FrozenClock, room: Room) -> Journey:
    """From the read-back to an operator, who sees the slot; then the line is cut."""
    made = await town(hotline, clock)
    return Journey(room, made, texting_in(made.clinic))


async def by_text(li: Journey) -> None:
    await li.post.deliver()
    (kept,) = li.post.handset.got.values()
    assert kept.kind == "slot-kept"
    await li.post.says("1", LI)
    assert li.post.handset.kinds == ["slot-kept", "booked"]


async def on_the_web(li: Journey) -> None:
    person_id = li.town.clinic.people["李秀英"]
    account_id = await patients.account(li.hotline, person_id, LI)
    form = await patients.enter(li.room.client, li.hotline, account_id)
    surfer = Surfer(li.room.client, li.town.clinic, account_id, person_id, form)
    left = offered(await surfer.get("/account"))
    await surfer.book(await surfer.post(left["path"], version=left["version"], act="go-on"))


async def by_redial(li: Journey) -> None:
    """The menu is skipped; the operator who had her is not free yet, so the first who is gets the draft."""
    other = await li.room.operator()
    page = await li.room.ready(other)
    redial = await li.call("")
    assert redial.heard == ["greeting", "kept-slot", "kept-to-person", "to-person"]
    draft = await li.taken(other, page)
    assert li.is_chen(draft)
    await page.do("draft.commit", draft_id=draft["draft_id"], version=draft["version"])


@pytest.mark.req("I-014")
@pytest.mark.parametrize(
    ("finish", "hop"),
    [(by_text, [("desk", "sms")]), (on_the_web, [("desk", "web")]), (by_redial, [])],
    ids=["by text", "on the web", "by redial"],
)
async def test_begun_in_the_menu_seen_by_an_operator_and_finished_elsewhere(
    finish: Callable[[Journey], Awaitable[None]], hop: list[tuple[str, str]], li: Journey
) -> None:
    staff_id = await li.room.operator()
    page = await li.room.ready(staff_id)
    before = len(await li.told(SlotHeld))
    caller = await li.call("1{tail}0")
    assert caller.target == "queue"
    assert li.is_chen(await li.taken(staff_id, page))
    await li.breaks_off()
    await finish(li)
    assert await li.booked() == 1
    assert await hops_of(li.hotline) == [FROM_MENU_TO_DESK, *hop]
    assert len(await li.told(SlotHeld)) == before + 1
    assert await li.town.clinic.states(li.town.sessions["chen"]) == {"booked": 1, "free": 1}


async def test_a_redial_waits_for_the_operator_who_had_the_call_before_everybody_else(li: Journey) -> None:
    staff_id = await li.room.operator()
    page = await li.room.ready(staff_id)
    await li.call("1{tail}0")
    await li.taken(staff_id, page)
    await li.breaks_off()
    await li.call("")
    async with li.hotline.read() as db:
        (waiting,) = (await queue_view.standing(db)).waiting
    assert (waiting.prefers, waiting.klass.name) == (staff_id, "RECONNECT")


async def test_what_is_held_on_the_web_is_before_the_operator_who_is_called(li: Journey) -> None:
    person_id = li.town.clinic.people["李秀英"]
    account_id = await patients.account(li.hotline, person_id, LI)
    form = await patients.enter(li.room.client, li.hotline, account_id)
    surfer = Surfer(li.room.client, li.town.clinic, account_id, person_id, form)
    held = await surfer.hold(li.town.sessions["chen"])
    staff_id = await li.room.operator()
    page = await li.room.ready(staff_id)
    await li.call("0")
    draft = await li.taken(staff_id, page)
    assert li.is_chen(draft)
    saved = await page.do(
        "draft.save", draft_id=draft["draft_id"], version=draft["version"], changes={"person_id": person_id}
    )
    await page.do("draft.commit", draft_id=draft["draft_id"], version=saved["version"])
    assert await li.booked() == 1
    assert await hops_of(li.hotline) == [("web", "desk")]
    assert await surfer.get(held, 303) == "/account?done=kept-gone"


async def test_an_elder_gets_a_person_at_once_and_the_slot_waits_with_them(li: Journey) -> None:
    staff_id = await li.room.operator()
    page = await li.room.ready(staff_id)
    await li.call("", ani=ELDER)
    draft = await li.taken(staff_id, page)
    await page.do("draft.choose", draft_id=draft["draft_id"], session_id=li.town.sessions["chen"])
    await li.breaks_off()
    redial = await li.call("", ani=ELDER)
    assert redial.heard == ["greeting", "to-person-elder"]
    async with li.hotline.read() as db:
        (waiting,) = (await queue_view.standing(db)).waiting
        assert await drafts.holds(db, await li.interaction())
    assert (waiting.prefers, waiting.klass.name) == (staff_id, "RECONNECT")
