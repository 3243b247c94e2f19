"""What stands around every public page: large type that stays, nothing foreign, sheets kept for good."""

import re
from http.cookies import SimpleCookie
from pathlib import Path

import pytest
from sqlalchemy import update

from core.catalogue.tables import Doctor
from core.http.sessions import SessionManners
from core.work import Hotline
from tests.builders import SEED, VISIT, Clinic, clinic
from tests.pages import Open
from tests.public import SMS, Client, text, words
from tests.statements import statements
from web.public import assets

STATIC = Path(assets.HERE)


@pytest.fixture
async def town(hotline: Hotline) -> Clinic:
    made = await clinic(hotline)
    await made.session("chen", slots=4, minutes=60)
    return made


@pytest.fixture
async def pages(open_pages: Open) -> Client:
    return await open_pages(sms_number=SMS)


@pytest.fixture
def paths(town: Clinic) -> list[str]:
    """Every public page, and one that is wrong."""
    return [
        f"{form}{path}"
        for form in ("", "/m")
        for path in (
            "/home",
            "/hospitals",
            f"/hospitals/{town.hospital_id}",
            f"/departments/{town.department_id}",
            f"/doctors/{town.doctors['chen']}",
            "/search?q=xnk",
        )
    ]


# --- the home page ------------------------------------------------------------------------------------


@pytest.mark.req("R-154", "I-005")
async def test_the_column_of_experts_counts_the_coming_days(pages: Client, town: Clinic) -> None:
    for form in ("", "/m"):
        assert "陈建国" not in await text(pages, f"{form}/home")
    async with town.hotline.work(SEED) as work:
        await work.db.execute(
            update(Doctor).where(Doctor.id.in_(town.doctors.values())).values(recommended=True)
        )
    await town.book(await town.session("chen", half="pm", slots=2), await town.person("李"))
    for form in ("", "/m"):
        page = words(await text(pages, f"{form}/home"))
        assert "余 5" in page
        assert "近 7 天约满" in page, "the others have nobody to see"
        assert f'/doctors/{town.doctors["chen"]}?day={VISIT}"' in await text(pages, f"{form}/home")


async def test_the_home_page_leads_to_every_kind_of_hospital(pages: Client, town: Clinic) -> None:
    for form in ("", "/m"):
        page = await text(pages, f"{form}/home")
        for query in ("region=990100", "grade=%E4%B8%89%E7%94%B2", "kind=general"):
            assert f'href="{form}/hospitals?{query}"' in page
        assert f'href="{form}/search?speciality=%E5%84%BF%E7%A7%91&amp;state=free"' in page


async def test_a_larger_province_costs_no_more_statements(
    pages: Client, town: Clinic, hotline: Hotline
) -> None:
    async def asked() -> int:
        async with hotline.work(SEED) as work:
            await work.db.execute(update(Doctor).values(recommended=True))
        with statements(hotline) as heard:
            await text(pages, "/home")
        return len(heard)

    few = await asked()
    for number in (2, 3, 4):
        await (await clinic(hotline, number)).session("chen")
    assert await asked() == few <= 7


async def test_outside_the_demo_the_first_page_is_the_home_page(open_pages: Open, town: Clinic) -> None:
    pages = await open_pages(demo=False)
    first = await text(pages, "/")
    assert "全省预约挂号" in first
    assert '<link rel="canonical" href="/home">' in first
    assert 'href="/m/home"' in first
    assert "虚构" not in first
    assert "虚构" in await text(await open_pages(demo=True), "/home")


async def test_the_demos_first_page_leads_to_the_public_pages(pages: Client, town: Clinic) -> None:
    assert 'href="/home"' in await text(pages, "/")


# --- large type ---------------------------------------------------------------------------------------


async def test_large_type_is_a_link_and_stays(pages: Client, paths: list[str]) -> None:
    page = await text(pages, "/home")
    assert 'href="/home?size=large"' in page
    answer = await pages.get("/home?size=large")
    assert '<html lang="zh-CN" class="large">' in await answer.text()
    [cookie] = SimpleCookie(answer.headers["Set-Cookie"]).values()
    assert (cookie["samesite"], cookie["httponly"], cookie["path"], cookie["secure"]) == (
        "Lax",
        True,
        "/",
        "",
    )
    assert int(cookie["max-age"]) > 30 * 24 * 3600
    for path in paths:
        page = await text(pages, path)
        assert 'class="large">' in page, path
        assert "大字版" not in page
        assert "标准字" in page
    await text(pages, "/search?q=xnk&size=normal")
    assert 'class="large"' not in await text(pages, "/m/home")


