"""Money as it is looked after: a month of reconciled days, one day with its three lists, its differences."""

import re
from calendar import monthrange
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from aiohttp import web

from core.catalogue.engine import hospital_names
from core.errors import Refusal
from core.http.access import actor_of, needs
from core.http.forms import one, sent
from core.http.keys import HOTLINE
from core.http.words import BAD, GOOD, QUIET, WAIT
from core.money import doubtful, settlements, stuck
from core.money.compare import Flag
from core.money.settlements import Settlement
from core.values import day_of
from core.work import Work
from web.staff.money_words import FLAGS, KINDS, why, yuan
from web.staff.pages import act, number, staff_page

HOME = "/staff/money"


@dataclass(frozen=True)
class Cell:
    """A day of the month's strip. mark: what it says beside its colour. words: all of it, to be read."""

    day: date
    mark: str
    tone: str
    words: str
    href: str


def cells(month: date, rows: Sequence[Settlement], today: date, href: str) -> list[Cell]:
    """One for each day of the month; several accounts of one day are told together."""
    of_day: dict[date, list[Settlement]] = {}
    for row in rows:
        of_day.setdefault(row.day, []).append(row)
    last = monthrange(month.year, month.month)[1]
    days = [month + timedelta(days=ahead) for ahead in range(last)]
    return [_cell(day, of_day.get(day, []), today, href) for day in days]


def _cell(day: date, rows: Sequence[Settlement], today: date, href: str) -> Cell:
    link = f"{href}&day={day.isoformat()}" if rows else ""
    if not rows:
        return Cell(day, "", QUIET, "还没到" if day >= today else "没有账", link)
    differences = sum(row.open_differences for row in rows)
    if differences:
        return Cell(day, f"差{differences}", BAD, f"{differences} 笔差错没有处理", link)
    if any(row.state == "due" for row in rows):
        return Cell(day, "待", WAIT, "还没有对完", link)
    if any(row.differences for row in rows):
        return Cell(day, "结", GOOD, "差错都处理了", link)
    return Cell(day, "平", GOOD, "都对上了", link)


def state(row: Settlement) -> tuple[str, str]:
    """How one account stands on one day, and its tone."""
    if row.open_differences:
        return f"{row.open_differences} 笔差错", BAD
    if row.state == "due":
        return ("等清单" if row.last_error else "待对账"), WAIT
    return ("差错已处理" if row.differences else "已对平"), GOOD


@needs("settlement")
async def overview(request: web.Request) -> web.Response:
    """A month as a strip; below it the rows of one day, or of one hospital."""
    hotline, by = request.app[HOTLINE], await actor_of(request)
    now = hotline.clock.now()
    today = day_of(now)
    month, hospital_id = _month(request.query, today), number(request.query.get("hospital", ""))
    day = _day(request.query)
    async with hotline.read() as db:
        names = await hospital_names(db)
        until = month + timedelta(days=monthrange(month.year, month.month)[1] - 1)
        rows = await settlements.settlements(db, by, since=month, until=until, hospital_id=hospital_id)
        waiting = await stuck.waiting(db, by)
        doubts = await doubtful.in_doubt(db, by, now=now)
        differences = await settlements.open_differences(db, by)
    one_place = by.hospital_id is not None or hospital_id is not None
    if day is None and not one_place and rows:
        day = rows[0].day
    asked = _address(month, hospital_id)
    return await staff_page(
        request,
        "money",
        cells=cells(month, rows, today, asked),
        rows=[row for row in rows if day in (None, row.day)],
        day=day,
        month=month,
        before=_address(month - timedelta(days=1), hospital_id),
        after=_address(until + timedelta(days=1), hospital_id) if until < today else "",
        whole_month=asked,
        hospitals={} if by.hospital_id is not None else names,
        hospital_id=hospital_id,
        names=names,
        state=state,
        yuan=yuan,
        waiting=waiting,
        doubts=doubts,
        differences=differences,
    )


def _address(month: date, hospital_id: int | None) -> str:
    return f"{HOME}?month={month:%Y-%m}" + (f"&hospital={hospital_id}" if hospital_id else "")


def _month(query: Mapping[str, str], today: date) -> date:
    """The first day of the month that was asked for; this one when it is none."""
    found = re.fullmatch(r"(20\d\d)-(0[1-9]|1[0-2])", query.get("month", ""), re.ASCII)
    return date(int(found[1]), int(found[2]), 1) if found else today.replace(day=1)


def _day(query: Mapping[str, str]) -> date | None:
    try:
        return date.fromisoformat(query.get("day", ""))
    except ValueError:
        return None


# --- one day ------------------------------------------------------------------------------------------


@needs("settlement")
async def day(request: web.Request) -> web.Response:
    return await day_page(request, int(request.match_info["id"]))


async def day_page(
    request: web.Request,
    reconciliation_id: int,
    *,
    refusal: Refusal | None = None,
    about: int = 0,
    typed: str = "",
    faults: Sequence[str] = (),
) -> web.Response:
    """about, typed: the difference whose explanation was not taken. faults: of a list that was not."""
    by = await actor_of(request)
    async with request.app[HOTLINE].read() as db:
        it = await settlements.settlement(db, by, reconciliation_id)
        lines = await settlements.differences(db, by, reconciliation_id)
        names = await hospital_names(db)
    return await staff_page(
        request,
        "money_day",
        refusal=refusal,
        it=it,
        lines=lines,
        hospital=names.get(it.hospital_id, ""),
        state=state(it),
        flags=FLAGS,
        kinds=KINDS,
        yuan=yuan,
        why=why(it.last_error),
        about=about,
        typed=typed,
        faults=faults,
        settled=Flag.SETTLED,
        done=request.query.get("done", ""),
    )


@needs("settlement")
async def again(request: web.Request) -> web.Response:
    await sent(request)
    reconciliation_id = int(request.match_info["id"])

    async def do(work: Work) -> None:
        await settlements.compare_again(work, reconciliation_id)

    await act(request, do)
    raise web.HTTPSeeOther(f"{HOME}/days/{reconciliation_id}?done=again")


@needs("settlement")
async def settle(request: web.Request) -> web.Response:
    """Somebody knows why the lists differ."""
    form, line_id = await sent(request), int(request.match_info["id"])
    reason = one(form, "reason")

    async def do(work: Work) -> int:
        return await settlements.settle(work, line_id, reason)

    try:
        found = await act(request, do)
    except Refusal as refusal:
        back = number(one(form, "day"))
        if refusal.code in ("not-allowed", "not-found") or back is None:
            raise
        return await day_page(request, back, refusal=refusal, about=line_id, typed=reason)
    raise web.HTTPSeeOther(f"{HOME}/days/{found}?done=settled")


routes = [
    web.get("/staff/money", overview, name="money"),
    web.get(r"/staff/money/days/{id:\d{1,12}}", day, name="money-day"),
    web.post(r"/staff/money/days/{id:\d{1,12}}/again", again, name="money-again"),
    web.post(r"/staff/money/differences/{id:\d{1,12}}", settle, name="money-settle"),
]
