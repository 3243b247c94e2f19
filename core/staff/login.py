"""Logging in: password, then what is due (code, new password, second factor), then a full session."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from sqlalchemy import func, select

from core.errors import LoginUnfinished, LoginWrong, NotLoggedIn, PasswordWeak
from core.events import PasswordChanged
from core.staff import audit, guesses, proving, rules, second_factor, sessions
from core.staff.engine import functions_of
from core.staff.passwords import Passwords
from core.staff.sessions import Begun, Lives, Stage
from core.staff.tables import Staff, StaffSession
from core.values import Actor, ActorKind, Channel
from core.work import Hotline, Work

# Somebody typed a login that nobody has: it may be a password in the wrong field, so it is not kept.
UNKNOWN = "未知登录名"


class SecondFactor(StrEnum):
    """Who must have a second factor; anybody may."""

    OPTIONAL = "optional"
    ADMINISTRATORS = "administrators"
    EVERYBODY = "everybody"


@dataclass(frozen=True)
class Gate:
    """What logging in asks for."""

    passwords: Passwords
    lives: Lives = field(default_factory=Lives)
    second: SecondFactor = SecondFactor.ADMINISTRATORS


@dataclass(frozen=True)
class Where:
    """From where somebody logs in. before: the session this browser had, which ends."""

    address: str = ""
    browser: str = ""
    before: int | None = None


async def log_in(hotline: Hotline, gate: Gate, login: str, password: str, where: Where) -> Begun:
    """A session, perhaps half-way (its stage says what is due).

    Raises LoginWrong, the same for a wrong password as for a login that nobody has and after the same
    time; LoginLocked after too many tries, also for a login that nobody has.
    """
    login, password = rules.plain(login).strip(), rules.plain(password)
    by = _stranger(where)
    key = login.lower()

    async def begin(work: Work) -> tuple[int, Staff | None]:
        await guesses.take(work, rules.OF_ADDRESS, where.address)
        return await guesses.take(work, rules.OF_LOGIN, key), await _account(work, key)

    tries, staff = await hotline.run(begin, by)
    kept = staff.password if staff else None
    right = await gate.passwords.right(kept, password)

    async def finish(work: Work) -> Begun | None:
        found = await _account(work, key)
        if not right or found is None or found.password != kept or _over(found, work.now):
            await _failed(work, found, tries == rules.OF_LOGIN.tries)
            return None
        await guesses.give_back(work, rules.OF_ADDRESS, where.address)
        await guesses.forget(work, rules.OF_LOGIN, key)
        if where.before is not None:
            await sessions.end(work, where.before, "replaced")
        if found.totp_sealed is not None:
            return await _begin(work, gate, found, where, Stage.CODE)
        return await _go_on(work, gate, found, where)

    begun = await hotline.run(finish, by)
    if begun is None:
        raise LoginWrong
    return begun


async def enter_code(hotline: Hotline, gate: Gate, session_id: int, code: str, where: Where) -> Begun:
    """The second step. Raises LoginWrong, LoginLocked, NotLoggedIn."""

    async def act(work: Work) -> Begun | None:
        staff = await _half_way(work, session_id, Stage.CODE)
        work.by = _actor(staff, where, session_id)
        if not await proving.code(work, staff, code):
            return None
        await sessions.end(work, session_id, "replaced")
        return await _go_on(work, gate, staff, where)

    begun = await hotline.run(act, _stranger(where))
    if begun is None:
        raise LoginWrong
    return begun


async def change_password(
    hotline: Hotline, gate: Gate, session_id: int, *, old: str | None, new: str, again: str, where: Where
) -> Begun:
    """A password of one's own (R-171, R-173); every other session of the account ends.

    old: None after a login with a one-time password, which has just been typed. Raises LoginWrong,
    LoginLocked, PasswordWeak, NotLoggedIn.
    """
    new, again = rules.plain(new), rules.plain(again)

    async def who(work: Work) -> Staff:
        staff = await _half_way(work, session_id, Stage.CHANGE if old is None else Stage.FULL)
        work.by = _actor(staff, where, session_id)
        return staff

    if old is None:
        staff = await hotline.run(who, _stranger(where))
    else:
        staff = await proving.password(hotline, gate.passwords, who, _stranger(where), old)
    kept = staff.password
    _strong(hotline, staff, new, again)
    if await gate.passwords.right(kept, new):
        raise PasswordWeak(facts={"why": "same"})
    hashed = await gate.passwords.hash(new)

    async def finish(work: Work) -> Begun:
        found = await who(work)
        if found.password != kept:
            raise LoginWrong
        found.password, found.one_time_until = hashed, None
        await guesses.forget(work, rules.OF_LOGIN, found.login.lower())
        await sessions.end_all(work, found.id, "password")
        work.record(PasswordChanged(staff_id=found.id))
        await audit.note(work, "password-changed", what=found.login, subject_id=found.id)
        return await _go_on(work, gate, found, where, noted=True)

    return await hotline.run(finish, _stranger(where))


def _strong(hotline: Hotline, staff: Staff, new: str, again: str) -> None:
    phone = hotline.sealer.open(staff.phone_sealed, "staff-phone") if staff.phone_sealed else None
    why = rules.weak(new, staff.login, staff.name, staff.number, phone)
    if why is None and new != again:
        why = "again"
    if why:
        raise PasswordWeak(facts={"why": why})


async def enrolled(
    hotline: Hotline,
    gate: Gate,
    session_id: int,
    sealed: str,
    code: str,
    where: Where,
    *,
    password: str | None = None,
    present: str = "",
) -> Begun:
    """Take up a second factor, during the login or later; a new session goes on from there.

    password: one's own; None during the login, where it has just been typed. present: a code of the
    factor that this one replaces, where there is one. Raises LoginWrong, LoginLocked, FormStale,
    NotLoggedIn.
    """

    async def who(work: Work) -> Staff:
        staff = await _half_way(work, session_id, Stage.ENROL if password is None else Stage.FULL)
        work.by = _actor(staff, where, session_id)
        return staff

    if password is not None:
        await proving.password(hotline, gate.passwords, who, _stranger(where), password)

    async def act(work: Work) -> Begun | None:
        staff = await who(work)
        if staff.totp_sealed is not None and not await proving.code(work, staff, present):
            return None
        await second_factor.accept(work, staff.id, sealed, rules.plain(code))
        await work.db.refresh(staff)
        await sessions.end(work, session_id, "replaced")
        return await _go_on(work, gate, staff, where, noted=True)

    begun = await hotline.run(act, _stranger(where))
    if begun is None:
        raise LoginWrong
    return begun


async def give_up_second_factor(hotline: Hotline, gate: Gate, by: Actor, password: str, code: str) -> None:
    """One's own, by a code of it. Raises LoginWrong, LoginLocked; LoginUnfinished where it must be."""

    async def who(work: Work) -> Staff:
        staff = await work.db.get_one(Staff, by.staff_id)
        if await _must_have(work, gate, staff):
            raise LoginUnfinished(facts={"stage": Stage.ENROL})
        return staff

    await proving.password(hotline, gate.passwords, who, by, password)

    async def finish(work: Work) -> bool:
        staff = await who(work)
        if staff.totp_sealed is not None and not await proving.code(work, staff, code):
            return False
        await second_factor.clear(work, staff, reason="本人关闭")
        return True

    if not await hotline.run(finish, by):
        raise LoginWrong


