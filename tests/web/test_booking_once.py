"""A number is kept and booked once, however often a form is sent; and what is another's is not there."""

import asyncio

import pytest

from core.booking.hold import lapse_due
from core.http.forms import FIELD
from core.values import system
from core.work import Hotline
from tests import captchas
from tests.clocks import FrozenClock
from tests.pages import Open
from tests.public import words
from tests.wizard import Surfer, li, links, made, serial_of, surfer, town

__all__ = ["li", "town"]


async def test_a_double_click_keeps_one_number_and_books_once(li: Surfer, hotline: Hotline) -> None:
    session = await li.town.session("chen")
    first, second = await asyncio.gather(li.hold(session), li.hold(session))
    assert first == second
    assert await li.town.states(session) == {"free": 5, "held": 1}
    one, other = await asyncio.gather(li.book(first), li.book(first))
    assert one == other
    assert len(await made(hotline)) == 1


async def test_a_double_click_spends_one_captcha_and_both_come_to_what_was_booked(
    li: Surfer, hotline: Hotline
) -> None:
    await li.town.rule("captcha.web", "always")
    held = await li.hold(await li.town.session("chen"))
    page = await li.get(f"{held}?person={li.person_id}")
    solved = {name.replace("-", "_"): value for name, value in (await captchas.solved(hotline, page)).items()}
    one, other = await asyncio.gather(li.book(held, **solved), li.book(held, **solved))
    assert one == other
    assert len(await made(hotline)) == 1


async def test_back_after_the_booking_leads_to_what_was_booked(li: Surfer, hotline: Hotline) -> None:
    child = await li.family("李小宝")
    session = await li.town.session("chen")
    held = await li.hold(session)
    done = await li.book(held)
    assert await li.get(held, 303) == done
    assert await li.hold(session) == held  # the form of before, sent again
    assert await li.book(held, child) == done
    assert len(await made(hotline)) == 1


async def test_a_form_sent_again_after_the_number_was_given_up_keeps_another(li: Surfer) -> None:
    session = await li.town.session("chen", slots=1)
    held = await li.hold(session)
    assert await li.post(f"{held}/leave") == f"/book/{session}"
    assert await li.post(f"{held}/leave") == f"/book/{session}"  # again does no harm
    assert await li.town.states(session) == {"free": 1}
    assert "为您保留的号已超时" in words(await li.get(held, 409))
    again = await li.hold(session)
    assert again != held
    assert await li.hold(session) == again


async def test_who_comes_back_to_the_session_finds_what_is_kept_for_them(li: Surfer) -> None:
    """Also when it was the last number: the session is full for everybody else."""
    session = await li.town.session("chen", slots=1)
    held = await li.hold(session)
    for base in ("", "/m"):
        page = await li.get(f"{base}/book/{session}")
        assert "您留着这一班 08:00–08:30 的号，保留到 10:05:00" in words(page)
        assert f"{base}{held}" in links(page)
    await li.post(f"{held}/leave")
    assert "您留着这一班" not in await li.get(f"/book/{session}")


async def test_another_choice_lets_the_older_go(li: Surfer) -> None:
    session = await li.town.session("chen")
    await li.hold(session)
    await li.hold(session, place=1)
    assert await li.town.states(session) == {"free": 5, "held": 1}


async def test_two_patients_and_the_last_number(li: Surfer, open_pages: Open, hotline: Hotline) -> None:
    wang = await surfer(open_pages, li.town, "王强", "10988888888")
    session = await li.town.session("chen", slots=1)
    await li.town.session("chen", half="pm")
    [period] = await li.town.periods(session)

    async def try_it(who: Surfer) -> tuple[int, str]:
        answer = await who.client.post(
            f"/book/{session}", data={FIELD: who.form, "key": "k", "period": period}, allow_redirects=False
        )
        return answer.status, answer.headers.get("Location", "") or words(await answer.text())

    (won, where), (lost, said) = sorted([await try_it(li), await try_it(wang)])
    assert (won, lost) == (303, 409)
    assert where.startswith("/book/held/")
    assert "号已约满,请选择其他时段或其他医生。" in said
    assert "11月26日 周四 14:00 陈建国 主任医师" in said
    assert await li.town.states(session) == {"held": 1}


