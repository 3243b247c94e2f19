"""What an operator types finds what is meant, best first, and a change of the catalogue is seen at once."""

import pytest

from core.catalogue.search import Finder
from core.catalogue.search_rules import (
    ABBREVIATED,
    BEGINS,
    EXACT,
    WITHIN,
    Entry,
    Spelling,
    match,
    plain,
    ranked,
    segmented,
)
from core.catalogue.tables import Department, Doctor, Hospital
from core.events import CatalogueChanged
from core.pinyin import syllables
from core.work import Hotline
from tests.builders import SEED, clinic


def spelt(name: str) -> Spelling:
    return Spelling(name, plain(" ".join(syllables(name))))


@pytest.mark.parametrize(
    ("typed", "name", "how"),
    [
        ("心血管内科", "心血管内科", EXACT),
        ("xxgnk", "心血管内科", EXACT),
        ("xinxueguanneike", "心血管内科", EXACT),
        ("心血", "心血管内科", BEGINS),
        ("xxg", "心血管内科", BEGINS),
        ("xinx", "心血管内科", BEGINS),
        ("xinxgn", "心血管内科", BEGINS),
        ("内科", "心血管内科", WITHIN),
        ("neike", "心血管内科", WITHIN),
        ("nk", "心血管内科", WITHIN),
        ("心内科", "心血管内科", ABBREVIATED),
        ("xnk", "心血管内科", ABBREVIATED),
        ("xinneik", "心血管内科", ABBREVIATED),
        ("ek", "儿科", EXACT),
        ("erke", "儿科", EXACT),
        ("内心", "心血管内科", None),
        ("gx", "心血管内科", None),
        ("kx", "儿科", None),
        ("lv", "吕主任", BEGINS),
    ],
)
def test_how_typed_letters_and_characters_mean_a_name(typed: str, name: str, how: int | None) -> None:
    assert match(typed, spelt(name)) == how


def entry(kind: str, key: int, name: str, hospital: int, *, within: str = "", order: int = 0) -> Entry:
    around = (spelt(within),) if within else ()
    return Entry(kind, key, name, within, hospital, None, None, (spelt(name),), around, order)


PLACES = [
    entry("hospital", 1, "市一医院", 1),
    entry("hospital", 2, "省中医院", 2),
    entry("department", 11, "心血管内科", 1, within="市一医院"),
    entry("department", 12, "心胸外科", 1, within="市一医院", order=1),
    entry("department", 21, "心血管内科", 2, within="省中医院"),
    entry("doctor", 31, "邢宁康", 1, within="市一医院", order=9),
]


@pytest.mark.parametrize(
    ("query", "hospital", "found"),
    [
        ("xnk", None, [31, 11, 21]),  # a name's own initials come before an abbreviation
        ("心内科", None, [11, 21]),
        ("心内科", 2, [21, 11]),
        ("市一 xnk", None, [31, 11]),
        ("szy xnk", None, [21]),
        ("sy", None, [1, 2]),
        ("市一", None, [1]),
        ("   ", None, []),
        ("xyz", None, []),
    ],
)
def test_the_best_comes_first(query: str, hospital: int | None, found: list[int]) -> None:
    assert [hit.id for hit in ranked(PLACES, query, limit=9, hospital_id=hospital)] == found


@pytest.mark.parametrize(
    ("typed", "ways"),
    [("xian", [("xian",), ("xi", "an")]), ("lixiu", [("li", "xiu")]), ("lix", []), ("", [()])],
)
def test_typed_pinyin_is_read_in_every_way(typed: str, ways: list[tuple[str, ...]]) -> None:
    assert segmented(typed, frozenset({"xi", "an", "xian", "li", "xiu"})) == ways


async def test_the_index_follows_the_catalogue(hotline: Hotline) -> None:
    made = await clinic(hotline)
    finder = Finder()

    async def found(query: str) -> list[tuple[str, str]]:
        async with hotline.read() as db:
            return [(hit.kind, hit.label) for hit in await finder.search(db, query)]

    assert await found("xnk") == [("department", "心血管内科")]
    assert await found("cjg") == [("doctor", "陈建国")]
    assert await found("市一 ek") == [("department", "儿科")]
    async with hotline.work(SEED) as work:
        department = await work.db.get_one(Department, made.department_id)
        department.name = "循环内科"
        (await work.db.get_one(Doctor, made.doctors["chen"])).open = False
        work.record(CatalogueChanged(what="department", id=department.id))
    assert await found("xxgnk") == []
    assert await found("xhnk") == [("department", "循环内科")]
    assert await found("cjg") == []
    await clinic(hotline, 2)  # a new row is seen without any event
    assert ("department", "心血管内科") in await found("xnk")
    async with hotline.work(SEED) as work:
        (await work.db.get_one(Hospital, made.hospital_id)).state = "suspended"
        work.record(CatalogueChanged(what="hospital", id=made.hospital_id))
    assert await found("循环内科") == []


async def test_thousands_of_doctors_are_searched_without_a_stop() -> None:
    """Bounded in work, not in time: the matcher looks at each name once."""
    many = [entry("doctor", n, f"陈{'建国明华'[n % 4]}{'东南西北'[n // 4 % 4]}", n % 50) for n in range(4000)]
    assert len(ranked(many, "cjd", limit=12)) == 12
