"""What an account may change of its owner, whom it books for, and how its password is guessed at."""

import asyncio
from dataclasses import replace
from datetime import date, timedelta

import pytest
from sqlalchemy import select, text, update

from core.accounts import codes, family, own_logins, sessions
from core.accounts.about import About
from core.accounts.codes import Purpose
from core.accounts.info import Info, Wish, change, change_phone, info
from core.accounts.login import change_password, log_in
from core.accounts.opening import open_account
from core.accounts.passwords import OF_ADDRESS, Where
from core.accounts.people import MOST, attendees
from core.accounts.sessions import Begun
from core.accounts.tables import Account, AccountSession
from core.database import Base
from core.errors import (
    AccountExists,
    AttendeesFull,
    ChangedMeanwhile,
    CodeWrong,
    CredentialsWrong,
    IdentityConflict,
    IdentityInvalid,
    LoginLocked,
    NameBound,
    NotFound,
    PasswordWeak,
    WrongInput,
)
from core.people.register import register
from core.people.tables import Person, PersonCard
from core.staff import guesses
from core.staff.passwords import Passwords
from core.values import Actor, ActorKind, Channel, Identity, IdentityKind, Phone, demo_identity
from core.work import Hotline
from tests import patients
from tests.builders import SEED, clinic
from tests.clocks import FrozenClock

PHONE, OTHER = Phone("10912345678"), Phone("10987654321")
LI = About("李秀英", demo_identity("0101", date(1966, 8, 12), 2), "female", date(1966, 8, 12))
WANG = About("王强", demo_identity("0101", date(1985, 5, 20), 3), "male", date(1985, 5, 20))
PASSWORD = "a long enough sentence"
BY = Actor(ActorKind.PATIENT, "web", Channel.WEB, address="192.0.2.1")
HERE = Where("192.0.2.1", "Firefox")


@pytest.fixture
def passwords() -> Passwords:
    return Passwords.quick()


async def code(hotline: Hotline, phone: Phone, purpose: Purpose) -> str:
    async with hotline.work(BY) as work:
        await codes.ask(work, phone, purpose)
        key = work.sealer.fingerprint(phone.digits, "phone")
        row = await work.db.scalar(select(codes.PhoneCode.id).where(codes.PhoneCode.phone_print == key))
        assert row is not None
        sent = await codes.to_send(work.db, work.sealer, row)
    assert sent is not None
    return sent.code


async def proof(hotline: Hotline, phone: Phone = PHONE) -> str:
    typed = await code(hotline, phone, Purpose.REGISTER)
    return await codes.prove(hotline, BY, phone, Purpose.REGISTER, typed)


async def opened(
    hotline: Hotline, passwords: Passwords, proved: str, about: About = LI, **more: str
) -> Begun:
    return await open_account(
        hotline, passwords, BY, proof=proved, about=about, password=PASSWORD, again=PASSWORD, where=HERE, **more
    )  # fmt: skip


async def of(hotline: Hotline, account_id: int) -> Info:
    async with hotline.read() as db:
        return await info(db, hotline.sealer, account_id)


async def changed(hotline: Hotline, account_id: int, *, version: int | None = None, **wish: object) -> None:
    it = await of(hotline, account_id)
    asked = replace(
        Wish(it.name, it.sex, it.birth_date, it.address, {}, frozenset()),
        **wish,  # type: ignore[arg-type]
    )
    async with hotline.work(BY) as work:
        await change(work, account_id, asked, version=it.version if version is None else version)


# --- one account ----------------------------------------------------------------------------------------


async def test_of_two_who_open_at_once_one_has_the_account(hotline: Hotline, passwords: Passwords) -> None:
    proved = await proof(hotline)
    both = await asyncio.gather(
        opened(hotline, passwords, proved),
        opened(hotline, passwords, proved, WANG),
        return_exceptions=True,
    )
    assert sum(isinstance(one, Begun) for one in both) == 1
    assert sum(isinstance(one, AccountExists) for one in both) == 1


