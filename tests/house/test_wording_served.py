"""The voice and its pages together, as they are served: what is corrected there is what is said."""

import re
import shutil
from pathlib import Path

import aiohttp
import pytest

from hotline.demo_staff import PASSWORD
from tests.houses import serving

pytestmark = pytest.mark.skipif(not shutil.which("espeak-ng"), reason="espeak-ng is not installed")


async def test_a_name_is_heard_corrected_and_then_said_so(tmp_path: Path) -> None:
    async with (
        serving(tmp_path / "house", HOTLINE_SWITCH="no") as house,
        aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as http,
    ):

        async def get(path: str, **query: str) -> tuple[int, bytes]:
            async with http.get(house.web + path, params=query) as answer:
                return answer.status, await answer.read()

        gate = (await get("login"))[1].decode()
        token = re.search(r'name="form-token" value="([^"]+)"', gate)
        assert token
        who = {"login": "admin", "password": PASSWORD, "form-token": token[1]}
        async with http.post(f"{house.web}login", data=who) as answer:
            assert answer.url.path == "/wall/"
        page = (await get("names", q="曾"))[1].decode()
        found = re.search(r'id="doctor-(\d+)"', page)
        saved = re.search(r'name="before" value="(zeng1 [^"]+)"', page)
        assert found
        assert saved
        sound, other = f"names/doctor/{found[1]}.wav", saved[1].replace("zeng1", "ceng2")
        status, before = await get(sound)
        assert (status, before[:4]) == (200, b"RIFF")
        _, tried = await get(sound, pinyin=other)
        assert tried != before
        token = re.search(r'name="form-token" value="([^"]+)"', page)
        assert token
        form = {"pinyin": other, "before": saved[1], "form-token": token[1]}
        async with http.post(f"{house.web}names/doctor/{found[1]}", data=form) as answer:
            assert "已保存" in await answer.text()
        assert (await get(sound))[1] == tried


async def test_the_greeting_is_heard_and_not_sent_twice(tmp_path: Path) -> None:
    async with serving(tmp_path / "house", HOTLINE_SWITCH="no") as house, aiohttp.ClientSession() as http:
        address = f"{house.web}prompts/greeting.wav"
        async with http.get(address) as answer:
            assert len(await answer.read()) > 2 * 16000
        async with http.get(address, headers={"If-None-Match": answer.headers["ETag"]}) as again:
            assert again.status == 304
