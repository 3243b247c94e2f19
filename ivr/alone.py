"""Callers whom the switch led alone while we were away: back into our queue, or let be where they talk."""

from collections.abc import Sequence

import structlog

from core.contact import engine as contact
from core.contact import queueing
from core.contact.rules import State
from core.errors import Refusal
from core.work import Hotline
from ivr.board import Board, Leg
from ivr.legs import Place
from ivr.legwork import DESK
from ivr.switch_events import AgentConnected, Resynced, SwitchEvent
from ivr.switchboard import Switchboard

log = structlog.get_logger()


class Alone:
    """As `ivr.following.After`. Raises nothing."""

    def __init__(self, hotline: Hotline, board: Board, switchboard: Switchboard) -> None:
        self._hotline = hotline
        self._board = board
        self._switchboard = switchboard

    async def take(self, event: SwitchEvent, leg: Leg | None, here: Sequence[Leg]) -> None:
        """A caller whom the switch's own queue gave to somebody waits no more, and nobody fetches them."""
        match event:
            case AgentConnected():
                await self._served(event.linkedid)
            case Resynced():
                for caller in [one for one in self._board.legs.values() if one.name is None]:
                    await self._found(caller)
            case _:
                pass

    async def _found(self, caller: Leg) -> None:
        try:
            if caller.place is Place.SERVED:
                await self._served(caller.linked_id)
            elif caller.place is Place.ALONE:
                await self._switchboard.wait_again(caller.unique_id)
        except Refusal as refusal:  # gone by now, or the switch is
            log.info("a caller was not taken back", code=refusal.code)
        except Exception:  # a border: the others are taken back all the same
            log.exception("taking a caller back failed")

    async def _served(self, linked_id: str) -> None:
        async with self._hotline.work(DESK, fleeting=True) as work:
            found = await contact.by_linked_id(work.db, linked_id)
            if found is None or found.closed_at is not None:
                return
            await queueing.ended(work, found.id, "switch")
            if found.state in (State.NEW, State.IVR):
                await contact.move(work, found.id, State.QUEUED)
            await contact.move(work, found.id, State.TALKING)
