"""What an account sees of appointments: its own and its number's, in pages, and given up as they were seen."""

import asyncio
from datetime import date, timedelta

import pytest
from sqlalchemy import select, text, update

from core.accounts import one_order, orders, people
from core.accounts.orders import GROUPS, PAGE, Group
from core.accounts.tables import Account
from core.booking.cancel import cancel
from core.booking.commands import Booked, Cancel, Change, Hold
from core.booking.paying import pay
from core.booking.rules import State
from core.booking.stopping import stop
from core.booking.tables import Appointment
from core.errors import ChangedMeanwhile, NotFound, TooLateToCancel, WebRefundNotAllowed
from core.money.rules import RefundState
from core.money.tables import Payment
from core.values import Actor, ActorKind, Channel
from core.work import Hotline, Work
from tests import patients
from tests.builders import CALLER, SEED, VISIT, Clinic, clinic
from tests.clocks import FrozenClock
from tests.statements import statements

PHONE = "10912345678"
STRANGER = "10999999999"


def by(account_id: int) -> Actor:
    return Actor(ActorKind.PATIENT, "web", Channel.WEB, account_id=account_id)


@pytest.fixture
async def town(hotline: Hotline) -> Clinic:
    made = await clinic(hotline)
    await made.person("李秀英")
    return made


@pytest.fixture
async def account(town: Clinic) -> int:
    return await patients.account(town.hotline, town.people["李秀英"], PHONE)


async def booked(town: Clinic, account_id: int | None, name: str = "李秀英", phone: str = STRANGER) -> Booked:
    """Booked on the web by this account, or by a call from this number."""
    session = await town.session("wu" if len(town.people) % 2 else "chen", slots=3, day=next_day(town))
    person = town.people.get(name) or await town.person(name)
    return await town.book(session, person, by=by(account_id) if account_id else CALLER, phone=phone)


def next_day(town: Clinic) -> date:
    """Each on another day: nobody is booked twice a day in one department."""
    town._born += 1
    return VISIT + timedelta(days=town._born % 8)


async def seen(town: Clinic, account_id: int, **how: object) -> orders.Found:
    async with town.hotline.read() as db:
        return await orders.listed(db, account_id, **how)  # type: ignore[arg-type]


async def detail(town: Clinic, account_id: int, serial: str) -> one_order.Detail:
    hotline = town.hotline
    async with hotline.read() as db:
        return await one_order.detail(
            db, hotline.sealer, account_id, serial, now=hotline.clock.now(), by=by(account_id)
        )


async def give_up(town: Clinic, account_id: int, serial: str, version: int = 1) -> int:
    async def act(work: Work) -> int:
        return (await orders.give_up(work, account_id, serial, version=version)).refund_fen

    return await town.hotline.run(act, by(account_id))


# --- who sees what ------------------------------------------------------------------------------------


@pytest.mark.req("R-185")
async def test_an_account_sees_what_it_booked_and_what_its_number_booked(town: Clinic, account: int) -> None:
    on_the_web = await booked(town, account)
    by_phone = await booked(town, None, phone=PHONE)
    elsewhere = await booked(town, None, "王强")
    found = await seen(town, account)
    assert [one.made.serial for one in found.orders] == [by_phone.serial, on_the_web.serial]
    with pytest.raises(NotFound):
        await detail(town, account, elsewhere.serial)
    with pytest.raises(NotFound):
        await detail(town, account, "12345678")


async def test_nobody_sees_or_gives_up_anothers(town: Clinic, account: int) -> None:
    theirs = await booked(town, account)
    other = await patients.account(town.hotline, await town.person("王强"), STRANGER + "0")
    assert (await seen(town, other)).count == 0
    with pytest.raises(NotFound):
        await detail(town, other, theirs.serial)
    with pytest.raises(NotFound):
        await give_up(town, other, theirs.serial)
    assert (await detail(town, account, theirs.serial)).order.made.state is State.BOOKED


async def test_only_whom_it_books_for_is_named_in_full(town: Clinic, account: int) -> None:
    """Somebody else's visit by the same telephone is seen, but whose it is only in part."""
    child = await town.person("王小明")
    async with town.hotline.work(SEED) as work:
        await people.add(work, account, child, "child")
    for name in ("李秀英", "王小明", "赵六"):
        await booked(town, None, name, phone=PHONE)
    ours = {one.made.person: one.of_ours for one in (await seen(town, account)).orders}
    assert ours == {"李秀英": True, "王小明": True, "赵六": False}