async def test_without_cookies_the_page_itself_is_large(open_pages: Open, town: Clinic) -> None:
    pages = await open_pages()
    pages.session.cookie_jar.clear()
    assert 'class="large"' in await text(pages, "/hospitals?grade=三甲&size=large")
    pages.session.cookie_jar.clear()
    assert 'class="large"' not in await text(pages, "/hospitals?size=enormous")


async def test_the_cookie_travels_by_https_only_where_pages_do(open_pages: Open, town: Clinic) -> None:
    pages = await open_pages(sessions=SessionManners(https=True))
    answer = await pages.get("/home?size=large")
    assert "Secure" in answer.headers["Set-Cookie"]


async def test_the_question_is_kept_when_the_form_or_the_size_changes(pages: Client, town: Clinic) -> None:
    page = await text(pages, "/search?q=xnk&day=2026-11-26")
    assert 'href="/search?q=xnk&amp;day=2026-11-26&amp;size=large"' in page
    assert 'href="/m/search?q=xnk&amp;day=2026-11-26"' in page
    light = await text(pages, "/m/search?q=xnk&size=large")
    assert 'href="/search?q=xnk"' in light
    assert 'href="/m/search?q=xnk&amp;size=normal"' in light


# --- nothing foreign, nothing stale -------------------------------------------------------------------


async def test_nothing_runs_and_nothing_comes_from_elsewhere(pages: Client, paths: list[str]) -> None:
    for path in paths:
        page = await text(pages, path)
        assert not re.search(r"<script|<style| style=| on[a-z]+=|javascript:", page, re.IGNORECASE), path
        for address in re.findall(r'(?:href|src|action)="([^"]*)"', page):
            assert re.match(r"(/(?!/)|#|tel:|sms:)", address), (path, address)


async def test_every_link_leads_somewhere(pages: Client, paths: list[str]) -> None:
    links = set()
    for path in paths:
        links |= set(re.findall(r'href="(/[^"#]*)', await text(pages, path)))
    for link in links:
        answer = await pages.get(link.replace("&amp;", "&"))
        assert answer.status == 200, link


async def test_counts_are_never_kept_and_sheets_are_kept_for_good(pages: Client, paths: list[str]) -> None:
    for path in paths:
        answer = await pages.get(path)
        assert answer.headers["Cache-Control"] == "no-store"
        [sheet] = re.findall(r'<link rel="stylesheet"[^>]* href="([^"]*)"', await answer.text())
        kept = await pages.get(sheet)
        assert kept.status == 200
        assert kept.headers["Cache-Control"] == assets.KEPT
        other = await pages.get(sheet[:-1] + ("0" if sheet[-1] != "0" else "1"))
        assert other.headers["Cache-Control"] == "no-cache", "of another version nothing is promised"


async def test_a_sheet_uses_nothing_from_elsewhere() -> None:
    for name in ("public.css", "public-light.css"):
        assert not re.search(r"@import|url\(", (STATIC / name).read_text())


async def test_pages_travel_compressed_where_that_is_understood(pages: Client, town: Clinic) -> None:
    path = f"/departments/{town.department_id}"
    answer = await pages.get(path, headers={"Accept-Encoding": "gzip"})
    assert answer.headers["Content-Encoding"] == "gzip"
    answer = await pages.get(path, headers={"Accept-Encoding": "identity"})
    assert "Content-Encoding" not in answer.headers


# --- for whoever does not see it ----------------------------------------------------------------------


async def test_pages_have_landmarks_a_skip_link_and_their_place(pages: Client, paths: list[str]) -> None:
    for path in paths:
        if path.startswith("/m/"):
            continue
        page = await text(pages, path)
        for needed in (
            'lang="zh-CN"', '<a class="skip" href="#main">', '<main id="main"', "<header", "<footer",
            '<nav class="places" aria-label="主要栏目">', "aria-current=",
        ):  # fmt: skip
            assert needed in page, (path, needed)
        assert page.count("<h1") == 1
        assert re.search(r"<title>[^<·]+ · 12320", page)


async def test_the_schedule_is_a_table_with_headers(pages: Client, town: Clinic) -> None:
    page = await text(pages, f"/departments/{town.department_id}")
    table = page.partition("<table")[2].partition("</table>")[0]
    assert "<caption" in table
    assert table.count('<th scope="col"') == 1 + 4, "the doctor, and Monday to Thursday"
    assert table.count('<th scope="row"') == 2
    assert re.search('<th scope="col"[^>]*aria-current="date">11月23日', table)
