"""Call reports on a page, on paper and as a workbook."""

import asyncio
from collections.abc import Sequence
from datetime import date, timedelta
from io import BytesIO
from typing import Any

import xlsxwriter
from aiohttp import web

from agent_desk import wall_words as words
from agent_desk.house import AGENT_HOUSE
from agent_desk.pages import page
from core.contact import floor_view
from core.contact.call_facts import Call
from core.contact.call_reports import LONGEST_DAYS, Column, Facts, Report, Value, every
from core.contact.measure_rules import Unit, midnight
from core.contact.measures import calls_between, intervals_between
from core.errors import WrongInput
from core.http.access import actor_of, needs
from core.http.pages import duration, spoken_day
from core.staff import audit
from core.values import Actor, day_of
from core.work import Hotline, Work


async def load(hotline: Hotline, first: date, last: date) -> Facts:
    """What the reports look at; a day at a time, so that others get their turn."""
    now, calls = hotline.clock.now(), list[Call]()
    starts, ends = midnight(first), midnight(last + timedelta(days=1))
    day = first
    while day <= last:
        async with hotline.read() as db:
            calls += await calls_between(db, midnight(day), midnight(day + timedelta(days=1)))
        day += timedelta(days=1)
    async with hotline.read() as db:
        return Facts(
            first,
            last,
            now,
            calls,
            await intervals_between(db, starts, ends),
            await floor_view.dispositions(db, starts, ends),
            await floor_view.booked(db, starts, ends),
            await floor_view.people(db),
            await floor_view.skills(db),
        )


def asked(request: web.Request, today: date) -> tuple[date, date]:
    """The days in the address; today without any. Raises WrongInput for a range that cannot be told."""
    try:
        first = date.fromisoformat(request.query.get("from") or today.isoformat())
        last = date.fromisoformat(request.query.get("to") or first.isoformat())
    except ValueError:
        raise WrongInput(facts={"field": "day"}) from None
    if not first <= last <= today or (last - first).days >= LONGEST_DAYS:
        raise WrongInput(facts={"field": "days", "most": LONGEST_DAYS})
    return first, last


async def _told(request: web.Request) -> tuple[Actor, date, date, list[Report]]:
    by = await actor_of(request)
    by.must_see(None)  # the call centre is the whole province's: a hospital's staff have none of it
    hotline = request.app[AGENT_HOUSE].hotline
    first, last = asked(request, day_of(hotline.clock.now()))
    facts = await load(hotline, first, last)
    return by, first, last, await asyncio.to_thread(every, facts)


@needs("reports")
async def reports(request: web.Request) -> web.StreamResponse:
    """By hour, by queue, by operator, by disposition; for a day or a range."""
    by, first, last, found = await _told(request)
    today = day_of(request.app[AGENT_HOUSE].hotline.clock.now())
    return page(
        request,
        "reports/page.html",
        by=by,
        title="话务报表",
        reports=found,
        first=first,
        last=last,
        today=today,
        most=LONGEST_DAYS,
        span=_span(first, last),
        shown=shown,
        may_export=by.may("export"),
    )


@needs("reports", also=("export",))
async def workbook(request: web.Request) -> web.StreamResponse:
    """The same as a workbook: one sheet for each report. Needs the right to take lists away, too."""
    by = await actor_of(request)
    _, first, last, found = await _told(request)
    span = _span(first, last)

    async def note(work: Work) -> None:
        await audit.note(work, "exported", what=f"话务报表：{span}")

    await request.app[AGENT_HOUSE].hotline.run(note, by)
    body = await asyncio.to_thread(written, found, span)
    name = f"12320-calls-{first:%Y%m%d}-{last:%Y%m%d}.xlsx"
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    return web.Response(body=body, content_type=kind, headers=headers)


def _span(first: date, last: date) -> str:
    whole = f"{first.year}年{spoken_day(first)}"
    return whole if first == last else f"{whole} 至 {last.year}年{spoken_day(last)}"


def shown(column: Column, value: Value) -> str:
    """A value as the page writes it."""
    if value is None:
        return "—"
    if column.kind == "percent":
        return words.value(Unit.PERCENT, float(value))
    if column.kind == "seconds":
        return duration(round(float(value)))
    if column.kind == "number":
        return f"{value:.1f}"
    return str(value)


_FORMATS = {"count": "0", "percent": "0.0%", "number": "0.0", "seconds": "[h]:mm:ss"}
_DAY_S = 86_400  # a workbook counts time in days


def written(found: Sequence[Report], span: str) -> bytes:
    """The workbook; values stay numbers, so that one can reckon on. Runs in a thread."""
    kept = BytesIO()
    # Texts stay texts: nobody's name becomes a formula or a link.
    plain = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    with xlsxwriter.Workbook(kept, plain) as book:
        head = book.add_format({"bold": True, "bottom": 1, "text_wrap": True, "valign": "top"})
        soft = book.add_format({"font_color": "#4d5a54", "text_wrap": True, "valign": "top"})
        formats = {kind: book.add_format({"num_format": code}) for kind, code in _FORMATS.items()}
        for report in found:
            _sheet(book.add_worksheet(report.title[:31]), report, span, head, soft, formats)
    return kept.getvalue()


def _sheet(
    sheet: Any, report: Report, span: str, head: object, soft: object, formats: dict[str, object]
) -> None:
    sheet.write_string(0, 0, f"12320 话务报表 {report.title} {span}", head)
    for place, column in enumerate(report.columns):
        sheet.write_string(2, place, column.title, head)
        sheet.write_string(3, place, column.formula, soft)
    rows = [*report.rows, *([report.total] if report.total else [])]
    for down, row in enumerate(rows, 4):
        for place, (column, value) in enumerate(zip(report.columns, row, strict=True)):
            if value is None:
                sheet.write_string(down, place, "—")
            elif isinstance(value, str):
                sheet.write_string(down, place, value)
            else:
                number = value / _DAY_S if column.kind == "seconds" else value
                sheet.write_number(down, place, number, formats[column.kind])
    sheet.set_column(0, 0, 24)
    sheet.set_column(1, len(report.columns), 13)
    sheet.freeze_panes(4, 1)


routes = [
    web.get("/desk/reports", reports, name="call-reports"),
    web.get("/desk/reports.xlsx", workbook, name="call-reports-workbook"),
]
