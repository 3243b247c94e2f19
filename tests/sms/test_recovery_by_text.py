"""A call that broke off while a slot was held goes on by text: one appointment, whoever comes first."""

import pytest

from core.booking import draft_continue
from core.booking.draft_end import leave
from core.contact import engine as contact
from core.errors import ChangedMeanwhile
from core.events import DraftHandedOn
from core.work import Hotline
from sms.inbound import Inbox
from tests.booking.room import NUMBER, Room, open_room
from tests.builders import CALLER
from tests.clocks import FrozenClock
from tests.pages import database_url
from tests.sms.texting import Texting, texting_in

__all__ = ["database_url"]  # SQLite alone: what differs between the databases is tested below the texts


@pytest.fixture
async def room(hotline: Hotline) -> Room:
    return await open_room(hotline)


@pytest.fixture
async def post(room: Room) -> Texting:
    return texting_in(room.clinic)


async def broken_off(room: Room, post: Texting, **fields: object) -> int:
    """The line is cut when a slot of Dr Chen is held; returns the draft. The text has arrived."""
    call, mark = await room.ring()
    seen = await room.save(await room.open(call, mark), **fields)
    seen = await room.choose(seen, await room.clinic.session("chen", slots=1))
    async with room.hotline.work(room.by()) as work:
        await leave(work, seen.draft_id)
    await room.hang_up(call)
    await post.deliver()
    post.seen = len(post.handset.got)
    return seen.draft_id


async def known(room: Room) -> dict[str, object]:
    person = await room.clinic.person("李秀英", phone=NUMBER)
    return {"person_id": person, "contact_phone": NUMBER}


@pytest.mark.req("I-014")
async def test_1_books_what_the_call_had_agreed_and_the_booking_is_the_answer(
    room: Room, post: Texting
) -> None:
    await broken_off(room, post, **await known(room))
    assert "的号为您留到10:10,回复1确认,或回拨12320" in post.handset.last
    told = await post.says("1确认", NUMBER)
    assert "已预约" in told
    assert told.count("【12320】") == 1
    assert await post.made() == [("booked", "sms")]
    (hop,) = await post.told(DraftHandedOn)
    assert (hop.was, hop.now) == ("desk", "sms")  # type: ignore[attr-defined]


async def test_1_again_tells_what_is(room: Room, post: Texting) -> None:
    await broken_off(room, post, **await known(room))
    await post.says("1", NUMBER)
    assert "已经约好了:李秀英,11月26日周四8:00" in await post.says("1", NUMBER)
    assert len(await post.made()) == 1


async def test_whoever_is_not_known_yet_gives_a_name_and_then_the_yes(room: Room, post: Texting) -> None:
    await broken_off(room, post)
    assert "请回复就诊人姓名" in await post.says("1", NUMBER)
    assert "张春花,市一医院" in await post.says("张春花", NUMBER)
    assert "已留号" in await post.says("1", NUMBER)
    assert await post.made() == [("provisional", "sms")]
    assert (await post.told(DraftHandedOn)) != []


async def test_a_family_is_asked_for_whom(room: Room, post: Texting) -> None:
    for name in ("李秀英", "王小宝"):
        await room.clinic.person(name, phone=NUMBER)
    await broken_off(room, post)
    assert "为谁约?1)李秀英 2)王小宝" in await post.says("1", NUMBER)
    assert "王小宝,市一医院" in await post.says("2", NUMBER)
    assert "已预约" in await post.says("确认", NUMBER)


async def test_0_gives_the_slot_back_at_once(room: Room, post: Texting) -> None:
    draft = await broken_off(room, post, **await known(room))
    assert "号已放回" in await post.says("0", NUMBER)
    assert (await room.load(draft)).state == "closed"
    assert "号已放回" in await post.says("1", NUMBER)
    assert await post.made() == []


async def test_too_late_is_told_with_the_way_on(room: Room, post: Texting, clock: FrozenClock) -> None:
    await broken_off(room, post, **await known(room))
    clock.advance(minutes=11)
    await room.lapse()
    assert "号已放回。要约请重新写" in await post.says("1", NUMBER)
    assert await post.made() == []


async def test_while_the_redial_goes_on_the_answer_says_so(room: Room, post: Texting) -> None:
    await broken_off(room, post, **await known(room))
    await room.open(*await room.ring())
    assert "正在电话里接着办" in await post.says("1", NUMBER)
    assert await post.made() == []


@pytest.mark.parametrize("first", ["text", "redial"])
async def test_of_a_redial_and_an_answer_that_cross_one_books(room: Room, post: Texting, first: str) -> None:
    draft = await broken_off(room, post, **await known(room))
    mark = room.hotline.sealer.fingerprint(NUMBER, "phone")
    async with room.hotline.read() as db:
        kept = await draft_continue.kept_for(db, room.hotline.sealer, mark, room.hotline.clock.now())
    assert kept is not None
    assert kept.draft_id == draft

    async def redial() -> None:
        async with room.hotline.work(CALLER) as work:
            opened = await contact.open_interaction(work, linked_id="again", dnis="12320", ani=NUMBER)
            await draft_continue.to_menu(work, kept, interaction_id=opened.interaction_id, owner="call:again")

    if first == "text":
        await post.says("1", NUMBER)
        with pytest.raises(ChangedMeanwhile):
            await redial()
        assert await post.made() == [("booked", "sms")]
    else:
        await redial()
        assert "正在电话里" in await post.says("1", NUMBER)
        assert await post.made() == []


async def test_a_turn_that_broke_behind_the_booking_books_once_and_says_it_once(
    room: Room, post: Texting, clock: FrozenClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    await broken_off(room, post, **await known(room))
    await post.write("1", NUMBER)
    settle = Inbox._settle

    async def dies(*_: object, **__: object) -> None:
        raise ConnectionResetError

    monkeypatch.setattr(Inbox, "_settle", dies)
    await post.outbox.carry_due()
    monkeypatch.setattr(Inbox, "_settle", settle)
    clock.advance(minutes=2)
    await post.deliver()
    assert post.handset.kinds == ["slot-kept", "booked"]
    assert len(await post.made()) == 1


async def test_another_number_answers_nothing(room: Room, post: Texting) -> None:
    await broken_off(room, post, **await known(room))
    assert "没有等您答复的事" in await post.says("1", "10787654321")
    assert await post.made() == []
