"""Our states beside the switch's: every way in which they can disagree is found, and agreement is silent."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from core.contact.agent_rules import AgentState
from core.contact.agents import AgentView
from core.contact.stays import Present
from core.contact.view import InteractionView
from ivr.board import Board
from ivr.doubts import Seen, doubts
from ivr.legs import LegName, Place, Role, leg_name, place_of, room_of
from ivr.switch_events import ChannelOpened

NOW = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
LONG_AGO = NOW - timedelta(minutes=1)
GRACE = timedelta(seconds=25)
CALLER, LEG = "hotline-1.0", "desk-1-7-1"


def call(state: str = "talking", direction: str = "in") -> InteractionView:
    return InteractionView(
        1, CALLER, "phone", direction, None, "12320", None, 7, state, "book", None, LONG_AGO, LONG_AGO, None
    )


def agent(state: AgentState) -> AgentView:
    return AgentView(
        1, 7, "8001", "page", state, None, None, LONG_AGO, 1, None, frozenset(), None, LONG_AGO, 1
    )


def channel(unique_id: str, application: str, data: str = "", *, up: bool = True) -> ChannelOpened:
    return ChannelOpened(f"PJSIP/{unique_id}", unique_id, unique_id, "", "", application, data, up)


IN_ROOM = channel(CALLER, "ConfBridge", f"{CALLER},hotline,caller")
WITH_LEG = channel(LEG, "ConfBridge", f"{CALLER},hotline,desk")
WAITS = channel(CALLER, "AGI", "agi://…")


def seen(
    channels: list[ChannelOpened],
    calls: list[InteractionView],
    agents: list[AgentView],
    *,
    present: list[Present] | None = None,
    legless: datetime | None = None,
) -> Seen:
    """present: who we think is in rooms; not given: those who are."""
    board = Board()
    board.start_from(channels, LONG_AGO)
    since = {(1, 7): legless} if legless else {}
    if present is None:
        rooms = [leg for leg in board.legs.values() if leg.place is Place.ROOM]
        present = [Present(1, leg.unique_id, "", None, LONG_AGO) for leg in rooms]
    return Seen(board.legs, {one.interaction_id: one for one in calls}, agents, present, since, NOW)


def consults(leg: str) -> AgentView:
    """Operator 8, who asks the one whose leg this is."""
    return replace(
        agent(AgentState.CONSULTING), staff_id=8, third={"kind": "agent", "leg": leg, "state": "away"}
    )


TALKING, RINGING = agent(AgentState.TALKING), agent(AgentState.RINGING)
DIALLING = agent(AgentState.DIALLING)
HOLDING = AgentState.HOLDING
OTHER = replace(TALKING, staff_id=8)
OTHERS_LEG = channel("desk-1-8-2", "ConfBridge", f"{CALLER},hotline,desk")
ASKED = channel("desk-1-8-2", "ConfBridge", f"consult-{CALLER},hotline,desk")
RINGS = channel(LEG, "AppDial", up=False)


@pytest.mark.parametrize(
    ("what", "found"),
    [
        (seen([IN_ROOM, WITH_LEG], [call()], [TALKING]), []),
        (seen([WAITS], [call("queued")], []), []),
        (seen([WAITS, channel(LEG, "AppDial", up=False)], [call("offered")], [RINGING]), []),
        (seen([IN_ROOM], [call()], [TALKING], legless=NOW - timedelta(seconds=5)), []),
        (seen([IN_ROOM], [call()], [TALKING], legless=NOW - GRACE), ["operator-gone"]),
        (
            seen(
                [IN_ROOM, channel("desk-1-8-2", "ConfBridge", f"consult-{CALLER},hotline,desk")],
                [call()],
                [TALKING, consults(LEG)],
                legless=NOW - GRACE,
            ),
            ["one-of-several-gone"],
        ),
        (
            seen([IN_ROOM, OTHERS_LEG], [call()], [TALKING, OTHER], legless=NOW - GRACE),
            ["one-of-several-gone"],
        ),
        (seen([WAITS], [call("offered")], [RINGING]), ["not-ringing"]),
        (seen([WAITS], [call("offered")], []), ["rings-nobody"]),
        (seen([WAITS, RINGS], [call("queued")], []), ["leg-too-many"]),
        (seen([IN_ROOM, WITH_LEG], [call("offered")], [RINGING], present=[]), ["unheard", "unheard"]),
        (
            seen(
                [IN_ROOM, ASKED],
                [call()],
                [replace(RINGING, staff_id=8), replace(consults("desk-1-8-2"), staff_id=7)],
            ),
            ["unheard"],
        ),
        (seen([IN_ROOM], [], [], present=[]), ["stray"]),
        (seen([], [call()], [TALKING]), ["caller-gone", "call-gone"]),
        (seen([], [call("queued")], []), ["call-gone"]),
        (seen([IN_ROOM], [call()], []), ["alone"]),
        (seen([channel("desk-1-7-1", "", up=False)], [call("offered", "out")], [DIALLING]), []),
        (seen([], [call("offered", "out")], [DIALLING]), ["caller-gone"]),
        (
            seen(
                [IN_ROOM],
                [call()],
                [TALKING],
                present=[Present(1, LEG, "agent", 7, LONG_AGO), Present(1, CALLER, "caller", None, LONG_AGO)],
            ),
            ["stay"],
        ),
        (
            seen([IN_ROOM, channel(LEG, "Wait", "3600")], [call("held")], [replace(TALKING, state=HOLDING)]),
            [],
        ),
    ],
)
def test_what_disagrees_is_named(what: Seen, found: list[str]) -> None:
    assert [doubt.what for doubt in doubts(what, grace=GRACE)] == found


def test_a_legs_name_tells_whose_it_is() -> None:
    name = LegName(Role.AGENT, 12, 7, 345)
    assert leg_name(str(name)) == name
    for other in ("hotline-1795401784.0", "desk-1-2", "desk-a-1-1", "", "boss-1-1-1"):
        assert leg_name(other) is None


@pytest.mark.parametrize(
    ("application", "data", "up", "place"),
    [
        ("ConfBridge", f"{CALLER},hotline,caller", True, Place.ROOM),
        ("ConfBridge", f"consult-{CALLER},hotline,third", True, Place.CONSULT),
        ("Wait", "3600", True, Place.ASIDE),
        ("AGI", "agi://127.0.0.1/waiting", True, Place.WAITING),
        ("BackGround", "/cache/ab/abc&/cache/cd/cde,p", True, Place.WAITING),
        ("", "", False, Place.RINGING),
        ("Playback", "core/farewell", True, None),
    ],
)
def test_what_a_channel_runs_tells_where_it_is(
    application: str, data: str, up: bool, place: Place | None
) -> None:
    assert place_of(application, data, up) is place


def test_a_conference_is_a_room_or_the_consultation_beside_it() -> None:
    assert room_of(CALLER) == (CALLER, False)
    assert room_of(f"consult-{CALLER}") == (CALLER, True)
