"""The line on both databases: places, turns, shares, who is passed over, and what stands after a restart."""

from collections import Counter
from datetime import timedelta

import pytest

from core import journal
from core.booking.commands import Book
from core.booking.stopping import stop
from core.database import open_database
from core.errors import ChannelClosed, LineFirst, LineNotOpen, LineOver, NotReleased, SessionStopped, SlotFull
from core.events import LineBegun, LineSoldOut
from core.release import draw, line, rules, turns
from core.release.rules import Chance, PlaceState
from core.schedule.engine import retime
from core.values import Channel, Phone
from core.work import Hotline
from tests.builders import SEED, SURFER
from tests.clocks import FrozenClock
from tests.release.room import BEFORE, DAY, OPENS, Room, room

WEB, PHONE, SMS = Channel.WEB, Channel.PHONE, Channel.SMS


async def test_registering_begins_a_quarter_of_an_hour_before(hotline: Hotline, clock: FrozenClock) -> None:
    at = await room(hotline, clock)
    clock.set("2026-11-24 06:44")
    with pytest.raises(LineNotOpen) as refused:
        await at.join("a")
    assert refused.value.facts["opens"] == FrozenClock.at("2026-11-24 06:45").instant
    clock.set("2026-11-24 06:45")
    assert (await at.join("a")).drawn


async def test_who_comes_twice_has_one_place(hotline: Hotline, clock: FrozenClock) -> None:
    at = await room(hotline, clock)
    first, again = await at.join("a"), await at.join("a")
    assert (first.new, again.new) == (True, False)
    assert again.place_id == first.place_id


async def test_a_person_has_one_place_whichever_way_they_come(hotline: Hotline, clock: FrozenClock) -> None:
    at = await room(hotline, clock)
    person = await at.clinic.person("王强")
    await at.join("account:1", WEB, person)
    again = await at.join("phone:print", PHONE, person)
    assert not again.new
    places = await at.places()
    assert [(place.whose, place.channel) for place in places.values()] == [(f"person:{person}", "web")]


async def test_the_draw_orders_those_who_came_before_whenever_they_came(
    hotline: Hotline, clock: FrozenClock
) -> None:
    at = await room(hotline, clock, slots=30)
    for number in range(20):
        await at.join(f"owner:{number}")
        clock.advance(seconds=3)
    release = await at.opens_at()
    secret = draw.secret_of(hotline.sealer, at.session_id, release)
    tickets = {f"owner:{n}": draw.ticket_of(hotline.sealer, at.session_id, f"owner:{n}") for n in range(20)}
    order = rules.replayed(rules.seed(at.session_id, release, secret), tickets.values())
    assert [place.ticket for place in (await at.places()).values()] == order
    assert order != list(tickets.values())


async def test_coming_again_and_again_before_the_release_changes_no_place(
    hotline: Hotline, clock: FrozenClock
) -> None:
    at = await room(hotline, clock)
    await at.join("a")
    drawn = (await at.places())["a"].drawn
    for _ in range(3):
        assert await at.leave("a")
        assert (await at.places())["a"].drawn is None
        clock.advance(seconds=7)
        await at.join("a", PHONE)
    assert (await at.places())["a"].drawn == (await at.places())["a"].position == drawn


async def test_nothing_of_the_order_is_told_before_the_release(hotline: Hotline, clock: FrozenClock) -> None:
    at = await room(hotline, clock)
    for owner in ("a", "b", "c"):
        await at.join(owner)
    async with hotline.read() as db:
        told = [await line.place(db, at.session_id, who=owner, now=clock.now()) for owner in ("a", "b", "c")]
        assert await draw.proof(db, hotline.sealer, at.session_id, now=clock.now()) is None
    assert all(one and (one.before, one.chance) == (0, None) for one in told)


async def test_who_comes_after_stands_behind_first_come_first_served(
    hotline: Hotline, clock: FrozenClock
) -> None:
    at = await room(hotline, clock)
    await at.join("early")
    clock.set(OPENS)
    for owner in ("z", "a", "m"):
        assert not (await at.join(owner)).drawn
        clock.advance(seconds=1)
    assert list(await at.places()) == ["early", "z", "a", "m"]


