"""Partners on both databases: what is counted once, and for how long it is remembered."""

import asyncio
from datetime import date, timedelta
from typing import Any

import pytest
from multidict import CIMultiDict
from sqlalchemy import func, select

from core.booking.commands import Hold
from core.booking.tables import Appointment
from core.errors import IdentityConflict, PartnerHoldsFull, PartnerQuotaUsed, SignatureUsed, TooManyRequests
from core.partners import booking, engine, rules, signing
from core.partners.booking import Named, book_for, booked_today
from core.partners.engine import Caller
from core.partners.rules import State
from core.partners.signing import Request
from core.partners.tables import Partner, PartnerCall, PartnerNonce
from core.people.tables import PersonPhone
from core.values import Actor, ActorKind, Channel, Phone, demo_identity
from core.work import Hotline, Work
from tests.builders import SEED, SURFER, Clinic, clinic
from tests.clocks import FrozenClock

pytestmark = pytest.mark.req("I-016", "R-042")


async def made(hotline: Hotline, quota: int = 10) -> engine.Made:
    async with hotline.work(SEED) as work:
        return await engine.add(
            work, name="健康网", functions=["book"], quota=quota, pace=60, state=State.LIVE
        )


async def caller_of(hotline: Hotline, quota: int = 10) -> Caller:
    key_id = (await made(hotline, quota)).key_id
    async with hotline.read() as db:
        row = (await db.execute(select(Partner).where(Partner.key_id == key_id))).scalar_one()
    by = Actor(ActorKind.PATIENT, f"partner:{key_id}", Channel.WEB, partner_id=row.id)
    return Caller(row.id, key_id, State.LIVE, frozenset(row.functions), quota, 60, by)


def somebody(number: int, name: str = "") -> Named:
    identity = demo_identity("0101", date(1980, 1, 1) + timedelta(days=number), 77)
    return Named(name or "王小明", identity, Phone(f"107{number:08d}"))


async def held(town: Clinic, caller: Caller, session_id: int, number: int) -> str:
    owner = f"{booking.owner(caller.partner_id)}:{number}"
    return (await town.store.submit(Hold(session_id, owner), SURFER)).hold_id


async def test_fifty_at_once_over_a_quota_of_ten_are_exactly_ten(hotline: Hotline) -> None:
    town = await clinic(hotline)
    session_id = await town.session("chen", slots=60, minutes=60)
    caller = await caller_of(hotline, quota=10)
    holds = [await held(town, caller, session_id, number) for number in range(50)]

    async def one(number: int) -> str:
        async def act(work: Work) -> None:
            await book_for(work, caller, holds[number], somebody(number), pay_online=None)

        try:
            await hotline.run(act, caller.by)
        except PartnerQuotaUsed:
            return "over"
        return "booked"

    ended = await asyncio.gather(*(one(number) for number in range(50)))
    assert sorted(ended) == ["booked"] * 10 + ["over"] * 40
    async with hotline.work(SEED) as work:
        assert await booked_today(work) == {caller.partner_id: 10}
        mine = select(func.count()).where(booking.theirs(caller.partner_id))
        assert await work.db.scalar(mine) == 10


async def test_what_is_refused_costs_no_quota_and_tomorrow_begins_anew(
    hotline: Hotline, clock: FrozenClock
) -> None:
    town = await clinic(hotline)
    session_id = await town.session("chen", slots=6)
    caller = await caller_of(hotline, quota=1)

    async def book(number: int, name: str = "") -> None:
        hold_id = await held(town, caller, session_id, number)

        async def act(work: Work) -> None:
            await book_for(work, caller, hold_id, somebody(number, name), pay_online=None)

        await hotline.run(act, caller.by)

    await town.rule("age.min", "60")
    with pytest.raises(Exception, match="too-young"):
        await book(1)
    await town.rule("age.min", "0")
    await book(1)
    with pytest.raises(PartnerQuotaUsed) as over:
        await book(2)
    assert over.value.facts["seconds"] == 14 * 3600 + 1
    clock.advance(hours=14)
    await book(2)


