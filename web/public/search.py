"""The search: sessions by day, state, kind of number and speciality (R-070), and names by pinyin."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from aiohttp import web
from sqlalchemy.ext.asyncio import AsyncSession

from core.catalogue.search_rules import Entry
from core.schedule.browse import Standing, furthest_day
from core.schedule.find import Found, Meant, Wanted, find
from core.values import day_of
from web.house import HOUSE
from web.public import finding, frame, query, sessions, words
from web.public.finding import Choice
from web.public.query import Pages
from web.public.sessions import Cell

ON_A_PAGE, ON_A_LIGHT_PAGE = 20, 10
NAMES = 12
# Where what was found has its page, by what it is.
PATHS = {"hospital": "/hospitals", "department": "/departments", "doctor": "/doctors"}
# Further than any hospital opens: more days than these are no list to choose from.
MOST_DAYS = 60


@dataclass(frozen=True)
class Asked:
    """What was asked for, as it stands in the address."""

    q: str
    speciality: str
    day: date | None
    kind: str
    state: Standing | None
    number: int

    @classmethod
    def read(cls, asked: Mapping[str, str]) -> "Asked":
        """Raises Wrong."""
        return cls(
            query.text(asked, "q"),
            query.text(asked, "speciality"),
            query.day(asked),
            query.chosen(asked, "kind", {kind: kind for kind in words.NUMBERS}) or "",
            query.chosen(asked, "state", {one.value: one for one in words.STANDINGS}),
            query.page_number(asked),
        )

    @property
    def anything(self) -> bool:
        return bool(self.q or self.speciality or self.day or self.kind or self.state)

    def values(self) -> dict[str, str]:
        return {
            "q": self.q,
            "speciality": self.speciality,
            "day": self.day.isoformat() if self.day else "",
            "kind": self.kind,
            "state": self.state.value if self.state else "",
        }


@frame.public
async def search(request: web.Request) -> web.Response:
    """Names that the typed words mean, and the sessions that meet everything that was asked for."""
    asked, house = Asked.read(request.query), request.app[HOUSE]
    now, most = house.hotline.clock.now(), ON_A_LIGHT_PAGE if frame.is_light(request) else ON_A_PAGE
    # All days of all hospitals would be no answer: without a word to go by, it is tomorrow.
    supposed = asked.anything and not (asked.q or asked.speciality or asked.day)
    wanted_day = day_of(now) + timedelta(days=1) if supposed else asked.day
    names: list[Entry] = []
    rows: list[Found] = []
    async with house.hotline.read() as db:
        last = await furthest_day(db)
        if asked.anything:
            names, meant = await _meant(request, db, asked)
            wanted = Wanted(wanted_day, asked.kind, asked.state, meant)
            first = (asked.number - 1) * most
            rows = await find(db, wanted, now=now, first=first, most=most + 1)
    path = f"{frame.base(request)}/search"
    return frame.show(
        request,
        "search",
        "search",
        asked=asked,
        values=asked.values(),
        supposed=wanted_day if supposed else None,
        names=names[:NAMES],
        paths=PATHS,
        by_day=_by_day(rows[:most], now),
        pages=Pages.uncounted(asked.number, len(rows) > most, path, **asked.values()),
        days=_days(day_of(now), last, asked.day),
        kinds=[Choice(kind, name) for kind, name in words.NUMBERS.items()],
        states=[Choice(one.value, name) for one, name in words.STANDINGS.items()],
    )


@dataclass(frozen=True)
class Result:
    """A session with whose it is. path: of the page that tells its periods, behind '' or '/m'."""

    it: Found
    cell: Cell
    who: str
    path: str

    @classmethod
    def of(cls, it: Found, cell: Cell) -> "Result":
        page = words.path_of(it.department_id, it.doctor_id)
        address = query.address(page, day=it.shown.day.isoformat())
        return cls(it, cell, it.doctor or words.OWN_NUMBER, f"{address}#s{it.shown.session_id}")


def _cell(it: Found, now: datetime) -> Cell:
    """How to book it stands on its own page, which knows the hospital's rules."""
    return sessions.cell(it.shown, now, phone=it.shown.places.phone, sms="")


def _by_day(rows: Iterable[Found], now: datetime) -> dict[date, list[Result]]:
    found: dict[date, list[Result]] = {}
    for one in rows:
        found.setdefault(one.shown.day, []).append(Result.of(one, _cell(one, now)))
    return found


async def _meant(request: web.Request, db: AsyncSession, asked: Asked) -> tuple[list[Entry], list[Meant]]:
    """The names that were typed, and what each of the typed words asks of a session."""
    names: list[Entry] = []
    meant: list[Meant] = []
    if asked.q:
        names = await finding.found(request, db, asked.q)
        ids = {kind: frozenset(one.id for one in names if one.kind == kind) for kind in PATHS}
        meant.append(Meant(ids["hospital"], ids["department"], ids["doctor"]))
    if asked.speciality:
        there = await finding.found(request, db, asked.speciality, "department")
        meant.append(Meant(departments=frozenset(one.id for one in there), good_at=asked.speciality))
    return names, meant


def _days(today: date, last: date | None, asked: date | None) -> list[date]:
    """What can be chosen: today to the furthest day, and what was asked for wherever that lies."""
    many = min(MOST_DAYS, (last - today).days if last else 0)
    days = [today + timedelta(days=number) for number in range(many + 1)]
    return days if asked is None or asked in days else [asked, *days]


routes = [web.get("/search", search, name="search")]
