"""A contact from the first ring to its one end, the calls we owe, and how a call is received."""

from datetime import UTC, date, datetime, time, timedelta

import pytest
from sqlalchemy import select

from core import journal
from core.contact import engine as contact
from core.contact.calendar import working_days
from core.contact.rules import (
    DISPOSITION_WORDS,
    NEXT,
    Announcement,
    Disposition,
    Hours,
    SpecialDay,
    State,
    reception,
    step,
)
from core.contact.tables import Callback, Greeting, Holiday, Interaction, OpeningHours
from core.errors import NotFound, WrongState
from core.values import Channel, Phone, system
from core.work import Hotline
from tests.builders import SEED, Clinic, clinic
from tests.clocks import FrozenClock

IVR = system("ivr")
ANI = "10712345678"


async def ring(hotline: Hotline, linked_id: str = "1.1", ani: str | None = ANI) -> contact.Opened:
    async with hotline.work(IVR) as work:
        return await contact.open_interaction(work, linked_id=linked_id, dnis="12320", ani=ani)


async def move(hotline: Hotline, interaction_id: int, *places: State) -> bool:
    moved = True
    for to in places:
        async with hotline.work(IVR) as work:
            moved = await contact.move(work, interaction_id, to)
    return moved


async def close(hotline: Hotline, interaction_id: int, disposition: Disposition = Disposition.BOOKED) -> bool:
    async with hotline.work(IVR) as work:
        return await contact.close(work, interaction_id, disposition)


async def row(hotline: Hotline, interaction_id: int) -> Interaction:
    async with hotline.read() as db:
        return await db.get_one(Interaction, interaction_id)


async def told(hotline: Hotline) -> list[str]:
    async with hotline.read() as db:
        return [entry.event.kind for entry in await journal.entries(db, journal.START)]


@pytest.mark.req("I-018")
async def test_a_contact_begins_once_with_its_number_sealed(hotline: Hotline) -> None:
    first, again = await ring(hotline), await ring(hotline)
    assert first.number == again.number == Phone(ANI)
    assert (first.new, again.new) == (True, False)
    assert first.interaction_id == again.interaction_id
    kept = await row(hotline, first.interaction_id)
    assert kept.ani_sealed is not None
    assert hotline.sealer.open(kept.ani_sealed, "phone") == ANI
    assert await told(hotline) == ["interaction.opened"]


@pytest.mark.parametrize("ani", [None, "", "anonymous", "1001", "+14155550100"])
async def test_a_call_without_a_number_we_know_goes_on_without_it(hotline: Hotline, ani: str | None) -> None:
    opened = await ring(hotline, ani=ani)
    assert opened.number is None
    assert (await row(hotline, opened.interaction_id)).ani_print is None


async def test_who_called_how_far_they_got_and_what_was_keyed_is_kept(hotline: Hotline) -> None:
    town: Clinic = await clinic(hotline)
    li = await town.person("李秀英")
    call = (await ring(hotline)).interaction_id
    async with hotline.work(IVR, call) as work:
        await contact.know(work, call, li, by="tail")
        await contact.reach(work, call, "choose-doctor")
        await contact.steps(work, call, [{"said": "choose-doctor", "keys": "1"}])
        await contact.steps(work, call, [])
    kept = await row(hotline, call)
    assert (kept.person_id, kept.reached) == (li, "choose-doctor")
    assert await told(hotline) == ["interaction.opened", "interaction.identified", "interaction.steps"]


@pytest.mark.req("I-014")
async def test_a_contact_moves_on_by_its_table_and_ends_exactly_once(
    hotline: Hotline, clock: FrozenClock
) -> None:
    call = (await ring(hotline)).interaction_id
    clock.advance(seconds=30)
    assert await move(hotline, call, State.QUEUED, State.QUEUED)
    clock.advance(seconds=30)
    assert await move(hotline, call, State.OFFERED, State.TALKING, State.HELD, State.TALKING)
    assert await close(hotline, call)
    assert not await close(hotline, call, Disposition.NOTHING)
    assert not await move(hotline, call, State.QUEUED)
    kept = await row(hotline, call)
    assert (kept.state, kept.disposition) == ("closed", "booked")
    assert kept.queued_at is not None
    assert kept.answered_at is not None
    assert kept.answered_at - kept.queued_at == timedelta(seconds=30)
    assert (await told(hotline)).count("interaction.moved") == 5
    assert (await told(hotline)).count("interaction.closed") == 1


