"""What the dialler asks of the switch, and what it makes of what the switch tells."""

import shutil
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from core.calling import dialling, overdue
from core.calling.rules import Answer, Outcome, State
from core.contact import engine as contact
from core.errors import SwitchAway
from core.health import State as Health
from core.values import system
from core.work import Hotline
from ivr.ami import AmiDown, AmiSaidNo
from ivr.board import Board
from ivr.control import Control
from ivr.dialler import Dialler
from ivr.switch_events import (
    ChannelClosed,
    ChannelOpened,
    Fields,
    OriginateEnded,
    Resynced,
    Snapshot,
    SwitchEvent,
)
from tests.builders import clinic as open_clinic
from tests.clocks import FrozenClock
from tests.owing import Owing

LI, WANG, ZHOU = ("李秀英", "10712340001"), ("王强", "10712340002"), ("周敏", "10712340003")


@dataclass
class Line:
    """The port to the switch: keeps what was asked of it. fails: what it answers instead."""

    asked: list[dict[str, object]] = field(default_factory=list)
    fails: Exception | None = None

    async def act(self, action: str, **fields: object) -> Fields:
        self.asked.append({"Action": action, **fields})
        if self.fails:
            raise self.fails
        return {}

    async def ask_list(self, action: str, **fields: object) -> list[Fields]:
        return []


@dataclass
class Place:
    owing: Owing
    dialler: Dialler
    line: Line
    board: Board
    talking: set[str]

    async def hears(self, event: SwitchEvent) -> None:
        if isinstance(event, Resynced):
            self.board.start_from(event.snapshot.channels, self.owing.hotline.clock.now())
        await self.dialler.take(event, None, ())

    async def leg(self, name: str) -> str:
        (*_, one) = await self.owing.contacts()
        return one.linked_id

    async def outcome(self, name: str) -> str | None:
        return (await self.owing.tries(name))[-1].outcome


@pytest.fixture
def database_url(sqlite_model: Path, in_memory: Path) -> str:
    shutil.copy(sqlite_model, in_memory / "test.db")
    return f"sqlite+aiosqlite:///{in_memory / 'test.db'}"


@pytest.fixture
async def place(hotline: Hotline) -> Place:
    line, board, talking = Line(), Board(), set[str]()
    dialler = Dialler(hotline, board, lambda: Control(line), talking, lines=2, way_out=True, shown="12320")
    made = Place(Owing(await open_clinic(hotline)), dialler, line, board, talking)
    await made.hears(switch_with())
    return made


def switch_with(*legs: str) -> Resynced:
    """The switch's list: these legs, answered."""
    there = [ChannelOpened(f"PJSIP/outbound-{leg}", leg, leg, "", "", "AGI", "", up=True) for leg in legs]
    return Resynced(Snapshot(tuple(there), (), ()), None)


def closed(leg: str, cause: int) -> ChannelClosed:
    return ChannelClosed("PJSIP/outbound-1", leg, leg, cause)


async def test_a_telephone_is_rung_by_the_number_of_the_hotline_into_its_dialogue(place: Place) -> None:
    await place.owing.displaced(LI)
    assert await place.dialler.round() == 1
    (asked,) = place.line.asked
    leg = await place.leg("李秀英")
    assert (asked["Channel"], asked["Context"]) == (f"PJSIP/{LI[1]}@outbound", "outbound-call")
    assert (asked["ChannelId"], asked["CallerID"], asked["Async"]) == (leg, "<12320>", "true")
    assert await place.dialler.round() == 0


@pytest.mark.parametrize(
    ("cause", "outcome"),
    [(17, "busy"), (21, "busy"), (19, "no-answer"), (0, "no-answer"), (1, "failed"), (34, "failed")],
)
async def test_how_a_leg_ended_says_how_the_try_ended(place: Place, cause: int, outcome: str) -> None:
    await place.owing.displaced(LI)
    await place.dialler.round()
    leg = await place.leg("李秀英")
    await place.hears(OriginateEnded(leg, leg, answered=False))
    assert await place.outcome("李秀英") is None
    await place.hears(closed(leg, cause))
    assert await place.outcome("李秀英") == outcome
    assert (await place.owing.contacts())[-1].disposition == "not-reached"


async def test_a_leg_that_never_came_about_has_failed(place: Place) -> None:
    await place.owing.displaced(LI)
    await place.dialler.round()
    await place.hears(OriginateEnded(await place.leg("李秀英"), "", answered=False))
    assert await place.outcome("李秀英") == "failed"


async def test_who_puts_down_before_we_speak_has_hung_up(place: Place) -> None:
    await place.owing.displaced(LI)
    await place.dialler.round()
    leg = await place.leg("李秀英")
    await place.hears(OriginateEnded(leg, leg, answered=True))
    await place.hears(closed(leg, 16))
    assert await place.outcome("李秀英") == "hung-up"


