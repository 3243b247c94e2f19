"""Partners as they come and go, whose a signed request is, and what of it is kept."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from sqlalchemy import delete, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncSession

from core.errors import NotFound, SignatureInvalid, SignatureUsed
from core.events import PartnerAdded, PartnerChanged, PartnerKeyRotated
from core.partners import rules, signing
from core.partners.rules import State
from core.partners.signing import Request
from core.partners.tables import Partner, PartnerCall, PartnerNonce
from core.sealing import Sealer
from core.values import Actor, ActorKind, Channel
from core.work import Hotline, Work

PURPOSE = "partner-secret"


@dataclass(frozen=True)
class Made:
    """secret: shown once, and sealed from then on."""

    key_id: str
    secret: str


@dataclass(frozen=True)
class Caller:
    """A partner whose signature is good. by: the actor of what they do."""

    partner_id: int
    key_id: str
    state: State
    functions: frozenset[str]
    quota: int
    pace: int
    by: Actor


# --- coming and going ---------------------------------------------------------------------------------


async def add(
    work: Work, *, name: str, functions: Collection[str], quota: int, pace: int, state: State = State.SANDBOX
) -> Made:
    """A new partner. quota: bookings a day; pace: requests a minute. Raises WrongInput."""
    rules.fit(name=name, functions=functions, quota=quota, pace=pace)
    made = Made(f"hp-{work.chance.token()[:16].lower()}", work.chance.token() + work.chance.token())
    row = Partner(
        name=name.strip(),
        key_id=made.key_id,
        secret_sealed=work.sealer.seal(made.secret, PURPOSE),
        state=state.value,
        functions=sorted(set(functions)),
        quota=quota,
        pace=pace,
        created_at=work.now,
        changed_at=work.now,
    )
    work.db.add(row)
    await work.db.flush()
    work.record(PartnerAdded(partner_id=row.id, state=row.state))
    return made


async def change(
    work: Work,
    key_id: str,
    *,
    state: State | None = None,
    functions: Collection[str] | None = None,
    quota: int | None = None,
    pace: int | None = None,
) -> None:
    """Change what a partner may; None leaves it. Raises NotFound, WrongInput."""
    row = await _row(work, key_id)
    row.functions = row.functions if functions is None else sorted(set(functions))
    row.quota = row.quota if quota is None else quota
    row.pace = row.pace if pace is None else pace
    row.state = row.state if state is None else state.value
    rules.fit(name=row.name, functions=row.functions, quota=row.quota, pace=row.pace)
    row.changed_at = work.now
    work.record(PartnerChanged(partner_id=row.id, state=row.state))


async def rotate(work: Work, key_id: str) -> Made:
    """A new secret under the same name; from now on the old one opens nothing. Raises NotFound."""
    row = await _row(work, key_id)
    made = Made(key_id, work.chance.token() + work.chance.token())
    row.secret_sealed = work.sealer.seal(made.secret, PURPOSE)
    row.changed_at = work.now
    work.record(PartnerKeyRotated(partner_id=row.id))
    return made


async def _row(work: Work, key_id: str) -> Partner:
    row = (await work.db.execute(select(Partner).where(Partner.key_id == key_id))).scalar_one_or_none()
    if row is None:
        raise NotFound(facts={"what": "partner"})
    return row


async def partners(db: AsyncSession) -> Sequence[Partner]:
    """All of them, those that are off too, in the order they came."""
    return (await db.execute(select(Partner).order_by(Partner.id))).scalars().all()


# --- whose request is it ------------------------------------------------------------------------------


async def recognise(hotline: Hotline, request: Request, *, address: str = "") -> Caller:
    """Whose signed request this is; its nonce is used up by asking.

    Raises SignatureInvalid, SignatureOld, SignatureUsed. Whether the partner may do what it asks for is
    the caller's question (rules.may).
    """
    key_id = signing.named_key(request.headers)
    async with hotline.read() as db:
        row = (await db.execute(select(Partner).where(Partner.key_id == key_id))).scalar_one_or_none()
    if row is None:
        raise SignatureInvalid(facts={"why": "key"})
    signed = signing.verify(request, key_id, _secret(hotline.sealer, row))
    rules.in_time(signed.created, hotline.clock.now())
    nonce = rules.good_nonce(signed.nonce)
    by = Actor(
        ActorKind.PATIENT, f"partner:{key_id}", Channel.WEB, address=address, partner_id=row.id
    )  # fmt: skip
    # After a power cut a request of the last minutes might pass again; its idempotency key is signed too.
    async with hotline.work(by, fleeting=True) as work:
        await _use(work, row.id, nonce)
    return Caller(row.id, key_id, State(row.state), frozenset(row.functions), row.quota, row.pace, by)


def _secret(sealer: Sealer, row: Partner) -> bytes:
    return sealer.open(row.secret_sealed, PURPOSE).encode()


async def _use(work: Work, partner_id: int, nonce: str) -> None:
    maker = sqlite.insert if work.house.database.sqlite else postgresql.insert
    row = {"partner_id": partner_id, "nonce": nonce, "at": work.now}
    added = await work.db.execute(
        maker(PartnerNonce).values(row).on_conflict_do_nothing().returning(PartnerNonce.nonce)
    )
    if added.one_or_none() is None:
        raise SignatureUsed


async def note(
    hotline: Hotline, caller: Caller, operation: str, *, status: int, code: str | None, took_ms: int
) -> None:
    """Write a call into the log; it tells what was asked and how it ended, and nothing of anybody."""
    async with hotline.work(caller.by, fleeting=True) as work:
        work.db.add(
            PartnerCall(
                partner_id=caller.partner_id,
                operation=operation,
                status=status,
                code=code,
                took_ms=took_ms,
                at=work.now,
            )
        )


# --- with time ----------------------------------------------------------------------------------------


async def forget_old(work: Work, limit: int = 500) -> int:
    """Drop nonces whose requests would be too old anyway, and calls whose time to be kept is over."""
    gone = 0
    old_nonces = (
        select(PartnerNonce.partner_id, PartnerNonce.nonce)
        .where(PartnerNonce.at < work.now - rules.NONCES_KEPT)
        .limit(limit)
    )
    for partner_id, nonce in (await work.db.execute(old_nonces)).all():
        await work.db.execute(
            delete(PartnerNonce).where(PartnerNonce.partner_id == partner_id, PartnerNonce.nonce == nonce)
        )
        gone += 1
    old = select(PartnerCall.id).where(PartnerCall.at < work.now - rules.CALLS_KEPT).limit(limit)
    calls = await work.db.execute(
        delete(PartnerCall)
        .where(PartnerCall.id.in_(old))
        .returning(PartnerCall.id)
        .execution_options(synchronize_session=False)
    )
    return gone + len(calls.all())
