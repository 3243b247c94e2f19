"""The link of a provisional booking: one number, once, for three days; then what was held is booked."""

import pytest
from sqlalchemy import select

from core.booking.tables import Appointment
from core.people.linking import TRIES, offer, token_of
from core.people.tables import Person
from core.values import demo_identity
from core.work import Hotline
from tests.builders import BORN, SEED, clinic
from tests.clocks import FrozenClock
from tests.pages import Open

GOOD = demo_identity("0101", BORN, 42).number
KIND = {"kind": "resident"}


@pytest.fixture
async def patient(hotline: Hotline) -> int:
    """Somebody who booked without a number, and was sent the link."""
    town = await clinic(hotline)
    person = await town.person("张春花", identity=False)
    await town.book(await town.session(), person)
    async with hotline.work(SEED) as work:
        assert await offer(work, person) == token_of(hotline.sealer, person)
    return person


def path(hotline: Hotline, person: int) -> str:
    return f"/r/{token_of(hotline.sealer, person)}"


async def state(hotline: Hotline) -> str:
    async with hotline.read() as db:
        return (await db.execute(select(Appointment.state))).scalar_one()


@pytest.mark.req("R-059")
async def test_the_number_books_what_was_provisional_and_the_link_is_over(
    open_pages: Open, hotline: Hotline, patient: int
) -> None:
    pages = await open_pages()
    html = await (await pages.get(path(hotline, patient))).text()
    assert "张**" in html
    assert "张春花" not in html
    assert await state(hotline) == "provisional"
    answer = await pages.post(path(hotline, patient), data={**KIND, "number": GOOD})
    assert answer.status == 200
    assert "您的预约已经生效" in await answer.text()
    assert await state(hotline) == "booked"
    again = await pages.post(path(hotline, patient), data={**KIND, "number": GOOD})
    assert again.status == 410
    assert "拨打 12320" in await again.text()


async def test_a_wrong_number_says_so_and_is_not_sent_back(
    open_pages: Open, hotline: Hotline, patient: int
) -> None:
    pages = await open_pages()
    wrong = GOOD[:-1] + ("0" if GOOD[-1] != "0" else "1")
    answer = await pages.post(path(hotline, patient), data={**KIND, "number": wrong})
    assert answer.status == 400
    html = await answer.text()
    assert "证件号码不正确" in html
    assert wrong not in html
    assert (await pages.post(path(hotline, patient), data={"kind": "dog", "number": GOOD})).status == 400
    assert await state(hotline) == "provisional"


async def test_somebody_elses_number_is_a_conflict_and_guesses_are_counted(
    open_pages: Open, hotline: Hotline, patient: int
) -> None:
    async with hotline.work(SEED) as work:
        other = await work.db.get_one(Person, patient)
        twin = Person(
            name="王强", pinyin="wang qiang", initials="wq", created_at=other.created_at,
            identity_kind="resident", identity_sealed=b"-",
            identity_print=work.sealer.fingerprint(GOOD, "identity"),
        )  # fmt: skip
        work.db.add(twin)
    pages = await open_pages()
    for _ in range(TRIES - 1):
        assert (await pages.post(path(hotline, patient), data={**KIND, "number": GOOD})).status == 409
    assert (await pages.post(path(hotline, patient), data={**KIND, "number": GOOD})).status == 410
    assert await state(hotline) == "provisional"


async def test_a_link_is_good_for_three_days_and_nobody_is_asked_twice(
    open_pages: Open, hotline: Hotline, patient: int, clock: FrozenClock
) -> None:
    pages = await open_pages()
    clock.advance(hours=71)
    assert (await pages.get(path(hotline, patient))).status == 200
    clock.advance(hours=2)
    assert (await pages.get(path(hotline, patient))).status == 410
    async with hotline.work(SEED) as work:
        assert await offer(work, patient) is None


async def test_a_link_nobody_has_is_over_too(open_pages: Open) -> None:
    pages = await open_pages()
    assert (await pages.get("/r/" + "0" * 24)).status == 410
    assert (await pages.get("/r/short")).status == 404
