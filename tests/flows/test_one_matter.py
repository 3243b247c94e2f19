"""One matter by telephone and by text: the same appointment, the same journal but for the channel."""

import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from core import journal
from core.booking.tables import Appointment
from core.database import open_database
from core.sealing import AesSealer
from core.work import Hotline
from sms.texts import SIGNATURE
from sms.words import refusal
from tests.callers import Caller
from tests.clocks import FrozenClock, SeededChance
from tests.conftest import MASTER
from tests.ivr.town import LI, Town, town
from tests.sms.texting import texting_in

AREAS = frozenset({"slot", "hold", "appointment", "payment", "refund", "credit"})
WHAT = (
    Appointment.state, Appointment.doctor_id, Appointment.day, Appointment.starts_at, Appointment.ends_at,
    Appointment.fee_fen, Appointment.pay_mode, Appointment.person_id, Appointment.contact_print,
    Appointment.reason,
)  # fmt: skip
MATTERS = {
    "booked": {"phone": ["1{tail}1."], "sms": ["预约心内科陈建国11月26日上午", "1"]},
    "booked and given up": {
        "phone": ["1{tail}1.", "41."],
        "sms": ["预约心内科陈建国11月26日上午", "1", "取消", "1"],
    },
    "booked and kept": {
        "phone": ["1{tail}1.", "42."],
        "sms": ["预约心内科陈建国11月26日上午", "1", "取消", "0"],
    },
}


@pytest.fixture
async def places(sqlite_model: Path, in_memory: Path) -> AsyncIterator[dict[str, Town]]:
    """The same town once for each channel."""
    async with AsyncExitStack() as stack:
        made = {}
        for channel in WAYS:
            copy, clock = in_memory / f"{channel}.db", FrozenClock.at("2026-11-23 10:00")
            shutil.copy(sqlite_model, copy)
            database = open_database(f"sqlite+aiosqlite:///{copy}")
            stack.push_async_callback(database.close)
            hotline = Hotline(database, clock, SeededChance(12320), AesSealer(MASTER), demo=True)
            made[channel] = await town(hotline, clock)
        yield made


async def by_phone(place: Town, calls: list[str]) -> None:
    for number, keys in enumerate(calls):
        await place.desk.receive(Caller(place.keys(keys), id=f"call-{number}"))


async def by_text(place: Town, texts: list[str]) -> None:
    post = texting_in(place.clinic)
    for text in texts:
        await post.says(text, LI)


WAYS: dict[str, Callable[[Town, list[str]], Awaitable[None]]] = {"phone": by_phone, "sms": by_text}


async def told(place: Town, since: journal.Cursor) -> list[tuple[str, str | None, dict[str, Any]]]:
    """Kind, channel and facts of what happened to slots, appointments and money; ids that chance gave left out."""
    async with place.hotline.read() as db:
        entries = await journal.entries(db, since, 10_000)
    found = []
    for entry in entries:
        if entry.event.kind.partition(".")[0] in AREAS:
            facts = entry.event.model_dump(mode="json")
            found.append(
                (entry.event.kind, entry.channel, {k: v for k, v in facts.items() if k != "hold_id"})
            )
    return found


async def newest(place: Town) -> tuple[Any, ...]:
    async with place.hotline.read() as db:
        return tuple((await db.execute(select(*WHAT).order_by(Appointment.id.desc()).limit(1))).one())


@pytest.mark.req("R-011", "R-057")
@pytest.mark.parametrize("matter", MATTERS)
async def test_the_same_matter_leaves_the_same_by_every_channel(matter: str, places: dict[str, Town]) -> None:
    made, happened = {}, {}
    for channel, act in WAYS.items():
        async with places[channel].hotline.read() as db:
            since = await journal.end(db)
        await act(places[channel], MATTERS[matter][channel])
        made[channel] = await newest(places[channel])
        happened[channel] = await told(places[channel], since)
        assert {channel for _, channel, _ in happened[channel]} == {channel}
    assert made["phone"] == made["sms"]
    assert [(kind, facts) for kind, _, facts in happened["phone"]] == [
        (kind, facts) for kind, _, facts in happened["sms"]
    ]


REFUSED = {
    "limit-live": ("limit.live", "0"),
    "channel-closed": ("channel.open", "no"),
    "outside-booking-hours": ("booking.hours", "11:00-12:00"),
}


@pytest.mark.req("R-061", "R-064")
@pytest.mark.parametrize("code", REFUSED)
async def test_the_same_rule_refuses_by_every_channel_in_the_words_of_each(
    code: str, places: dict[str, Town]
) -> None:
    for place in places.values():
        await place.clinic.rule(*REFUSED[code])
    caller = Caller(places["phone"].keys("1{tail}2112111."))
    await places["phone"].desk.receive(caller)
    assert f"refusal-{code}" in caller.heard
    post = texting_in(places["sms"].clinic)
    heard = await post.says("预约心内科陈建国11月26日上午", LI)
    if "回1预约" in heard:
        heard = await post.says("1", LI)
    assert heard == f"{SIGNATURE}{refusal(code)}"
