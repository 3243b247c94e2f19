"""A text gateway that hangs, repeats or lies: it costs its own texts some time, and nobody else anything."""

import asyncio
from dataclasses import dataclass, field

import pytest

from core import owed
from core.booking.store import PlainStore
from core.events import AppointmentBooked, TextDelivered
from core.health import State
from core.observing import Metrics
from core.outbox import Backoff, Outbox, Parcel, Route
from core.ports import OutgoingText, Receipt
from core.wake import Wake
from core.work import Hotline
from hotline.texting import Texting
from sms.gateways.order import FAILURES
from sms.gateways.pool import Member, Pool
from sms.inbound import Inbox
from sms.outbound import CARRIER, ROUTES
from sms.texter import Texter
from tests.builders import Clinic, clinic
from tests.clocks import FrozenClock
from tests.pages import database_url  # noqa: F401 SQLite
from tests.sms.test_outbound import Handset, Post, alone
from tests.waiting import until


@dataclass
class Tally:
    """Another outside, which takes everything at once."""

    brought: list[str] = field(default_factory=list)

    async def carry(self, parcel: Parcel) -> None:
        self.brought.append(parcel.key)


async def booked(town: Clinic, session: int, name: str) -> None:
    await town.book(session, await town.person(name), phone=f"109{len(town.people):08d}")


async def test_one_that_never_answers_holds_up_neither_others_nor_the_next_texts(
    hotline: Hotline, clock: FrozenClock
) -> None:
    hangs, works, other, metrics = Handset("hangs", silent=True), Handset("works"), Tally(), Metrics()
    pool = Pool([Member(hangs, 10_000), Member(works, 10_000)], clock, within_s=0.05)
    inbox, texter = Inbox(hotline, PlainStore(hotline)), Texter(hotline, pool, metrics=metrics)
    texting = Texting(hotline, inbox, texter, pool)
    hotline.routes = {**ROUTES, AppointmentBooked.kind: (CARRIER, "other")}
    wake = Wake()
    hotline.committed = wake.ring
    routes = {CARRIER: texter.route(), "other": Route(other)}
    outbox = Outbox(hotline, routes, wake, backoff=Backoff(first_s=600), metrics=metrics)
    running = asyncio.create_task(outbox.run())
    try:
        town = await clinic(hotline)
        session = await town.session(slots=12)
        for number in range(1, FAILURES + 1):
            await booked(town, session, f"客{number}")
            await until(lambda number=number: len(other.brought) == number)  # type: ignore[misc]
        await until(lambda: pool.lines[0].rests_until is not None)
        report = await texting.probe()
        assert (report.state, "hangs" in report.words) == (State.DEGRADED, True)
        await booked(town, session, "最后")
        await until(lambda: len(works.got) == 1)  # it is left alone now
        await until(lambda: _tried(metrics, "again") == FAILURES)
        await until(lambda: _tried(metrics, "done") >= 1)
        hangs.silent = False
        async with asyncio.timeout(20):
            while len(hangs.got) < FAILURES:  # in doubt they are asked for where they may be
                clock.advance(minutes=20)
                wake.ring()
                await asyncio.sleep(0.05)
        assert not hangs.got.keys() & works.got.keys()
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


def _tried(metrics: Metrics, outcome: str) -> float:
    return metrics.registry.get_sample_value(
        "hotline_deliveries_total", {"carrier": CARRIER, "outcome": outcome}
    ) or 0.0  # fmt: skip


# --- one that lies ------------------------------------------------------------------------------------


class SameName(Handset):
    """Gives the first two texts the same name."""

    async def send(self, text: OutgoingText) -> tuple[str, ...]:
        sent = await super().send(text)
        return ("the-one",) if text.key in list(self.got)[:2] else sent


async def post(hotline: Hotline, handset: Handset) -> Post:
    hotline.routes, metrics = ROUTES, Metrics()
    texter = Texter(hotline, alone(handset, hotline.clock), metrics=metrics)
    outbox = Outbox(hotline, {CARRIER: texter.route()}, Wake(), backoff=Backoff(tries=3))
    return Post(await clinic(hotline), handset, outbox, metrics)


async def test_what_it_says_it_has_sent_is_never_called_delivered_without_its_receipt(
    hotline: Hotline,
) -> None:
    to = await post(hotline, Handset())
    inbox = Inbox(hotline, to.town.store)
    await booked(to.town, await to.town.session(), "李秀英")
    await to.deliver()
    (key,) = to.handset.got
    for gateway, part in (("handset", "id of another"), ("another", f"id of {key}"), ("handset", "")):
        await inbox.reported(Receipt(gateway, part, True, ""))
    assert await to.states() == [("booked", "sent")]
    for _ in range(3):
        await inbox.reported(Receipt("handset", f"id of {key}", True, ""))
        await inbox.reported(Receipt("handset", f"id of {key}", False, "a second thought"))
    assert await to.states() == [("booked", "delivered")]
    assert len(await to.told(TextDelivered)) == 1


async def test_one_name_for_two_texts_proves_neither_and_is_shown_to_somebody(
    hotline: Hotline, clock: FrozenClock
) -> None:
    to = await post(hotline, SameName())
    session = await to.town.session()
    for name in ("李秀英", "王芳", "张伟"):
        await booked(to.town, session, name)
        await to.deliver()
    await Inbox(hotline, to.town.store).reported(Receipt("handset", "the-one", True, ""))
    for _ in range(3):
        clock.advance(minutes=20)
        await to.deliver()
    assert [state for _, state in await to.states()] == ["delivered", "queued", "sent"]
    async with hotline.read() as db:
        (dead,) = await owed.dead(db)
    assert dead.last_error == "IntegrityError"


@pytest.mark.parametrize("ids", [(), ("",), ("x" * 500,)], ids=["none", "empty", "endless"])
async def test_a_name_that_is_none_costs_no_other_text(hotline: Hotline, ids: tuple[str, ...]) -> None:
    class Odd(Handset):
        async def send(self, text: OutgoingText) -> tuple[str, ...]:
            await super().send(text)
            return ids if len(self.got) == 1 else (f"id of {text.key}",)

    to = await post(hotline, Odd())
    session = await to.town.session()
    await booked(to.town, session, "李秀英")
    await to.deliver()
    await booked(to.town, session, "王芳")
    await to.deliver()
    assert (await to.states())[1] == ("booked", "sent")
    assert [text.kind for text in to.handset.got.values()] == ["booked", "booked"]
