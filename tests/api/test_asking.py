"""What the API makes of requests of every kind: repeated, broken, too large, too many, from elsewhere."""

import io
import json
from typing import Any

import pytest
from sqlalchemy import func, select, update

from core.booking.hold import lapse_due
from core.booking.tables import Appointment
from core.catalogue.tables import Hospital
from core.errors import all_refusals
from core.http.refusals import SENTENCES
from tests import patients
from tests.api.clients import BASE, App, Client, app_of, said
from tests.builders import SEED, Clinic
from tests.clocks import FrozenClock
from web.api.app import OPERATIONS, codes
from web.api.limits import LIMITS, Limits, Paces
from web.api.operation import Auth

pytestmark = pytest.mark.req("I-010")


async def count(town: Clinic) -> int:
    async with town.hotline.read() as db:
        return await db.scalar(select(func.count()).select_from(Appointment)) or 0


async def held(app: App, town: Clinic, post: str = "wu") -> Any:
    session = await town.session(post, half="pm")
    return (await app("POST", "/holds", {"session_id": session})).body


# --- once ---------------------------------------------------------------------------------------------


async def test_a_request_that_is_sent_again_is_answered_as_before(li: App, town: Clinic) -> None:
    session = await town.session("wu", half="pm")
    hold = await li("POST", "/holds", {"session_id": session}, key="hold-0001")
    assert (await li("POST", "/holds", {"session_id": session}, key="hold-0001")).body == hold.body
    body = {"hold_id": hold.body["id"], "person_id": town.people["李秀英"]}
    made = await li("POST", "/appointments", body, key="book-0001")
    again = await li("POST", "/appointments", body, key="book-0001")
    assert (made.status, again.status, again.body) == (201, 201, made.body)
    assert await count(town) == 1
    path = f"/appointments/{made.body['serial']}/cancel"
    gone = await li("POST", path, key="cancel-0001")
    assert (await li("POST", path, key="cancel-0001")).body == gone.body


async def test_a_key_is_good_for_one_request_of_one_account(li: App, town: Clinic, client: Client) -> None:
    first, second = await town.session("wu", half="pm"), await town.session("kid", half="pm")
    assert (await li("POST", "/holds", {"session_id": first}, key="the-same-key")).status == 201
    other = await li("POST", "/holds", {"session_id": second}, key="the-same-key")
    assert (other.status, other.code) == (422, "idempotency-key-reused")
    wang = await app_of(client, town.hotline, await town.person("王强"), "10911111111")
    assert (await wang("POST", "/holds", {"session_id": second}, key="the-same-key")).status == 201


async def test_what_was_refused_may_be_sent_again_under_its_key(li: App, town: Clinic) -> None:
    session = await town.session("wu", half="pm")
    await town.rule("booking.hours", "20:00-21:00")
    refused = await li("POST", "/holds", {"session_id": session}, key="try-again")
    assert refused.code == "outside-booking-hours"
    await town.rule("booking.hours", "08:00-21:00")
    assert (await li("POST", "/holds", {"session_id": session}, key="try-again")).status == 201


@pytest.mark.parametrize("key", [None, "short", "x" * 65, "a b c d e f g", "schlüssel-eins"])
async def test_a_change_needs_a_key_of_the_described_form(li: App, key: str | None) -> None:
    answer = await li("POST", "/holds", {"session_id": 1}, key=key)
    assert (answer.status, answer.code) == (400, "wrong-input")
    assert answer.body["errors"][0]["parameter"] == "Idempotency-Key"


async def test_a_hold_that_has_lapsed_is_good_until_somebody_else_has_the_number(
    li: App, town: Clinic, clock: FrozenClock
) -> None:
    session = await town.session("wu", half="pm", slots=3, minutes=60)
    hold = (await li("POST", "/holds", {"session_id": session})).body
    clock.advance(minutes=30)
    await town.hotline.run(lapse_due, SEED)
    assert (await li("GET", f"/holds/{hold['id']}")).code == "not-found"
    for name in ("王强", "张伟", "赵六"):
        await town.book(session, await town.person(name))
    body = {"hold_id": hold["id"], "person_id": town.people["李秀英"]}
    assert (await li("POST", "/appointments", body)).code == "hold-lapsed"


# --- whose --------------------------------------------------------------------------------------------


