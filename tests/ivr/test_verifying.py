"""How often the switch is asked for its whole list: as often as somebody could be hurt by what it says."""

import shutil
from datetime import timedelta
from pathlib import Path

import pytest

from core.contact import engine as contact
from core.contact.rules import State
from core.work import Hotline
from ivr.board import Board
from ivr.control import Control
from ivr.following import SWITCH
from ivr.recorder import NotRecording
from ivr.rooms import Rooms
from ivr.switch_events import ChannelOpened, Fields
from ivr.switchboard import Switchboard
from ivr.targets import Targets
from ivr.verifying import QUIET_EVERY, Verifier
from tests.clocks import FrozenClock

CALL = "hotline-1763.7"
IN_MENU = ChannelOpened("PJSIP/trunk-1", CALL, CALL, "10712345678", "12320")
RUNS_US = ChannelOpened("PJSIP/trunk-1", CALL, CALL, "10712345678", "12320", "AGI", "agi://…", up=True)


@pytest.fixture
def database_url(sqlite_model: Path, in_memory: Path) -> str:
    """SQLite only: nothing here differs between the databases."""
    shutil.copy(sqlite_model, in_memory / "test.db")
    return f"sqlite+aiosqlite:///{in_memory / 'test.db'}"


class Asked:
    """A switch with one call, which counts how often it is asked for all of them."""

    def __init__(self) -> None:
        self.lists: list[str] = []

    async def act(self, action: str, **_fields: object) -> Fields:
        raise AssertionError(f"nothing is to be done: {action}")

    async def ask_list(self, action: str, **_fields: object) -> list[Fields]:
        self.lists.append(action)
        one = {"event": "CoreShowChannel", "uniqueid": CALL, "linkedid": CALL, "application": "AGI"}
        return [one] if action == "CoreShowChannels" else []

    def taken(self) -> list[str]:
        lists, self.lists = self.lists, []
        return lists


def verifier_of(hotline: Hotline, board: Board) -> Verifier:
    recorder, targets = NotRecording(), Targets(outbound=False)
    switchboard = Switchboard(hotline, board, lambda: None, targets, gap=recorder.gap)
    rooms = Rooms(hotline, board, switchboard, targets, recorder)
    return Verifier(hotline, board, switchboard, rooms, grace=timedelta(seconds=25))


async def test_while_everybody_is_in_the_menu_the_list_is_asked_for_now_and_then(
    hotline: Hotline, clock: FrozenClock
) -> None:
    board, asked = Board(synced=True), Asked()
    board.opened(IN_MENU, clock.now())
    verifier = verifier_of(hotline, board)
    for _ in range(3):
        await verifier.look(Control(asked))
    assert asked.taken() == ["CoreShowChannels"]
    clock.advance(seconds=QUIET_EVERY.total_seconds())
    await verifier.look(Control(asked))
    assert asked.taken() == ["CoreShowChannels"]


@pytest.mark.parametrize("why", ["waits", "a leg of ours", "in a room", "after a snapshot"])
async def test_as_soon_as_there_is_something_to_compare_every_look_is_a_whole_one(
    why: str, hotline: Hotline, clock: FrozenClock
) -> None:
    board, asked = Board(synced=True), Asked()
    board.opened(IN_MENU, clock.now())
    verifier = verifier_of(hotline, board)
    await verifier.look(Control(asked))
    if why == "waits":
        async with hotline.work(SWITCH) as work:
            made = await contact.open_interaction(work, linked_id=CALL, dnis="12320", ani="10712345678")
            await contact.move(work, made.interaction_id, State.QUEUED)
    elif why == "a leg of ours":
        board.opened(ChannelOpened("PJSIP/8001-1", "desk-1-7-1", CALL, "", ""), clock.now())
    elif why == "in a room":
        board.entered(CALL, CALL, clock.now())
    else:
        board.start_from([RUNS_US], clock.now())
    asked.taken()
    for _ in range(3):
        await verifier.look(Control(asked))
    assert asked.taken() == ["CoreShowChannels"] * 3
