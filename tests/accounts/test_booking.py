"""An account's own booking on both databases: once for each hold, whatever comes at once; and nobody else's."""

import asyncio

import pytest

from core.accounts import booking, people
from core.accounts.booking import Wish, captcha_asked, confirm, held, owner
from core.booking.commands import Booked, HeldSlot, Hold
from core.booking.loading import asked_of
from core.booking.rules import State
from core.errors import CaptchaWrong, HoldLapsed, KeyReused, NotFound, Refusal
from core.values import Actor, ActorKind, Channel
from core.work import Hotline, Work
from tests import captchas, patients
from tests.builders import CALLER, Clinic, clinic
from tests.clocks import FrozenClock
from tests.wizard import made

NONE = ("", "")


class Desk:
    """One account at the engine."""

    def __init__(self, town: Clinic, account_id: int, person_id: int) -> None:
        self.town, self.account_id, self.person_id = town, account_id, person_id
        self.by = Actor(ActorKind.PATIENT, "web", Channel.WEB, account_id=account_id)

    async def hold(self, session_id: int) -> HeldSlot:
        return await self.town.store.submit(Hold(session_id, owner(self.account_id)), self.by)

    async def confirm(self, wish: Wish, captcha: tuple[str, str] = NONE) -> Booked | Refusal:
        async def act(work: Work) -> Booked:
            return await confirm(work, wish, owner_id=self.person_id, captcha=captcha)

        try:
            return await self.town.hotline.run(act, self.by)
        except Refusal as refusal:
            return refusal


async def desk(town: Clinic, name: str, phone: str) -> Desk:
    person_id = await town.person(name)
    return Desk(town, await patients.account(town.hotline, person_id, phone), person_id)


@pytest.fixture
async def town(hotline: Hotline) -> Clinic:
    return await clinic(hotline)


@pytest.fixture
async def li(town: Clinic) -> Desk:
    return await desk(town, "李秀英", "10912345678")


async def test_five_clicks_at_once_book_once_and_spend_one_captcha(li: Desk, hotline: Hotline) -> None:
    await li.town.rule("captcha.web", "always")
    hold = await li.hold(await li.town.session("chen"))
    token = await captchas.made(hotline)
    captcha = (token, await captchas.figures(hotline, token))
    wish = Wish(hold.hold_id, li.person_id)
    answers = await asyncio.gather(*(li.confirm(wish, captcha) for _ in range(5)))
    booked = {one.serial for one in answers if isinstance(one, Booked)}
    # Who comes while the first is at work has no captcha left; the page then shows what was booked.
    assert all(isinstance(one, Booked | CaptchaWrong) for one in answers)
    [it] = await made(hotline)
    assert booked == {it.serial}
    async with hotline.read() as db:
        assert (
            await booking.came_of(db, li.account_id, await held(db, li.account_id, hold.hold_id)) == it.serial
        )


async def test_a_hold_becomes_one_thing_for_one_person(li: Desk, hotline: Hotline) -> None:
    other = await li.town.person("李小宝")
    async with hotline.work(li.by) as work:
        await people.add(work, li.account_id, other, "child")
    hold = await li.hold(await li.town.session("chen"))
    wishes = [Wish(hold.hold_id, li.person_id), Wish(hold.hold_id, other)]
    answers = await asyncio.gather(*map(li.confirm, wishes))
    assert sorted(type(one).__name__ for one in answers) in (
        ["Booked", "KeyReused"],
        ["Booked", "HoldLapsed"],
    )
    assert isinstance(next(one for one in answers if not isinstance(one, Booked)), KeyReused | HoldLapsed)
    assert len(await made(hotline)) == 1


async def test_another_accounts_hold_attendee_and_appointment_are_not_found(
    li: Desk, hotline: Hotline
) -> None:
    wang = await desk(li.town, "王强", "10988888888")
    session = await li.town.session("chen")
    hold, own = await li.hold(session), await wang.hold(session)
    old = await li.town.book(await li.town.session("chen", half="pm"), li.person_id, by=CALLER)
    for wish in (
        Wish(hold.hold_id, wang.person_id),
        Wish(own.hold_id, li.person_id),
        Wish(own.hold_id, change=old.serial),
        Wish(own.hold_id),
    ):
        assert isinstance(await wang.confirm(wish), NotFound)
    async with hotline.work(wang.by) as work:
        with pytest.raises(NotFound):
            await booking.leave(work, wang.account_id, hold.hold_id)
    [it] = await made(hotline)
    assert it.state == State.BOOKED


async def test_a_wrong_captcha_books_nothing_and_is_spent(li: Desk, hotline: Hotline) -> None:
    await li.town.rule("captcha.web", "always")
    hold = await li.hold(await li.town.session("chen"))
    token = await captchas.made(hotline)
    right = await captchas.figures(hotline, token)
    wish = Wish(hold.hold_id, li.person_id)
    assert isinstance(await li.confirm(wish, (token, "1")), CaptchaWrong)
    assert isinstance(await li.confirm(wish, (token, right)), CaptchaWrong)
    assert await made(hotline) == []


async def test_what_was_booked_elsewhere_or_long_ago_asks_for_no_captcha(
    li: Desk, hotline: Hotline, clock: FrozenClock
) -> None:
    """Only live appointments that this account made on the web count, and only for an hour."""
    session = await li.town.session("chen", slots=12, minutes=15)
    for name in ("甲", "乙", "丙"):
        await li.town.book(session, await li.town.person(name), by=CALLER, phone="10912345678")

    async def asked() -> bool:
        async with hotline.read() as db:
            wanted = await asked_of(db, session_id=session)
            return await captcha_asked(db, li.account_id, wanted, clock.now())

    assert not await asked()
    for name in ("丁", "戊", "己"):
        await li.town.book(session, await li.town.person(name), by=li.by)
    assert await asked()
    clock.advance(hours=1)
    assert not await asked()
