"""How hospitals, departments and doctors are read: heard, and corrected."""

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

from aiohttp import web

from core.catalogue.correct import Readable, What, correct_reading, one_readable, readable
from core.catalogue.readings import marked
from core.errors import Refusal
from core.http.access import actor_of, everybody, needs
from core.http.forms import check_token
from core.http.pages import page
from core.http.refusals import sentence, status
from core.work import Work
from web.editing import editing
from web.house import HOUSE, WebHouse
from web.wording import QUICK, Reading

KINDS = {What.HOSPITAL: "医院", What.DEPARTMENT: "科室", What.DOCTOR: "医生"}
ON_A_PAGE = 40


@dataclass(frozen=True)
class Row:
    """read: how callers hear it. usual: as the dictionary has it. typed: what stands in its field."""

    it: Readable
    read: Reading
    usual: Reading
    typed: str
    refusal: str = ""
    saved: bool = False

    @property
    def key(self) -> str:
        return f"{self.it.what}-{self.it.id}"

    @property
    def marked(self) -> str:
        return marked(self.read.syllables)

    @property
    def unused(self) -> bool:
        """Something is saved that has not a syllable for each character, so it is not heard."""
        return bool(self.it.pinyin) and not self.read.own


@dataclass(frozen=True)
class Asked:
    """Which part of which list. number: of the page, from 1."""

    what: What
    search: str
    number: int

    @classmethod
    def read(cls, query: Mapping[str, str]) -> "Asked":
        what, number = query.get("what", ""), query.get("page", "")
        return cls(
            What(what) if what in set(What) else What.DOCTOR,
            query.get("q", "").strip()[:40],
            min(int(number), 10_000) if number.isdecimal() and int(number[:6]) else 1,
        )

    def address(self, **other: object) -> str:
        query = {"what": self.what.value, "q": self.search, "page": self.number, **other}
        return "/names?" + urlencode({key: value for key, value in query.items() if value not in ("", 1)})


@everybody
async def names(request: web.Request) -> web.Response:
    return await _names(request, Asked.read(request.query))


async def _names(
    request: web.Request, asked: Asked, *, wrong: tuple[str, str, Refusal] | None = None
) -> web.Response:
    """wrong: the row that was refused, what was typed there, and why."""
    house = request.app[HOUSE]
    first = (asked.number - 1) * ON_A_PAGE
    async with house.hotline.read() as db:
        found = await readable(db, asked.what, search=asked.search, first=first, most=ON_A_PAGE)
    rows = [_row(house, it, wrong, request.query.get("saved", "")) for it in found.rows]
    return page(
        request,
        "names/page.html",
        status=status(wrong[2]) if wrong else 200,
        rows=rows,
        found=found.found,
        asked=asked,
        kinds=KINDS,
        pages=-(-found.found // ON_A_PAGE),
        editing=await editing(request, "catalogue"),
        stand_in=house.wording.progress().voice != QUICK,
    )


def _row(house: WebHouse, it: Readable, wrong: tuple[str, str, Refusal] | None, saved: str) -> Row:
    read = house.wording.reading(it.what, it.name, it.pinyin, it.whole)
    usual = house.wording.reading(it.what, it.name, "", it.whole)
    if wrong and wrong[0] == f"{it.what}-{it.id}":
        return Row(it, read, usual, wrong[1], sentence(wrong[2]))
    return Row(it, read, usual, it.pinyin, saved=saved == f"{it.what}-{it.id}")


@needs("catalogue")
async def correct(request: web.Request) -> web.Response:
    """Save a reading; the page comes back with the row, or with why not and what had been typed."""
    house, form = request.app[HOUSE], await request.post()
    what, key = What(request.match_info["what"]), int(request.match_info["id"])
    asked = Asked.read({**request.query, "what": what.value})
    typed, before = str(form.get("pinyin", ""))[:400], str(form.get("before", ""))
    async with house.hotline.read() as db:
        it = await one_readable(db, what, key)
    counts = house.wording.reading(what, it.name, "", it.whole).counts

    async def act(work: Work) -> str:
        return await correct_reading(work, what, key, pinyin=typed, before=before, said=counts)

    row = f"{what}-{key}"
    try:
        await check_token(request)
        await house.hotline.run(act, await actor_of(request))
    except Refusal as refusal:
        return await _names(request, asked, wrong=(row, typed, refusal))
    raise web.HTTPSeeOther(f"{asked.address(saved=row)}#{row}")


routes = [
    web.get("/names", names, name="names"),
    web.post(r"/names/{what:hospital|department|doctor}/{id:\d{1,12}}", correct, name="name-correct"),
]