async def test_turns_go_out_in_order_and_never_more_than_there_are_numbers(
    hotline: Hotline, clock: FrozenClock
) -> None:
    at = await room(hotline, clock, slots=6)
    for number in range(20):
        await at.join(f"owner:{number}")
    assert await at.advance() == 0  # not yet released
    clock.set(OPENS)
    order = list(await at.places())
    assert await at.advance() == 6
    assert await at.having(PlaceState.TURN) == order[:6]
    assert await at.advance() == 0
    await at.hold(order[2])
    assert await at.advance() == 0  # it took a number, and its turn with it
    assert (await at.states())[order[2]] == PlaceState.USED
    assert await at.having(PlaceState.WAITING) == order[6:]


async def test_a_hold_without_a_turn_is_sent_to_the_line(hotline: Hotline, clock: FrozenClock) -> None:
    at = await room(hotline, clock, slots=2)
    for owner in ("a", "b", "c"):
        await at.join(owner)
    clock.set(OPENS)
    await at.advance()
    waits = (await at.having(PlaceState.WAITING))[0]
    for owner in (waits, "stranger"):
        with pytest.raises(LineFirst):
            await at.hold(owner)
    assert await at.clinic.states(at.session_id) == {"free": 2}


async def test_a_hold_that_is_refused_gives_the_turn_back(hotline: Hotline, clock: FrozenClock) -> None:
    at = await room(hotline, clock)
    await at.join("a")
    clock.set(OPENS)
    await at.advance()
    await at.clinic.rule("channel.open@channel=web", "no")
    with pytest.raises(ChannelClosed):
        await at.hold("a")
    assert (await at.states())["a"] == PlaceState.TURN


async def test_who_lets_the_turn_go_by_is_passed_over_and_may_stand_at_the_end(
    hotline: Hotline, clock: FrozenClock
) -> None:
    at = await room(hotline, clock, slots=1)
    for owner in ("a", "b", "c"):
        await at.join(owner)
    clock.set(OPENS)
    await at.advance()
    first, second, third = list(await at.places())
    clock.advance(seconds=89)
    await at.advance()
    assert await at.having(PlaceState.TURN) == [first]
    clock.advance(seconds=1)
    with pytest.raises(LineFirst):  # also before anybody has looked at the line
        await at.hold(first)
    await at.advance()
    assert (await at.states())[first] == PlaceState.PASSED
    assert await at.having(PlaceState.TURN) == [second]
    assert (await at.join(first)).new
    assert list(await at.places()) == [second, third, first]
    place = (await at.places())[first]
    assert place.drawn is not None  # it was in the draw all the same


async def test_each_channel_has_its_share_and_the_common_ones_go_by_the_draw(
    hotline: Hotline, clock: FrozenClock
) -> None:
    at = await room(hotline, clock, slots=10, shares={"phone": 3, "sms": 1})
    for number in range(30):
        await at.join(f"web:{number}", WEB)
    for number in range(8):
        await at.join(f"phone:{number}", PHONE)
    clock.set(OPENS)
    await at.advance()
    places = await at.places()
    turns_of = Counter(place.channel for place in places.values() if place.state == PlaceState.TURN)
    assert sum(turns_of.values()) == 9  # the share of texts waits for one who texts
    assert turns_of["phone"] >= 3
    order = list(places.values())
    phones = [place for place in order if place.channel == "phone"][:3]
    rest = [place for place in order if place not in phones][:6]
    assert {place.whose for place in order if place.state == PlaceState.TURN} == {
        place.whose for place in [*phones, *rest]
    }
    await at.join("sms:late", SMS)
    await at.advance()
    assert (await at.states())["sms:late"] == PlaceState.TURN


async def test_a_share_that_nobody_wants_flows_back_at_the_recycle_time(
    hotline: Hotline, clock: FrozenClock
) -> None:
    at = await room(hotline, clock, slots=4, shares={"phone": 3})
    await at.clinic.rule("recycle.time", "day-14 07:10")
    async with hotline.work(SEED) as work:
        await retime(work, hospital_id=at.clinic.hospital_id)
    for number in range(5):
        await at.join(f"web:{number}", WEB)
    clock.set(OPENS)
    await at.advance()
    [first] = await at.having(PlaceState.TURN)
    await at.hold(first)
    clock.set("2026-11-24 07:06")
    await at.advance()
    assert len(await at.having(PlaceState.WAITING)) == 4  # they wait for the share to flow back
    clock.set("2026-11-24 07:10")
    await at.advance()
    assert len(await at.having(PlaceState.TURN)) == 3


