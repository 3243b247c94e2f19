"""Registering, completing, finding and believing people; their numbers at rest and revealed."""

from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import text

from core import journal
from core.database import Base
from core.errors import (
    CardMismatch,
    IdentityConflict,
    IdentityInvalid,
    IdentityLocked,
    NotAllowed,
    PersonUnknown,
    WrongInput,
)
from core.people.engine import (
    GUESSES,
    find_by_card,
    find_by_identity,
    forget_attempts,
    household,
    identify,
    person_facts,
    phones_of,
    reveal,
)
from core.people.look_up import search
from core.people.naming import initials_of, pinyin_of
from core.people.register import add_card, add_phone, complete, register
from core.people.rules import is_elder, same_name
from core.people.tables import Person
from core.values import Actor, ActorKind, Identity, IdentityKind, Phone, demo_identity
from core.work import Hotline
from tests.builders import CALLER, SEED, Clinic, clinic
from tests.clocks import FrozenClock

BORN = date(1970, 5, 4)
NUMBER = demo_identity("0101", BORN, 12)
OTHER = demo_identity("0101", BORN, 14)
PHONE, SECOND = Phone("10712345678"), Phone("10755550001")
CLERK = Actor(ActorKind.STAFF, "li", functions=frozenset({"reveal"}))


async def li(hotline: Hotline, **more: object) -> int:
    async with hotline.work(CALLER) as work:
        facts: dict[str, object] = {"name": "李秀英", "identity": NUMBER, "phones": [PHONE]} | more
        return (await register(work, **facts)).id  # type: ignore[arg-type]


async def kinds(hotline: Hotline) -> list[str]:
    async with hotline.read() as db:
        return [entry.event.kind for entry in await journal.entries(db, journal.START)]


@pytest.mark.req("R-059", "R-194")
async def test_sex_and_birth_date_come_from_the_number(hotline: Hotline) -> None:
    person_id = await li(hotline)
    async with hotline.read() as db:
        person = await db.get_one(Person, person_id)
    assert (person.sex, person.birth_date, person.verified) == ("female", BORN, "number")
    assert (person.pinyin, person.initials) == ("li3 xiu4 ying1", "lxy")


@pytest.mark.req("R-194")
async def test_the_same_number_is_the_same_person_with_one_phone_more(hotline: Hotline) -> None:
    assert await li(hotline) == await li(hotline, name="李 秀英", phones=[SECOND])
    async with hotline.read() as db:
        (person,) = await household(db, hotline.sealer, SECOND)
        assert await phones_of(db, hotline.sealer, person.id) == [PHONE, SECOND]
    assert (await kinds(hotline)).count("person.registered") == 1


async def test_a_known_number_under_another_name_is_never_merged(hotline: Hotline) -> None:
    await li(hotline)
    with pytest.raises(IdentityConflict):
        await li(hotline, name="王芳")


@pytest.mark.parametrize("wrong", [{"sex": "male"}, {"birth_date": date(1971, 5, 4)}])
async def test_what_contradicts_the_number_is_refused(hotline: Hotline, wrong: dict[str, object]) -> None:
    with pytest.raises(IdentityInvalid):
        await li(hotline, **wrong)


@pytest.mark.parametrize("name", ["", "   ", "李" * 41])
async def test_a_name_has_one_to_forty_characters(hotline: Hotline, name: str) -> None:
    with pytest.raises(WrongInput):
        await li(hotline, name=name)


@pytest.mark.req("R-085", "R-181")
async def test_who_has_no_number_yet_may_give_it_once(hotline: Hotline) -> None:
    person_id = await li(hotline, identity=None)
    async with hotline.work(CALLER) as work:
        await complete(work, person_id, NUMBER)
    with pytest.raises(IdentityConflict):
        async with hotline.work(CALLER) as work:
            await complete(work, person_id, OTHER)
    async with hotline.read() as db:
        found = await find_by_identity(db, hotline.sealer, NUMBER)
        assert found is not None
        assert found.id == person_id
        assert (await person_facts(db, person_id, hospital_id=1)).identity_kind is IdentityKind.RESIDENT


