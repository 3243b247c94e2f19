"""The wizard on any phone (R-098): every page of it light and in old markup, and it books as the full one does."""

import re
from datetime import date

import pytest

from core.booking.rules import State
from core.work import Hotline
from tests import captchas
from tests.public import words
from tests.web.test_public_light import MOST_BYTES, well_formed
from tests.wizard import Surfer, li, links, made, serial_of, town
from web.public import assets

__all__ = ["li", "town"]
SHEET = (assets.HERE / "public-light.css").stat().st_size


async def light(li: Surfer, path: str, status: int = 200) -> str:
    return weighed(await li.get(path, status))


def weighed(page: str) -> str:
    assert len(page.encode()) + SHEET < MOST_BYTES
    well_formed(page)
    assert "<script" not in page
    own = re.sub(r'<[^>]*rel="(canonical|nofollow)"[^>]*>', "", page)
    assert [one for one in links(own) if one.startswith(("/book", "/account/orders", "/doctors"))] == []
    return page


@pytest.mark.req("R-098", "I-010")
async def test_any_phone_books_step_by_step(li: Surfer, hotline: Hotline) -> None:
    li.base = "/m"
    for rule, value in (("captcha.web", "always"), ("pay.mode", "online")):
        await li.town.rule(rule, value)
    for number in range(8):
        await li.family(f"家人{number}", identity=number % 2 == 0)
    session = await li.town.session("chen", slots=12, minutes=15)
    agenda = await li.get(f"/m/doctors/{li.town.doctors['chen']}?day=2026-11-26")
    assert f"/m/book/{session}" in links(agenda)
    page = await light(li, f"/m/book/{session}")
    assert page.count('name="period"') == 12
    held = await li.hold(session)
    assert held.startswith("/m/book/held/")
    assert (await light(li, held)).count('name="person"') == 9
    agree = await light(li, f"{held}?person={li.person_id}")
    wrong = weighed(
        await li.post(held, 400, person=li.person_id, captcha_token=captchas.token_of(agree), captcha="1")
    )
    solved = await captchas.solved(hotline, wrong)
    done = await li.book(held, **{name.replace("-", "_"): value for name, value in solved.items()})
    assert done.startswith("/m/book/done/")
    end = await light(li, done)
    assert f'src="{done}.png"' in end
    assert "去支付 30 元" in words(end)
    picture = await li.client.get(f"{done}.png")
    assert (await picture.read()).startswith(b"\x89PNG")
    [it] = await made(hotline)
    assert (it.serial, it.state) == (serial_of(done), State.UNPAID)


@pytest.mark.req("R-098", "R-087")
async def test_any_phone_moves_an_appointment(li: Surfer, hotline: Hotline) -> None:
    li.base = "/m"
    old = serial_of(await li.book(await li.hold(await li.town.session("chen"), key="before")))
    session = await li.town.session("chen", half="pm")
    await light(li, f"/m/book/{session}?change={old}")
    held = await li.hold(session, key="k2", change=old)
    await light(li, held)
    await light(li, await li.post(held.partition("?")[0], change=old))
    assert [one.state for one in await made(hotline)] == [State.REPLACED, State.BOOKED]


async def test_a_refusal_and_a_closed_session_are_light_too(li: Surfer) -> None:
    li.base = "/m"
    session = await li.town.session("chen", slots=1)
    for day in (27, 28, 30):
        await li.town.session("chen", day=date(2026, 11, day))
    await li.town.rule("identity.first-visit", "passport")
    held = await li.hold(session)
    weighed(await li.post(held, 409, person=li.person_id))
    assert "号已约满" in words(await light(li, f"/m/book/{session}"))
    await li.post(f"{held}/leave")
    weighed(await li.get(held, 409))