# --- in pages ------------------------------------------------------------------------------------------


@pytest.mark.req("R-186")
@pytest.mark.parametrize(
    ("rows", "pages", "last"), [(0, 1, 0), (1, 1, 1), (10, 1, 10), (11, 2, 1), (101, 11, 1)]
)
async def test_ten_a_page_and_a_page_beyond_the_last_is_the_last(
    town: Clinic, account: int, rows: int, pages: int, last: int
) -> None:
    await copies(town, account, rows)
    first, beyond = await seen(town, account), await seen(town, account, page=999)
    assert (first.count, first.pages, first.page) == (rows, pages, 1)
    assert len(first.orders) == min(rows, PAGE)
    assert (beyond.page, len(beyond.orders)) == (pages, last)
    ids = [one.made.appointment_id for one in first.orders]
    assert ids == sorted(ids, reverse=True)


async def copies(town: Clinic, account_id: int, rows: int) -> None:
    """So many appointments of an account, all of one that is over; a slot may have many such."""
    if not rows:
        return
    made = await booked(town, account_id)
    async with town.hotline.work(SEED) as work:
        await cancel(work, Cancel(made.appointment_id))
        table = Appointment.__table__
        row = dict((await work.db.execute(select(table))).mappings().one())
        more = [
            {**{key: value for key, value in row.items() if key != "id"}, "serial": f"{n:08}"}
            for n in range(1, rows)
        ]
        if more:
            await work.db.execute(table.insert(), more)


@pytest.mark.req("R-193")
def test_each_state_belongs_to_one_group() -> None:
    assert sorted(state for states in GROUPS.values() for state in states) == sorted(State)


async def test_a_group_is_counted_and_listed_alone(town: Clinic, account: int) -> None:
    kept = await booked(town, account)
    gone = await booked(town, account)
    await give_up(town, account, gone.serial)
    found = await seen(town, account, group=Group.AHEAD)
    assert [one.made.serial for one in found.orders] == [kept.serial]
    assert found.by_group == {Group.AHEAD: 1, Group.UNPAID: 0, Group.OVER: 1}
    assert [one.made.serial for one in (await seen(town, account, group=Group.OVER)).orders] == [gone.serial]


async def test_a_full_page_costs_no_more_statements_than_one_row(town: Clinic, account: int) -> None:
    await booked(town, account)
    with statements(town.hotline) as one:
        await seen(town, account)
    await booked(town, account)
    await booked(town, account)
    with statements(town.hotline) as three:
        await seen(town, account)
    assert len(three) == len(one) == 5


async def test_the_list_is_found_by_index(town: Clinic, account: int) -> None:
    """However many appointments there are of others."""
    async with town.hotline.read() as db:
        if town.hotline.database.sqlite:
            query = select(Appointment.id).where(orders.theirs(account))
            explained = query.compile(dialect=db.get_bind().dialect, compile_kwargs={"literal_binds": True})
            rows = (await db.execute(text(f"explain query plan {explained}"))).all()
            assert not [row[-1] for row in rows if row[-1].startswith("SCAN appointment")]
        else:
            await db.execute(text("set local enable_seqscan = off"))
            query = select(Appointment.id).where(orders.theirs(account))
            explained = query.compile(dialect=db.get_bind().dialect, compile_kwargs={"literal_binds": True})
            plan = "\n".join(row[0] for row in (await db.execute(text(f"explain {explained}"))).all())
            assert "Seq Scan on appointment" not in plan
            assert "ix_appointment_account_id" in plan
            assert "ix_appointment_contact_print" in plan


# --- one ------------------------------------------------------------------------------------------------


@pytest.mark.req("R-187", "R-189")
async def test_a_detail_quotes_the_limit_that_is_kept(town: Clinic, account: int, clock: FrozenClock) -> None:
    """The moment it names is the last at which it works."""
    await town.rule("cancel.deadline", "day-1 17:00")
    made = await booked(town, account)
    told = await detail(town, account, made.serial)
    assert told.phone_masked == "109****9999"
    assert told.cancel.refusal is None
    limit = told.cancel.limit
    assert limit is not None
    assert limit.rule is not None
    assert (limit.rule.key, limit.rule.value) == ("cancel.deadline", "day-1 17:00")
    clock.instant = limit.until + timedelta(seconds=1)
    assert isinstance((await detail(town, account, made.serial)).cancel.refusal, TooLateToCancel)
    with pytest.raises(TooLateToCancel):
        await give_up(town, account, made.serial)
    clock.instant = limit.until
    await give_up(town, account, made.serial)