async def test_a_number_that_somebody_has_is_not_given_to_another(hotline: Hotline) -> None:
    await li(hotline)
    stranger = await li(hotline, name="王芳", identity=None, phones=[SECOND])
    with pytest.raises(IdentityConflict):
        async with hotline.work(CALLER) as work:
            await complete(work, stranger, NUMBER)


async def test_nobody_completes_who_is_not_there(hotline: Hotline) -> None:
    with pytest.raises(PersonUnknown):
        async with hotline.work(CALLER) as work:
            await complete(work, 4711, NUMBER)


async def test_a_household_shares_a_number_in_the_order_it_became_known(hotline: Hotline) -> None:
    mother = await li(hotline)
    child = await li(hotline, name="李小明", identity=None, birth_date=date(2018, 3, 2), guardian_id=mother)
    async with hotline.work(CALLER) as work:
        await add_phone(work, mother, PHONE)  # once more does no harm
    async with hotline.read() as db:
        assert [person.id for person in await household(db, hotline.sealer, PHONE)] == [mother, child]
        assert await household(db, hotline.sealer, Phone("10799999999")) == []


@pytest.mark.req("R-084")
@pytest.mark.parametrize(
    ("card", "name", "number", "agree"),
    [
        ("C1", "李秀英", PHONE, True),
        ("C2", "李秀英", PHONE, False),
        ("C1", "王芳", PHONE, False),
        ("C1", "李秀英", SECOND, False),
    ],
)
async def test_card_name_and_phone_must_agree(
    hotline: Hotline, card: str, name: str, number: Phone, agree: bool
) -> None:
    town: Clinic = await clinic(hotline)
    person_id = await li(hotline)
    async with hotline.work(SEED) as work:
        await add_card(work, person_id, town.hospital_id, "C1")
    async with hotline.read() as db:
        asked = find_by_card(
            db, hotline.sealer, hospital_id=town.hospital_id, card=card, name=name, number=number
        )
        if agree:
            assert (await asked).id == person_id
        else:
            with pytest.raises(CardMismatch):
                await asked


@pytest.mark.req("R-094")
@pytest.mark.parametrize(
    "words",
    ["秀英", "lxy", "xy", "xiu", "xiuying", "lixiuying", "李 5678", "10712345678", "5678", "C000471", "0471"],
)
async def test_a_patient_is_found_by_parts(hotline: Hotline, words: str) -> None:
    town = await clinic(hotline)
    person_id = await li(hotline)
    await li(hotline, name="王强", identity=None, phones=[SECOND])
    async with hotline.work(SEED) as work:
        await add_card(work, person_id, town.hospital_id, "C000471")
    async with hotline.read() as db:
        assert [person.id for person in await search(db, hotline.sealer, words)] == [person_id]


@pytest.mark.req("R-094")
async def test_a_patient_is_found_by_the_whole_identity_number_and_by_no_part_of_it(hotline: Hotline) -> None:
    ends_in_x = next(
        one for order in range(99) if (one := demo_identity("0101", BORN, order)).number[-1] == "X"
    )
    person_id = await li(hotline, identity=ends_in_x)
    await li(hotline, name="王强", identity=OTHER)
    number = ends_in_x.number
    async with hotline.read() as db:
        for words in (number, number.lower(), f"李 {number}"):
            assert [person.id for person in await search(db, hotline.sealer, words)] == [person_id]
        for words in (number[:17], number[1:], number[-4:], NUMBER.number, f"王 {number}"):
            assert await search(db, hotline.sealer, words) == []


@pytest.mark.parametrize("words", ["", "  ", "%", "_", "赵", "王 5678", "567", "iuyin"])
async def test_a_search_for_nothing_finds_nobody(hotline: Hotline, words: str) -> None:
    await li(hotline)
    async with hotline.read() as db:
        assert await search(db, hotline.sealer, words) == []


# --- believing ------------------------------------------------------------------------------------------


