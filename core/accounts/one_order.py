"""One appointment as its account sees it: money, story, what may be done and until when; read-only."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from core import journal
from core.accounts import orders
from core.accounts.orders import Money, Order
from core.booking import view
from core.booking.deadlines import may_cancel, may_change
from core.booking.loading import asked_of
from core.booking.tables import Appointment
from core.credit.book import RuleBook
from core.errors import Refusal, RuleRef, TooLateToCancel, TooLateToChange
from core.journal import Entry
from core.money.view import PaymentView, payments_of
from core.sealing import Sealer
from core.values import Actor, mask


@dataclass(frozen=True)
class Limit:
    """The last moment for something, and the rule that sets it."""

    until: datetime
    rule: RuleRef | None


@dataclass(frozen=True)
class Way:
    """Whether something may be done now. refusal: why not. limit: until when, where there is a limit."""

    refusal: Refusal | None
    limit: Limit | None


@dataclass(frozen=True)
class Detail:
    """All of it (R-187). story: every event, oldest first. before, after: serials of what it was moved
    from and to, where the account may see those."""

    order: Order
    phone_masked: str
    payments: Sequence[PaymentView]
    story: Sequence[Entry]
    cancel: Way
    change: Way
    book: RuleBook
    before: str | None
    after: str | None


async def detail(
    db: AsyncSession, sealer: Sealer, account_id: int, serial: str, *, now: datetime, by: Actor
) -> Detail:
    """Raises NotFound, also for another account's."""
    row = await orders.find(db, account_id, serial)
    made = await view.load(db, row.id)
    wanted = await asked_of(db, session_id=row.session_id)
    money = await orders.moneys(db, [row.id])
    others = await _others(db, account_id, row)
    order = Order(made, row.person_id in await orders.people_of(db, account_id), money.get(row.id, Money()))

    def ask(may: Callable[..., None], at: datetime) -> Refusal | None:
        try:
            may(row, wanted.book, slot=wanted.slot, now=at, by=by)
        except Refusal as refusal:
            return refusal
        return None

    def way(may: Callable[..., None]) -> Way:
        # Asked as if the visit had begun, the rule says when it would have been in time.
        return Way(ask(may, now), _limit(ask(may, row.starts_at + timedelta(days=1)), row))

    return Detail(
        order,
        mask(sealer.open(row.contact_sealed, "phone"), 3, 4),
        await payments_of(db, row.id),
        await journal.story(db, appointment_id=row.id),
        way(may_cancel),
        way(may_change),
        wanted.book,
        others.get(row.replaces_id),
        others.get(row.replaced_by_id),
    )


def _limit(refusal: Refusal | None, row: Appointment) -> Limit | None:
    if not isinstance(refusal, TooLateToCancel | TooLateToChange):
        return None
    until = refusal.facts["until"]
    assert isinstance(until, datetime)
    return Limit(min(until, row.starts_at), refusal.rule)


async def _others(db: AsyncSession, account_id: int, row: Appointment) -> dict[int | None, str]:
    ids = {one for one in (row.replaces_id, row.replaced_by_id) if one is not None}
    if not ids:
        return {}
    query = select(Appointment.id, Appointment.serial).where(
        Appointment.id.in_(ids), orders.theirs(account_id)
    )
    return {row[0]: row[1] for row in (await db.execute(query)).all()}