async def test_a_known_person_is_booked_under_their_own_name_alone_and_gets_no_new_phone(
    hotline: Hotline,
) -> None:
    town = await clinic(hotline)
    caller = await caller_of(hotline)
    first = await held(town, caller, await town.session("chen"), 1)
    await _book(hotline, caller, first, somebody(1, "张伟"))
    phones = select(func.count()).select_from(PersonPhone)
    async with hotline.read() as db:
        before = await db.scalar(phones)
    second = await held(town, caller, await town.session("kid", half="pm"), 2)
    wrong = Named("李四", somebody(1).identity, Phone("10799999999"))
    with pytest.raises(IdentityConflict):
        await _book(hotline, caller, second, wrong)
    await _book(hotline, caller, second, Named("张伟", wrong.identity, wrong.mobile))
    async with hotline.read() as db:
        assert await db.scalar(phones) == before
        rows = (await db.execute(select(Appointment.person_id))).scalars().all()
    assert len(rows) == 2
    assert len(set(rows)) == 1


async def _book(hotline: Hotline, caller: Caller, hold_id: str, named: Named) -> None:
    async with hotline.work(caller.by) as work:
        await book_for(work, caller, hold_id, named, pay_online=None)


async def test_whoever_tries_names_for_identity_numbers_is_stopped(hotline: Hotline) -> None:
    town = await clinic(hotline)
    caller = await caller_of(hotline)
    for _ in range(rules.CONFLICTS):
        await engine.note(hotline, caller, "partner-book", status=409, code=IdentityConflict.code, took_ms=1)
    hold_id = await held(town, caller, await town.session("chen"), 1)
    with pytest.raises(TooManyRequests):
        await _book(hotline, caller, hold_id, somebody(1))


async def test_a_partner_keeps_twenty_numbers_from_others_and_no_more(hotline: Hotline) -> None:
    town = await clinic(hotline)
    caller = await caller_of(hotline)
    session_id = await town.session("chen", slots=60, minutes=60)
    for number in range(rules.HOLDS):
        async with hotline.work(caller.by) as work:
            await booking.room_for_a_hold(work, caller)
        await held(town, caller, session_id, number)
    async with hotline.work(caller.by) as work:
        with pytest.raises(PartnerHoldsFull):
            await booking.room_for_a_hold(work, caller)


async def test_of_a_request_that_comes_many_times_at_once_one_is_believed(hotline: Hotline) -> None:
    partner = await made(hotline)
    request = Request("GET", "/api/v1/hospitals", CIMultiDict())
    signing.sign(request, partner.key_id, partner.secret.encode(), now=hotline.clock.now(), nonce="n" * 20)
    answers: list[Any] = await asyncio.gather(
        *(engine.recognise(hotline, request) for _ in range(10)), return_exceptions=True
    )
    assert sum(isinstance(one, Caller) for one in answers) == 1
    assert sum(isinstance(one, SignatureUsed) for one in answers) == 9


async def test_a_new_secret_ends_the_old_one(hotline: Hotline) -> None:
    partner = await made(hotline)
    async with hotline.work(SEED) as work:
        fresh = await engine.rotate(work, partner.key_id)
    assert fresh.secret != partner.secret
    for secret, good in ((partner.secret, False), (fresh.secret, True)):
        request = Request("GET", "/api/v1/hospitals", CIMultiDict())
        signing.sign(request, partner.key_id, secret.encode(), now=hotline.clock.now(), nonce=secret[:20])
        if good:
            assert (await engine.recognise(hotline, request)).key_id == partner.key_id
        else:
            with pytest.raises(Exception, match="signature-invalid"):
                await engine.recognise(hotline, request)


async def test_the_secret_stands_sealed(hotline: Hotline) -> None:
    partner = await made(hotline)
    async with hotline.read() as db:
        (row,) = await engine.partners(db)
    assert partner.secret.encode() not in row.secret_sealed


async def test_nonces_go_soon_and_calls_after_half_a_year(hotline: Hotline, clock: FrozenClock) -> None:
    caller = await caller_of(hotline)

    async def kept() -> tuple[int, int]:
        async with hotline.read() as db:
            counts = [
                await db.scalar(select(func.count()).select_from(table))
                for table in (PartnerNonce, PartnerCall)
            ]
        return counts[0] or 0, counts[1] or 0

    async with hotline.work(SEED) as work:
        work.db.add(PartnerNonce(partner_id=caller.partner_id, nonce="n" * 20, at=work.now))
    await engine.note(hotline, caller, "partner-book", status=201, code=None, took_ms=12)
    for advance, left in ((timedelta(minutes=19), (1, 1)), (timedelta(minutes=2), (0, 1)),
                          (timedelta(days=179), (0, 1)), (timedelta(days=1), (0, 0))):  # fmt: skip
        clock.instant += advance
        while await hotline.run(engine.forget_old, SEED):
            pass
        assert await kept() == left