async def test_another_accounts_appointments_and_holds_are_not_there(
    li: App, town: Clinic, client: Client
) -> None:
    hold = await held(li, town)
    wang = await app_of(client, town.hotline, await town.person("王强"), "10911111111")
    me = town.people
    for method in ("GET", "DELETE"):
        assert (await wang(method, f"/holds/{hold['id']}")).code == "not-found"
    stolen = await wang("POST", "/appointments", {"hold_id": hold["id"], "person_id": me["王强"]})
    assert stolen.code == "hold-unknown"
    not_theirs = await li("POST", "/appointments", {"hold_id": hold["id"], "person_id": me["王强"]})
    assert not_theirs.code == "not-found"
    made = await li("POST", "/appointments", {"hold_id": hold["id"], "person_id": me["李秀英"]})
    serial = made.body["serial"]
    another = await held(wang, town, "kid")
    for method, path, body in (
        ("GET", f"/appointments/{serial}", None),
        ("GET", f"/appointments/{serial}/payment", None),
        ("POST", f"/appointments/{serial}/cancel", None),
        ("POST", f"/appointments/{serial}/change", {"hold_id": another["id"]}),
    ):
        answer = await wang(method, path, body)
        assert (answer.status, answer.code) == (404, "not-found"), path
    assert (await wang("GET", "/appointments")).body["items"] == []
    assert (await li("GET", f"/appointments/{serial}")).body["state"] == "booked"


async def test_the_name_of_somebody_else_s_is_a_surname(li: App, town: Clinic) -> None:
    other = await town.person("欧阳修")
    await town.book(await town.session("wu", half="pm"), other, phone="10912345678")
    (seen,) = (await li("GET", "/appointments")).body["items"]
    assert (seen["patient"], seen["channel"]) == ("欧**", "phone")


async def test_nothing_is_decided_by_a_cookie(client: Client, town: Clinic, li: App) -> None:
    """So a page of another site can do nothing in somebody's name: no CSRF, and no CORS."""
    account_id = await patients.account(town.hotline, await town.person("王强"), "10911111111")
    await patients.enter(client, town.hotline, account_id)
    nobody = App(client)
    assert (await nobody("GET", "/appointments")).code == "not-logged-in"
    assert (await nobody("POST", "/holds", {"session_id": 1})).code == "not-logged-in"
    web = App(client, await patients.token(town.hotline, account_id))
    assert (await web("GET", "/appointments")).code == "not-logged-in", "a browser's session is no token"
    foreign = await li("GET", "/appointments", Origin="https://elsewhere.example")
    assert foreign.status == 200
    assert not [name for name in foreign.headers if name.lower().startswith("access-control")]
    asked = await nobody("OPTIONS", "/appointments", Origin="https://elsewhere.example")
    assert (asked.status, asked.code) == (405, "method-not-allowed")


async def test_a_token_that_has_ended_opens_nothing(li: App) -> None:
    assert (await li("DELETE", "/sessions/current")).status == 204
    gone = await li("GET", "/appointments")
    assert (gone.code, gone.headers["WWW-Authenticate"]) == ("not-logged-in", "Bearer")


# --- what ---------------------------------------------------------------------------------------------

BROKEN = [
    b"", b"{", b"[]", b"null", b"NaN", b'"x"', b"[" * 5000, b'{"session_id":1e400}', b'{"session_id":"1"}',
    b'{"session_id":true}', b'{"session_id":1.5}', b'{"session_id":-1}', b'{"session_id":99999999999999999999}',
    b'{"session_id":1,"fee_fen":0}', b'{"session_id":1,"period_id":[1]}', b"\xff\xfe\x00", b'{"session_id":1}x',
    '{"session_id":1,"姓名":"李秀英"}'.encode(), b'{"session_id":1,"990101197005040021":1}',
]  # fmt: skip


@pytest.mark.parametrize("raw", BROKEN, ids=lambda raw: repr(raw[:24]))
async def test_a_broken_body_is_told_where_and_never_repeated(li: App, raw: bytes) -> None:
    headers = {
        "Authorization": f"Bearer {li.token}",
        "Content-Type": "application/json",
        "Idempotency-Key": "k" * 8,
    }
    answer = await said(await li.client.post(f"{BASE}/holds", data=raw, headers=headers))
    assert (answer.status, answer.code) == (400, "wrong-input")
    assert answer.body["errors"]
    told = json.dumps(answer.body, ensure_ascii=False)
    assert "李秀英" not in told
    assert "9901" not in told


@pytest.mark.parametrize("query", ["page=0", "page=01", "page=1e1", "page=x", "page=1001", "page=1&page=2",
                                   "which=mine", "size=large", "page=%00"])  # fmt: skip
