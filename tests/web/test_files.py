"""Our own files for browsers: whole, packed, asked for once, and nothing but them."""

from pathlib import Path

import pytest

from core.http.files import WORTH_PACKING
from tests.pages import Open

CSS = Path("web/static/public.css").read_bytes()


async def test_a_file_comes_as_it_is_and_packed_for_whoever_unpacks(open_pages: Open) -> None:
    client = await open_pages()
    assert len(CSS) > WORTH_PACKING
    for accepted, packed in (("identity", None), ("gzip", "gzip")):
        answer = await client.get("/static/public.css", headers={"Accept-Encoding": accepted})
        assert answer.headers.get("Content-Encoding") == packed
        assert answer.headers["Content-Type"] == "text/css; charset=utf-8"
        assert await answer.read() == CSS


async def test_who_has_it_already_is_told_so(open_pages: Open) -> None:
    client = await open_pages()
    mark = (await client.get("/static/icon.svg")).headers["ETag"]
    again = await client.get("/static/icon.svg", headers={"If-None-Match": mark})
    assert (again.status, await again.read()) == (304, b"")
    other = await client.get("/static/icon.svg", headers={"If-None-Match": '"another"'})
    assert other.status == 200


async def test_a_browser_finds_our_mark_where_it_looks_by_itself(open_pages: Open) -> None:
    answer = await (await open_pages()).get("/favicon.ico")
    assert (answer.status, answer.headers["Content-Type"]) == (200, "image/svg+xml; charset=utf-8")


@pytest.mark.parametrize("path", ["nowhere.css", "../app.py", "%2e%2e/app.py", "..%2fapp.py", "parts"])
async def test_nothing_else_is_to_be_had(open_pages: Open, path: str) -> None:
    answer = await (await open_pages()).get(f"/static/{path}")
    assert answer.status == 404
