"""`hotline staff`: accounts from the terminal, for the first day and for the day nobody can get in."""

import argparse
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from sqlalchemy import select

from core.chance import SystemChance, SystemClock
from core.database import open_database
from core.errors import Refusal
from core.sealing import AesSealer
from core.settings import Settings
from core.staff import audit, engine, rules
from core.staff.passwords import Passwords
from core.staff.tables import Role, Staff
from core.values import system
from core.work import Hotline, Work

TERMINAL = system("terminal")
ADMINISTRATOR = "admin"


async def run(settings: Settings, options: argparse.Namespace) -> int:
    acts = {"add": _add, "reset": _reset, "verify-audit": _verify}
    async with opened(settings) as hotline:
        try:
            return await acts[options.act](hotline, options)
        except Refusal as refusal:
            print(f"hotline: {refusal}", file=sys.stderr)
            return 1


@asynccontextmanager
async def opened(settings: Settings) -> AsyncIterator[Hotline]:
    database = open_database(settings.url)
    try:
        sealer = AesSealer(settings.master())
        yield Hotline(database, SystemClock(), SystemChance(), sealer, demo=settings.demo)
    finally:
        await database.close()


async def _add(hotline: Hotline, options: argparse.Namespace) -> int:
    password, hashed = await _one_time(hotline)

    async def act(work: Work) -> None:
        query = select(Role.name, Role.id).where(Role.name.in_(options.role))
        roles = dict((await work.db.execute(query)).all())
        if missing := set(options.role) - set(roles):
            raise ValueError(f"no such role: {'、'.join(sorted(missing))}")
        made = await engine.create_staff(work, login=options.login, name=options.name, number=options.number)
        await engine.set_roles(work, made, roles.values())
        await engine.give_one_time(work, made, hashed)

    await hotline.run(act, TERMINAL)
    print(_told(options.login, password))
    return 0


async def _reset(hotline: Hotline, options: argparse.Namespace) -> int:
    password, hashed = await _one_time(hotline)

    async def act(work: Work) -> None:
        query = select(Staff.id).where(Staff.login == options.login, Staff.state == "active")
        staff_id = (await work.db.execute(query)).scalar_one_or_none()
        if staff_id is None:
            raise ValueError(f"no such account: {options.login}")
        await engine.give_one_time(work, staff_id, hashed)
        if options.second_factor:
            await engine.clear_second_factor(work, staff_id, reason="terminal")

    await hotline.run(act, TERMINAL)
    print(_told(options.login, password))
    return 0


async def _verify(hotline: Hotline, options: argparse.Namespace) -> int:
    kept = None
    if options.kept:
        number, _, mark = options.kept.partition(":")
        if not number.isdecimal() or not mark:
            raise ValueError("--kept takes NUMBER:MARK, as this command printed it")
        kept = (int(number), mark)
    async with hotline.read() as db:
        seen = await audit.verify(db, hotline.sealer, kept=kept)
    if seen.broken is not None:
        print(
            f"row {seen.broken} is not as it was written; {seen.entries} rows before it are", file=sys.stderr
        )
        return 1
    print(f"{seen.entries} rows are as they were written; keep this elsewhere: {seen.last}:{seen.mark}")
    return 0


async def _one_time(hotline: Hotline) -> tuple[str, str]:
    password = rules.one_time(hotline.chance.number)
    return password, await Passwords().hash(password)


def _told(login: str, password: str) -> str:
    return f"{login}: one-time password {password} (24 hours; a new one is chosen at the first login)"


async def first_administrator(hotline: Hotline) -> str | None:
    """Make the super administrator where there is none (R-174); what the terminal must say of it, once.

    Raises ValueError when somebody else has the login.
    """
    async with hotline.read() as db:
        if (await db.execute(select(Staff.id).where(Staff.supreme).limit(1))).first() is not None:
            return None
        if (await db.execute(select(Staff.id).where(Staff.login == ADMINISTRATOR))).first() is not None:
            raise ValueError(f"{ADMINISTRATOR} is the login of an ordinary account")
    password, hashed = await _one_time(hotline)

    async def act(work: Work) -> None:
        made = await engine.create_staff(work, login=ADMINISTRATOR, name="超级管理员", supreme=True)
        await engine.give_one_time(work, made, hashed)

    await hotline.run(act, TERMINAL)
    return _told(ADMINISTRATOR, password)