async def test_the_last_four_of_a_known_person_are_believed(hotline: Hotline) -> None:
    person_id = await li(hotline)
    found = await identify(hotline, CALLER, phone=PHONE, person_id=person_id, tail=NUMBER.number[-4:])
    assert found.id == person_id


async def test_a_whole_number_is_believed(hotline: Hotline) -> None:
    person_id = await li(hotline)
    assert (await identify(hotline, CALLER, phone=None, identity=NUMBER)).id == person_id


async def test_a_tail_may_end_with_a_small_x(hotline: Hotline) -> None:
    ends_with_x = next(
        made for made in (demo_identity("0101", BORN, n) for n in range(0, 99, 2)) if made.number[-1] == "X"
    )
    person_id = await li(hotline, identity=ends_with_x)
    tail = ends_with_x.number[-4:].lower()
    assert (await identify(hotline, CALLER, phone=PHONE, person_id=person_id, tail=tail)).id == person_id


async def test_a_wrong_tail_and_an_unknown_number_are_refused_differently(hotline: Hotline) -> None:
    person_id = await li(hotline)
    with pytest.raises(IdentityInvalid):
        await identify(hotline, CALLER, phone=PHONE, person_id=person_id, tail="0000")
    with pytest.raises(PersonUnknown):
        await identify(hotline, CALLER, phone=PHONE, identity=OTHER)
    assert (await kinds(hotline)).count("identity.refused") == 2


async def guess(hotline: Hotline, person_id: int, number: Phone | None, times: int) -> None:
    for _ in range(times):
        with pytest.raises(IdentityInvalid):
            await identify(hotline, CALLER, phone=number, person_id=person_id, tail="0000")


@pytest.mark.req("I-018")
async def test_a_phone_that_guesses_is_not_listened_to_for_an_hour(
    hotline: Hotline, clock: FrozenClock
) -> None:
    person_id = await li(hotline)
    stranger = await li(hotline, name="王芳", identity=OTHER)
    await guess(hotline, person_id, PHONE, GUESSES - 1)
    await guess(hotline, stranger, PHONE, 1)
    with pytest.raises(IdentityLocked) as locked:
        await identify(hotline, CALLER, phone=PHONE, identity=NUMBER)
    assert locked.value.facts == {"minutes": 60}
    clock.advance(minutes=59)
    with pytest.raises(IdentityLocked):
        await identify(hotline, CALLER, phone=PHONE, identity=NUMBER)
    clock.advance(minutes=1)
    assert (await identify(hotline, CALLER, phone=PHONE, identity=NUMBER)).id == person_id


@pytest.mark.req("I-018")
async def test_an_identity_that_is_guessed_at_is_closed_to_every_phone(hotline: Hotline) -> None:
    person_id = await li(hotline)
    for n in range(GUESSES):
        await guess(hotline, person_id, Phone(f"1070000000{n}"), 1)
    with pytest.raises(IdentityLocked):
        await identify(hotline, CALLER, phone=SECOND, person_id=person_id, tail=NUMBER.number[-4:])
    with pytest.raises(IdentityLocked):
        await identify(hotline, CALLER, phone=None, identity=NUMBER)


async def test_being_right_in_between_does_not_open_the_guessing_again(hotline: Hotline) -> None:
    person_id = await li(hotline)
    await guess(hotline, person_id, PHONE, GUESSES - 1)
    await identify(hotline, CALLER, phone=PHONE, identity=NUMBER)
    await guess(hotline, person_id, PHONE, 1)
    with pytest.raises(IdentityLocked):
        await identify(hotline, CALLER, phone=PHONE, identity=NUMBER)


async def test_attempts_are_forgotten_after_a_day(hotline: Hotline, clock: FrozenClock) -> None:
    person_id = await li(hotline)
    await guess(hotline, person_id, PHONE, 2)
    clock.advance(days=1, minutes=1)
    await guess(hotline, person_id, PHONE, 1)
    async with hotline.work(SEED) as work:
        assert await forget_attempts(work) == 4  # by the phone and by the identity


