"""Announcements: their life, who may write whose, what everybody reads, and words that are only words."""

from dataclasses import replace
from datetime import date

import pytest
from sqlalchemy import select, update

from core import events
from core.catalogue.tables import Hospital
from core.errors import ChangedMeanwhile, NotAllowed, NotFound, WrongInput
from core.journal import JournalRow
from core.site import engine, view
from core.site.rules import MOST_BODY, Draft, Kind, checked, paragraphs
from core.staff.tables import AuditEntry
from core.values import Actor, ActorKind
from core.work import Hotline
from tests.builders import SEED, clinic
from tests.clocks import FrozenClock

TODAY = date(2026, 11, 23)
DRAFT = Draft("notice", "门诊安排", "元旦停诊一天。", TODAY)
WRITER = Actor(ActorKind.STAFF, "guanli", functions=frozenset({"announcements"}))


async def written(hotline: Hotline, draft: Draft = DRAFT, *, published: bool = True) -> int:
    async with hotline.work(WRITER) as work:
        made = await engine.write(work, draft)
        if published:
            await engine.publish(work, made, 1)
    return made


async def titles(hotline: Hotline, today: date = TODAY, **which: object) -> list[str]:
    async with hotline.read() as db:
        rows, found = await view.listed(db, today, **which)  # type: ignore[arg-type] # told by the test
    assert found >= len(rows)
    return [row.title for row in rows]


@pytest.mark.req("R-072")
async def test_an_announcement_is_read_from_its_publishing_to_its_withdrawal(hotline: Hotline) -> None:
    made = await written(hotline, published=False)
    assert await titles(hotline) == []
    async with hotline.work(WRITER) as work:
        await engine.publish(work, made, 1)
    assert await titles(hotline) == ["门诊安排"]
    async with hotline.work(WRITER) as work:
        await engine.change(work, made, replace(DRAFT, title="门诊安排（更正）"), 2)
    assert await titles(hotline) == ["门诊安排（更正）"]
    async with hotline.work(WRITER) as work:
        await engine.withdraw(work, made, 3)
    assert await titles(hotline) == []
    async with hotline.read() as db:
        with pytest.raises(NotFound):
            await view.read(db, TODAY, made)
        kinds = (await db.execute(select(JournalRow.kind).order_by(JournalRow.id))).scalars().all()
        acts = (await db.execute(select(AuditEntry.act).order_by(AuditEntry.id))).scalars().all()
    assert kinds == [
        one.kind
        for one in (
            events.AnnouncementWritten,
            events.AnnouncementPublished,
            events.AnnouncementChanged,
            events.AnnouncementWithdrawn,
        )
    ]
    assert [act.removeprefix("announcement-") for act in acts] == [
        "written",
        "published",
        "changed",
        "withdrawn",
    ]


async def test_it_is_read_on_its_days_and_no_others(hotline: Hotline) -> None:
    await written(hotline, replace(DRAFT, first_day=date(2026, 11, 24), last_day=date(2026, 11, 25)))
    days = [date(2026, 11, day) for day in (23, 24, 25, 26)]
    assert [len(await titles(hotline, day)) for day in days] == [0, 1, 1, 0]


async def test_what_was_changed_meanwhile_is_not_overwritten(hotline: Hotline) -> None:
    made = await written(hotline)
    async with hotline.work(WRITER) as work:
        await engine.change(work, made, replace(DRAFT, title="别人改的"), 2)
    for late in (
        lambda work: engine.change(work, made, replace(DRAFT, title="我改的"), 2),
        lambda work: engine.withdraw(work, made, 2),
        lambda work: engine.publish(work, made, 3),
    ):
        with pytest.raises(ChangedMeanwhile):
            async with hotline.work(WRITER) as work:
                await late(work)
    assert await titles(hotline) == ["别人改的"]


async def test_what_is_over_is_not_published(hotline: Hotline, clock: FrozenClock) -> None:
    made = await written(hotline, replace(DRAFT, last_day=TODAY), published=False)
    clock.advance(days=1)
    with pytest.raises(WrongInput):
        async with hotline.work(WRITER) as work:
            await engine.publish(work, made, 1)