@pytest.mark.parametrize(
    ("fails", "outcome"), [(AmiDown("down"), Outcome.LOST), (AmiSaidNo("no"), Outcome.FAILED)]
)
async def test_without_the_switch_nothing_is_promised(
    place: Place, fails: Exception, outcome: Outcome
) -> None:
    await place.owing.displaced(LI)
    place.line.fails = fails
    assert await place.dialler.round() == 0
    assert await place.outcome("李秀英") == outcome


async def test_who_has_pressed_and_still_listens_keeps_their_line(place: Place) -> None:
    await place.owing.displaced(LI, WANG, ZHOU)
    assert await place.dialler.round() == 2
    legs = [one.linked_id for one in await place.owing.contacts()]
    async with place.owing.hotline.work(system("test")) as work:
        await dialling.ended(work, legs[0], Outcome.KEY, key="1", answer=Answer.ACCEPTED)
    place.talking.add(legs[0])
    assert await place.dialler.round() == 0
    await place.hears(closed(legs[0], 16))
    assert await place.dialler.round() == 1


async def test_after_a_gap_a_try_without_its_leg_is_lost_and_a_leg_without_us_is_let_go(
    place: Place, clock: FrozenClock
) -> None:
    await place.owing.displaced(LI, WANG)
    await place.dialler.round()
    _, up = [one.linked_id for one in await place.owing.contacts()]
    clock.advance(seconds=10)
    await place.hears(switch_with(up))
    assert [await place.outcome(name) for name in ("李秀英", "王强")] == ["lost", None]
    assert [one["Action"] for one in place.line.asked[2:]] == ["Hangup"]
    await place.hears(OriginateEnded(up, up, answered=True))
    await place.hears(closed(up, 16))
    assert await place.outcome("王强") == "lost"


async def test_nobody_is_rung_before_the_switch_has_told_whose_telephones_ring(
    hotline: Hotline,
) -> None:
    owing, line = Owing(await open_clinic(hotline)), Line()
    dialler = Dialler(hotline, Board(), lambda: Control(line), (), lines=2, way_out=True, shown="12320")
    await owing.displaced(LI)
    assert await dialler.round() == 0
    await dialler.take(switch_with(), None, ())
    assert await dialler.round() == 1


async def test_a_list_that_could_not_be_gone_through_is_gone_through_in_the_next_round(
    place: Place, clock: FrozenClock
) -> None:
    await place.owing.displaced(LI)
    await place.dialler.round()
    clock.advance(seconds=10)
    place.line.fails = AmiDown("away once more")
    with pytest.raises(SwitchAway):
        await place.hears(switch_with(await place.leg("李秀英")))
    place.line.fails = None
    await place.dialler.round()
    assert place.line.asked[-1]["Action"] == "Hangup"


async def test_a_leg_that_outlived_its_process_keeps_its_line_until_it_ends(
    place: Place, hotline: Hotline, clock: FrozenClock
) -> None:
    await place.owing.displaced(LI, WANG, ZHOU)
    await place.dialler.round()
    legs = [one.linked_id for one in await place.owing.contacts()]
    clock.advance(minutes=3)
    async with hotline.work(system("test")) as work:
        assert await overdue.end_lost(work) == len(legs) == 2
    next_one = Dialler(
        hotline, place.board, lambda: Control(place.line), (), lines=2, way_out=True, shown="12320"
    )
    place.board.start_from(switch_with(*legs, "out-an-operators").snapshot.channels, clock.now())
    await next_one.take(switch_with(), None, ())
    assert await next_one.round() == 0
    await next_one.take(closed(legs[0], 16), None, ())
    assert await next_one.round() == 1


async def test_whose_dialogue_runs_is_left_to_it(place: Place, clock: FrozenClock) -> None:
    await place.owing.displaced(LI)
    await place.dialler.round()
    leg = await place.leg("李秀英")
    place.talking.add(leg)
    clock.advance(seconds=10)
    await place.hears(switch_with())
    await place.hears(closed(leg, 16))
    assert await place.outcome("李秀英") is None


async def test_the_end_of_an_operators_call_is_none_of_ours(place: Place) -> None:
    async with place.owing.hotline.work(system("test")) as work:
        opened = await contact.open_interaction(work, linked_id="out-theirs", dnis="", ani=LI[1])
    await place.hears(OriginateEnded("out-theirs", "out-theirs", answered=False))
    await place.hears(closed("out-theirs", 17))
    async with place.owing.hotline.read() as db:
        seen = await contact.by_linked_id(db, "out-theirs")
    assert seen is not None
    assert (seen.id, seen.closed_at) == (opened.interaction_id, None)


async def test_without_a_way_out_operators_call_and_health_says_so(hotline: Hotline) -> None:
    owing, line = Owing(await open_clinic(hotline)), Line()
    dialler = Dialler(hotline, Board(), lambda: Control(line), (), lines=4, way_out=False, shown="12320")
    assert (await dialler.report()).state is Health.ABSENT
    await owing.displaced(LI)
    assert await dialler.round() == 0
    assert (line.asked, (await owing.call("李秀英")).state) == ([], State.HANDED)
    told = await dialler.report()
    assert (told.state, told.words) == (Health.DEGRADED, "没有外呼线路，到期的外呼由话务员打：1个待打")