async def test_a_second_click_is_told_that_the_first_has_done_it(
    hotline: Hotline, passwords: Passwords
) -> None:
    proved = await proof(hotline)
    told = await asyncio.gather(
        *(opened(hotline, passwords, proved) for _ in range(4)), return_exceptions=True
    )
    assert sum(isinstance(one, Begun) for one in told) == 1
    assert sum(isinstance(one, AccountExists) for one in told) == 3


async def test_two_parents_who_add_a_child_at_once_add_the_same(
    hotline: Hotline, passwords: Passwords
) -> None:
    parents = [
        (await opened(hotline, passwords, await proof(hotline))).account_id,
        (await opened(hotline, passwords, await proof(hotline, OTHER), WANG)).account_id,
    ]
    both = await asyncio.gather(*(added(hotline, one, CHILD) for one in parents))
    assert both[0] == both[1]


async def test_one_person_has_one_account_whatever_their_number(
    hotline: Hotline, passwords: Passwords
) -> None:
    await opened(hotline, passwords, await proof(hotline))
    with pytest.raises(IdentityConflict):
        await opened(hotline, passwords, await proof(hotline, OTHER))


async def test_what_is_kept_of_somebody_is_sealed(hotline: Hotline, passwords: Passwords) -> None:
    begun = await open_account(
        hotline, passwords, BY, proof=await proof(hotline), about=LI, address="青石市东城区",
        cards={"health": "H12345678"}, password=PASSWORD, again=PASSWORD, where=HERE,
    )  # fmt: skip
    async with hotline.read() as db:
        person = (await db.execute(select(Person))).scalar_one()
        card = (await db.execute(select(PersonCard))).scalar_one()
        account = (await db.execute(select(Account))).scalar_one()
    assert person.address_sealed
    assert "青石市".encode() not in person.address_sealed
    assert b"H12345678" not in card.card_sealed
    assert PASSWORD not in account.password
    it = await of(hotline, begun.account_id)
    assert (it.address, it.cards) == ("青石市东城区", {"health": "H1***5678"})


@pytest.mark.req("I-018")
async def test_no_number_of_an_account_stands_in_the_database(
    hotline: Hotline, passwords: Passwords, clock: FrozenClock
) -> None:
    begun = await open_account(
        hotline, passwords, BY, proof=await proof(hotline), about=LI, address="青石市东城区",
        cards={"insurance": "A12345678"}, password=PASSWORD, again=PASSWORD, where=HERE,
    )  # fmt: skip
    await code(hotline, OTHER, Purpose.PHONE)
    with pytest.raises(CredentialsWrong):
        await log_in(hotline, passwords, BY, login=PHONE.digits, password="x", where=HERE)
    await added(hotline, begun.account_id, CHILD)
    written = b""
    async with hotline.read() as db:
        for table in Base.metadata.sorted_tables:
            for row in (await db.execute(text(f'select * from "{table.name}"'))).all():
                written += b" ".join(
                    bytes(value) if isinstance(value, bytes | memoryview) else str(value).encode()
                    for value in row
                )
    assert "李秀英".encode() in written  # what is not sealed is there: the search sees something
    assert LI.identity
    assert CHILD.identity
    for secret in (
        LI.identity.number,
        CHILD.identity.number,
        PHONE.digits,
        OTHER.digits,
        "A12345678",
        "青石市",
        begun.token,
        PASSWORD,
    ):
        assert secret.encode() not in written


# --- guessing -------------------------------------------------------------------------------------------


async def test_one_address_cannot_try_everybody(hotline: Hotline, passwords: Passwords) -> None:
    async def guess(number: int) -> None:
        await log_in(hotline, passwords, BY, login=f"109{number:08d}", password="x", where=HERE)

    async with hotline.work(BY) as work:
        for _ in range(OF_ADDRESS.tries - 1):
            await guesses.take(work, OF_ADDRESS, HERE.address)
    with pytest.raises(CredentialsWrong):
        await guess(1)
    with pytest.raises(LoginLocked):
        await guess(2)