async def test_who_waits_for_nothing_is_sent_home(hotline: Hotline, clock: FrozenClock) -> None:
    at = await room(hotline, clock, slots=2, shares={"phone": 1})
    for number in range(4):
        await at.join(f"web:{number}", WEB)
    await at.join("phone:1", PHONE)
    clock.set(OPENS)
    await at.advance()
    for owner in await at.having(PlaceState.TURN):
        channel = PHONE if owner.startswith("phone") else WEB
        held = await at.hold(owner, channel)
        if channel is WEB:
            person = await at.clinic.person("王强")
            await at.clinic.store.submit(Book(held.hold_id, person, Phone("10912345678")), SURFER)
    await at.advance()
    states = Counter((await at.states()).values())
    assert states == {PlaceState.USED: 2, PlaceState.CLOSED: 3}
    async with hotline.read() as db:
        told = await journal.latest(db, LineSoldOut, 9)
    assert [(one.channels, one.waiting) for one in told] == [(["web"], 3)]


async def test_a_place_is_told_honestly(hotline: Hotline, clock: FrozenClock) -> None:
    at = await room(hotline, clock, slots=5)
    for number in range(8):
        await at.join(f"owner:{number}")
    clock.set(OPENS)
    order = list(await at.places())
    async with hotline.read() as db:
        told = [await line.place(db, at.session_id, who=owner, now=clock.now()) for owner in order]
        nobody = await line.place(db, at.session_id, who="nobody", now=clock.now())
    assert nobody is None
    assert [one.before for one in told if one] == list(range(8))
    assert [one.left for one in told if one] == [5] * 8
    assert [one.chance for one in told if one] == [Chance.LIKELY] * 5 + [Chance.SHORT] * 3


async def test_places_outlive_the_process(database_url: str, hotline: Hotline, clock: FrozenClock) -> None:
    at = await room(hotline, clock, slots=3)
    for number in range(7):
        await at.join(f"owner:{number}")
    clock.set(OPENS)
    await at.advance()
    before = {whose: (place.state, place.position) for whose, place in (await at.places()).items()}
    again = open_database(database_url)
    try:
        house = Hotline(again, clock, hotline.chance, hotline.sealer, demo=True)
        there = Room(house, clock, at.clinic, at.session_id)
        assert {w: (p.state, p.position) for w, p in (await there.places()).items()} == before
        await there.hold((await there.having(PlaceState.TURN))[0])
        assert await there.advance() == 0
        async with house.read() as db:
            proof = await draw.proof(db, house.sealer, at.session_id, now=clock.now())
    finally:
        await again.close()
    assert proof is not None
    assert [ticket for ticket, _ in proof.tickets] == rules.replayed(
        proof.seed, [ticket for ticket, _ in proof.tickets]
    )


async def test_the_proof_shows_what_was_promised_and_everybody_who_was_drawn(
    hotline: Hotline, clock: FrozenClock
) -> None:
    at = await room(hotline, clock, slots=3)
    for number in range(7):
        await at.join(f"owner:{number}")
    await at.leave("owner:0")
    clock.set(OPENS)
    await at.join("late")
    await at.advance()
    async with hotline.read() as db:
        proof = await draw.proof(db, hotline.sealer, at.session_id, now=clock.now())
        [begun] = await journal.latest(db, LineBegun, 9)
    assert proof is not None
    assert rules.commitment(proof.secret) == proof.commitment == begun.commitment
    assert proof.seed == rules.seed(at.session_id, proof.announced_at, proof.secret)
    assert len(proof.tickets) == 6
    late = draw.ticket_of(hotline.sealer, at.session_id, "late")
    assert late not in [ticket for ticket, _ in proof.tickets]


async def test_after_its_time_the_line_ends_and_holds_go_straight(
    hotline: Hotline, clock: FrozenClock
) -> None:
    at = await room(hotline, clock, slots=2)
    for owner in ("a", "b", "c"):
        await at.join(owner)
    clock.set("2026-11-24 07:30")
    await at.hold("stranger")  # also before anybody has looked at the line
    await at.advance()
    assert set((await at.states()).values()) == {PlaceState.CLOSED}
    with pytest.raises(LineOver):
        await at.join("a")


async def test_where_nobody_registered_nobody_waits(hotline: Hotline, clock: FrozenClock) -> None:
    at = await room(hotline, clock)
    clock.set(OPENS)
    with pytest.raises(LineOver):
        await at.join("a")
    await at.hold("a")