async def log_out(work: Work, session_id: int) -> None:
    await sessions.end(work, session_id, "logout")
    await audit.note(work, "logout", what=work.by.name, subject_id=work.by.staff_id)


# --- steps --------------------------------------------------------------------------------------------


async def _go_on(work: Work, gate: Gate, staff: Staff, where: Where, *, noted: bool = False) -> Begun:
    """The next stage of somebody who has shown who they are. noted: another entry tells of it."""
    if staff.one_time_until is not None:
        return await _begin(work, gate, staff, where, Stage.CHANGE)
    if staff.totp_sealed is None and await _must_have(work, gate, staff):
        return await _begin(work, gate, staff, where, Stage.ENROL)
    begun = await _begin(work, gate, staff, where, Stage.FULL)
    if not noted:
        work.by = _actor(staff, where, begun.session_id)
        await audit.note(work, "login", what=where.browser or "-", subject_id=staff.id)
    return begun


async def _begin(work: Work, gate: Gate, staff: Staff, where: Where, stage: Stage) -> Begun:
    return await sessions.begin(
        work, staff.id, stage, lives=gate.lives, address=where.address, browser=where.browser
    )


async def _must_have(work: Work, gate: Gate, staff: Staff) -> bool:
    if gate.second is SecondFactor.ADMINISTRATORS:
        return staff.supreme or "staff" in await functions_of(work.db, staff.id)
    return gate.second is SecondFactor.EVERYBODY


async def _half_way(work: Work, session_id: int, *stages: Stage) -> Staff:
    session = await work.db.get(StaffSession, session_id, populate_existing=True)
    if session is None or session.ended_at is not None or session.stage not in stages:
        raise NotLoggedIn
    staff = await work.db.get_one(Staff, session.staff_id, populate_existing=True)
    if staff.state != "active":
        raise NotLoggedIn
    return staff


async def _account(work: Work, login: str) -> Staff | None:
    query = select(Staff).where(func.lower(Staff.login) == login, Staff.state == "active")
    return (await work.db.execute(query)).scalar_one_or_none()


def _over(staff: Staff, now: datetime) -> bool:
    return staff.one_time_until is not None and staff.one_time_until <= now


async def _failed(work: Work, staff: Staff | None, last: bool) -> None:
    name, staff_id = (staff.login, staff.id) if staff else (UNKNOWN, None)
    await audit.note(work, "login-failed", what=name, subject_id=staff_id)
    if last:
        await audit.note(work, "lockout", what=name, subject_id=staff_id)


def _stranger(where: Where) -> Actor:
    return Actor(ActorKind.STAFF, "-", Channel.WEB, address=where.address)


def _actor(staff: Staff, where: Where, session_id: int) -> Actor:
    return Actor(
        ActorKind.STAFF, staff.login, Channel.WEB, staff.id,
        hospital_id=staff.hospital_id, session_id=session_id, address=where.address,
    )  # fmt: skip
