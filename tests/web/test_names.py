"""How names are read: seen, heard before it is saved, corrected, and never lost while typing."""

import io
import re
import wave
from typing import Any

import pytest
from aiohttp.test_utils import TestClient

from core import journal
from core.events import ReadingCorrected
from core.work import Hotline
from hotline.listening import MOST_TRIES
from tests.builders import Clinic, clinic
from tests.clocks import FrozenClock
from tests.entering import enter, form_token
from tests.ivr.sounds import Tones
from tests.pages import Open

Client = TestClient[Any, Any]
GOOD = "ceng2 xiao3 yu3"


@pytest.fixture
async def town(hotline: Hotline) -> Clinic:
    return await clinic(hotline)


@pytest.fixture
def kid(town: Clinic) -> str:
    """Where Dr 曾小雨 is corrected."""
    return f"/names/doctor/{town.doctors['kid']}"


def row(page: str, key: str) -> str:
    return page.partition(f'id="{key}"')[2].partition("</li>")[0]


async def save(
    client: Client, path: str, pinyin: str, before: str = "曾小雨", **headers: str
) -> tuple[int, str]:
    answer = await client.post(
        path, data={"pinyin": pinyin, "before": before, "form-token": form_token(client)}, headers=headers
    )
    return answer.status, await answer.text()


async def test_a_name_shows_how_it_is_read_and_the_dictionarys_reading_where_nothing_is_saved(
    staff_pages: Open, town: Clinic
) -> None:
    page = await (await (await staff_pages()).get("/names?q=曾")).text()
    it = row(page, f"doctor-{town.doctors['kid']}")
    assert "zēng xiǎo yǔ" in it, "a surname as a surname"
    assert "字典的念法" in it
    assert 'placeholder="zeng1 xiao3 yu3"' in it
    assert "和字数对不上，没有用上" in it, "what is saved is no reading"
    assert "找到 1 个医生" in page


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ("what=hospital", "青石市第一人民医院"),
        ("what=department&q=心血管", "xīn xuè guǎn nèi kē"),
        ("q=" + "%25", "没有找到"),
        ("page=99", "找到 3 个医生"),
        ("what=nonsense&page=-1", "陈建国"),
    ],
)
async def test_each_kind_is_listed_and_searched(
    open_pages: Open, town: Clinic, query: str, shown: str
) -> None:
    answer = await (await open_pages()).get(f"/names?{query}")
    assert answer.status == 200
    assert shown in await answer.text()


async def test_a_reading_is_saved_and_shown_with_its_tones(
    staff_pages: Open, town: Clinic, kid: str, hotline: Hotline
) -> None:
    status, page = await save(await staff_pages(), f"{kid}?q=曾", GOOD)
    it = row(page, f"doctor-{town.doctors['kid']}")
    assert status == 200
    assert "céng xiǎo yǔ" in it
    assert "已保存的念法" in it
    assert "电话里从现在起这样念" in it
    assert "找到 1 个医生" in page, "the search is still there"
    async with hotline.read() as db:
        assert (await journal.entries(db, journal.START))[-1].event == ReadingCorrected(
            what="doctor", id=town.doctors["kid"]
        )


@pytest.mark.parametrize(
    ("typed", "before", "status", "words"),
    [
        ("zeng1 xiao3", "曾小雨", 400, "要3个,您填了2个"),
        ("zeng1 xiao3 yu", "曾小雨", 400, "要以声调结尾"),
        ("zeng1 xiao3 jong3", "曾小雨", 400, "不是普通话的音节"),
        (GOOD, "zeng1 xiao3 yu3", 409, "刚刚被别人改过"),
    ],
)
async def test_what_was_typed_stays_when_it_is_refused(
    staff_pages: Open, town: Clinic, kid: str, typed: str, before: str, status: int, words: str
) -> None:
    told, page = await save(await staff_pages(), kid, typed, before)
    it = row(page, f"doctor-{town.doctors['kid']}")
    assert told == status
    assert words in it
    assert f'value="{typed}"' in it
    assert 'name="before" value="曾小雨"' in it


async def test_a_reading_is_heard_before_it_is_saved(staff_pages: Open, kid: str, engine: Tones) -> None:
    client = await staff_pages()
    usual = await client.get(f"{kid}.wav")
    tried = await client.get(f"{kid}.wav", params={"pinyin": "Céng xiao3 yu3"})
    slow = await client.get(f"{kid}.wav", params={"pinyin": GOOD, "track": "slow"})
    for answer in (usual, tried, slow):
        assert answer.headers["Cache-Control"] == "no-store"
        with wave.open(io.BytesIO(await answer.read())) as wav:
            assert wav.getnframes() > 1000
    assert engine.said == ["zeng1 xiao3 yu3", GOOD, GOOD]


async def test_a_reading_that_cannot_be_said_is_refused_before_anything_is_heard(
    staff_pages: Open, kid: str
) -> None:
    headers = {"Accept": "audio/wav, application/json"}
    answer = await (await staff_pages()).get(f"{kid}.wav", params={"pinyin": "zeng1 x yu3"}, headers=headers)
    assert answer.status == 400
    assert "第2个音节" in (await answer.json())["words"]


async def test_only_so_many_readings_are_tried_in_a_minute(
    staff_pages: Open, kid: str, clock: FrozenClock
) -> None:
    client = await staff_pages()
    for _ in range(MOST_TRIES):
        assert (await client.get(f"{kid}.wav", params={"pinyin": GOOD})).status == 200
    assert (await client.get(f"{kid}.wav", params={"pinyin": GOOD})).status == 503
    assert (await client.get(f"{kid}.wav")).status == 200, "what is saved is always heard"
    clock.advance(seconds=61)
    assert (await client.get(f"{kid}.wav", params={"pinyin": GOOD})).status == 200


@pytest.mark.parametrize("path", ["/names/doctor/404", "/names/patient/1"])
async def test_who_is_not_there_is_neither_heard_nor_corrected(staff_pages: Open, path: str) -> None:
    client = await staff_pages()
    assert (await client.get(f"{path}.wav")).status == 404
    assert (await save(client, path, GOOD))[0] == 404


async def test_another_sites_page_corrects_nothing(staff_pages: Open, kid: str) -> None:
    status, _ = await save(await staff_pages(), kid, GOOD, Origin="https://elsewhere.example")
    assert status == 403


@pytest.mark.parametrize("functions", [None, ("book",)])
async def test_without_the_right_names_are_heard_as_they_are_and_stay_so(
    open_pages: Open, hotline: Hotline, kid: str, functions: tuple[str, ...] | None
) -> None:
    client = await open_pages()
    if functions:
        await enter(client, hotline, *functions)
    page = await (await client.get("/names")).text()
    assert ("修改要有" if functions else "请先登录") in page
    assert not re.search('name="pinyin"|name="before"|>保存<', page)
    assert (await client.get(f"{kid}.wav")).status == 200
    refused, headers = 403 if functions else 401, {"Accept": "application/json"}
    assert (await client.get(f"{kid}.wav", params={"pinyin": GOOD}, headers=headers)).status == refused
    assert (await save(client, kid, GOOD, Accept="application/json"))[0] == refused