async def test_when_everybody_has_been_served_holds_go_straight(hotline: Hotline, clock: FrozenClock) -> None:
    at = await room(hotline, clock)
    await at.join("a")
    clock.set(OPENS)
    await at.advance()
    await at.hold("a")
    await at.hold("stranger")


async def test_before_the_release_a_hold_hears_of_the_release(hotline: Hotline, clock: FrozenClock) -> None:
    at = await room(hotline, clock)
    await at.join("a")
    with pytest.raises(NotReleased):
        await at.hold("a")


async def test_a_hospital_may_want_no_line(hotline: Hotline, clock: FrozenClock) -> None:
    at = await room(hotline, clock)
    await at.clinic.rule("release.room", "no")
    with pytest.raises(LineOver):
        await at.join("a")


async def test_a_line_keeps_the_terms_it_began_with(hotline: Hotline, clock: FrozenClock) -> None:
    at = await room(hotline, clock, slots=1)
    await at.join("a")
    await at.clinic.rule("release.turn", "5")
    await at.clinic.rule("release.room", "no")
    await at.join("b")
    clock.set(OPENS)
    await at.advance()
    place = (await at.places())[(await at.having(PlaceState.TURN))[0]]
    assert place.turn_until == clock.now() + timedelta(seconds=90)


async def test_a_leave_ends_the_line(hotline: Hotline, clock: FrozenClock) -> None:
    at = await room(hotline, clock)
    await at.join("a")
    async with hotline.work(SEED) as work:
        await stop(work, at.session_id, reason="illness")
    with pytest.raises(SessionStopped):
        await at.join("b")
    clock.set(OPENS)
    await at.advance()
    assert (await at.states())["a"] == PlaceState.CLOSED


async def test_the_job_looks_at_every_line_and_at_none_that_is_to_come(
    hotline: Hotline, clock: FrozenClock
) -> None:
    at = await room(hotline, clock)
    others = []
    clock.set("2026-11-23 10:00")
    for post, half in (("chen", "pm"), ("wu", "am"), ("wu", "pm")):
        others.append(Room(hotline, clock, at.clinic, await at.clinic.session(post, day=DAY, half=half)))
    clock.set(BEFORE)
    rooms = [at, *others]
    for one in rooms:
        await one.join("a")
    giving = turns.Turns()
    assert await hotline.run(giving.give, SEED) == 0
    clock.set(OPENS)
    assert await hotline.run(giving.give, SEED) == 4
    assert await hotline.run(giving.give, SEED) == 0
    assert [await one.having(PlaceState.TURN) for one in rooms] == [["a"]] * 4


async def test_who_holds_a_number_may_choose_another_instead(hotline: Hotline, clock: FrozenClock) -> None:
    at = await room(hotline, clock, slots=2)
    for owner in ("a", "b", "c"):
        await at.join(owner)
    clock.set(OPENS)
    await at.advance()
    first = (await at.having(PlaceState.TURN))[0]
    held = await at.hold(first)
    other = await at.hold(first)
    assert other.slot_id != held.slot_id
    assert (await at.clinic.states(at.session_id)) == {"free": 1, "held": 1}


async def test_choosing_another_takes_no_number_that_is_promised(
    hotline: Hotline, clock: FrozenClock
) -> None:
    """A telephone's own number for a common one would leave the last of the web with a turn for nothing."""
    at = await room(hotline, clock, slots=6, shares={"phone": 2})
    for owner in ("p0", "p1", "p2"):
        await at.join(owner, PHONE)
    for number in range(4):
        await at.join(f"w{number}", WEB)
    clock.set(OPENS)
    await at.advance()
    turns = await at.having(PlaceState.TURN)
    phones = [owner for owner in turns if owner.startswith("p")]
    for owner in phones[:2]:
        await at.hold(owner, PHONE)
    with pytest.raises(SlotFull):
        await at.hold(phones[0], PHONE)
    await at.advance()
    for owner in turns:
        if owner not in phones[:2]:
            await at.hold(owner, PHONE if owner.startswith("p") else WEB)
    assert await at.clinic.states(at.session_id) == {"held": 6}


async def test_a_turn_is_spent_by_the_way_that_gave_it(hotline: Hotline, clock: FrozenClock) -> None:
    at = await room(hotline, clock, slots=2, shares={"phone": 1})
    await at.join("a", PHONE)
    await at.join("b", WEB)
    clock.set(OPENS)
    await at.advance()
    with pytest.raises(LineFirst):
        await at.hold("a", WEB)
    await at.hold("b", WEB)
    await at.hold("a", PHONE)
