"""`hotline merchants`: hospitals' own accounts at UnionPay (R-050, R-201), verified before they are kept."""

import argparse
import asyncio
import getpass
import re
import sys
from datetime import datetime
from pathlib import Path

from cryptography import x509
from sqlalchemy import or_, select

from core.catalogue.engine import hospital_names
from core.catalogue.tables import Hospital
from core.errors import Refusal
from core.links.unionpay.adapter import NAME
from core.links.unionpay.certificates import certified, read_pfx, verified
from core.money import accounts
from core.money.accounts import AccountView, Certified
from core.settings import Settings
from core.staff import audit
from core.work import Hotline, Work
from hotline import schema  # noqa: F401 every table must be known before one is written
from hotline.staff_verbs import TERMINAL, opened


async def run(settings: Settings, options: argparse.Namespace) -> int:
    acts = {"add": _add, "list": _list, "close": _close}
    async with opened(settings) as hotline:
        try:
            return await acts[options.act](hotline, options)
        except Refusal as refusal:
            print(f"hotline: {refusal}", file=sys.stderr)
            return 1


async def _add(hotline: Hotline, options: argparse.Namespace) -> int:
    """Raises ValueError, with what is wrong; nothing is kept then."""
    if not re.fullmatch(r"\d{15}", options.merchant, re.ASCII):
        raise ValueError("a merchant number has fifteen digits")
    found = await asyncio.to_thread(_certified, options, hotline.clock.now())

    async def act(work: Work) -> str:
        hospital_id = await _hospital(work, options.hospital)
        known = await _known(work, options.merchant)
        if known is not None and (known.hospital_id != hospital_id or not known.live):
            raise ValueError(f"{options.merchant} is another hospital's, or closed")
        if known is not None:
            await accounts.renew_certificate(work, known.account_id, found)
            told, account_id = "has a new certificate", known.account_id
        else:
            account_id = await accounts.open_account(
                work, hospital_id=hospital_id, provider=NAME, merchant_no=options.merchant, certified=found
            )
            told = "is open"
        await audit.note(work, "merchant-opened", what=options.merchant, subject_id=account_id)
        return told

    told = await hotline.run(act, TERMINAL)
    print(f"{options.merchant}: {told}; certificate {found.number}, until {_until(found.certificate)}")
    return 0


async def _list(hotline: Hotline, _: argparse.Namespace) -> int:
    async with hotline.read() as db:
        rows, names = await accounts.accounts(db), await hospital_names(db)
    for row in rows:
        state = "live" if row.live else "closed"
        name = names.get(row.hospital_id, "")
        until = _until(row.certificate)
        print(f"{row.merchant_no}  {state:<6}  {row.provider}  {until}  {row.hospital_id} {name}")
    return 0


async def _close(hotline: Hotline, options: argparse.Namespace) -> int:
    async def act(work: Work) -> None:
        known = await _known(work, options.merchant)
        if known is None:
            raise ValueError(f"no such account: {options.merchant}")
        await accounts.close_account(work, known.account_id)
        await audit.note(work, "merchant-closed", what=options.merchant, subject_id=known.account_id)

    await hotline.run(act, TERMINAL)
    print(f"{options.merchant}: closed; what was paid into it is still given back from it")
    return 0


def _certified(options: argparse.Namespace, now: datetime) -> Certified:
    """Out of the files that were named. Raises ValueError."""
    if bool(options.pfx) == bool(options.certificate and options.key):
        raise ValueError("give --pfx, or --certificate and --key")
    if options.pfx:
        content = _content(options.pfx)
        try:
            return verified(read_pfx(content, _password(options.password_file)), now)
        except ValueError as error:
            raise ValueError(f"{options.pfx}: {error}") from None
    key, certificate = (_content(path).decode() for path in (options.key, options.certificate))
    try:
        return verified(certified(key, certificate), now)
    except (TypeError, ValueError) as error:  # TypeError: the key has a password
        raise ValueError(f"{options.certificate}: {error}") from None


def _password(path: Path | None) -> str:
    if path is not None:
        return _content(path).decode().strip()
    return getpass.getpass("password of the file: ")


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise ValueError(f"{path}: {error.strerror}") from None


async def _hospital(work: Work, said: str) -> int:
    query = select(Hospital.id).where(
        or_(
            Hospital.code == said,
            Hospital.short_name == said,
            Hospital.name == said,
            Hospital.id == (int(said) if said.isdecimal() and len(said) < 13 else -1),
        )
    )
    found = (await work.db.execute(query)).scalars().all()
    if len(found) != 1:
        raise ValueError(f"no such hospital, or several: {said}")
    return found[0]


async def _known(work: Work, merchant: str) -> AccountView | None:
    every = await accounts.accounts(work.db, provider=NAME)
    return next((one for one in every if one.merchant_no == merchant), None)


def _until(certificate_pem: str) -> str:
    return f"{x509.load_pem_x509_certificate(certificate_pem.encode()).not_valid_after_utc:%Y-%m-%d}"
