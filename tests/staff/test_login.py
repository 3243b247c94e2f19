"""Logging in: one-time passwords, waits after guesses, second factors, and what each leaves behind."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace

import pyotp
import pytest
from sqlalchemy import func, select

from core.errors import (
    FormStale,
    LoginLocked,
    LoginUnfinished,
    LoginWrong,
    NotLoggedIn,
    PasswordWeak,
    Refusal,
)
from core.staff import guesses, rules, second_factor, sessions
from core.staff.engine import actor_of_account, clear_second_factor, delete_staff, give_one_time
from core.staff.login import (
    Gate,
    SecondFactor,
    Where,
    change_password,
    enrolled,
    enter_code,
    give_up_second_factor,
    log_in,
    log_out,
)
from core.staff.passwords import Passwords
from core.staff.sessions import Begun, Lives, Stage
from core.staff.tables import AuditEntry, LoginGuess, Staff, StaffSession
from core.work import Hotline
from tests.builders import SEED
from tests.clocks import FrozenClock
from tests.entering import account

GATE = Gate(Passwords.quick(), second=SecondFactor.OPTIONAL)
HERE = Where("10.1.2.3", "Chrome 141 · Windows")
ONE_TIME, OWN = "k7fm-2xqp-9hdw", "HuaKai-2026"


async def with_one_time(hotline: Hotline, *functions: str, login: str = "zhang") -> int:
    staff_id = await account(hotline, *functions, login=login)
    hashed = await GATE.passwords.hash(ONE_TIME)
    async with hotline.work(SEED) as work:
        await give_one_time(work, staff_id, hashed)
    return staff_id


async def with_password(hotline: Hotline, *functions: str, login: str = "zhang") -> int:
    staff_id = await with_one_time(hotline, *functions, login=login)
    begun = await log_in(hotline, GATE, login, ONE_TIME, HERE)
    await change_password(hotline, GATE, begun.session_id, old=None, new=OWN, again=OWN, where=HERE)
    return staff_id


async def enter(hotline: Hotline, password: str = OWN, *, gate: Gate = GATE, login: str = "zhang") -> Begun:
    return await log_in(hotline, gate, login, password, HERE)


async def acts(hotline: Hotline) -> Sequence[str]:
    async with hotline.read() as db:
        return (await db.execute(select(AuditEntry.act).order_by(AuditEntry.id))).scalars().all()


async def alive(hotline: Hotline, begun: Begun) -> bool:
    async with hotline.read() as db:
        now = hotline.clock.now()
        return await sessions.find(db, hotline.sealer, begun.token, now=now, lives=Lives()) is not None


@pytest.mark.req("R-171", "R-173")
async def test_a_one_time_password_opens_nothing_but_the_choice_of_ones_own(hotline: Hotline) -> None:
    await with_one_time(hotline, "desk")
    first = await enter(hotline, ONE_TIME)
    assert first.stage is Stage.CHANGE
    full = await change_password(hotline, GATE, first.session_id, old=None, new=OWN, again=OWN, where=HERE)
    assert full.stage is Stage.FULL
    assert not await alive(hotline, first)
    with pytest.raises(LoginWrong):
        await enter(hotline, ONE_TIME)
    assert (await enter(hotline)).stage is Stage.FULL
    assert [one for one in await acts(hotline) if not one.startswith(("role", "staff"))] == [
        "password-reset", "password-changed", "login-failed", "login",
    ]  # fmt: skip


@pytest.mark.req("R-171")
async def test_a_one_time_password_is_good_for_a_day(hotline: Hotline, clock: FrozenClock) -> None:
    await with_one_time(hotline)
    clock.advance(hours=23, minutes=59)
    await enter(hotline, ONE_TIME)
    clock.advance(minutes=1)
    with pytest.raises(LoginWrong):
        await enter(hotline, ONE_TIME)


@pytest.mark.req("R-173")
@pytest.mark.parametrize(
    ("old", "new", "again", "refusal"),
    [
        ("not it", "HuaLuo-2026", "HuaLuo-2026", LoginWrong),
        (OWN, "HuaLuo-2026", "HuaLuo-2027", PasswordWeak),
        (OWN, OWN, OWN, PasswordWeak),
        (OWN, "short", "short", PasswordWeak),
        (OWN, "zhang-Hua-2026", "zhang-Hua-2026", PasswordWeak),
        (None, "HuaLuo-2026", "HuaLuo-2026", NotLoggedIn),
    ],
)
async def test_a_new_password_needs_the_old_one_and_is_a_good_one(
    hotline: Hotline, old: str | None, new: str, again: str, refusal: type[Refusal]
) -> None:
    await with_password(hotline)
    begun = await enter(hotline)
    with pytest.raises(refusal):
        await change_password(hotline, GATE, begun.session_id, old=old, new=new, again=again, where=HERE)
    assert await alive(hotline, begun)
    assert (await enter(hotline)).stage is Stage.FULL


async def test_a_new_password_ends_every_other_session(hotline: Hotline) -> None:
    await with_password(hotline)
    here, there = await enter(hotline), await enter(hotline)
    new = "HuaLuo-2026"
    now = await change_password(hotline, GATE, here.session_id, old=OWN, new=new, again=new, where=HERE)
    assert [await alive(hotline, one) for one in (here, there, now)] == [False, False, True]


async def test_five_wrong_tries_make_everybody_wait_also_who_knows_it(
    hotline: Hotline, clock: FrozenClock
) -> None:
    await with_password(hotline)
    for _ in range(rules.OF_LOGIN.tries):
        with pytest.raises(LoginWrong):
            await enter(hotline, "guess")
    with pytest.raises(LoginLocked):
        await enter(hotline)
    assert "lockout" in await acts(hotline)
    clock.advance(minutes=15)
    assert (await enter(hotline)).stage is Stage.FULL
    for _ in range(rules.OF_LOGIN.tries - 1):
        with pytest.raises(LoginWrong):
            await enter(hotline, "guess")
    assert (await enter(hotline)).stage is Stage.FULL, "a right one begins the count anew"


async def test_a_login_that_nobody_has_answers_like_one_that_somebody_has(hotline: Hotline) -> None:
    compared: list[str | None] = []

    class Watched(Passwords):
        async def right(self, kept: str | None, password: str) -> bool:
            compared.append(kept)
            return await super().right(kept, password)

    gate = replace(GATE, passwords=Watched(Passwords.quick()._hasher))
    await with_password(hotline)
    for login in ("zhang", "nobody"):
        told = []
        for _ in range(rules.OF_LOGIN.tries + 1):
            with pytest.raises(Refusal) as refusal:
                await enter(hotline, "guess", gate=gate, login=login)
            told.append(refusal.value.code)
        assert told == ["login-wrong"] * rules.OF_LOGIN.tries + ["login-locked"]
    assert len(compared) == 2 * rules.OF_LOGIN.tries, "both cost a comparison each time"
    async with hotline.read() as db:
        kept = (await db.execute(select(AuditEntry.what))).scalars().all()
    assert "nobody" not in kept, "it may be a password that was typed into the wrong field"


async def test_guesses_at_the_same_moment_get_no_more_answers_than_guesses_in_a_row(hotline: Hotline) -> None:
    async def guess() -> int:
        async with hotline.work(SEED) as work:
            return await guesses.take(work, rules.OF_LOGIN, "zhang")

    told = await asyncio.gather(*(guess() for _ in range(20)), return_exceptions=True)
    assert sorted(one for one in told if isinstance(one, int)) == [1, 2, 3, 4, 5]
    assert sum(isinstance(one, LoginLocked) for one in told) == 15


async def test_an_address_that_tries_many_logins_waits_too(hotline: Hotline, clock: FrozenClock) -> None:
    for number in range(rules.OF_ADDRESS.tries):
        with pytest.raises(LoginWrong):
            await enter(hotline, login=f"nobody{number}")
    with pytest.raises(LoginLocked):
        await enter(hotline, login="another")
    clock.advance(minutes=15)
    async with hotline.work(SEED) as work:
        await guesses.forget_old(work)
    async with hotline.read() as db:
        assert (await db.execute(select(func.count()).select_from(LoginGuess))).scalar_one() == 0


@pytest.mark.req("R-170")
async def test_a_deleted_account_is_out_at_once_and_never_comes_in(hotline: Hotline) -> None:
    someone = await with_password(hotline)
    begun = await enter(hotline)
    async with hotline.work(SEED) as work:
        await delete_staff(work, someone)
    assert not await alive(hotline, begun)
    with pytest.raises(LoginWrong):
        await enter(hotline)


async def test_a_login_is_known_in_capitals_and_full_width_too(hotline: Hotline) -> None:
    await with_password(hotline)
    assert (await enter(hotline, login=" ＺＨＡＮＧ ")).stage is Stage.FULL


async def test_what_came_before_in_this_browser_ends_with_the_new_login(hotline: Hotline) -> None:
    await with_password(hotline)
    before = await enter(hotline)
    after = await log_in(hotline, GATE, "zhang", OWN, replace(HERE, before=before.session_id))
    assert [await alive(hotline, one) for one in (before, after)] == [False, True]
    async with hotline.work(SEED) as work:
        await log_out(work, after.session_id)
    assert not await alive(hotline, after)


# --- the second factor --------------------------------------------------------------------------------


def code(hotline: Hotline, secret: str, *, steps: int = 0) -> str:
    return pyotp.TOTP(secret).generate_otp(int(hotline.clock.now().timestamp()) // 30 + steps)


async def enrol(hotline: Hotline, staff_id: int, gate: Gate = GATE) -> str:
    """Set one up in a session; returns the secret."""
    begun = await enter(hotline, gate=gate)
    due = begun.stage is Stage.ENROL
    return await take_up(hotline, staff_id, begun, None if due else OWN, gate=gate)


async def take_up(
    hotline: Hotline, staff_id: int, begun: Begun, password: str | None, present: str = "", gate: Gate = GATE
) -> str:
    offer = second_factor.offer(hotline, staff_id, "zhang")
    shown = code(hotline, offer.secret)
    await enrolled(
        hotline, gate, begun.session_id, offer.sealed, shown, HERE, password=password, present=present
    )
    return offer.secret


async def test_with_a_second_factor_the_password_is_half_the_way(
    hotline: Hotline, clock: FrozenClock
) -> None:
    secret = await enrol(hotline, await with_password(hotline))
    clock.advance(seconds=60)
    half = await enter(hotline)
    assert half.stage is Stage.CODE
    with pytest.raises(LoginWrong):
        await enter_code(hotline, GATE, half.session_id, "000000", HERE)
    shown = code(hotline, secret)
    full = await enter_code(hotline, GATE, half.session_id, f" {shown[:3]} {shown[3:]}", HERE)
    assert full.stage is Stage.FULL
    assert not await alive(hotline, half)
    with pytest.raises(NotLoggedIn):
        await enter_code(hotline, GATE, half.session_id, shown, HERE)


@pytest.mark.parametrize(("steps", "taken"), [(-2, False), (-1, True), (0, True), (1, True), (2, False)])
async def test_a_phones_clock_may_be_half_a_minute_off(
    hotline: Hotline, clock: FrozenClock, steps: int, taken: bool
) -> None:
    secret = await enrol(hotline, await with_password(hotline))
    clock.advance(minutes=5)
    half = await enter(hotline)
    entering = enter_code(hotline, GATE, half.session_id, code(hotline, secret, steps=steps), HERE)
    if taken:
        assert (await entering).stage is Stage.FULL
    else:
        with pytest.raises(LoginWrong):
            await entering


async def test_no_code_is_taken_twice(hotline: Hotline, clock: FrozenClock) -> None:
    secret = await enrol(hotline, await with_password(hotline))
    half = await enter(hotline)
    with pytest.raises(LoginWrong):  # the one that set it up
        await enter_code(hotline, GATE, half.session_id, code(hotline, secret), HERE)
    clock.advance(seconds=60)
    first, second = await enter(hotline), await enter(hotline)
    told = await asyncio.gather(
        *(enter_code(hotline, GATE, one.session_id, code(hotline, secret), HERE) for one in (first, second)),
        return_exceptions=True,
    )
    assert sorted(type(one).__name__ for one in told) == ["Begun", "LoginWrong"]


async def test_codes_are_guessed_five_times(hotline: Hotline, clock: FrozenClock) -> None:
    secret = await enrol(hotline, await with_password(hotline))
    clock.advance(seconds=60)
    half = await enter(hotline)
    for _ in range(rules.OF_CODE.tries):
        with pytest.raises(LoginWrong):
            await enter_code(hotline, GATE, half.session_id, "000000", HERE)
    with pytest.raises(LoginLocked):
        await enter_code(hotline, GATE, half.session_id, code(hotline, secret), HERE)


async def test_who_must_have_a_second_factor_sets_it_up_before_anything_else(
    hotline: Hotline, clock: FrozenClock
) -> None:
    strict = replace(GATE, second=SecondFactor.ADMINISTRATORS)
    someone = await with_password(hotline, "staff")
    assert (await enter(hotline, gate=strict)).stage is Stage.ENROL
    secret = await enrol(hotline, someone, strict)
    clock.advance(seconds=60)
    async with hotline.read() as db:
        by = await actor_of_account(db, someone)
    with pytest.raises(LoginUnfinished):
        await give_up_second_factor(hotline, strict, by, OWN, code(hotline, secret))
    for password, shown in (("guess", code(hotline, secret)), (OWN, "000000"), (OWN, "")):
        with pytest.raises(LoginWrong):
            await give_up_second_factor(hotline, GATE, by, password, shown)
    await give_up_second_factor(hotline, GATE, by, OWN, code(hotline, secret))
    assert (await enter(hotline)).stage is Stage.FULL
    await with_password(hotline, "desk", login="li")
    assert (await enter(hotline, gate=strict, login="li")).stage is Stage.FULL


async def test_an_open_session_alone_changes_nothing_about_the_second_factor(
    hotline: Hotline, clock: FrozenClock
) -> None:
    someone = await with_password(hotline)
    begun = await enter(hotline)
    with pytest.raises(NotLoggedIn):  # as if the login had asked for it
        await take_up(hotline, someone, begun, None)
    with pytest.raises(LoginWrong):
        await take_up(hotline, someone, begun, "guess")
    secret = await enrol(hotline, someone)
    clock.advance(seconds=60)
    for password, shown in (("guess", code(hotline, secret)), (OWN, "000000"), (OWN, "")):
        with pytest.raises(LoginWrong):
            await take_up(hotline, someone, begun, password, shown)
    assert "code-wrong" in await acts(hotline)
    other = await take_up(hotline, someone, begun, OWN, code(hotline, secret))
    clock.advance(seconds=60)
    half = await enter(hotline)
    with pytest.raises(LoginWrong):
        await enter_code(hotline, GATE, half.session_id, code(hotline, secret), HERE)
    assert (await enter_code(hotline, GATE, half.session_id, code(hotline, other), HERE)).stage is Stage.FULL


async def test_a_login_that_is_not_finished_replaces_no_second_factor(
    hotline: Hotline, clock: FrozenClock
) -> None:
    """Two browsers were asked to set one up; the first has done so."""
    strict = replace(GATE, second=SecondFactor.EVERYBODY)
    someone = await with_password(hotline)
    late = await enter(hotline, gate=strict)
    await enrol(hotline, someone, strict)
    clock.advance(seconds=60)
    with pytest.raises(LoginWrong):
        await take_up(hotline, someone, late, None, gate=strict)


@pytest.mark.parametrize("act", ["change", "replace", "give up"])
async def test_a_wrong_password_of_who_is_logged_in_is_noted_and_counts_like_one_at_the_login(
    hotline: Hotline, act: str
) -> None:
    someone = await with_password(hotline)
    begun = await enter(hotline)
    async with hotline.read() as db:
        by = await actor_of_account(db, someone, session_id=begun.session_id, address=HERE.address)

    async def guess(password: str) -> None:
        if act == "change":
            new = "HuaLuo-2026"
            await change_password(
                hotline, GATE, begun.session_id, old=password, new=new, again=new, where=HERE
            )
        elif act == "replace":
            await take_up(hotline, someone, begun, password)
        else:
            await give_up_second_factor(hotline, GATE, by, password, "")

    before = len(await acts(hotline))
    for _ in range(rules.OF_LOGIN.tries):
        with pytest.raises(LoginWrong):
            await guess("guess")
    assert (await acts(hotline))[before:] == ["password-wrong"] * rules.OF_LOGIN.tries + ["lockout"]
    async with hotline.read() as db:
        (last,) = (await db.execute(select(AuditEntry).order_by(AuditEntry.id.desc()).limit(1))).scalars()
    assert (last.actor, last.session_id, last.subject_id) == ("zhang", begun.session_id, someone)
    with pytest.raises(LoginLocked):
        await guess(OWN)
    with pytest.raises(LoginLocked):
        await enter(hotline)


async def test_a_weak_new_password_is_no_guess_at_the_old_one(hotline: Hotline) -> None:
    await with_password(hotline)
    begun = await enter(hotline)
    for _ in range(rules.OF_LOGIN.tries + 1):
        with pytest.raises(PasswordWeak):
            await change_password(
                hotline, GATE, begun.session_id, old=OWN, new="short", again="short", where=HERE
            )


async def test_a_lost_phone_is_made_good_by_an_administrator_with_a_reason(hotline: Hotline) -> None:
    someone = await with_password(hotline)
    await enrol(hotline, someone)
    begun = await enter(hotline)
    async with hotline.work(SEED) as work:
        await clear_second_factor(work, someone, reason="手机丢失，已核对本人")
    assert not await alive(hotline, begun)
    assert (await enter(hotline)).stage is Stage.FULL


async def test_an_offered_secret_is_for_one_person_for_a_while(hotline: Hotline, clock: FrozenClock) -> None:
    someone = await with_password(hotline)
    begun = await enter(hotline)
    other = second_factor.offer(hotline, someone + 1, "li")
    own = second_factor.offer(hotline, someone, "zhang")
    assert second_factor.offer(hotline, someone, "zhang", own.sealed).secret == own.secret
    clock.advance(minutes=9)
    for offer in (other.sealed, "", "00ff"):
        with pytest.raises(FormStale):
            await enrolled(
                hotline, GATE, begun.session_id, offer, code(hotline, other.secret), HERE, password=OWN
            )
    clock.advance(minutes=7)
    with pytest.raises(FormStale):
        await enrolled(
            hotline, GATE, begun.session_id, own.sealed, code(hotline, own.secret), HERE, password=OWN
        )


async def test_neither_password_nor_secret_nor_cookie_is_kept_in_the_clear(hotline: Hotline) -> None:
    someone = await with_password(hotline)
    secret = await enrol(hotline, someone)
    begun = await enter(hotline)
    async with hotline.read() as db:
        rows = [
            *(await db.execute(select(Staff))).scalars(),
            *(await db.execute(select(StaffSession))).scalars(),
        ]
        rows += (await db.execute(select(AuditEntry))).scalars().all()  # type: ignore[arg-type]
    kept = str([vars(row) for row in rows])
    assert not any(one in kept for one in (OWN, ONE_TIME, secret, begun.token))
    assert "$argon2id$" in kept
