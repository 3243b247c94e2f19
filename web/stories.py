"""The story of one call, or of one appointment: its journal, line by line. In the demo only."""

import re
from collections.abc import Iterable

from aiohttp import web
from sqlalchemy.ext.asyncio import AsyncSession

from core import journal
from core.booking import view as booking
from core.contact import view as contact
from core.http import words
from core.http.access import everybody
from core.http.event_words import Names, lines
from core.http.pages import clock, duration, grouped, moment, page, spoken_day, surname
from core.http.refusals import code_words
from core.journal import Entry
from web import lists
from web.house import HOUSE, WebHouse


@everybody
async def call(request: web.Request) -> web.Response:
    house = _demo(request)
    interaction_id = int(request.match_info["id"])
    async with house.hotline.read() as db:
        seen = await contact.load(db, interaction_id)
        entries = await journal.story(db, interaction_id=interaction_id)
        names = await _names(house, db, entries)
    row = lists.call_row(house, seen, house.hotline.clock.now())
    texts = row.channel == "sms"
    facts = [
        ("来信" if texts else "来电", row.caller),
        ("发到" if texts else "拨打", row.dnis),
        ("开始", moment(row.started_at)),
        *([] if texts else [("时长", duration(row.seconds))]),
        ("现在" if row.going_on else "结果", row.where),
    ]
    title = f"第 {interaction_id} 号{'短信办理' if texts else '通话'}"
    case = f"/cases/{interaction_id}"
    return page(
        request, "stories/page.html", title=title, facts=facts, lines=lines(entries, names), case=case
    )


@everybody
async def appointment(request: web.Request) -> web.Response:
    house = _demo(request)
    async with house.hotline.read() as db:
        view = await booking.by_serial(db, request.match_info["serial"])
        entries = await journal.story(db, appointment_id=view.appointment_id)
        names = await _names(house, db, entries)
    facts = [
        ("就诊人", surname(view.person)),
        ("医院", view.hospital),
        ("科室", view.department),
        ("医生", " ".join(filter(None, (view.doctor, view.title))) or "普通号"),
        ("时间", f"{spoken_day(view.day)} {clock(view.starts_at)}–{clock(view.ends_at)}"),
        ("现在", words.APPOINTMENT[view.state.value][0]),
    ]
    title, case = f"预约 {grouped(view.serial)}", f"/cases/appointment/{view.serial}"
    return page(
        request, "stories/page.html", title=title, facts=facts, lines=lines(entries, names), case=case
    )


def _demo(request: web.Request) -> WebHouse:
    """Outside the demo nobody may read a story without logging in; the desk will show them."""
    house = request.app[HOUSE]
    if not house.demo:
        raise web.HTTPNotFound
    return house


async def _names(house: WebHouse, db: AsyncSession, entries: Iterable[Entry]) -> Names:
    ids = {getattr(entry.event, "appointment_id", None) for entry in entries}
    told = {id_: _visit(await booking.load(db, id_)) for id_ in ids if id_ is not None}
    return Names(told, lambda name: _SLOT.sub("……", house.sentence(name)), code_words)


def _visit(view: booking.AppointmentView) -> str:
    where = f"{view.hospital_short or view.hospital} {view.department} {view.doctor or '普通号'}"
    return f"{grouped(view.serial)} · {where} · {spoken_day(view.day)} {clock(view.starts_at)}"


_SLOT = re.compile(r"\{\w+\}")
routes = [
    web.get(r"/calls/{id:\d{1,12}}", call, name="call-story"),
    web.get(r"/appointments/{serial:\d{8}}", appointment, name="appointment-story"),
]
