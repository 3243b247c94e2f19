"""A line that is cut in the booking: the slot, the text and the redial, and one appointment in the end."""

import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import func, select

from core import journal
from core.booking import draft, view
from core.booking.draft_end import GRACE
from core.booking.draft_rules import MOST_KEPT
from core.booking.tables import Appointment
from core.contact import engine as contact
from core.contact.engine import by_linked_id
from core.contact.rules import Disposition
from core.events import SlotHeld
from core.outbox import Outbox
from core.schedule.tables import Hold
from core.values import system
from core.wake import Wake
from core.work import Hotline
from sms.outbound import CARRIER, ROUTES
from sms.texter import Texter
from tests.callers import Caller
from tests.clocks import FrozenClock
from tests.ivr.recovery import BOOKED, CUTS, KEPT, ON, Cut
from tests.ivr.town import FAMILY, LI, STRANGER, Town, book_for, town
from tests.sms.test_outbound import Handset, alone


@pytest.fixture
def database_url(sqlite_model: Path, in_memory: Path) -> str:
    """SQLite only: what differs between the databases is tested below dialogues."""
    shutil.copy(sqlite_model, in_memory / "test.db")
    return f"sqlite+aiosqlite:///{in_memory / 'test.db'}"


@dataclass
class Place:
    """A town whose texts are carried, and what is in it."""

    town: Town
    clock: FrozenClock
    calls: int = 0

    @property
    def hotline(self) -> Hotline:
        return self.town.hotline

    async def call(self, keys: str, *, ani: str = LI) -> Caller:
        self.calls += 1
        caller = Caller(self.town.keys(keys), ani=ani, id=f"call-{self.calls}")
        await self.town.desk.receive(caller)
        return caller

    async def hangs_up_in_the_queue(self, caller: Caller) -> None:
        """What the switch's follower and the desks' tending do then."""
        async with self.hotline.read() as db:
            row = await by_linked_id(db, caller.id)
        assert row
        async with self.hotline.work(system("switch")) as work:
            await contact.close(work, row.id, Disposition.ABANDONED_QUEUE)
        async with self.hotline.work(system("desks")) as work:
            await draft.left(work, row.id, GRACE)

    async def texts(self) -> Handset:
        handset = Handset()
        texter = Texter(self.hotline, alone(handset, self.clock))
        await Outbox(self.hotline, {CARRIER: texter.route()}, Wake()).carry_due()
        return handset

    async def appointments(self) -> int:
        """Those made in this test: the town has two of its own."""
        async with self.hotline.read() as db:
            return (await db.scalar(select(func.count(Appointment.id))) or 0) - 2

    async def slots(self) -> dict[str, int]:
        """All of the two doctors' on the three half days."""
        found: dict[str, int] = {}
        for name in ("chen", "wu", "chen-friday"):
            for state, number in (await self.town.clinic.states(self.town.sessions[name])).items():
                found[state] = found.get(state, 0) + number
        return found

    async def happened(self, kind: type) -> list[object]:
        async with self.hotline.read() as db:
            entries = await journal.entries(db, journal.START, 10_000)
        return [one.event for one in entries if isinstance(one.event, kind)]


@pytest.fixture
async def place(hotline: Hotline, clock: FrozenClock) -> Place:
    made = await town(hotline, clock)
    hotline.routes = ROUTES
    return Place(made, clock)


SLOTS = 11


@pytest.mark.req("I-014")
@pytest.mark.parametrize("cut", CUTS, ids=lambda cut: f"{cut.point} {cut.name}")
async def test_a_line_cut_anywhere_leads_to_one_appointment(cut: Cut, place: Place) -> None:
    """As docs/recovery.md has it: what is held, the text, what the redial hears, and what comes of it."""
    before = await place.slots()
    assert sum(before.values()) == SLOTS
    caller = await place.call(cut.keys)
    if cut.waits:
        await place.hangs_up_in_the_queue(caller)
    held = (await place.slots()).get("held", 0)
    texts = (await place.texts()).kinds
    assert (held, texts, await place.appointments()) == {
        KEPT: (1, ["slot-kept"], 0),
        BOOKED: (0, ["booked"], 1),
    }.get(cut.left, (0, [], 0))
    holds = len(await place.happened(SlotHeld))
    place.clock.advance(minutes=2)
    if cut.finish:
        redial = await place.call(cut.finish)
        kept = cut.left == KEPT
        assert ("kept-slot" in redial.heard, "main-menu" in redial.heard) == (kept, not kept)
        assert "booked" in redial.heard
        assert len(await place.happened(SlotHeld)) == holds + (not kept)  # never held twice
    assert await place.appointments() == 1
    assert (await place.slots()).get("held", 0) == 0
    assert sum((await place.slots()).values()) == SLOTS
    assert (await place.texts()).kinds == ([] if cut.left == BOOKED else ["booked"])