async def test_what_a_move_left_and_what_came_of_it_lead_to_each_other(town: Clinic, account: int) -> None:
    old = await booked(town, account)
    session = await town.session("chen", day=VISIT + timedelta(days=9))
    held = await town.store.submit(Hold(session, owner="x", person_id=town.people["李秀英"]), by(account))
    new = await town.store.submit(Change(old.appointment_id, held.hold_id), by(account))
    assert (await detail(town, account, old.serial)).after == new.serial
    assert (await detail(town, account, new.serial)).before == old.serial


# --- given up ---------------------------------------------------------------------------------------------


@pytest.mark.req("R-188", "R-189")
async def test_a_paid_one_is_given_up_and_its_money_goes_back_in_sight(town: Clinic, account: int) -> None:
    made = await paid(town, account)
    assert (await seen(town, account)).orders[0].money.paid_fen == made.fee_fen
    version = (await detail(town, account, made.serial)).order.made.version
    assert await give_up(town, account, made.serial, version) == made.fee_fen
    (order,) = (await seen(town, account)).orders
    assert order.money == orders.Money(made.fee_fen, made.fee_fen, frozenset({RefundState.REQUESTED}))
    told = await detail(town, account, made.serial)
    assert [one.state for payment in told.payments for one in payment.refunds] == [RefundState.REQUESTED]


async def paid(town: Clinic, account_id: int) -> Booked:
    await town.rule("pay.mode", "online")
    made = await booked(town, account_id)
    async with town.hotline.work(SEED) as work:
        (payment,) = (await work.db.execute(select(Payment.id))).scalars()
        await pay(
            work, payment_id=payment, appointment_id=made.appointment_id, provider="unionpay", txn="T1",
            amount_fen=made.fee_fen,
        )  # fmt: skip
    return made


@pytest.mark.req("R-188")
async def test_an_unpaid_one_is_given_up_at_any_time(town: Clinic, account: int) -> None:
    await town.rule("pay.mode", "online")
    await town.rule("cancel.deadline", "day-9 00:00")
    made = await booked(town, account)
    told = await detail(town, account, made.serial)
    assert (told.cancel.refusal, told.cancel.limit) == (None, None)
    assert await give_up(town, account, made.serial) == 0


@pytest.mark.req("R-151")
async def test_where_a_hospital_refunds_at_its_window_only_the_web_says_so(
    town: Clinic, account: int
) -> None:
    await town.rule("refund.web", "no")
    made = await paid(town, account)
    told = await detail(town, account, made.serial)
    assert isinstance(told.cancel.refusal, WebRefundNotAllowed)
    with pytest.raises(WebRefundNotAllowed):
        await give_up(town, account, made.serial, told.order.made.version)


async def test_two_clicks_at_once_give_it_up_once(town: Clinic, account: int) -> None:
    made = await paid(town, account)
    version = (await detail(town, account, made.serial)).order.made.version
    done = await asyncio.gather(*(give_up(town, account, made.serial, version) for _ in range(4)))
    assert done == [made.fee_fen] * 4
    (order,) = (await seen(town, account)).orders
    assert order.money.back_fen == made.fee_fen


async def test_what_has_moved_on_since_it_was_seen_is_not_given_up(town: Clinic, account: int) -> None:
    """The doctor's leave came between: who meant to give up a visit is told first."""
    made = await booked(town, account)
    async with town.hotline.work(SEED) as work:
        await stop(work, made.session_id, reason="病假")
    with pytest.raises(ChangedMeanwhile):
        await give_up(town, account, made.serial, 1)
    stopped = await detail(town, account, made.serial)
    assert stopped.order.made.state is State.STOPPED
    await give_up(town, account, made.serial, stopped.order.made.version)


async def test_an_account_whose_number_is_another_now_sees_no_calls_of_the_old(
    town: Clinic, account: int
) -> None:
    await booked(town, None, phone=PHONE)
    async with town.hotline.work(SEED) as work:
        new = work.sealer.fingerprint("10911112222", "phone")
        await work.db.execute(update(Account).values(phone_print=new))
    assert (await seen(town, account)).count == 0
