"""The light pages: under 30 KB each in a whole province, and in a markup that any phone reads."""

import re
import shutil
from datetime import date
from pathlib import Path
from xml.etree import ElementTree

import pytest
from sqlalchemy import select

from core.catalogue.tables import Department, Doctor, Hospital, Post
from core.work import Hotline
from tests.builders import SEED, Clinic, clinic
from tests.pages import Open
from tests.public import SMS, Client, text
from tests.sharing import whole_demo
from web.public import assets

__all__ = ["whole_demo"]

MOST_BYTES = 30_000

# XHTML Mobile Profile 1.0 (OMA), as far as we use it.
KNOWN = frozenset(
    ["html", "head", "title", "meta", "link", "body", "h1", "h2", "h3", "p", "div", "span", "br", "a", "b",
     "strong", "em", "ul", "ol", "li", "dl", "dt", "dd", "form", "input", "label", "select", "option"]
)  # fmt: skip
XHTML = "{http://www.w3.org/1999/xhtml}"


@pytest.fixture
def database_url(request: pytest.FixtureRequest, in_memory: Path) -> str:
    """The whole province where a test wants it, else an empty database."""
    whole = "whole_province" in request.fixturenames
    shutil.copy(request.getfixturevalue("whole_demo" if whole else "sqlite_model"), in_memory / "test.db")
    return f"sqlite+aiosqlite:///{in_memory / 'test.db'}"


@pytest.fixture
async def whole_province(open_pages: Open) -> Client:
    return await open_pages(sms_number=SMS)


def well_formed(page: str) -> ElementTree.Element:
    """Raises ParseError for what is no XML; no entity but XML's own may stand in it."""
    assert page.startswith('<!DOCTYPE html PUBLIC "-//WAPFORUM//DTD XHTML Mobile 1.0//EN"')
    return ElementTree.fromstring(page)


@pytest.mark.slow
@pytest.mark.req("R-098")
async def test_every_light_page_of_the_province_is_light(whole_province: Client, hotline: Hotline) -> None:
    async with hotline.read() as db:
        hospitals = list((await db.execute(select(Hospital.id).where(Hospital.state == "live"))).scalars())
        departments = list(
            (await db.execute(select(Department.id).where(Department.hospital_id.in_(hospitals)))).scalars()
        )
        doctors = list(
            (await db.execute(select(Doctor.id).where(Doctor.hospital_id.in_(hospitals)))).scalars()
        )
    assert len(hospitals) == 12
    assert len(departments) > 140
    paths = ["/m", "/m/home", "/m/hospitals", "/m/hospitals?page=2", "/m/search?state=free&kind=ordinary"]
    paths += [f"/m/hospitals/{key}" for key in hospitals]
    paths += [f"/m/departments/{key}" for key in departments]
    paths += [f"/m/departments/{key}/number?day=2026-11-30" for key in departments[:10]]
    paths += [f"/m/doctors/{key}?day=2026-11-30" for key in doctors[::5]]
    weights = {}
    for path in paths:
        page = await text(whole_province, path)
        weights[path] = len(page.encode())
        well_formed(page)
    sheet = (assets.HERE / "public-light.css").stat().st_size
    heaviest = max(weights, key=weights.__getitem__)
    assert weights[heaviest] + sheet < MOST_BYTES, (heaviest, weights[heaviest])


@pytest.mark.req("R-098")
async def test_a_crowded_day_comes_in_pages(open_pages: Open, hotline: Hotline) -> None:
    """A department with a hundred doctors on one day is still light."""
    town = await clinic(hotline)
    await crowd(town, 100)
    pages = await open_pages(sms_number=SMS)
    path = f"/m/departments/{town.department_id}?day=2026-11-26"
    shown: set[str] = set()
    for number in range(1, 5):
        page = await text(pages, f"{path}&page={number}")
        assert len(page.encode()) < MOST_BYTES
        well_formed(page)
        shown |= set(re.findall(r"医生\d+", page))
    assert len(shown) == 100
    await text(pages, f"{path}&page=5", 404)


async def crowd(town: Clinic, many: int) -> None:
    """So many further doctors of the department who all see patients on the day of the visit."""
    async with town.hotline.work(SEED) as work:
        for number in range(many):
            doctor = Doctor(
                hospital_id=town.hospital_id, code=f"D{number}", name=f"医生{number}", pinyin="", initials="",
                title="副主任医师",
            )  # fmt: skip
            work.db.add(doctor)
            await work.db.flush()
            post = Post(department_id=town.department_id, doctor_id=doctor.id, kind="expert", fee_fen=3000)
            work.db.add(post)
            await work.db.flush()
            town.posts[f"d{number}"] = post.id
    for number in range(many):
        await town.session(f"d{number}", slots=2, minutes=60)


@pytest.mark.req("R-098", "R-095")
async def test_a_light_page_is_in_a_markup_of_old_phones(open_pages: Open, hotline: Hotline) -> None:
    town = await clinic(hotline)
    await town.session("chen")
    pages = await open_pages(sms_number=SMS)
    for path in (
        "/m", "/m/home", "/m/hospitals", f"/m/hospitals/{town.hospital_id}", f"/m/departments/{town.department_id}",
        f"/m/doctors/{town.doctors['chen']}", "/m/search?q=xnk&day=2026-11-26", "/m/search?q=<>%26", "/m/hospitals/999",
    ):  # fmt: skip
        answer = await pages.get(path)
        assert answer.content_type == "text/html"
        tree = well_formed(await answer.text())
        assert {one.tag.removeprefix(XHTML) for one in tree.iter()} <= KNOWN, path
        ids = [one.get("id") for one in tree.iter() if one.get("id")]
        assert len(ids) == len(set(ids)), path
        fields = {one.get("id") for one in tree.iter() if one.tag == f"{XHTML}input" and one.get("name")}
        labels = {one.get("for") for one in tree.iter(f"{XHTML}label")}
        assert fields <= labels, path


@pytest.mark.req("R-098")
async def test_a_light_page_stays_among_light_pages(open_pages: Open, hotline: Hotline) -> None:
    """But for the one link to the full page."""
    town = await clinic(hotline)
    await town.session("chen", day=date(2026, 11, 24))
    pages = await open_pages()
    for path in (
        "/home",
        "/hospitals",
        f"/departments/{town.department_id}",
        f"/doctors/{town.doctors['chen']}",
    ):
        page = await text(pages, f"/m{path}")
        body = page.partition("<body>")[2]
        away = [link for link in re.findall(r'href="(/[^"]*)"', body) if not link.startswith("/m/")]
        assert away == [path], path
        actions = re.findall(r'action="([^"]*)"', body)
        assert all(one.startswith("/m/") for one in actions)
