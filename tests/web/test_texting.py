"""The demo's form for texts: what is written goes in as from its number, and what is no text does not."""

import pytest

from tests.pages import Open


async def test_a_text_goes_in_as_from_its_number_and_the_page_comes_back(open_pages: Open) -> None:
    written: list[tuple[str, str]] = []

    async def write(number: str, body: str) -> None:
        written.append((number, body))

    pages = await open_pages(write_text=write)
    assert 'action="/demo/texts"' in await (await pages.get("/")).text()
    answer = await pages.post(
        "/demo/texts", data={"number": "10912345678", "body": " 预约心内科 "}, allow_redirects=False
    )
    assert (answer.status, answer.headers["Location"]) == (303, "/#texts-title")
    assert written == [("10912345678", "预约心内科")]


@pytest.mark.parametrize(
    ("number", "body"),
    [("13812345678", "查询"), ("", "查询"), ("10912345678", ""), ("10912345678", "查" * 301)],
)
async def test_what_is_no_text_of_the_demo_is_refused(open_pages: Open, number: str, body: str) -> None:
    async def write(number: str, body: str) -> None:
        raise AssertionError("written")

    pages = await open_pages(write_text=write)
    assert (await pages.post("/demo/texts", data={"number": number, "body": body})).status == 400


async def test_outside_the_demo_there_is_no_such_form(open_pages: Open) -> None:
    pages = await open_pages(demo=False)
    assert (await pages.post("/demo/texts", data={"number": "10912345678", "body": "查询"})).status == 404