async def test_a_hundred_guesses_at_once_are_no_more_than_five(
    hotline: Hotline, passwords: Passwords
) -> None:
    begun = await opened(hotline, passwords, await proof(hotline))
    attempts = [
        log_in(hotline, passwords, BY, login=PHONE.digits, password=f"guess {step}", where=HERE)
        for step in range(20)
    ]
    told = await asyncio.gather(*attempts, return_exceptions=True)
    assert sum(isinstance(one, CredentialsWrong) for one in told) == 5
    assert sum(isinstance(one, LoginLocked) for one in told) == 15
    assert begun.account_id


@pytest.mark.req("R-184")
async def test_a_password_is_changed_by_who_knows_the_old_one(hotline: Hotline, passwords: Passwords) -> None:
    begun = await opened(hotline, passwords, await proof(hotline))
    new = "quite another sentence"

    async def attempt(old: str, first: str, second: str) -> Begun:
        return await change_password(
            hotline, passwords, BY, begun.account_id, old=old, new=first, again=second, where=HERE
        )

    with pytest.raises(CredentialsWrong):
        await attempt("wrong", new, new)
    for first, second, why in (
        (new, "typed otherwise", "again"),
        (PASSWORD, PASSWORD, "same"),
        ("李秀英 is my own name", "李秀英 is my own name", "own"),
        ("0000000000", "0000000000", "common"),
    ):
        with pytest.raises(PasswordWeak) as told:
            await attempt(PASSWORD, first, second)
        assert told.value.facts["why"] == why
    again = await attempt(PASSWORD, new, new)
    async with hotline.read() as db:
        now = hotline.clock.now()
        living = [one.session_id for one in await own_logins.living(db, begun.account_id, now=now)]
    assert living == [again.session_id]


# --- my information -------------------------------------------------------------------------------------


@pytest.mark.req("R-181")
async def test_everything_but_the_papers_may_be_changed(hotline: Hotline, passwords: Passwords) -> None:
    begun = await opened(hotline, passwords, await proof(hotline))
    await changed(hotline, begun.account_id, name="李秀瑛", address="云岭省", cards={"citizen": "C1234567"})
    it = await of(hotline, begun.account_id)
    assert (it.name, it.address, it.cards) == ("李秀瑛", "云岭省", {"citizen": "C1**4567"})
    await changed(hotline, begun.account_id, address="", dropped=frozenset({"citizen"}))
    it = await of(hotline, begun.account_id)
    assert (it.address, it.cards) == ("", {})
    for wrong in ({"sex": "male"}, {"birth_date": date(1966, 8, 13)}):
        with pytest.raises(IdentityInvalid):
            await changed(hotline, begun.account_id, **wrong)


async def test_two_who_change_the_same_do_not_overwrite_each_other(
    hotline: Hotline, passwords: Passwords
) -> None:
    begun = await opened(hotline, passwords, await proof(hotline))
    before = (await of(hotline, begun.account_id)).version
    await changed(hotline, begun.account_id, name="李秀瑛")
    with pytest.raises(ChangedMeanwhile):
        await changed(hotline, begun.account_id, version=before, name="李秀颖")


async def test_a_name_that_a_hospital_waits_for_stays(hotline: Hotline) -> None:
    town = await clinic(hotline)
    li = await town.person("李")
    account_id = await patients.account(hotline, li)
    await town.book(await town.session("chen"), li)
    with pytest.raises(NameBound) as told:
        await changed(hotline, account_id, name="张三")
    assert told.value.facts["why"] == "booked"
    async with hotline.work(SEED) as work:
        await work.db.execute(update(Person).where(Person.id == li).values(verified="hospital"))
    with pytest.raises(NameBound) as told:
        await changed(hotline, account_id, name="张三")
    assert told.value.facts["why"] == "hospital"


