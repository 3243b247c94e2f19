"""Finding by what somebody types, and the lists that can be chosen from."""

from dataclasses import dataclass

from aiohttp import web
from sqlalchemy.ext.asyncio import AsyncSession

from core.catalogue.browse import Choices
from core.catalogue.search import Finder
from core.catalogue.search_rules import Entry
from web.public.words import GRADES, HOSPITALS, ranked

FINDER = web.AppKey("PUBLIC_FINDER", Finder)
# More than a province has of hospitals, or of departments of one name.
MOST = 2000


@dataclass(frozen=True)
class Choice:
    """What can be chosen: how it stands in the address, and what it is called."""

    value: str
    name: str


def grades(choices: Choices) -> list[Choice]:
    """The highest first."""
    there = sorted(choices.grades, key=lambda grade: (ranked(grade, GRADES), grade))
    return [Choice(grade, grade) for grade in there]


def kinds(choices: Choices) -> list[Choice]:
    order = tuple(HOSPITALS)
    there = sorted(choices.kinds, key=lambda kind: (ranked(kind, order), kind))
    return [Choice(kind, HOSPITALS.get(kind, kind)) for kind in there]


async def found(request: web.Request, db: AsyncSession, typed: str, kind: str = "") -> list[Entry]:
    """What the words mean, by name, pinyin or initials, the best first. kind: only these."""
    entries = await request.app[FINDER].search(db, typed, limit=MOST)
    return [one for one in entries if not kind or one.kind == kind]
