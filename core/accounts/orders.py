"""The appointments an account may see: listed a page at a time, and given up as they were seen.

An account sees what it booked, and what was booked by its proved phone number. Anything else is not there.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from core.accounts.tables import Account, Attendee
from core.booking import view
from core.booking.commands import Cancel, Cancelled
from core.booking.loading import appointment
from core.booking.rules import State
from core.booking.store import once
from core.booking.tables import Appointment, CommandKey
from core.booking.view import AppointmentView
from core.errors import ChangedMeanwhile, NotFound
from core.money.rules import PaymentState, RefundState
from core.money.tables import Payment, Refund
from core.work import Work

PAGE = 10


class Group(StrEnum):
    """What a list can be narrowed to."""

    AHEAD = "ahead"  # 待就诊
    UNPAID = "unpaid"  # 待支付
    OVER = "over"  # 已结束


GROUPS: Mapping[Group, frozenset[State]] = {
    Group.AHEAD: frozenset({State.PROVISIONAL, State.BOOKED, State.CHECKED_IN, State.STOPPED}),
    Group.UNPAID: frozenset({State.UNPAID}),
    Group.OVER: frozenset(
        {State.ATTENDED, State.CANCELLED, State.EXPIRED, State.REPLACED, State.NO_SHOW}
    ),
}  # fmt: skip


@dataclass(frozen=True)
class Money:
    """What came for an appointment and what goes back, in fen. refunds: the states they are in."""

    paid_fen: int = 0
    back_fen: int = 0
    refunds: frozenset[RefundState] = frozenset()


@dataclass(frozen=True)
class Order:
    """An appointment in a list. of_ours: who visits is the account's owner, or one it books for now."""

    made: AppointmentView
    of_ours: bool
    money: Money = Money()


@dataclass(frozen=True)
class Found:
    """One page, newest booking first. count: of all pages. by_group: of each, whatever was asked for."""

    orders: Sequence[Order]
    count: int
    page: int
    pages: int
    by_group: Mapping[Group, int] = field(default_factory=dict)


def theirs(account_id: int) -> ColumnElement[bool]:
    """Whether an account may see an appointment; two look-ups by index, on either database."""
    number = select(Account.phone_print).where(Account.id == account_id).scalar_subquery()
    booked = select(Appointment.id).where(Appointment.account_id == account_id)
    by_number = select(Appointment.id).where(Appointment.contact_print == number)
    return Appointment.id.in_(booked.union(by_number))


async def listed(db: AsyncSession, account_id: int, *, group: Group | None = None, page: int = 1) -> Found:
    """One page; a page beyond the last is the last. Five statements, however many there are."""
    counts = select(Appointment.state, func.count()).where(theirs(account_id)).group_by(Appointment.state)
    by_state = {State(state): count for state, count in (await db.execute(counts)).all()}
    by_group = {one: sum(by_state.get(state, 0) for state in states) for one, states in GROUPS.items()}
    count = by_group[group] if group else sum(by_group.values())
    pages = max(1, -(-count // PAGE))
    page = min(max(page, 1), pages)
    query = view.joined().where(theirs(account_id))
    if group:
        query = query.where(Appointment.state.in_(sorted(GROUPS[group])))
    query = query.order_by(Appointment.booked_at.desc(), Appointment.id.desc())
    made = await view.listed(db, query.limit(PAGE).offset((page - 1) * PAGE))
    money = await moneys(db, [one.appointment_id for one in made])
    ours = await people_of(db, account_id)
    orders = [Order(one, one.person_id in ours, money.get(one.appointment_id, Money())) for one in made]
    return Found(orders, count, page, pages, by_group)


async def people_of(db: AsyncSession, account_id: int) -> frozenset[int]:
    """The owner, and whom the account books for now: whose names it may read in full."""
    owner = select(Account.person_id).where(Account.id == account_id)
    others = select(Attendee.person_id).where(Attendee.account_id == account_id)
    return frozenset((await db.execute(owner.union(others))).scalars())


async def moneys(db: AsyncSession, ids: Collection[int]) -> Mapping[int, Money]:
    """Appointment → its money, for those where some has come."""
    came = (PaymentState.PAID, PaymentState.REFUNDED)
    paid = await db.execute(
        select(Payment.appointment_id, func.sum(Payment.amount_fen))
        .where(Payment.appointment_id.in_(ids), Payment.state.in_(came))
        .group_by(Payment.appointment_id)
    )
    back: dict[int, list[tuple[RefundState, int]]] = {}
    refunds = await db.execute(
        select(Payment.appointment_id, Refund.state, Refund.amount_fen)
        .join(Payment, Payment.id == Refund.payment_id)
        .where(Payment.appointment_id.in_(ids))
    )
    for appointment_id, state, amount in refunds.all():
        back.setdefault(appointment_id, []).append((RefundState(state), amount))
    return {
        appointment_id: Money(
            int(whole),
            sum(amount for _, amount in back.get(appointment_id, ())),
            frozenset(state for state, _ in back.get(appointment_id, ())),
        )
        for appointment_id, whole in paid.all()
    }


async def find(db: AsyncSession, account_id: int, serial: str) -> Appointment:
    """The row of a serial number, if this account may see it. Raises NotFound, as for one there is not."""
    query = select(Appointment).where(Appointment.serial == serial, theirs(account_id))
    row = (await db.execute(query)).scalar_one_or_none()
    if row is None:
        raise NotFound(facts={"what": "appointment"})
    return row


async def give_up(work: Work, account_id: int, serial: str, *, version: int) -> Cancelled:
    """Cancel an appointment as the account has seen it; a repeat is answered as the first time.

    version: of what was seen. Raises NotFound, ChangedMeanwhile when it has moved on since, and the
    refusals of booking.cancel.
    """
    found = await find(work.db, account_id, serial)
    key = f"mine:{account_id}:cancel:{found.id}:{version}"
    # Under the person's lock: what is compared here is what will be cancelled.
    made = await appointment(work, found.id)
    if made.version != version and await work.db.get(CommandKey, key) is None:
        raise ChangedMeanwhile(facts={"state": made.state})
    return await once(work, Cancel(made.id, key=key))  # type: ignore[return-value] # as Store.submit says
