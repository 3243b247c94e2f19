"""Commands of the telephone: the operator's own call, and calls we owe."""

import re
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Literal

from pydantic import Field, ValidationInfo, field_validator

from agent_desk.commands import Asked, Command, Nothing, Said, Seat
from agent_desk.commands_shift import AT_THE_DESK
from core.contact import callbacks
from core.contact.calls import Calls, Target, TargetKind
from core.errors import CallGone

_ID = re.compile(r"[0-9]{1,12}")


class Whom(Asked):
    """value: a staff id, a skill ('' for any), a hospital id or a number, by kind."""

    kind: TargetKind
    value: str = Field(default="", max_length=20, repr=False)
    label: str = Field(default="", max_length=40)

    @field_validator("value")
    @classmethod
    def _an_id(cls, value: str, said: ValidationInfo) -> str:
        if said.data.get("kind") in (TargetKind.AGENT, TargetKind.HOSPITAL) and not _ID.fullmatch(value):
            raise ValueError("no id")
        return value

    @property
    def target(self) -> Target:
        return Target(self.kind, self.value, self.label)


class Keys(Asked):
    digits: str = Field(pattern=r"^[0-9*#]{1,32}$", repr=False)


class Owed(Asked):
    callback_id: int = Field(gt=0)


class Settled(Owed):
    state: Literal["done", "given-up"]


class Gap(Asked):
    on: bool
    why: str = Field(default="operator", max_length=20)


def _plain(act: Callable[[Calls, int], Awaitable[None]]) -> Command[Nothing]:
    """A command that needs nothing but to be said."""

    async def run(seat: Seat, _asked: Nothing, _key: str) -> Said:
        await act(seat.house.calls, seat.staff_id)
        return {}

    return Command(AT_THE_DESK, Nothing, run, "calls")


async def rejoin(seat: Seat, _asked: Nothing, _key: str) -> Said:
    """The phone of the page is registered (again)."""
    return {"rung": await seat.floor.presence.registered(seat.staff_id)}


async def consult(seat: Seat, asked: Whom, _key: str) -> Said:
    await seat.house.calls.consult(seat.staff_id, asked.target)
    return {}


async def transfer(seat: Seat, asked: Whom, _key: str) -> Said:
    await seat.house.calls.transfer(seat.staff_id, asked.target)
    return {}


async def keys(seat: Seat, asked: Keys, _key: str) -> Said:
    await seat.house.calls.keys(seat.staff_id, asked.digits)
    return {}


async def gap(seat: Seat, asked: Gap, _key: str) -> Said:
    agent = await seat.agent()
    if agent.interaction_id is None:
        raise CallGone(facts={"staff_id": seat.staff_id})
    await seat.floor.gaps.switch(agent.interaction_id, on=asked.on, why=asked.why)
    seat.floor.again(seat.staff_id, "call")
    return {"on": asked.on}


async def dial(seat: Seat, asked: Owed, _key: str) -> Said:
    """One's own or a shared one; a colleague's is refused."""
    async with seat.work() as work:
        await callbacks.take(work, asked.callback_id, seat.staff_id)
    return {"interaction_id": await seat.house.calls.dial(seat.staff_id, asked.callback_id)}


async def take(seat: Seat, asked: Owed, _key: str) -> Said:
    async with seat.work() as work:
        await callbacks.take(work, asked.callback_id, seat.staff_id)
    return {}


async def give_back(seat: Seat, asked: Owed, _key: str) -> Said:
    async with seat.work() as work:
        await callbacks.give_back(work, asked.callback_id, seat.staff_id)
    return {}


async def settle(seat: Seat, asked: Settled, _key: str) -> Said:
    async with seat.work() as work:
        await callbacks.settle(work, asked.callback_id, seat.staff_id, asked.state)
    return {}


COMMANDS: Mapping[str, Command[Any]] = {
    "refuse": _plain(lambda calls, staff_id: calls.refuse(staff_id)),
    "hold": _plain(lambda calls, staff_id: calls.hold(staff_id)),
    "retrieve": _plain(lambda calls, staff_id: calls.retrieve(staff_id)),
    "finish": _plain(lambda calls, staff_id: calls.finish(staff_id)),
    "complete": _plain(lambda calls, staff_id: calls.complete(staff_id)),
    "conference": _plain(lambda calls, staff_id: calls.conference(staff_id)),
    "abandon": _plain(lambda calls, staff_id: calls.abandon(staff_id)),
    "rejoin": Command(AT_THE_DESK, Nothing, rejoin, "calls"),
    "consult": Command(AT_THE_DESK, Whom, consult, "calls"),
    "transfer": Command(AT_THE_DESK, Whom, transfer, "calls"),
    "keys": Command(AT_THE_DESK, Keys, keys, "calls"),
    "dial": Command(AT_THE_DESK, Owed, dial, "calls"),
    "gap": Command(AT_THE_DESK, Gap, gap, "gap"),
    "callback.take": Command(AT_THE_DESK, Owed, take, "callbacks"),
    "callback.give-back": Command(AT_THE_DESK, Owed, give_back, "callbacks"),
    "callback.settle": Command(AT_THE_DESK, Settled, settle, "callbacks"),
}