@pytest.mark.req("R-181")
async def test_another_mobile_needs_its_own_code_and_ends_other_logins(
    hotline: Hotline, passwords: Passwords, clock: FrozenClock
) -> None:
    first = await opened(hotline, passwords, await proof(hotline))
    second = await log_in(hotline, passwords, BY, login=PHONE.digits, password=PASSWORD, where=HERE)
    clock.advance(minutes=1)
    old = await code(hotline, PHONE, Purpose.PHONE)
    right = await code(hotline, OTHER, Purpose.PHONE)

    async def move(typed: str) -> None:
        await change_phone(hotline, BY, first.account_id, phone=OTHER, code=typed, keep=second.session_id)

    with pytest.raises(CodeWrong):
        await move(old)
    await move(right)
    with pytest.raises(CodeWrong):
        await move(right)
    assert (await of(hotline, first.account_id)).phone_masked == OTHER.masked
    async with hotline.read() as db:
        ended = await db.scalar(select(AccountSession.ended_why).where(AccountSession.id == first.session_id))
    assert ended == "phone"
    await log_in(hotline, passwords, BY, login=OTHER.digits, password=PASSWORD, where=HERE)
    with pytest.raises(CredentialsWrong):
        await log_in(hotline, passwords, BY, login=PHONE.digits, password=PASSWORD, where=HERE)


async def test_the_number_of_another_account_is_not_taken(
    hotline: Hotline, passwords: Passwords, clock: FrozenClock
) -> None:
    begun = await opened(hotline, passwords, await proof(hotline))
    await opened(hotline, passwords, await proof(hotline, OTHER), WANG)
    clock.advance(minutes=1)
    right = await code(hotline, OTHER, Purpose.PHONE)
    with pytest.raises(AccountExists):
        await change_phone(hotline, BY, begun.account_id, phone=OTHER, code=right, keep=begun.session_id)
    assert (await of(hotline, begun.account_id)).phone_masked == PHONE.masked


async def test_a_login_is_ended_by_its_own_account_alone(hotline: Hotline, passwords: Passwords) -> None:
    mine = await opened(hotline, passwords, await proof(hotline))
    others = await opened(hotline, passwords, await proof(hotline, OTHER), WANG)
    with pytest.raises(NotFound):
        async with hotline.work(BY) as work:
            await own_logins.end(work, mine.account_id, others.session_id)
    async with hotline.work(BY) as work:
        await own_logins.end(work, mine.account_id, mine.session_id)
    async with hotline.read() as db:
        now = hotline.clock.now()
        assert await sessions.find(db, hotline.sealer, mine.token, kind="web", now=now) is None
        assert await sessions.find(db, hotline.sealer, others.token, kind="web", now=now)


# --- whom it books for ----------------------------------------------------------------------------------


async def added(hotline: Hotline, account_id: int, about: About, relation: str = "child") -> int:
    async with hotline.work(BY) as work:
        return await family.add(work, account_id, about, relation)


@pytest.fixture
async def mother(hotline: Hotline, passwords: Passwords) -> int:
    return (await opened(hotline, passwords, await proof(hotline))).account_id


BORN = date(2018, 3, 2)
CHILD = About(
    "李小雨", Identity(IdentityKind.HOUSEHOLD, demo_identity("0101", BORN, 11).number), "male", BORN
)


@pytest.mark.req("I-007")
async def test_a_child_is_added_by_the_household_book_and_has_a_guardian(
    hotline: Hotline, mother: int
) -> None:
    person_id = await added(hotline, mother, CHILD)
    async with hotline.read() as db:
        owner = await db.scalar(select(Account.person_id))
        assert await db.scalar(select(Person.guardian_id).where(Person.id == person_id)) == owner
        listed = await attendees(db, hotline.sealer, mother)
    assert [(one.name, one.relation) for one in listed] == [("李秀英", "self"), ("李小雨", "child")]
    grown = Identity(IdentityKind.HOUSEHOLD, demo_identity("0101", date(1985, 5, 20), 3).number)
    with pytest.raises(WrongInput):
        await added(hotline, mother, replace(WANG, identity=grown), "spouse")


