"""Hospitals, departments and doctors by what an operator types; an index in memory, made anew on a change."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from core.catalogue.run_together import named
from core.catalogue.search_rules import Entry, Spelling, plain, ranked
from core.catalogue.tables import Department, Doctor, Hospital, Post
from core.journal import JournalRow
from core.pinyin import name_syllables, syllables

# Whoever changes the catalogue leaves one of these; a process that hears of none looks at the journal.
CHANGES = ("catalogue.changed", "catalogue.reading-corrected")

# Doctors come after hospitals and departments that match as well.
LAST = 1000

_Stamp = tuple[int | None, ...]


class Finder:
    """One for a process. The first search after a change reads the catalogue again."""

    def __init__(self) -> None:
        self._stamp: _Stamp | None = None
        self._entries: Sequence[Entry] = ()

    async def search(
        self, db: AsyncSession, query: str, *, limit: int = 12, hospital_id: int | None = None
    ) -> list[Entry]:
        """The best hits, of live hospitals and what is open in them. hospital_id: what is there first."""
        return ranked(await self._now(db), query, limit=limit, hospital_id=hospital_id)

    async def named(self, db: AsyncSession, words: Sequence[str], *, limit: int) -> list[Entry]:
        """What the words of a text mean, also when its names are written without blanks between them."""
        return named(await self._now(db), words, limit=limit)

    async def _now(self, db: AsyncSession) -> Sequence[Entry]:
        stamp = await _stamp(db)
        if stamp != self._stamp:
            self._entries, self._stamp = await _read(db), stamp
        return self._entries


async def _stamp(db: AsyncSession) -> _Stamp:
    """Other after each change: the newest of its events, and the newest of each kind of row."""
    query = select(
        select(func.max(JournalRow.id)).where(JournalRow.kind.in_(CHANGES)).scalar_subquery(),
        select(func.max(Hospital.id)).scalar_subquery(),
        select(func.max(Department.id)).scalar_subquery(),
        select(func.max(Doctor.id)).scalar_subquery(),
        select(func.max(Post.id)).scalar_subquery(),
    )
    return tuple((await db.execute(query)).one())


def _spelling(name: str, pinyin: str, *, person: bool = False) -> Spelling:
    """How a name is read: as it is saved with it, if that is whole, else as the dictionary says."""
    saved = plain(pinyin)
    if len(saved) != len(name):
        saved = plain(" ".join(name_syllables(name) if person else syllables(name)))
    return Spelling(name.lower(), saved)


async def _read(db: AsyncSession) -> list[Entry]:
    found: list[Entry] = []
    around: dict[int, _Named] = {}
    hospitals = select(Hospital).where(Hospital.state == "live")
    for row in (await db.execute(hospitals.order_by(Hospital.menu_order, Hospital.id))).scalars():
        names = (_spelling(row.short_name, row.pinyin), _spelling(row.name, row.pinyin))
        around[row.id] = _Named(row.short_name, names)
        hint = f"{row.grade} {row.name}"
        found.append(
            Entry("hospital", row.id, row.short_name, hint, row.id, None, None, names, order=row.menu_order)
        )
    places: dict[int, _Named] = {}
    departments = select(Department).where(Department.open, Department.hospital_id.in_(around))
    for place in (await db.execute(departments.order_by(Department.menu_order, Department.id))).scalars():
        here = around[place.hospital_id]
        names_here = (_spelling(place.name, place.pinyin),)
        places[place.id] = _Named(f"{here.label}{place.name}", (*here.names, *names_here))
        found.append(
            Entry(
                "department", place.id, place.name, here.label, place.hospital_id, place.id, None,
                names_here, here.names, place.menu_order,
            )
        )  # fmt: skip
    return found + await _doctors(db, places)


@dataclass(frozen=True)
class _Named:
    label: str
    names: tuple[Spelling, ...]


async def _doctors(db: AsyncSession, places: Mapping[int, _Named]) -> list[Entry]:
    """A doctor who sees patients in two departments is found in each."""
    rows = await db.execute(
        select(Doctor.id, Doctor.hospital_id, Doctor.name, Doctor.pinyin, Doctor.title, Post.department_id)
        .join(Post, Post.doctor_id == Doctor.id)
        .where(Doctor.open, Post.open, Post.department_id.in_(places))
        .distinct()
        .order_by(Doctor.id, Post.department_id)
    )
    return [
        Entry(
            "doctor", key, name, f"{title} {places[place].label}", hospital_id, place, key,
            (_spelling(name, pinyin, person=True),), places[place].names, LAST,
        )
        for key, hospital_id, name, pinyin, title, place in rows.all()
    ]  # fmt: skip