# --- the redial ----------------------------------------------------------------------------------------


async def test_the_redial_hears_when_the_visit_is_and_until_when_it_is_kept_and_no_more(place: Place) -> None:
    """Before the last four: no name, no hospital, no doctor. A family has one telephone."""
    await place.call("1{tail}!")
    redial = await place.call("!")
    told = redial.words[redial.heard.index("kept-slot")]
    assert "十一月二十六日星期四上午八点到九点" in told
    assert "十点十分" in told
    for secret in ("李", "市一医院", "心血管", "陈建国"):
        assert secret not in "".join(redial.words)


async def test_the_redial_goes_on_only_for_whoever_knows_the_last_four(place: Place) -> None:
    await place.call("1{tail}!")
    redial = await place.call("100010002")
    assert (redial.heard[-2:], redial.target) == (["tail-wrong", "to-person"], "queue")
    assert await place.appointments() == 0


async def test_who_begins_anew_gives_the_slot_back_at_once(place: Place) -> None:
    await place.call("1{tail}!")
    redial = await place.call("2!")
    assert redial.heard[-1] == "main-menu"
    assert (await place.slots()).get("held", 0) == 0
    assert "kept-slot" not in (await place.call("!")).heard


async def test_a_redial_that_hangs_up_before_a_key_changes_nothing(place: Place) -> None:
    """Neither is the slot kept longer, nor a second text sent."""
    await place.call("1{tail}!")
    assert (await place.texts()).kinds == ["slot-kept"]
    place.clock.advance(minutes=9)
    assert "kept-slot" in (await place.call("!")).heard
    assert (await place.texts()).kinds == []
    place.clock.advance(minutes=2)
    assert "kept-slot" not in (await place.call("!")).heard


@pytest.mark.parametrize("again", ["1!", "1{tail}!"], ids=["at the last four", "at the read-back"])
async def test_a_redial_that_is_cut_in_its_turn_is_gone_on_with_too(again: str, place: Place) -> None:
    await place.call("1{tail}!")
    place.clock.advance(minutes=2)
    await place.call(again)
    place.clock.advance(minutes=2)
    assert "booked" in (await place.call(ON)).heard
    assert await place.appointments() == 1


async def test_nobody_keeps_a_slot_for_ever_by_calling_again(place: Place) -> None:
    await place.call("1{tail}!")
    for _ in range(9):
        place.clock.advance(minutes=5)
        await place.call("1{tail}!")
    async with place.hotline.read() as db:
        lived = [one.expires_at - one.made_at for one in (await db.execute(select(Hold))).scalars()]
    assert len(lived) > 2  # of the town's own
    assert max(lived) <= MOST_KEPT + GRACE


async def test_whoever_asks_for_a_person_waits_with_the_slot(place: Place) -> None:
    await place.call("1{tail}!")
    place.clock.advance(minutes=9)
    redial = await place.call("0")
    assert redial.target == "queue"
    async with place.hotline.read() as db:
        row = await by_linked_id(db, redial.id)
        assert row
        assert await draft.holds(db, row.id)


async def test_another_number_hears_nothing_of_it(place: Place) -> None:
    await place.call("1{tail}!")
    assert "kept-slot" not in (await place.call("!", ani=STRANGER)).heard


async def open_visits(place: Place) -> int:
    async with place.hotline.read() as db:
        li = place.town.clinic.people["李秀英"]
        return len(await view.open_of_person(db, li, place.clock.now()))


async def test_a_change_is_gone_on_with_as_a_change(place: Place) -> None:
    await book_for(place.town, "李秀英", "wu", LI)
    made = await place.appointments()
    await place.call("31!")
    redial = await place.call("1{tail}1.")
    assert "change-from" in redial.heard
    assert "changed" in redial.heard
    assert await place.appointments() == made + 1
    assert await open_visits(place) == 1


async def test_a_family_hears_nobodys_name_before_the_last_four(place: Place) -> None:
    await place.call("11{wang}111!", ani=FAMILY)
    redial = await place.call("1{wang}1.", ani=FAMILY)
    assert "booked" in redial.heard
    assert "王" not in "".join(redial.words[: redial.heard.index("ask-tail-plain") + 1])