async def test_a_wrong_query_is_refused(li: App, query: str) -> None:
    assert (await li("GET", f"/appointments?{query}")).code == "wrong-input"


async def test_a_price_is_refused_as_a_field_there_is_not(li: App, town: Clinic) -> None:
    hold = await held(li, town)
    body = {"hold_id": hold["id"], "person_id": town.people["李秀英"], "fee_fen": 1}
    answer = await li("POST", "/appointments", body)
    assert (answer.code, answer.body["errors"][0]["pointer"]) == ("wrong-input", "/fee_fen")


async def test_another_kind_of_body_and_a_huge_one_are_refused(li: App) -> None:
    headers = {"Authorization": f"Bearer {li.token}", "Idempotency-Key": "k" * 8}
    for size in (17 * 1024, 65 * 1024, 3 * 1024 * 1024):
        answer = await li.client.post(f"{BASE}/holds", data=io.BytesIO(b" " * size), headers=headers)
        assert (await said(answer)).code == "too-large"
    form = await li.client.post(f"{BASE}/holds", data={"session_id": "1"}, headers=headers)
    assert (await said(form)).code == "unsupported-media-type"


async def test_what_is_not_there_and_what_is_not_asked_so_is_told_in_json(anybody: App) -> None:
    for path in ("/nothing", "/hospitals/", "/hospitals/x", "/hospitals/99999999999999999999", "/%00"):
        assert (await anybody("GET", path)).code == "not-found", path
    answer = await anybody("DELETE", "/hospitals", key=None)
    assert (answer.code, answer.headers["Allow"]) == ("method-not-allowed", "GET")


async def test_markup_in_a_text_comes_back_as_plain_json(anybody: App, town: Clinic) -> None:
    evil = "<script>alert(1)</script>&\"'"
    async with town.hotline.work(SEED) as work:
        await work.db.execute(update(Hospital).values(introduction=evil))
    answer = await anybody("GET", f"/hospitals/{town.hospital_id}")
    assert answer.body["introduction"] == evil
    assert answer.headers["Content-Type"] == "application/json"
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    assert answer.headers["Cache-Control"] == "no-store"


# --- how often ----------------------------------------------------------------------------------------


async def test_who_asks_too_often_is_told_when_to_come_again(
    client: Client, li: App, anybody: App, clock: FrozenClock
) -> None:
    client.app[LIMITS].paces = Paces(address=5, token=3)  # type: ignore[index]
    assert [(await li("GET", "/credit")).status for _ in range(4)] == [200, 200, 200, 429]
    over = await li("GET", "/credit")
    assert (over.code, over.headers["Retry-After"]) == ("too-many-requests", "20")
    assert [(await anybody("GET", "/hospitals")).status for _ in range(6)] == [200] * 5 + [429]
    guess = App(client, "x" * 44)
    assert (await guess("GET", "/credit")).status == 429, "who guesses tokens is counted by their address"
    clock.advance(seconds=21)
    assert (await li("GET", "/credit")).status == 200
    assert (await anybody("GET", "/hospitals")).status == 200


def test_the_buckets_stay_within_bounds(clock: FrozenClock) -> None:
    limits = Limits(most=100)
    for number in range(1000):
        limits.take(f"ip:{number}", 10, clock.now())
    assert len(limits) == 100


# --- the description ----------------------------------------------------------------------------------


def test_every_code_that_may_come_has_its_status_and_words() -> None:
    there = {kind.code for kind in all_refusals()}
    for kind in codes():
        assert kind.code in SENTENCES
        assert kind.code in there
    assert all(one.may_refuse for one in OPERATIONS)


def test_each_operation_has_its_own_name_and_says_who_may_ask() -> None:
    assert len({one.name for one in OPERATIONS}) == len(OPERATIONS)
    assert all((one.auth is Auth.PARTNER) == one.path.startswith("/partner/") for one in OPERATIONS)
    changing = [one for one in OPERATIONS if one.method == "POST" and one.auth is not Auth.ANYBODY]
    assert all(one.repeatable for one in changing)


def test_every_problem_has_its_place_on_the_page() -> None:
    assert not {kind.code for kind in codes()} & {one.name for one in OPERATIONS}, "one place, one name"


async def test_people_can_read_it_without_scripts(client: Client) -> None:
    for path in ("/api", "/m/api"):
        answer = await client.get(path)
        page = await answer.text()
        assert answer.status == 200
        assert "<script" not in page
        assert all(one.title in page and one.english in page for one in OPERATIONS)