@pytest.mark.req("I-007", "R-059")
async def test_whose_papers_are_not_at_hand_is_provisional_until_they_are_given(
    hotline: Hotline, mother: int
) -> None:
    person_id = await added(hotline, mother, About("李大爷", None, "male", date(1940, 1, 2)), "parent")
    async with hotline.read() as db:
        assert [one.provisional for one in await attendees(db, hotline.sealer, mother)] == [False, True]
    papers = demo_identity("0101", date(1940, 1, 2), 5)
    for wrong in (demo_identity("0101", date(1941, 1, 2), 5), demo_identity("0101", date(1940, 1, 2), 6)):
        with pytest.raises(IdentityInvalid):
            async with hotline.work(BY) as work:
                await family.give_papers(work, mother, person_id, wrong)
    async with hotline.work(BY) as work:
        await family.give_papers(work, mother, person_id, papers)
    async with hotline.read() as db:
        assert [one.provisional for one in await attendees(db, hotline.sealer, mother)] == [False, False]


async def test_somebody_known_is_added_only_by_who_knows_them(hotline: Hotline, mother: int) -> None:
    passport = Identity(IdentityKind.PASSPORT, "E12345678")
    async with hotline.work(SEED) as work:
        await register(work, name="Anna Smith", identity=passport, sex="female", birth_date=date(1990, 1, 2))
    for wrong in (
        About("Anna Brown", passport, "female", date(1990, 1, 2)),
        About("Anna Smith", passport, "female", date(1990, 1, 3)),
        About("Anna Smith", passport, "male", date(1990, 1, 2)),
        LI,
    ):
        with pytest.raises(IdentityConflict) as told:
            await added(hotline, mother, wrong, "other")
        assert told.value.facts == {"why": "account"}
    await added(hotline, mother, About("Anna Smith", passport, "female", date(1990, 1, 2)), "other")


async def test_guesses_at_whom_somebody_may_be_are_counted(hotline: Hotline, mother: int) -> None:
    async def attempt() -> None:
        async with hotline.work(BY) as work:
            await family.count_try(work, mother)

    for _ in range(family.OF_ACCOUNT.tries):
        await attempt()
    with pytest.raises(LoginLocked):
        await attempt()


async def test_an_account_books_for_eight_besides_its_owner(hotline: Hotline, mother: int) -> None:
    for number in range(MOST):
        await added(hotline, mother, About(f"孩子{number}", None, "male", BORN))
    before = await _people(hotline)
    with pytest.raises(AttendeesFull):
        await added(hotline, mother, About("第九个", None, "male", BORN))
    assert await _people(hotline) == before, "nobody is written down for whom there is no room"


async def _people(hotline: Hotline) -> int:
    async with hotline.read() as db:
        return len((await db.execute(select(Person.id))).all())


async def test_papers_are_given_for_ones_own_people_alone(
    hotline: Hotline, passwords: Passwords, mother: int
) -> None:
    stranger = await opened(hotline, passwords, await proof(hotline, OTHER), WANG)
    person_id = await added(hotline, mother, About("李小雨", None, "male", BORN))
    with pytest.raises(NotFound):
        async with hotline.work(BY) as work:
            await family.give_papers(work, stranger.account_id, person_id, demo_identity("0101", BORN, 11))


async def test_ended_sessions_are_forgotten_after_half_a_year(
    hotline: Hotline, mother: int, clock: FrozenClock
) -> None:
    clock.instant += timedelta(days=181)
    async with hotline.work(SEED) as work:
        assert await sessions.forget_old(work) == 1
