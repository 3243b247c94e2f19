"""One look tells whether a number that calls has left anything at all; only then is it looked for."""

from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest

from core.accounts.drafts import may_go_on
from core.accounts.tables import Account
from core.booking.commands import Hold
from core.booking.tables import Draft
from core.contact import engine as contact
from core.contact.rules import Disposition, State
from core.values import Phone
from core.work import Hotline
from tests.builders import SEED, SURFER, TEXTER, Clinic, clinic
from tests.clocks import FrozenClock

NUMBER = Phone("10744440001")
SINCE = timedelta(minutes=10)


def mark(place: Clinic) -> str:
    return place.hotline.sealer.fingerprint(NUMBER.digits, "phone")


async def looked(place: Clinic, now: FrozenClock) -> bool:
    async with place.hotline.read() as db:
        return await may_go_on(db, mark(place), now.instant, now.instant - SINCE)


async def by_text(place: Clinic) -> None:
    person = await place.person("周敏")
    wanted = Hold(session_id=await place.session(), owner=f"sms:{mark(place)}", person_id=person)
    await place.store.submit(wanted, TEXTER)


async def on_the_web(place: Clinic) -> None:
    person = await place.person("周敏")
    async with place.hotline.work(SEED) as work:
        sealed = work.sealer.seal(NUMBER.digits, "phone")
        account = Account(
            person_id=person, phone_print=mark(place), phone_sealed=sealed, password="x", opened_at=work.now
        )
        work.db.add(account)
        await work.db.flush()
        owner = f"web:{account.id}"
    await place.store.submit(Hold(session_id=await place.session(), owner=owner), SURFER)


async def told_of_a_draft(place: Clinic) -> None:
    await _draft(place, contact_print=mark(place))


async def begun_a_draft(place: Clinic) -> None:
    await _draft(place, ani_print=mark(place))


async def _draft(place: Clinic, **prints: str) -> None:
    async with place.hotline.work(SEED) as work:
        body = work.sealer.seal("{}", "draft")
        row = Draft(body_sealed=body, state="left", opened_at=work.now, saved_at=work.now, **prints)
        work.db.add(row)


async def talked(place: Clinic) -> None:
    async with place.hotline.work(SEED) as work:
        opened = await contact.open_interaction(work, linked_id="1", dnis="12320", ani=NUMBER.digits)
        await contact.move(work, opened.interaction_id, State.QUEUED)
        await contact.move(work, opened.interaction_id, State.TALKING)
        await contact.close(work, opened.interaction_id, Disposition.ANSWERED)


@pytest.fixture
async def place(hotline: Hotline) -> Clinic:
    return await clinic(hotline)


async def test_a_number_that_left_nothing_has_nothing(place: Clinic, clock: FrozenClock) -> None:
    other = Hold(session_id=await place.session(), owner="sms:another", person_id=await place.person("李红"))
    await place.store.submit(other, TEXTER)
    assert not await looked(place, clock)


@pytest.mark.parametrize("leave", [by_text, on_the_web, told_of_a_draft, begun_a_draft, talked])
async def test_whatever_a_number_left_is_seen(
    leave: Callable[[Clinic], Awaitable[None]], place: Clinic, clock: FrozenClock
) -> None:
    await leave(place)
    assert await looked(place, clock)


@pytest.mark.parametrize("leave", [by_text, on_the_web, talked])
async def test_what_is_over_is_nothing(
    leave: Callable[[Clinic], Awaitable[None]], place: Clinic, clock: FrozenClock
) -> None:
    await leave(place)
    clock.advance(minutes=11)
    assert not await looked(place, clock)
