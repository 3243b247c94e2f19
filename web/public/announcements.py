"""Announcements: the list, ten on a page, and each one as paragraphs (I-005, R-072)."""

from collections.abc import Mapping

from aiohttp import web

from core.catalogue.engine import hospital_names
from core.site import view
from core.site.rules import Kind, paragraphs
from core.values import day_of
from web.house import HOUSE
from web.public import frame, query
from web.public.query import Pages, Wrong

KINDS: Mapping[str, str] = {Kind.NOTICE: "公告", Kind.NEWS: "动态", Kind.GUIDE: "就医指南"}


@frame.public
async def announcements(request: web.Request) -> web.Response:
    """All of them or one kind, of everybody or of one hospital."""
    asked, number = request.query, query.page_number(request.query)
    kind = query.chosen(asked, "kind", {one: one for one in KINDS}) or ""
    hospital_id = _hospital(asked)
    hotline = request.app[HOUSE].hotline
    async with hotline.read() as db:
        names = await hospital_names(db) if hospital_id is not None else {}
        if hospital_id is not None and hospital_id not in names:
            raise Wrong("没有这家医院。", 404)
        rows, found = await view.listed(
            db, day_of(hotline.clock.now()), kind=kind, hospital_id=hospital_id, page=number
        )
    path = f"{frame.base(request)}/announcements"
    return frame.show(
        request,
        "announcements",
        "announcements",
        rows=rows,
        found=found,
        kind=kind,
        kinds=KINDS,
        hospital=names.get(hospital_id, "") if hospital_id is not None else "",
        pages=Pages.counted(number, found, view.ON_A_PAGE, path, kind=kind, hospital=hospital_id or ""),
        of_kind=lambda one: query.address(path, kind=one, hospital=hospital_id or ""),
    )


def _hospital(asked: Mapping[str, str]) -> int | None:
    """Raises Wrong."""
    value = asked.get("hospital", "")
    if not value:
        return None
    if not (value.isascii() and value.isdigit() and len(value) < 13):
        raise Wrong("网址里的医院不对，请重新选择。")
    return int(value)


@frame.public
async def announcement(request: web.Request) -> web.Response:
    hotline = request.app[HOUSE].hotline
    async with hotline.read() as db:
        it = await view.read(db, day_of(hotline.clock.now()), int(request.match_info["id"]))
    return frame.show(
        request,
        "announcement",
        "announcements",
        it=it,
        kinds=KINDS,
        paragraphs=paragraphs(it.body),
        base=frame.base(request),
    )


routes = [
    web.get("/announcements", announcements, name="announcements"),
    web.get(r"/announcements/{id:\d{1,12}}", announcement, name="announcement"),
]
