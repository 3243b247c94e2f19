"""The story of a call and of an appointment, in Chinese, without anything secret."""

import re
from datetime import UTC, datetime
from pathlib import Path
from types import UnionType
from typing import get_args, get_origin

import pytest

from core.contact import engine as contact
from core.contact.rules import Disposition, State
from core.events import (
    AgentMoved,
    AppointmentBooked,
    BookingRefused,
    DraftHandedOn,
    Event,
    InteractionClosed,
    InteractionMoved,
    LeaveCaseMoved,
    MatterDisposed,
    OfferEnded,
    OutboundEnded,
    RecordingFaulty,
    event_kinds,
)
from core.http.call_words import REACHED, STATES
from core.http.event_words import WORDS, Names
from core.values import Actor, ActorKind, Channel
from core.work import Hotline
from tests.builders import clinic
from tests.pages import Open, call

IVR = Actor(ActorKind.PATIENT, "ivr", Channel.PHONE)
STAGE = re.compile(r'reached\("([\w-]+)"\)')
OF_TYPE: dict[object, object] = {
    int: 1,
    str: "word",
    bool: False,
    datetime: datetime(2026, 11, 23, tzinfo=UTC),
    dict: {},
    list: [],
}
CODES = {
    (InteractionMoved.kind, "state"): State.QUEUED,
    (InteractionClosed.kind, "disposition"): Disposition.BOOKED,
    (AppointmentBooked.kind, "state"): "booked",
    (AgentMoved.kind, "state"): "ready",
    (MatterDisposed.kind, "first"): "booked",
    (RecordingFaulty.kind, "fault"): "lost",
    (MatterDisposed.kind, "second"): "new",
    (LeaveCaseMoved.kind, "state"): "accepted",
    (OfferEnded.kind, "state"): "lapsed",
    (OutboundEnded.kind, "outcome"): "key",
    (DraftHandedOn.kind, "was"): "menu",
    (DraftHandedOn.kind, "now"): "desk",
}


def sample(kind: str) -> Event:
    """Some event of this kind: every field filled with something of its type."""
    values: dict[str, object] = {}
    for name, field in event_kinds()[kind].model_fields.items():
        wanted = get_origin(field.annotation) or field.annotation
        if wanted is UnionType:
            wanted = get_args(field.annotation)[0]
        values[name] = CODES.get((kind, name), OF_TYPE[wanted])
    return event_kinds()[kind].model_validate(values)


@pytest.mark.parametrize("kind", sorted(event_kinds()))
def test_every_kind_of_event_has_words(kind: str) -> None:
    title, details, _ = WORDS[kind](sample(kind), Names())
    assert "\u4e00" <= title[0] <= "\u9fff"
    assert all(details)


def test_every_state_of_a_call_has_words() -> None:
    assert set(STATES) == set(State)


async def test_a_call_is_told_from_ring_to_end(open_pages: Open, hotline: Hotline) -> None:
    interaction = await call(hotline, "10912345678")
    async with hotline.work(IVR, interaction) as work:
        await contact.steps(work, interaction, [{"keys": "1"}])
        work.record(BookingRefused(code="slot-full", rule=None, verb="hold", session_id=None, person_id=None))
        await contact.close(work, interaction, Disposition.NOTHING)
    page = await (await (await open_pages()).get(f"/calls/{interaction}")).text()
    told = ["来电接入 12320", "按键：1", "没有办成", "通话结束：未办理"]
    assert [page.find(words) for words in told] == sorted(page.find(words) for words in told)
    assert page.find(told[0]) > 0
    assert "109****5678" in page
    assert "10912345678" not in page


@pytest.mark.parametrize(
    ("taken", "words"),
    [
        ({"said": ["greeting", "menu"]}, "播放：您好。请选择……。"),
        ({"keys": "12"}, "按键：12"),
        ({"keys": ""}, "没有按键"),
        ({"keyed": 18}, "按键：18 位（不记录）"),
        ({"recorded": "m1", "seconds": 12}, "留言（12 秒）"),
        ({"hung-up": "caller"}, "来电人挂断"),
    ],
)
async def test_a_step_of_the_menu_is_a_sentence(
    open_pages: Open, hotline: Hotline, taken: dict[str, object], words: str
) -> None:
    interaction = await call(hotline)
    async with hotline.work(IVR, interaction) as work:
        await contact.steps(work, interaction, [taken])
    pages = await open_pages(sentence={"greeting": "您好。", "menu": "请选择{hospital}。"}.__getitem__)
    assert words in await (await pages.get(f"/calls/{interaction}")).text()


def test_every_stage_that_a_dialogue_names_has_words() -> None:
    named = {stage for file in Path("ivr").glob("*.py") for stage in STAGE.findall(file.read_text())}
    assert named
    assert named <= set(REACHED)


async def test_an_appointment_has_a_story_under_its_serial(open_pages: Open, hotline: Hotline) -> None:
    made = await clinic(hotline)
    booked = await made.book(await made.session(), await made.person("欧阳海燕"))
    page = await (await (await open_pages()).get(f"/appointments/{booked.serial}")).text()
    assert "预约（预约成功）" in page
    assert "欧***" in page
    assert "欧阳海燕" not in page


@pytest.mark.parametrize("path", ["/calls/999", "/appointments/00000000", "/calls/abc"])
async def test_a_story_nobody_knows_is_404(open_pages: Open, path: str) -> None:
    assert (await (await open_pages()).get(path)).status == 404
