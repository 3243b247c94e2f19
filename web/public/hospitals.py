"""The hospitals: a list to choose from, and each with its rules and its departments."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from aiohttp import web

from core.accounts.favourites import HOSPITAL
from core.catalogue import browse, browse_posts
from core.catalogue.browse import Area, Choices
from core.catalogue.browse_posts import DepartmentLine
from core.credit.engine import rules_for
from core.http.patients import patient
from core.schedule.browse import Room, rooms
from core.site import view as site
from core.values import day_of
from web.house import HOUSE
from web.mine.keeping import keeping
from web.public import finding, frame, notes, query, words
from web.public.announcements import KINDS
from web.public.finding import Choice
from web.public.query import Pages

ON_A_PAGE = 10


@frame.public
async def hospitals(request: web.Request) -> web.Response:
    """Chosen by region, grade and kind, or found by name and pinyin (I-006)."""
    asked, number = request.query, query.page_number(request.query)
    typed = query.text(asked, "q")
    async with request.app[HOUSE].hotline.read() as db:
        choices = await browse.choices(db)
        area, grade, kind = _chosen(asked, choices)
        ranks: dict[int, int] | None = None
        if typed:
            hits = await finding.found(request, db, typed, "hospital")
            ranks = {one.id: rank for rank, one in enumerate(hits)}
        ids = await browse.hospital_ids(
            db, regions=area.ids if area else None, grade=grade, kind=kind, among=ranks and ranks.keys()
        )
        if ranks:
            ids.sort(key=ranks.__getitem__)
        values = {"region": area.code if area else "", "grade": grade, "kind": kind, "q": typed}
        path = f"{frame.base(request)}/hospitals"
        pages = Pages.counted(number, len(ids), ON_A_PAGE, path, **values)
        lines = await browse.hospitals(db, ids[(number - 1) * ON_A_PAGE : number * ON_A_PAGE])
    return frame.show(
        request,
        "hospitals",
        "hospitals",
        lines=lines,
        found=len(ids),
        pages=pages,
        asked=values,
        areas=[Choice(one.code, one.name) for one in choices.areas],
        grades=finding.grades(choices),
        kinds=finding.kinds(choices),
        kind_names=words.HOSPITALS,
    )


def _chosen(asked: Mapping[str, str], choices: Choices) -> tuple[Area | None, str, str]:
    """Region, grade, kind. A grade that no hospital has just now finds none. Raises Wrong."""
    area = query.chosen(asked, "region", {one.code: one for one in choices.areas})
    grade = query.chosen(asked, "grade", {one: one for one in (*words.GRADES, *choices.grades)})
    kind = query.chosen(asked, "kind", {one: one for one in (*words.HOSPITALS, *choices.kinds)})
    return area, grade or "", kind or ""


@frame.public
async def hospital(request: web.Request) -> web.Response:
    house, key = request.app[HOUSE], int(request.match_info["id"])
    now, who = house.hotline.clock.now(), await patient(request)
    async with house.hotline.read() as db:
        facts = await browse.hospital(db, key)
        departments = await browse_posts.departments(db, key)
        left = await rooms(db, key, now=now)
        book = await rules_for(db, key)
        kept = await keeping(request, db, who, HOSPITAL, key)
        announcements = await site.newest(db, day_of(now), hospital_id=key)
    return frame.show(
        request,
        "hospital",
        "hospitals",
        it=facts,
        keeping=kept,
        kind=words.HOSPITALS.get(facts.kind, facts.kind),
        website=facts.website if facts.website.startswith(("http://", "https://")) else "",
        departments=[_row(one, left.get(one.id, Room()), now) for one in departments],
        notes=notes.of_hospital(book),
        announcements=announcements,
        announcement_kinds=KINDS,
    )


@dataclass(frozen=True)
class DepartmentRow:
    """A department with what is left in it; words: why there is nothing, or how much there is."""

    it: DepartmentLine
    free: int
    words: str


def _row(it: DepartmentLine, room: Room, now: datetime) -> DepartmentRow:
    if room.free:
        return DepartmentRow(it, room.free, f"余 {room.free}")
    return DepartmentRow(it, 0, f"{words.when(room.opens, now)} 放号" if room.opens else "暂时没有号")


routes = [
    web.get("/hospitals", hospitals, name="hospitals"),
    web.get(r"/hospitals/{id:\d{1,12}}", hospital, name="hospital"),
]
