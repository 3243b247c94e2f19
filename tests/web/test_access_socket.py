"""Every command of a desk against everybody, as declared and over the socket itself; and the wall's socket.

A new command needs its line here; one that asks for a new field needs something that fits it.
"""

from collections.abc import Mapping
from typing import Any

import pytest
from aiohttp import ClientWebSocketResponse, WSServerHandshakeError
from sqlalchemy import select

from agent_desk.commands import Command
from agent_desk.socket import COMMANDS
from core.contact.agent_tables import Agent
from core.http.access import access_of
from hotline import demo_staff
from tests.builders import clinic
from tests.desks import Page, Room
from tests.entering import account, cookie
from tests.matrix import WHO, differences, functions_of, staff_id, table

# Beside the staff of the demo: who has only the desk, or the desk and one function more.
PARTS: Mapping[str, frozenset[str]] = {
    "desk": frozenset({"desk"}),
    "desk-book": frozenset({"desk", "book"}),
    "desk-query": frozenset({"desk", "query"}),
    "desk-reveal": frozenset({"desk", "reveal"}),
}
EVERYBODY: Mapping[str, frozenset[str] | None] = {**{who: functions_of(who) for who in WHO}, **PARTS}

OPEN_TO = """
                                                       -    8001 9001 9101 yiyu guan admi desk +boo +que +rev
appointment.cancel                                     .    x    x    .    .    .    x    .    x    .    .
card.check                                             .    x    x    .    .    .    x    .    x    .    .
draft.choose                                           .    x    x    .    .    .    x    .    x    .    .
draft.commit                                           .    x    x    .    .    .    x    .    x    .    .
draft.new                                              .    x    x    .    .    .    x    .    x    .    .
draft.release                                          .    x    x    .    .    .    x    .    x    .    .
draft.save                                             .    x    x    .    .    .    x    .    x    .    .
outbound.accept                                        .    x    x    .    .    .    x    .    x    .    .
outbound.dial                                          .    x    x    .    .    .    x    .    x    .    .
outbound.give-back                                     .    x    x    .    .    .    x    .    x    .    .
outbound.settle                                        .    x    x    .    .    .    x    .    x    .    .
outbound.take                                          .    x    x    .    .    .    x    .    x    .    .
waiting.join                                           .    x    x    .    .    .    x    .    x    .    .
matter.next                                            .    x    x    .    .    .    x    .    x    .    .
person.pick                                            .    x    x    .    .    .    x    .    x    .    .
catalogue.search                                       .    x    x    .    x    .    x    .    x    x    .
equivalents                                            .    x    x    .    x    .    x    .    x    x    .
person.search                                          .    x    x    .    x    .    x    .    x    x    .
slots                                                  .    x    x    .    x    .    x    .    x    x    .
abandon                                                .    x    x    .    .    .    x    x    x    x    x
callback.give-back                                     .    x    x    .    .    .    x    x    x    x    x
callback.settle                                        .    x    x    .    .    .    x    x    x    x    x
callback.take                                          .    x    x    .    .    .    x    x    x    x    x
complete                                               .    x    x    .    .    .    x    x    x    x    x
conference                                             .    x    x    .    .    .    x    x    x    x    x
consult                                                .    x    x    .    .    .    x    x    x    x    x
dial                                                   .    x    x    .    .    .    x    x    x    x    x
dispose                                                .    x    x    .    .    .    x    x    x    x    x
finish                                                 .    x    x    .    .    .    x    x    x    x    x
gap                                                    .    x    x    .    .    .    x    x    x    x    x
hand                                                   .    x    x    .    .    .    x    x    x    x    x
hold                                                   .    x    x    .    .    .    x    x    x    x    x
keys                                                   .    x    x    .    .    .    x    x    x    x    x
pause                                                  .    x    x    .    .    .    x    x    x    x    x
ready                                                  .    x    x    .    .    .    x    x    x    x    x
refuse                                                 .    x    x    .    .    .    x    x    x    x    x
rejoin                                                 .    x    x    .    .    .    x    x    x    x    x
retrieve                                               .    x    x    .    .    .    x    x    x    x    x
sign-in                                                .    x    x    .    .    .    x    x    x    x    x
sign-out                                               .    x    x    .    .    .    x    x    x    x    x
transfer                                               .    x    x    .    .    .    x    x    x    x    x
reveal                                                 .    .    x    .    .    .    x    .    .    .    x
"""

# Something of the right shape for each field, of which there is nothing.
FITS: Mapping[str, object] = {
    "appointment_id": 999_999,
    "callback_id": 999_999,
    "call_id": 999_999,
    "card": "C0001",
    "changes": {},
    "day": "2026-11-26",
    "device": "page",
    "digits": "1",
    "draft_id": 999_999,
    "field": "identity",
    "first": "advice",
    "hospital_id": 999_999,
    "how": "kept",
    "kind": "hospital",
    "matter_id": 999_999,
    "name": "李秀英",
    "on": True,
    "person_id": 999_999,
    "q": "li",
    "reason": "meal",
    "second": "route",
    "session_id": 999_999,
    "state": "done",
    "text": "请看一下",
    "value": "999999",
    "version": 1,
}


