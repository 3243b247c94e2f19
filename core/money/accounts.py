"""Hospitals' own accounts at cashiers; their private keys are sealed, and opened only to sign."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from core.errors import ChangedMeanwhile, NotFound
from core.events import MerchantAccountClosed, MerchantAccountKept
from core.money.cashier import Account
from core.money.tables import MerchantAccount
from core.sealing import Sealer
from core.work import Work

PURPOSE = "merchant-key"


@dataclass(frozen=True)
class Certified:
    """A certificate and its private key in PEM. number: the certificate's serial number, in decimal."""

    number: str
    certificate: str
    key: str

    def __repr__(self) -> str:
        return f"Certified({self.number})"


async def open_account(
    work: Work, *, hospital_id: int, provider: str, merchant_no: str, certified: Certified
) -> int:
    """Let a hospital's payments go to this account from now on; the one before it is closed.

    Raises NotAllowed for staff of another hospital.
    """
    work.by.must_see(hospital_id)
    await work.db.execute(
        update(MerchantAccount)
        .where(
            MerchantAccount.hospital_id == hospital_id,
            MerchantAccount.provider == provider,
            MerchantAccount.state == "live",
        )
        .values(state="closed", closed_at=work.now)
    )
    row = MerchantAccount(
        hospital_id=hospital_id,
        provider=provider,
        merchant_no=merchant_no,
        certificate_id=certified.number,
        certificate=certified.certificate,
        key_sealed=work.sealer.seal(certified.key, PURPOSE),
        state="live",
        opened_at=work.now,
    )
    work.db.add(row)
    await work.db.flush()
    work.record(MerchantAccountKept(account_id=row.id, hospital_id=hospital_id, provider=provider))
    return row.id


async def renew_certificate(work: Work, account_id: int, certified: Certified) -> None:
    """Sign with another key from now on, also for what was paid before. Raises NotFound, NotAllowed."""
    row = await work.db.get(MerchantAccount, account_id)
    if row is None:
        raise NotFound(facts={"what": "merchant-account"})
    work.by.must_see(row.hospital_id)
    row.certificate_id, row.certificate = certified.number, certified.certificate
    row.key_sealed = work.sealer.seal(certified.key, PURPOSE)
    work.record(MerchantAccountKept(account_id=row.id, hospital_id=row.hospital_id, provider=row.provider))


async def close_account(work: Work, account_id: int) -> None:
    """Nothing is paid into it any more; what was paid is still given back from it, and reconciled.

    Raises NotFound, NotAllowed, ChangedMeanwhile when it is closed already.
    """
    row = await work.db.get(MerchantAccount, account_id)
    if row is None:
        raise NotFound(facts={"what": "merchant-account"})
    work.by.must_see(row.hospital_id)
    closed = await work.db.execute(
        update(MerchantAccount)
        .where(MerchantAccount.id == account_id, MerchantAccount.state == "live")
        .values(state="closed", closed_at=work.now)
        .returning(MerchantAccount.id)
    )
    if closed.one_or_none() is None:
        raise ChangedMeanwhile
    work.record(MerchantAccountClosed(account_id=row.id, hospital_id=row.hospital_id, provider=row.provider))


async def live_account(
    db: AsyncSession, sealer: Sealer, *, hospital_id: int, provider: str
) -> Account | None:
    """Where a hospital is paid now; None: it cannot be paid by this cashier."""
    query = select(MerchantAccount).where(
        MerchantAccount.hospital_id == hospital_id,
        MerchantAccount.provider == provider,
        MerchantAccount.state == "live",
    )
    row = (await db.execute(query)).scalar_one_or_none()
    return None if row is None else _account(row, sealer)


async def account(db: AsyncSession, sealer: Sealer, account_id: int) -> Account:
    """One account, closed or not. Raises NoResultFound."""
    return _account(await db.get_one(MerchantAccount, account_id), sealer)


async def pays_online(db: AsyncSession, hospital_id: int, provider: str) -> bool:
    """Whether a hospital can be paid by this cashier."""
    query = select(MerchantAccount.id).where(
        MerchantAccount.hospital_id == hospital_id,
        MerchantAccount.provider == provider,
        MerchantAccount.state == "live",
    )
    return (await db.execute(query)).first() is not None


@dataclass(frozen=True)
class AccountView:
    """An account as a page may show it: without its key."""

    account_id: int
    hospital_id: int
    provider: str
    merchant_no: str
    certificate_id: str
    certificate: str
    live: bool


async def accounts(db: AsyncSession, *, provider: str | None = None) -> Sequence[AccountView]:
    """Every account, in order of the hospital; those that are closed last."""
    query = select(MerchantAccount).order_by(
        MerchantAccount.state.desc(), MerchantAccount.hospital_id, MerchantAccount.id
    )
    if provider is not None:
        query = query.where(MerchantAccount.provider == provider)
    return [
        AccountView(
            row.id,
            row.hospital_id,
            row.provider,
            row.merchant_no,
            row.certificate_id,
            row.certificate,
            row.state == "live",
        )
        for row in (await db.execute(query)).scalars()
    ]


def _account(row: MerchantAccount, sealer: Sealer) -> Account:
    return Account(
        row.id,
        row.hospital_id,
        row.provider,
        row.merchant_no,
        row.certificate_id,
        sealer.open(row.key_sealed, PURPOSE),
    )