@pytest.mark.req("I-008")
async def test_a_lapsed_number_is_booked_while_nobody_has_taken_it(
    li: Surfer, hotline: Hotline, clock: FrozenClock
) -> None:
    session = await li.town.session("chen", slots=1)
    held = await li.hold(session)
    clock.advance(minutes=6)
    for swept in (False, True):
        if swept:
            async with hotline.work(system("timers")) as work:
                assert await lapse_due(work) == 1
        assert "还可以照样提交" in words(await li.get(f"{held}?person={li.person_id}"))
    done = await li.book(held)
    assert (await made(hotline))[0].serial == serial_of(done)


async def test_a_lapsed_number_that_somebody_else_has_leads_back_with_words(
    li: Surfer, hotline: Hotline, clock: FrozenClock
) -> None:
    session = await li.town.session("chen", slots=1)
    held = await li.hold(session)
    clock.advance(minutes=6)
    async with hotline.work(system("timers")) as work:
        await lapse_due(work)
    await li.town.book(session, await li.town.person("王强"))
    page = await li.post(held, 409, person=li.person_id)
    assert "为您保留的号已超时,请重新选择。" in words(page)
    assert "还可以这样约" in page


@pytest.mark.req("R-167")
async def test_what_is_anothers_is_not_there(li: Surfer, open_pages: Open, hotline: Hotline) -> None:
    wang = await surfer(open_pages, li.town, "王强", "10988888888")
    session = await li.town.session("chen")
    held = await li.hold(session)
    for path in (held, f"{held}?person={wang.person_id}", "/book/held/" + "k" * 22):
        await wang.get(path, 404)
    await wang.post(held, 404, person=wang.person_id)
    await wang.post(f"{held}/leave", 404)
    assert await li.town.states(session) == {"free": 5, "held": 1}
    done = await li.book(held)
    for path in (done, f"{done}.ics", f"{done}.png", "/book/done/12345674", "/book/done/12345678"):
        await wang.get(path, 404)
    # nor does one book for somebody who is not of the own family, and what is no number is nobody
    mine = await wang.hold(session, place=1)
    for person in (li.person_id, 999, "1e3", "９"):
        await wang.post(mine, 404, person=person)
        await wang.get(f"{mine}?person={person}", 404)
    await wang.post(mine, 404, change=serial_of(done))
    await wang.get(f"/book/{session}?change={serial_of(done)}", 404)
    assert len(await made(hotline)) == 1


@pytest.mark.parametrize("path", ["/book/{session}", "{held}", "{held}/leave"])
async def test_a_form_without_its_token_does_nothing(li: Surfer, hotline: Hotline, path: str) -> None:
    session = await li.town.session("chen")
    held = await li.hold(session)
    period = (await li.town.periods(session))[2]
    for token in ({}, {FIELD: "forged"}):
        answer = await li.client.post(
            path.format(session=session, held=held),
            data={**token, "period": period, "key": "k9", "person": li.person_id},
            allow_redirects=False,
        )
        assert answer.status == 403
    assert await li.town.states(session) == {"free": 5, "held": 1}
    assert await made(hotline) == []


async def test_an_address_that_asks_for_what_cannot_be_is_told_so(li: Surfer) -> None:
    session = await li.town.session("chen")
    await li.get("/book/999", 404)
    await li.get(f"/book/{session}?period=x", 400)
    assert "请先选一个时段。" in words(await li.post(f"/book/{session}", 400, key="k"))
    held = await li.hold(session)
    assert "请先选就诊人。" in words(await li.post(held, 400))