@pytest.mark.req("R-167")
async def test_staff_of_a_hospital_write_for_it_alone(hotline: Hotline) -> None:
    here, there = await clinic(hotline), await clinic(hotline, 2)
    theirs = await written(hotline, replace(DRAFT, hospital_id=there.hospital_id))
    everybodys = await written(hotline)
    by = replace(WRITER, hospital_id=here.hospital_id)
    mine = replace(DRAFT, hospital_id=here.hospital_id)
    async with hotline.work(by) as work:
        made = await engine.write(work, mine)
    for act in (
        lambda work: engine.write(work, DRAFT),
        lambda work: engine.write(work, replace(DRAFT, hospital_id=there.hospital_id)),
        lambda work: engine.change(work, theirs, mine, 2),
        lambda work: engine.change(work, made, DRAFT, 1),
        lambda work: engine.withdraw(work, theirs, 2),
        lambda work: engine.withdraw(work, everybodys, 2),
    ):
        with pytest.raises(NotAllowed):
            async with hotline.work(by) as work:
                await act(work)
    async with hotline.read() as db:
        rows, found = await view.written(db, by)
        assert ([row.announcement_id for row in rows], found) == ([made], 1)
        with pytest.raises(NotAllowed):
            await view.one(db, by, theirs)


async def test_nobody_writes_without_the_function(hotline: Hotline) -> None:
    with pytest.raises(NotAllowed):
        async with hotline.work(Actor(ActorKind.STAFF, "8001")) as work:
            await engine.write(work, DRAFT)


async def test_the_first_page_shows_the_pinned_and_the_newest(hotline: Hotline, clock: FrozenClock) -> None:
    town = await clinic(hotline)
    await written(hotline, replace(DRAFT, title="置顶", pinned=True))
    for number in range(6):
        clock.advance(minutes=1)
        await written(hotline, replace(DRAFT, title=f"第{number}条"))
    await written(hotline, replace(DRAFT, title="医院的", hospital_id=town.hospital_id, pinned=True))
    async with hotline.read() as db:
        first = await view.newest(db, TODAY)
        hospitals = await view.newest(db, TODAY, hospital_id=town.hospital_id)
    assert [row.title for row in first] == ["置顶", "第5条", "第4条", "第3条", "第2条"]
    assert [row.title for row in hospitals] == ["医院的"]
    # Of all of them a hospital's is not on top; among its own it is.
    assert (await titles(hotline))[:2] == ["置顶", "医院的"]
    async with hotline.work(SEED) as work:
        await work.db.execute(update(Hospital).values(state="suspended"))
    assert "医院的" not in await titles(hotline)


async def test_a_list_is_cut_into_pages_and_kinds(hotline: Hotline, clock: FrozenClock) -> None:
    for number in range(12):
        clock.advance(minutes=1)
        kind = Kind.NEWS if number % 2 else Kind.GUIDE
        await written(hotline, replace(DRAFT, kind=kind, title=str(number)))
    assert await titles(hotline) == [str(number) for number in range(11, 1, -1)]
    assert await titles(hotline, page=2) == ["1", "0"]
    assert await titles(hotline, kind="news") == ["11", "9", "7", "5", "3", "1"]


# --- words --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "field", "why"),
    [
        ({"title": "  "}, "title", "empty"),
        ({"title": "长" * 61}, "title", "long"),
        ({"body": "\n\x00\n"}, "body", "empty"),
        ({"body": "长" * (MOST_BODY + 1)}, "body", "long"),
        ({"kind": "advert"}, "kind", "unknown"),
        ({"last_day": date(2026, 11, 22)}, "until", "before"),
    ],
)
def test_a_draft_says_what_is_wrong_with_it(changes: dict[str, object], field: str, why: str) -> None:
    with pytest.raises(WrongInput) as refused:
        checked(replace(DRAFT, **changes))  # type: ignore[arg-type] # what a form may bring
    assert (refused.value.facts["field"], refused.value.facts["why"]) == (field, why)


def test_what_no_keyboard_writes_is_left_out() -> None:
    draft = checked(replace(DRAFT, title=" 停\x00诊\u202e  通知 ", body="一\x07\r\n\r\n\t二 \r\n"))
    assert (draft.title, draft.body) == ("停诊 通知", "一\n\n 二")


@pytest.mark.parametrize(
    ("line", "paths"),
    [
        ("请看 /hospitals/12 的页面。", ["/hospitals/12"]),
        ("查号/search，找医院/hospitals", ["/search", "/hospitals"]),
        ("https://elsewhere.example/search", []),
        ("//search", []),
        ("/search@elsewhere.example", []),
        ("/hospitals/12/../../staff", []),
        ("/staff/money", []),
        ("javascript:alert(1)//search", []),
        ("/doctors/3?day=x", []),
        ("（/doctors/3）", ["/doctors/3"]),
    ],
)
def test_only_our_own_pages_become_links(line: str, paths: list[str]) -> None:
    ((pieces,),) = paragraphs(line)
    assert [piece.path for piece in pieces if piece.path] == paths
    assert "".join(piece.text for piece in pieces) == line


def test_an_empty_line_begins_a_paragraph_and_others_stay() -> None:
    told = paragraphs("一\n二\n\n \n三")
    assert [[line[0].text for line in block] for block in told] == [["一", "二"], ["三"]]