def test_every_command_is_declared_for_whom_the_table_says() -> None:
    found = {}
    for name, command in COMMANDS.items():
        access = access_of(command)
        assert access is not None, f"{name} declares nothing"
        open_to = [
            functions is not None
            and (not access.functions or bool(access.functions & functions))
            and access.also <= functions
            for functions in EVERYBODY.values()
        ]
        found[name] = "".join("x" if one or access.everybody else "." for one in open_to)
    changes = differences(table(OPEN_TO, len(EVERYBODY)), found)
    assert not changes, "\n" + "\n".join(changes)


@pytest.mark.req("R-163", "R-164")
async def test_every_command_sent_over_the_socket_is_done_for_whom_the_table_says(room: Room) -> None:
    """Nobody without the desk comes so far as to send one."""
    await clinic(room.hotline)
    await demo_staff.write(room.hotline)
    found: dict[str, str] = dict.fromkeys(COMMANDS, "")
    for who, functions in EVERYBODY.items():
        page = await desk_of(room, who) if functions and "desk" in functions else None
        for name, command in COMMANDS.items():
            found[name] += "." if page is None else await mark(page, name, command)
    wanted = {
        name: "".join(
            said if functions and "desk" in functions else "."
            for said, functions in zip(marks, EVERYBODY.values(), strict=True)
        )
        for name, marks in table(OPEN_TO, len(EVERYBODY)).items()
    }
    changes = differences(wanted, found)
    assert not changes, "\n" + "\n".join(changes)


async def desk_of(room: Room, who: str) -> Page:
    if who in PARTS:
        number = str(8101 + list(PARTS).index(who))
        return await room.open(await account(room.hotline, *PARTS[who], login=who, number=number))
    return await room.open(await staff_id(room.hotline, who))


async def mark(page: Page, name: str, command: Command[Any]) -> str:
    """x: not refused for want of a function; .: refused; !: it broke."""
    fields = command.asks.model_fields
    lacking = [field for field, one in fields.items() if one.is_required() and field not in FITS]
    assert lacking == [], f"nothing of FITS fits these of {name}"
    told = await page.answer(
        await page.send(name, **{field: FITS[field] for field in fields if field in FITS})
    )
    code = told.get("no", {}).get("code")
    return {"not-allowed": ".", "failure": "!"}.get(code, "x")


# --- the door of both sockets -------------------------------------------------------------------------

# What who is not let in is told: by nobody's login, or by the refusal with its code.
DOORS = """
                                                       -    8001 9001 9101 yiyu guan admi
/desk/socket?page=page-0001                            401  101  101  403  403  403  101
/wall/socket                                           401  403  101  403  403  403  101
"""
CODES = {"not-logged-in": 401, "not-allowed": 403}


@pytest.mark.req("R-163")
async def test_a_socket_opens_for_whom_the_table_says_and_others_are_told_why(room: Room) -> None:
    await clinic(room.hotline)
    await demo_staff.write(room.hotline)
    rows = [row.split() for row in DOORS.strip().splitlines()[1:]]
    found = {path: [await knock(room, path, who) for who in WHO] for path, *_ in rows}
    assert found == {path: [int(status) for status in wanted] for path, *wanted in rows}


async def knock(room: Room, path: str, who: str) -> int:
    """101 for who is let in; else the status, of a handshake and of the refusal with its code alike."""
    try:
        await (await opened(room, path, who)).close()
    except WSServerHandshakeError as refused:
        headers = await said_by(room, who) | {"Accept": "application/json"}
        told = await (await room.client.get(path, headers=headers)).json()
        return refused.status if CODES[told["code"]] == refused.status else -1
    return 101


async def opened(room: Room, path: str, who: str) -> ClientWebSocketResponse:
    return await room.client.ws_connect(path, headers=await said_by(room, who))


async def said_by(room: Room, who: str) -> dict[str, str]:
    if not who:
        return {}
    kept = await cookie(room.client, room.hotline, await staff_id(room.hotline, who))
    return {"Cookie": "; ".join(f"{name}={value}" for name, value in kept.items())}


@pytest.mark.req("R-163")
async def test_the_walls_socket_does_nothing_that_it_is_told(room: Room) -> None:
    """It has no commands: what is done from the wall are forms, each a route of its own."""
    await clinic(room.hotline)
    await demo_staff.write(room.hotline)
    wall = await opened(room, "/wall/socket", "admin")
    for number, (name, command) in enumerate(COMMANDS.items(), 1):
        given = {field: FITS[field] for field in command.asks.model_fields if field in FITS}
        await wall.send_json({"id": number, "do": name, "with": given})
    await wall.close()  # answered when all before it has been read
    async with room.hotline.read() as db:
        assert (await db.execute(select(Agent.staff_id))).all() == []
