"""An application logs in, registers, and sets a forgotten password; it asks for whom it books."""

from datetime import date

import pytest
from sqlalchemy import select

from core.accounts import codes
from core.accounts.tables import PhoneCode
from core.credit.tables import BlacklistEntry
from core.staff import guesses
from core.staff.passwords import Passwords
from core.values import demo_identity
from core.work import Hotline
from tests import patients
from tests.api.clients import App
from tests.builders import SEED, Clinic
from tests.clocks import FrozenClock
from web.api.entering import TRYING

pytestmark = pytest.mark.req("I-010")
GOOD, MOBILE = "Zheng-Que 2026!", "10912345678"


async def code(hotline: Hotline) -> str:
    """What stands in the text that was sent last."""
    async with hotline.read() as db:
        row = (await db.execute(select(PhoneCode).order_by(PhoneCode.asked_at.desc()))).scalars().first()
        assert row
        found = await codes.to_send(db, hotline.sealer, row.id)
    assert found
    return found.code


async def test_a_token_is_given_for_mobile_or_identity_number_and_password(
    anybody: App, town: Clinic
) -> None:
    person_id = await town.person("李秀英")
    hashed = await Passwords().hash(GOOD)
    await patients.account(town.hotline, person_id, MOBILE, password=hashed)
    for login in (MOBILE, town.numbers["李秀英"]):
        given = await anybody("POST", "/sessions", {"login": login, "password": GOOD}, key=None)
        assert given.status == 201
        app = App(anybody.client, given.body["token"])
        (me,) = (await app("GET", "/attendees")).body["items"]
        assert (me["name"], me["relation"]) == ("李秀英", "self")
        assert me["identity_masked"].startswith("990***")
        assert (await app("DELETE", "/sessions/current")).status == 204
        assert (await app("GET", "/attendees")).code == "not-logged-in"


async def test_guesses_are_few_and_learn_nothing(anybody: App, town: Clinic) -> None:
    hashed = await Passwords().hash(GOOD)
    await patients.account(town.hotline, await town.person("李秀英"), MOBILE, password=hashed)
    tries = [
        await anybody("POST", "/sessions", {"login": MOBILE, "password": f"guess {number}"}, key=None)
        for number in range(6)
    ]
    assert [one.code for one in tries] == ["credentials-wrong"] * 5 + ["login-locked"]
    assert tries[-1].headers["Retry-After"] == "901"
    nobody = await anybody("POST", "/sessions", {"login": "10999999999", "password": "guess"}, key=None)
    assert nobody.body == tries[0].body


async def test_an_address_has_fewer_tries_than_one_with_a_captcha(anybody: App, town: Clinic) -> None:
    async with town.hotline.work(SEED) as work:
        for _ in range(TRYING.tries):
            await guesses.take(work, TRYING, "127.0.0.1")
    last = await anybody("POST", "/sessions", {"login": MOBILE, "password": "guess"}, key=None)
    assert last.code == "login-locked"


async def test_an_account_is_opened_with_a_code_and_its_password_set_anew(
    anybody: App, town: Clinic, clock: FrozenClock
) -> None:
    number = demo_identity("0101", date(1980, 3, 4), 78).number
    about = {"mobile": MOBILE, "name": "王小明", "identity_number": number}
    assert (
        await anybody("POST", "/codes", {"mobile": MOBILE, "purpose": "register"}, key=None)
    ).status == 202
    soon = await anybody("POST", "/codes", {"mobile": MOBILE, "purpose": "register"}, key=None)
    assert soon.code == "code-too-soon"
    typed = await code(town.hotline)
    weak = await anybody("POST", "/accounts", {**about, "code": typed, "password": "12345678"}, key=None)
    assert weak.code == "password-weak"
    made = await anybody("POST", "/accounts", {**about, "code": typed, "password": GOOD}, key=None)
    assert made.status == 201, made.body
    app = App(anybody.client, made.body["token"])
    assert (await app("GET", "/attendees")).body["items"][0]["name"] == "王小明"
    again = await anybody("POST", "/accounts", {**about, "code": typed, "password": GOOD}, key=None)
    assert again.code == "code-wrong", "a code is good once"

    clock.advance(minutes=1)
    await anybody("POST", "/codes", {"mobile": MOBILE, "purpose": "reset"}, key=None)
    fresh = {**about, "code": await code(town.hotline), "password": "Xin-De Mi-Ma 26!"}
    wrong = await anybody("POST", "/password-resets", {**fresh, "name": "李四"}, key=None)
    assert wrong.code == "reset-wrong"
    anew = await anybody("POST", "/password-resets", fresh, key=None)
    assert anew.status == 201, anew.body
    assert (await app("GET", "/attendees")).code == "not-logged-in", "every session has ended"
    assert (await App(anybody.client, anew.body["token"])("GET", "/attendees")).status == 200


async def test_attendees_are_added_by_real_name_and_removed(li: App, town: Clinic) -> None:
    number = demo_identity("0101", date(1950, 5, 6), 79).number
    body = {"name": "李大山", "relation": "parent", "identity_number": number}
    added = await li("POST", "/attendees", body, key="attendee-1")
    assert (added.status, added.body["sex"], added.body["birth_date"]) == (201, "male", "1950-05-06")
    assert number not in str(added.body)
    assert (await li("POST", "/attendees", body, key="attendee-1")).body == added.body
    assert (await li("POST", "/attendees", {**body, "name": "别人"})).code == "identity-conflict"
    person = added.body["person_id"]
    hold = await li("POST", "/holds", {"session_id": await town.session("wu", half="pm")})
    made = await li("POST", "/appointments", {"hold_id": hold.body["id"], "person_id": person})
    assert made.body["patient"] == "李大山"
    assert (await li("DELETE", f"/attendees/{person}")).status == 204
    assert (await li("DELETE", f"/attendees/{person}")).code == "not-found"
    assert (await li("GET", "/appointments")).body["items"][0]["patient"] == "李**"


async def test_who_may_not_book_is_told_why_and_until_when(li: App, town: Clinic) -> None:
    assert (await li("GET", "/credit")).body["items"] == [
        {"name": "李秀英", "relation": "self", "blocks": []}
    ]
    async with town.hotline.work(SEED) as work:
        work.db.add(
            BlacklistEntry(
                person_id=town.people["李秀英"], rule_key="block.no-show", reason="3 x", from_at=work.now
            )
        )
    (me,) = (await li("GET", "/credit")).body["items"]
    assert [(one["rule"], one["until"]) for one in me["blocks"]] == [("block.no-show", None)]
    hold = await li("POST", "/holds", {"session_id": await town.session("wu", half="pm")})
    body = {"hold_id": hold.body["id"], "person_id": town.people["李秀英"]}
    assert (await li("POST", "/appointments", body)).code == "blacklisted"
