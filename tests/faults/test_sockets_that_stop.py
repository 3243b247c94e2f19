"""Pages at the end of a real wire that stop reading: cut in time with a reason, and nobody else notices."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import pytest

import agent_desk.wall_socket
from tests.desks import OpenRoom, Room, desk_house, desk_phones, desk_switch, open_room
from tests.entering import cookie
from tests.pages import database_url, engine, feed, house, rendering, switch, texts, voice

__all__ = [
    "database_url", "desk_house", "desk_phones", "desk_switch", "engine", "feed", "house", "open_room",
    "rendering", "switch", "texts", "voice",
]  # fmt: skip

SUPERVISOR = ("desk", "supervise", "wall")


@asynccontextmanager
async def deaf_page(room: Room, staff_id: int, path: str) -> AsyncIterator[socket.socket]:
    """A page whose socket is open and which reads nothing more than the answer to its upgrade."""
    kept = await cookie(room.client, room.hotline, staff_id)
    loop = asyncio.get_running_loop()
    with socket.socket() as wire:
        wire.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        wire.setblocking(False)
        await loop.sock_connect(wire, ("127.0.0.1", room.client.port))
        lines = (
            f"GET {path} HTTP/1.1",
            f"Host: 127.0.0.1:{room.client.port}",
            "Upgrade: websocket",
            "Connection: Upgrade",
            "Sec-WebSocket-Version: 13",
            "Sec-WebSocket-Key: MTIzMjAxMjMyMDEyMzIwMQ==",
            "Cookie: " + "; ".join(f"{name}={value}" for name, value in kept.items()),
        )
        await loop.sock_sendall(wire, "\r\n".join((*lines, "", "")).encode())
        assert (await loop.sock_recv(wire, 12)).endswith(b"101")
        yield wire


async def is_over(wire: socket.socket) -> None:
    """What was still under way comes, and then the wire is broken; it does not go on for ever."""
    loop = asyncio.get_running_loop()
    async with asyncio.timeout(20):
        with suppress(ConnectionError):  # closed politely would be as good
            while await loop.sock_recv(wire, 1 << 20):
                pass


def cuts(room: Room) -> dict[str, float]:
    return {
        sample.labels["why"]: sample.value
        for metric in room.house.metrics.registry.collect()
        for sample in metric.samples
        if sample.name == "hotline_desks_cut_total"
    }


async def test_a_desk_that_stops_reading_is_cut_and_the_others_go_on(open_room: OpenRoom) -> None:
    room = await open_room(behind=8, stuck_s=0.2)
    slow, other = await room.operator(), await room.operator()
    page = await room.ready(other)
    async with deaf_page(room, slow, "/desk/socket?page=a-deaf-page") as wire:
        await room.until(lambda: _is(room.floor.present(slow)))
        desk = room.floor.desk(slow)
        assert desk
        most = 0
        while room.floor.present(slow):
            desk.line.say(json.dumps({"changed": {"queue": "x" * 200_000}}))
            most = max(most, desk.line._out.qsize())
            await asyncio.sleep(0)
        assert most <= 8  # whoever does not take it does not fill our memory
        await is_over(wire)
    assert sum(cuts(room).values()) == 1
    call = await room.switch.comes_in()
    assert await room.switch.offers(call, other)
    await page.until(lambda parts: parts["call"] and parts["call"]["state"] == "ringing")


async def test_a_wall_that_stops_reading_is_cut_and_the_desks_go_on(
    open_room: OpenRoom, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    room = await open_room(stuck_s=0.2)
    boss, operator = await room.operator(*SUPERVISOR), await room.operator()
    page = await room.ready(operator)
    # More than any wire holds.
    monkeypatch.setattr(agent_desk.wall_socket, "told", lambda *_given: "x" * 4_000_000)
    async with deaf_page(room, boss, "/wall/socket") as wire:
        await is_over(wire)
    call = await room.switch.comes_in()
    assert await room.switch.offers(call, operator)
    await page.until(lambda parts: parts["call"] and parts["call"]["state"] == "ringing")
    assert capsys.readouterr().out.count("a wall took nothing and was cut") == 1


async def _is(value: object) -> object:
    return value
