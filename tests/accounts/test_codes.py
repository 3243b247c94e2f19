"""Codes that prove a mobile number."""

import asyncio
from typing import Any

import pytest
from sqlalchemy import func, select

from core.accounts import codes
from core.accounts.codes import Purpose
from core.accounts.tables import PhoneCode
from core.errors import CodesUsedUp, CodeTooSoon, CodeWrong, LoginLocked, WrongInput
from core.events import CodeAsked
from core.journal import JournalRow
from core.values import Actor, ActorKind, Channel, Phone
from core.work import Hotline
from tests.clocks import FrozenClock

MINE, OTHERS = Phone("10912345678"), Phone("10987654321")
BY = Actor(ActorKind.PATIENT, "web", Channel.WEB, address="192.0.2.1")
REGISTER = Purpose.REGISTER


async def ask(hotline: Hotline, phone: Phone = MINE, purpose: Purpose = REGISTER, by: Actor = BY) -> None:
    async with hotline.work(by) as work:
        await codes.ask(work, phone, purpose)


async def sent(hotline: Hotline, phone: Phone = MINE) -> str:
    """The code that the newest text to a number brings."""
    async with hotline.read() as db:
        key = hotline.sealer.fingerprint(phone.digits, "phone")
        row = await db.scalar(select(PhoneCode.id).where(PhoneCode.phone_print == key))
        assert row is not None
        code = await codes.to_send(db, hotline.sealer, row)
    assert code is not None
    return code.code


async def prove(hotline: Hotline, code: str, phone: Phone = MINE, purpose: Purpose = REGISTER) -> Phone:
    proof = await codes.prove(hotline, BY, phone, purpose, code)
    return codes.proved(hotline.sealer, proof, purpose, now=hotline.clock.now())


def other(code: str) -> str:
    return f"{(int(code) + 1) % 1_000_000:06d}"


@pytest.mark.req("R-177")
async def test_the_code_that_was_sent_proves_the_number(hotline: Hotline) -> None:
    await ask(hotline)
    code = await sent(hotline)
    assert len(code) == 6
    assert await prove(hotline, f" {code[:3]} {code[3:]} ") == MINE


async def test_a_code_is_good_once(hotline: Hotline) -> None:
    await ask(hotline)
    code = await sent(hotline)
    await prove(hotline, code)
    with pytest.raises(CodeWrong):
        await prove(hotline, code)


@pytest.mark.req("R-178")
async def test_a_number_is_sent_one_code_a_minute_and_the_newest_counts(
    hotline: Hotline, clock: FrozenClock
) -> None:
    await ask(hotline)
    first = await sent(hotline)
    clock.advance(seconds=59)
    with pytest.raises(CodeTooSoon):
        await ask(hotline)
    clock.advance(seconds=1)
    await ask(hotline)
    second = await sent(hotline)
    assert first != second
    with pytest.raises(CodeWrong):
        await prove(hotline, first)
    assert await prove(hotline, second) == MINE


@pytest.mark.req("R-178")
async def test_of_many_who_ask_at_once_one_code_is_sent(hotline: Hotline) -> None:
    asked: list[Any] = await asyncio.gather(*(ask(hotline) for _ in range(6)), return_exceptions=True)
    assert [one for one in asked if one is None] == [None]
    assert sum(isinstance(one, CodeTooSoon) for one in asked) == 5


async def test_ten_codes_a_day_and_then_no_more_until_tomorrow(hotline: Hotline, clock: FrozenClock) -> None:
    for _ in range(codes.A_DAY):
        await ask(hotline)
        clock.advance(minutes=1)
    with pytest.raises(CodesUsedUp):
        await ask(hotline)
    clock.advance(days=1)
    await ask(hotline)


async def test_one_address_cannot_have_codes_sent_to_everybody(hotline: Hotline) -> None:
    for number in range(codes.OF_ADDRESS.tries):
        await ask(hotline, Phone(f"109{number:08d}"))
    with pytest.raises(LoginLocked):
        await ask(hotline, OTHERS)


async def test_five_wrong_tries_void_a_code(hotline: Hotline) -> None:
    await ask(hotline)
    code = await sent(hotline)
    for _ in range(codes.TRIES):
        with pytest.raises(CodeWrong):
            await prove(hotline, other(code))
    with pytest.raises(CodeWrong):
        await prove(hotline, code)


async def test_guesses_at_once_are_no_more_than_five(hotline: Hotline) -> None:
    await ask(hotline)
    code = await sent(hotline)
    guesses = [prove(hotline, f"{(int(code) + step) % 1_000_000:06d}") for step in range(1, 9)]
    await asyncio.gather(*guesses, return_exceptions=True)
    async with hotline.read() as db:
        assert await db.scalar(select(PhoneCode.tries)) == codes.TRIES


async def test_a_code_lives_ten_minutes(hotline: Hotline, clock: FrozenClock) -> None:
    await ask(hotline)
    code = await sent(hotline)
    clock.advance(minutes=10)
    with pytest.raises(CodeWrong):
        await prove(hotline, code)


async def test_a_code_is_good_for_its_purpose_and_its_number_alone(
    hotline: Hotline, clock: FrozenClock
) -> None:
    await ask(hotline)
    await ask(hotline, OTHERS)
    code = await sent(hotline)
    with pytest.raises(CodeWrong):
        await prove(hotline, code, purpose=Purpose.RESET)
    with pytest.raises(CodeWrong):
        await prove(hotline, code, OTHERS)
    with pytest.raises(CodeWrong):
        await prove(hotline, code, Phone("10911112222"))


async def test_a_proof_is_good_for_half_an_hour_and_for_what_it_was_made_for(
    hotline: Hotline, clock: FrozenClock
) -> None:
    await ask(hotline)
    proof = await codes.prove(hotline, BY, MINE, REGISTER, await sent(hotline))
    for wrong in ("", "x", "AAAA", proof[:-8] + "AAAAAAAA"):
        with pytest.raises(CodeWrong):
            codes.proved(hotline.sealer, wrong, REGISTER, now=clock.now())
    with pytest.raises(CodeWrong):
        codes.proved(hotline.sealer, proof, Purpose.RESET, now=clock.now())
    clock.advance(minutes=30)
    with pytest.raises(CodeWrong):
        codes.proved(hotline.sealer, proof, REGISTER, now=clock.now())


async def test_a_telephone_that_takes_no_texts_is_sent_none(hotline: Hotline) -> None:
    with pytest.raises(WrongInput):
        await ask(hotline, Phone("02887654321"))


async def test_neither_the_code_nor_the_number_stands_in_the_journal(hotline: Hotline) -> None:
    await ask(hotline)
    code = await sent(hotline)
    async with hotline.read() as db:
        rows = (await db.execute(select(JournalRow).where(JournalRow.kind == CodeAsked.kind))).scalars().all()
    assert len(rows) == 1
    said = str(rows[0].body)
    assert code not in said
    assert MINE.digits not in said
    assert hotline.sealer.fingerprint(MINE.digits, "phone") not in said


async def test_old_rows_go_when_their_day_is_over_and_no_code_comes_twice(
    hotline: Hotline, clock: FrozenClock
) -> None:
    await ask(hotline)
    before = await sent(hotline)
    clock.advance(hours=1)
    async with hotline.work(BY) as work:
        assert await codes.forget_old(work) == 0, "it still counts how many were sent today"
    clock.advance(days=1)
    async with hotline.work(BY) as work:
        assert await codes.forget_old(work) == 1
        assert await work.db.scalar(select(func.count()).select_from(PhoneCode)) == 0
    await ask(hotline)
    assert await sent(hotline) != before
