"""Commands of a shift: sign in and out, be ready, pause, ask for help."""

from collections.abc import Mapping
from typing import Any, Literal

from agent_desk.commands import Asked, Command, Nothing, Said, Seat
from core.contact import agents, hands
from core.errors import NotFound
from core.http.access import Access
from core.staff.tables import Staff

AT_THE_DESK = Access(functions=frozenset({"desk"}))


class SignIn(Asked):
    device: Literal["page", "phone"]


class Pause(Asked):
    reason: str


class Hand(Asked):
    text: str


async def sign_in(seat: Seat, asked: SignIn, _key: str) -> Said:
    async with seat.work(fleeting=True) as work:
        staff = await work.db.get(Staff, seat.staff_id)
        if staff is None:
            raise NotFound(facts={"what": "staff"})
        extension = seat.house.phones.extension(staff.number)
        agent = await agents.sign_in(work, seat.staff_id, extension=extension, device=asked.device)
    # Somebody who goes on with a shift at another device leaves no event.
    seat.floor.again(seat.staff_id, "me", "phone")
    seat.floor.presence.came(seat.staff_id)
    return {"state": agent.state, "extension": agent.extension}


async def sign_out(seat: Seat, _asked: Nothing, _key: str) -> Said:
    async with seat.work(fleeting=True) as work:
        agent = await agents.sign_out(work, seat.staff_id)
    return {"state": agent.state, "wanted": agent.wanted}


async def ready(seat: Seat, _asked: Nothing, _key: str) -> Said:
    async with seat.work(fleeting=True) as work:
        agent = await agents.be_ready(work, seat.staff_id)
    seat.house.nudge()
    return {"state": agent.state}


async def pause(seat: Seat, asked: Pause, _key: str) -> Said:
    async with seat.work(fleeting=True) as work:
        agent = await agents.pause(work, seat.staff_id, asked.reason)
    return {"state": agent.state, "wanted": agent.wanted}


async def hand(seat: Seat, asked: Hand, _key: str) -> Said:
    async with seat.work(fleeting=True) as work:
        return {"message_id": await hands.raise_hand(work, seat.staff_id, asked.text)}


COMMANDS: Mapping[str, Command[Any]] = {
    "sign-in": Command(AT_THE_DESK, SignIn, sign_in, "shift"),
    "sign-out": Command(AT_THE_DESK, Nothing, sign_out, "shift"),
    "ready": Command(AT_THE_DESK, Nothing, ready, "shift"),
    "pause": Command(AT_THE_DESK, Pause, pause, "shift"),
    "hand": Command(AT_THE_DESK, Hand, hand, "shift"),
}
