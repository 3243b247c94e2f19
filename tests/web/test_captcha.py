"""Captchas: a picture, a sound, one answer."""

import io
import wave
from typing import Any

import numpy as np
import pytest
from aiohttp.test_utils import TestClient
from PIL import Image
from sqlalchemy import func, select

from core.accounts import captchas
from core.accounts.tables import Captcha
from core.errors import CaptchaWrong, NotFound
from core.work import Hotline
from tests.builders import SEED
from tests.captchas import figures, made
from tests.clocks import FrozenClock
from tests.ivr.sounds import Tones
from tests.pages import Open
from web.account.noise import among_noise

Client = TestClient[Any, Any]


async def answer(hotline: Hotline, token: str, typed: str) -> None:
    async with hotline.work(SEED) as work:
        await captchas.check(work, token, typed)


@pytest.mark.req("R-180")
async def test_what_the_picture_shows_is_the_right_answer_once(hotline: Hotline) -> None:
    token = await made(hotline)
    shown = await figures(hotline, token)
    await answer(hotline, token, shown)
    with pytest.raises(CaptchaWrong):
        await answer(hotline, token, shown)


@pytest.mark.req("R-180")
async def test_a_wrong_answer_spends_the_captcha_though_the_unit_of_work_fails(hotline: Hotline) -> None:
    token = await made(hotline)
    shown = await figures(hotline, token)
    with pytest.raises(CaptchaWrong):
        await answer(hotline, token, "00000")
    with pytest.raises(CaptchaWrong):
        await answer(hotline, token, shown)


async def test_figures_may_be_typed_in_full_width_and_with_spaces(hotline: Hotline) -> None:
    token = await made(hotline)
    wide = " ".join(chr(ord(one) - ord("0") + ord("０")) for one in await figures(hotline, token))
    await answer(hotline, token, f" {wide} ")


async def test_a_captcha_is_too_old_after_five_minutes_and_is_forgotten(
    hotline: Hotline, clock: FrozenClock
) -> None:
    token = await made(hotline)
    shown = await figures(hotline, token)
    clock.advance(minutes=5)
    with pytest.raises(CaptchaWrong):
        await answer(hotline, token, shown)
    with pytest.raises(NotFound):
        await figures(hotline, token)
    async with hotline.work(SEED) as work:
        assert await captchas.forget_old(work) == 1
        assert await work.db.scalar(select(func.count()).select_from(Captcha)) == 0


async def test_an_empty_answer_to_nothing_is_wrong(hotline: Hotline) -> None:
    with pytest.raises(CaptchaWrong):
        await answer(hotline, "", "")


async def test_figures_are_told_apart_by_eye_and_ear(hotline: Hotline) -> None:
    shown = "".join([await figures(hotline, await made(hotline)) for _ in range(20)])
    assert len(shown) == 100
    assert not set(shown) & set("01")


@pytest.mark.req("R-180")
async def test_the_picture_and_the_sound_are_of_this_captcha_and_never_kept(
    open_pages: Open, hotline: Hotline, engine: Tones
) -> None:
    client: Client = await open_pages()
    token = await made(hotline)
    shown = await figures(hotline, token)

    picture = await client.get(f"/account/captcha/{token}.png")
    assert picture.status == 200
    assert picture.headers["Cache-Control"] == "no-store"
    assert Image.open(io.BytesIO(await picture.read())).size == (200, 70)

    sound = await client.get(f"/account/captcha/{token}.wav")
    assert sound.status == 200
    assert sound.headers["Cache-Control"] == "no-store"
    with wave.open(io.BytesIO(await sound.read())) as heard:
        assert heard.getframerate() >= 8000
        assert heard.getnframes() / heard.getframerate() > 3
    assert len(engine.said) == len(set(shown)), "one for each figure that was drawn"

    assert (await client.get(f"/account/captcha/{'x' * 22}.png")).status == 404


def test_no_two_sounds_of_the_same_figures_are_alike() -> None:
    said = _beep(440), _beep(660)
    one, other = among_noise(said, seed=1), among_noise(said, seed=2)
    assert one != other
    first = np.frombuffer(one[44:], dtype="<i2")
    assert np.max(np.abs(first)) < 32767 * 0.81
    assert np.std(first[:800]) > 0, "the noise is there before the first figure"


def _beep(hertz: float) -> bytes:
    made = io.BytesIO()
    with wave.open(made, "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(16000)
        at = np.arange(8000) / 16000
        sound.writeframes((np.sin(2 * np.pi * hertz * at) * 9000).astype("<i2").tobytes())
    return made.getvalue()