# --- at rest, and revealed ------------------------------------------------------------------------------


@pytest.mark.req("I-018")
async def test_no_number_stands_in_the_database(hotline: Hotline, tmp_path: Path) -> None:
    """Every row of every table is read back, and on SQLite the file's bytes as well."""
    town = await clinic(hotline)
    person_id = await li(hotline)
    async with hotline.work(SEED) as work:
        await add_card(work, person_id, town.hospital_id, "C0004711")
    with pytest.raises(PersonUnknown):
        await identify(hotline, CALLER, phone=SECOND, identity=OTHER)
    await town.book(await town.session(), person_id, phone=PHONE.digits)
    written = bytes_in(tmp_path)
    async with hotline.read() as db:
        for table in Base.metadata.sorted_tables:
            for row in (await db.execute(text(f'select * from "{table.name}"'))).all():
                written += b" ".join(
                    bytes(value) if isinstance(value, bytes | memoryview) else str(value).encode()
                    for value in row
                )
    assert "李秀英".encode() in written  # what is not sealed is there: the search sees something
    for number in (NUMBER.number, OTHER.number, PHONE.digits, SECOND.digits, "C0004711"):
        assert number.encode() not in written


def bytes_in(folder: Path) -> bytes:
    return b"".join(file.read_bytes() for file in folder.glob("test.db*"))


@pytest.mark.req("I-018")
@pytest.mark.parametrize(("field", "whole"), [("identity", NUMBER.number), ("phone", PHONE.digits)])
async def test_a_reveal_is_an_act_with_a_reason_and_an_event(
    hotline: Hotline, field: str, whole: str
) -> None:
    person_id = await li(hotline)
    async with hotline.work(CLERK) as work:
        assert await reveal(work, person_id, field, reason="patient asks") == whole
    async with hotline.read() as db:
        entry = (await journal.entries(db, journal.START))[-1]
    assert (entry.event.kind, entry.actor) == ("seal.opened", "li")
    assert entry.event.model_dump() == {"person_id": person_id, "field": field, "reason": "patient asks"}


@pytest.mark.parametrize(
    ("by", "field", "reason", "refusal"),
    [
        (CALLER, "identity", "curious", NotAllowed),
        (CLERK, "identity", "  ", WrongInput),
        (CLERK, "name", "curious", WrongInput),
    ],
)
async def test_a_reveal_needs_the_right_a_reason_and_a_field(
    hotline: Hotline, by: Actor, field: str, reason: str, refusal: type[Exception]
) -> None:
    person_id = await li(hotline)
    with pytest.raises(refusal):
        async with hotline.work(by) as work:
            await reveal(work, person_id, field, reason=reason)
    assert "seal.opened" not in await kinds(hotline)


# --- names and years ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "pinyin", "initials"),
    [
        ("曾小雨", "zeng1 xiao3 yu3", "zxy"),
        ("单雄", "shan4 xiong2", "sx"),
        ("尉迟恭", "yu4 chi2 gong1", "ycg"),
    ],
)
def test_surnames_are_read_as_surnames(name: str, pinyin: str, initials: str) -> None:
    assert pinyin_of(name) == pinyin
    assert initials_of(pinyin) == initials


def test_names_are_compared_without_spaces_and_dots() -> None:
    assert same_name("阿依古丽·买买提", "阿依古丽买买提")
    assert not same_name("李秀英", "李秀芳")


@pytest.mark.parametrize(
    ("born", "marked", "elder"),
    [
        (date(1961, 11, 26), False, True),
        (date(1961, 11, 27), False, False),
        (date(1990, 1, 1), True, True),
        (None, True, True),
        (None, False, False),
    ],
)
def test_who_is_an_elder(born: date | None, marked: bool, elder: bool) -> None:
    assert is_elder(born, marked, date(2026, 11, 26)) is elder


def test_a_passport_carries_no_birth_date() -> None:
    passport = Identity(IdentityKind.PASSPORT, "E12345678")
    assert (passport.birth_date, passport.sex) == (None, None)