async def test_a_contact_does_not_jump(hotline: Hotline) -> None:
    call = (await ring(hotline)).interaction_id
    with pytest.raises(WrongState):
        await move(hotline, call, State.HELD)
    with pytest.raises(NotFound):
        await move(hotline, 4711, State.QUEUED)


def test_every_state_leads_to_the_end_and_nothing_leads_back_from_it() -> None:
    assert NEXT[State.CLOSED] == frozenset()
    for state in set(State) - {State.CLOSED}:
        assert step(state, State.CLOSED) is State.CLOSED
        with pytest.raises(WrongState):
            step(State.CLOSED, state)
    assert set(DISPOSITION_WORDS) == set(Disposition)


async def test_calls_that_the_switch_no_longer_has_are_closed_by_where_they_were(
    hotline: Hotline, clock: FrozenClock
) -> None:
    calls = {
        name: (await ring(hotline, name)).interaction_id
        for name in ("a.menu", "a.queue", "a.alive", "b.other")
    }
    await move(hotline, calls["a.queue"], State.QUEUED)
    clock.advance(minutes=10)
    calls["a.young"] = (await ring(hotline, "a.young")).interaction_id
    async with hotline.work(IVR) as work:
        lost = await contact.close_left_open(
            work, alive=frozenset({"a.alive"}), older_than=timedelta(minutes=5), of="a."
        )
    assert lost == 2
    ends = {name: (await row(hotline, call)).disposition for name, call in calls.items()}
    assert ends == {
        "a.menu": "abandoned-menu", "a.queue": "abandoned-queue", "a.alive": None, "a.young": None, "b.other": None,
    }  # fmt: skip


@pytest.mark.req("I-014")
async def test_a_promised_call_is_kept_with_its_time_and_the_callers_words(
    hotline: Hotline, clock: FrozenClock
) -> None:
    call = (await ring(hotline)).interaction_id
    due = clock.instant + timedelta(hours=2)
    async with hotline.work(IVR, call) as work:
        assert not await contact.promised(work.db, call)
        callback = await contact.promise_callback(work, call, number=Phone(ANI), person_id=None, due=due)
        await contact.keep_message(work, callback, recording="messages/1.wav", seconds=7)
    async with hotline.read() as db:
        assert await contact.promised(db, call)
        kept = (await db.execute(select(Callback))).scalar_one()
    assert (kept.state, kept.promised_for, kept.recording, kept.recording_s) == (
        "owed",
        due,
        "messages/1.wav",
        7,
    )
    assert kept.phone_sealed is not None
    assert hotline.sealer.open(kept.phone_sealed, "phone") == ANI
    assert (await told(hotline))[-1] == "callback.promised"


# --- how a call is received -----------------------------------------------------------------------------

WEEK = [Hours(weekday, time(7, 30), time(17)) for weekday in range(1, 6)]
FESTIVAL = SpecialDay(date(2026, 10, 1), "国庆节", working=False, staffed=False)
SUNDAY_HOURS = Hours(7, time(9), time(12))


@pytest.mark.req("R-074", "I-014")
@pytest.mark.parametrize(
    ("moment", "hours", "special", "staffed", "holiday"),
    [
        ("2026-11-23 07:30", WEEK, [], True, None),
        ("2026-11-23 07:29", WEEK, [], False, None),
        ("2026-11-23 17:00", WEEK, [], False, None),
        ("2026-11-22 10:00", WEEK, [], False, None),  # Sunday
        ("2026-11-22 10:00", [], [], True, None),  # no hours: people answer always
        ("2026-11-22 10:00", [*WEEK, Hours(7, time(0), time(23, 59), dnis="96320")], [], False, None),
        ("2026-10-01 10:00", WEEK, [FESTIVAL], False, "国庆节"),
        (
            "2026-10-02 10:00", [*WEEK, SUNDAY_HOURS],
            [SpecialDay(date(2026, 10, 2), "国庆节", working=False, staffed=True)], True, "国庆节",
        ),
        (
            "2026-10-02 14:00", [*WEEK, SUNDAY_HOURS],
            [SpecialDay(date(2026, 10, 2), "国庆节", working=False, staffed=True)], False, "国庆节",
        ),
        (
            "2026-10-10 10:00", WEEK,  # a Saturday that is worked for the festival
            [SpecialDay(date(2026, 10, 10), "调休", working=True, staffed=True)], True, None,
        ),
    ],
)  # fmt: skip
def test_hours_and_holidays_say_whether_people_answer(
    moment: str, hours: list[Hours], special: list[SpecialDay], staffed: bool, holiday: str | None
) -> None:
    said = reception(FrozenClock.at(moment).instant, "12320", hours, special, [])
    assert (said.staffed, said.holiday) == (staffed, holiday)


