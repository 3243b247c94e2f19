"""A department: who sees patients when in the coming days, and what is left."""

from collections.abc import Mapping, Sequence
from datetime import date

from aiohttp import web

from core.catalogue import browse_posts
from core.credit.engine import rules_for
from core.schedule import browse
from core.values import day_of
from web.booking.moving import carried
from web.house import HOUSE
from web.public import frame, notes, query, sessions
from web.public.query import Pages
from web.public.sessions import Cell, Reader, Row, Week

# On a light page: a day of a large department would weigh more than it may.
ON_A_PAGE = 30


@frame.public
async def department(request: web.Request) -> web.Response:
    """Seven days as a table; on a light page one of them as a list. `day`: one of the days wanted."""
    house, key = request.app[HOUSE], int(request.match_info["id"])
    asked, number = query.day(request.query), query.page_number(request.query)
    moving = await carried(request)
    now = house.hotline.clock.now()
    async with house.hotline.read() as db:
        facts = await browse_posts.department(db, key)
        posts = await browse_posts.posts(db, department_id=key)
        ids = {one.post_id for one in posts}
        week = sessions.week(asked, day_of(now), await browse.last_day(db, ids, day_of(now)))
        shown = (
            await browse.sessions(db, ids, now=now, first_day=week.days[0], last_day=week.days[-1])
            if week.days
            else []
        )
        book = await rules_for(db, facts.hospital_id)
    rows = sessions.table(posts, shown, week.days, Reader(book, now, bool(house.sms_number)))
    free = sessions.free_by_day(rows, week.days)
    chosen = week.day or _best(week, rows, free)
    listed = _on(chosen, week, rows)
    path = f"{frame.base(request)}/departments/{key}"
    pages = Pages.counted(number, len(listed), ON_A_PAGE, path, day=chosen, change=moving and moving.serial)
    return frame.show(
        request,
        "department",
        "hospitals",
        it=facts,
        week=week,
        rows=rows,
        free=free,
        chosen=chosen,
        listed=listed[(number - 1) * ON_A_PAGE : number * ON_A_PAGE],
        pages=pages,
        notes=notes.of_department(book, facts.standard_code),
        moving=moving,
        example=next((one.sms for row in rows for day in row.days for one in day if one.sms), ""),
    )


def _best(week: Week, rows: Sequence[Row], free: Mapping[date, int]) -> date | None:
    """The first day with something left, else with anybody there, else at all."""
    left = [day for day in week.days if free[day]]
    there = [day for place, day in enumerate(week.days) if any(row.days[place] for row in rows)]
    return next(iter([*left, *there, *week.days]), None)


def _on(day: date | None, week: Week, rows: Sequence[Row]) -> list[tuple[Row, Cell]]:
    """What stands on one of the days."""
    if day is None:
        return []
    place = list(week.days).index(day)
    return [(row, one) for row in rows for one in row.days[place]]


routes = [web.get(r"/departments/{id:\d{1,12}}", department, name="department")]