@pytest.mark.parametrize(
    ("on", "dnis", "starts", "ends", "heard"),
    [
        (True, None, None, None, True),
        (False, None, None, None, False),
        (True, "12320", None, None, True),
        (True, "96320", None, None, False),
        (True, None, "2026-11-23 10:00", "2026-11-23 11:00", True),
        (True, None, "2026-11-23 10:01", None, False),
        (True, None, None, "2026-11-23 10:00", False),
    ],
)
def test_an_announcement_is_heard_while_it_is_on(
    on: bool, dnis: str | None, starts: str | None, ends: str | None, heard: bool
) -> None:
    def moment(text: str | None) -> datetime | None:
        return FrozenClock.at(text).instant if text else None

    spoken = Announcement("storm", "台风停诊", dnis, on, moment(starts), moment(ends))
    said = reception(FrozenClock.at("2026-11-23 10:00").instant, "12320", [], [], [spoken])
    assert said.announcements == ((spoken,) if heard else ())


@pytest.mark.req("R-074")
async def test_hours_holidays_and_announcements_are_rows(hotline: Hotline, clock: FrozenClock) -> None:
    async with hotline.work(SEED) as work:
        work.db.add_all(
            [
                OpeningHours(weekday=1, opens=time(8), closes=time(18)),
                Holiday(day=date(2026, 11, 24), name="停电", working=False, staffed=False),
                Greeting(name="surge", text="来电较多", on=True),
                Greeting(name="old", text="旧闻", on=False),
            ]
        )
    seen = []
    for moment in ("2026-11-23 09:00", "2026-11-23 19:00", "2026-11-24 09:00"):
        clock.set(moment)
        async with hotline.read() as db:
            said = await contact.receive(db, "12320", clock.instant)
        seen.append((said.staffed, said.holiday, [spoken.name for spoken in said.announcements]))
    assert seen == [(True, None, ["surge"]), (False, None, ["surge"]), (False, "停电", ["surge"])]


async def test_the_day_of_a_holiday_is_a_day_in_shanghai(hotline: Hotline) -> None:
    async with hotline.work(SEED) as work:
        work.db.add(Holiday(day=date(2026, 11, 24), name="停电", working=False, staffed=False))
    late_utc = datetime(2026, 11, 23, 16, 30, tzinfo=UTC)  # half past midnight on the 24th
    async with hotline.read() as db:
        assert (await contact.receive(db, "12320", late_utc)).holiday == "停电"


async def test_working_days_are_weekdays_but_for_the_table(hotline: Hotline) -> None:
    async with hotline.work(SEED) as work:
        work.db.add_all(
            [
                Holiday(day=date(2026, 10, 1), name="国庆节", working=False),
                Holiday(day=date(2026, 10, 10), name="调休", working=True),
            ]
        )
    async with hotline.read() as db:
        is_working = await working_days(db)
    assert [is_working(date(2026, 10, day)) for day in (1, 9, 10, 11, 12)] == [False, True, True, False, True]


async def test_other_channels_leave_a_contact_too(hotline: Hotline) -> None:
    async with hotline.work(IVR) as work:
        opened = await contact.open_interaction(
            work, linked_id="web-1", dnis="web", ani=None, channel=Channel.WEB
        )
    assert (await row(hotline, opened.interaction_id)).channel == "web"
