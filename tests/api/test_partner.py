"""A partner over the wire: signs, books for somebody, sees its own alone, rehearses, and is written down."""

from datetime import date
from typing import Any

import pytest
from sqlalchemy import func, select

from core.booking.tables import Appointment
from core.journal import JournalRow
from core.partners.rules import State
from core.partners.tables import PartnerCall, PartnerDay
from core.people.tables import Person
from core.schedule.tables import Hold
from core.values import demo_identity
from tests.api.clients import App, Client, Program, partner
from tests.builders import SURFER, Clinic
from tests.clocks import FrozenClock

pytestmark = pytest.mark.req("I-016", "R-042")


def patient(number: int = 1, **changed: Any) -> dict[str, Any]:
    said = {
        "name": "王小明",
        "identity_number": demo_identity("0101", date(1980, 1, number), 77).number,
        "mobile": f"107{number:08d}",
    }
    return said | changed


async def held(program: Program, session_id: int) -> str:
    answer = await program("POST", "/partner/holds", {"session_id": session_id})
    assert answer.status == 201, answer.body
    return str(answer.body["id"])


@pytest.mark.req("R-046")
async def test_a_partner_books_moves_and_cancels_for_a_named_person(program: Program, town: Clinic) -> None:
    first, second = await town.session("wu", half="pm"), await town.session("kid", half="pm")
    body = {"hold_id": await held(program, first), "patient": patient()}
    made = await program("POST", "/partner/appointments", body)
    assert (made.status, made.body["patient"], made.body["fee_fen"]) == (201, "王小明", 1000)
    serial = made.body["serial"]
    listed = await program("GET", "/partner/appointments?which=ahead")
    assert [one["serial"] for one in listed.body["items"]] == [serial]
    assert (await program("GET", f"/partner/appointments/{serial}/payment")).body["state"] == "none"
    moved = await program(
        "POST", f"/partner/appointments/{serial}/change", {"hold_id": await held(program, second)}
    )
    gone = await program("POST", f"/partner/appointments/{moved.body['serial']}/cancel")
    assert gone.body["appointment"]["state"] == "cancelled"
    async with town.hotline.read() as db:
        rows = (await db.execute(select(Appointment))).scalars().all()
        events = (await db.execute(select(JournalRow).where(JournalRow.kind.like("appointment.%")))).scalars()
        assert {(row.channel, row.account_id) for row in rows} == {("web", None)}
        assert len({row.partner_id for row in rows} - {None}) == 1
        assert {event.actor for event in events} == {f"partner:{program.made.key_id}"}
        day = (await db.execute(select(PartnerDay.booked))).scalar_one()
    assert day == 1, "a change is not one more, and a cancelled one is not given back"
    assert await journal_is_clean(town)


async def journal_is_clean(town: Clinic) -> bool:
    """No name, no number of anybody in what happened, nor in the log of calls."""
    async with town.hotline.read() as db:
        rows = (await db.execute(select(JournalRow))).scalars().all()
        calls = (await db.execute(select(PartnerCall))).scalars().all()
    told = " ".join([*(f"{row.body} {row.actor}" for row in rows), *(str(vars(call)) for call in calls)])
    assert calls
    return not any(word in told for word in ("王小明", "9901011980", "10700000001"))


async def test_a_repeat_is_answered_as_before_and_costs_nothing(program: Program, town: Clinic) -> None:
    body = {"hold_id": await held(program, await town.session("wu", half="pm")), "patient": patient()}
    first = await program("POST", "/partner/appointments", body, key="order-0001")
    again = await program("POST", "/partner/appointments", body, key="order-0001")
    assert (again.status, again.body) == (201, first.body)
    other = await program("POST", "/partner/appointments", {**body, "patient": patient(2)}, key="order-0001")
    assert other.code == "idempotency-key-reused"
    async with town.hotline.read() as db:
        assert await db.scalar(select(PartnerDay.booked)) == 1


async def test_the_quota_of_a_day_ends_in_429(client: Client, town: Clinic) -> None:
    small = await partner(client, town.hotline, quota=1)
    for number, (post, half) in enumerate((("wu", "pm"), ("kid", "pm")), start=1):
        hold_id = await held(small, await town.session(post, half=half))
        answer = await small(
            "POST", "/partner/appointments", {"hold_id": hold_id, "patient": patient(number)}
        )
    assert (answer.status, answer.code) == (429, "partner-quota-used")
    assert answer.headers["Retry-After"] == str(14 * 3600 + 1)


# --- whose --------------------------------------------------------------------------------------------


async def test_what_another_booked_is_not_there(
    program: Program, client: Client, town: Clinic, li: App
) -> None:
    hold_id = await held(program, await town.session("wu", half="pm"))
    made = await program("POST", "/partner/appointments", {"hold_id": hold_id, "patient": patient()})
    kept = await held(program, await town.session("kid", half="pm"))
    walked_in = await town.book(await town.session("chen", half="pm"), await town.person("赵六"), by=SURFER)
    rival = await partner(client, town.hotline)
    hold_of_rival = await held(rival, await town.session("wu"))
    serials = (made.body["serial"], walked_in.serial)
    for asker, before in ((rival, "/partner"), (li, "")):
        for serial in serials:
            one = f"{before}/appointments/{serial}"
            assert (await asker("GET", one)).code == "not-found"
            assert (await asker("GET", f"{one}/payment")).code == "not-found"
            assert (await asker("POST", f"{one}/cancel")).code == "not-found"
            body = {"hold_id": hold_of_rival}
            assert (await asker("POST", f"{one}/change", body)).code == "not-found"
    assert (await rival("GET", f"/partner/holds/{kept}")).code == "not-found"
    stolen = await rival("POST", "/partner/appointments", {"hold_id": kept, "patient": patient(2)})
    assert stolen.code == "hold-unknown"
    assert (await program("GET", f"/partner/appointments/{walked_in.serial}")).code == "not-found"


async def test_a_signature_opens_nothing_of_a_patient_and_a_token_nothing_of_a_partner(
    program: Program, li: App
) -> None:
    assert (await program("GET", "/appointments")).code == "not-logged-in"
    answer = await li("GET", "/partner/appointments")
    assert (answer.status, answer.code) == (401, "signature-invalid")
    assert 'tag="hotline12320"' in answer.headers["Accept-Signature"]


# --- forged, old, again -------------------------------------------------------------------------------


async def test_what_is_forged_old_or_sent_again_is_not_believed(
    program: Program, town: Clinic, clock: FrozenClock
) -> None:
    session_id = await town.session("wu", half="pm")
    forged = program.signed("POST", "/partner/holds", {"session_id": session_id})
    program.sign(forged, secret="another secret")
    assert (await program.send(forged)).code == "signature-invalid"
    changed = program.signed("POST", "/partner/holds", {"session_id": session_id})
    changed.body = changed.body.replace(str(session_id).encode(), b"9")
    assert (await program.send(changed)).code == "signature-invalid"
    stranger = program.signed("GET", "/partner/appointments")
    stranger.headers["Signature-Input"] = stranger.headers["Signature-Input"].replace(
        program.made.key_id, "hp-nobody"
    )
    assert (await program.send(stranger)).code == "signature-invalid"
    good = program.signed("POST", "/partner/holds", {"session_id": session_id})
    assert (await program.send(good)).status == 201
    assert (await program.send(good)).code == "signature-used"
    old = program.signed("GET", "/partner/appointments")
    clock.advance(seconds=301)
    assert (await program.send(old)).code == "signature-old"
    async with town.hotline.read() as db:
        assert await db.scalar(select(func.count()).select_from(Hold)) == 1
        calls = (await db.execute(select(PartnerCall.operation, PartnerCall.status))).all()
    assert [tuple(call) for call in calls] == [("partner-make-hold", 201)], "only the believed are its own"


async def test_a_good_signature_is_no_leave(client: Client, town: Clinic) -> None:
    reader = await partner(client, town.hotline, functions=["read"])
    assert (await reader("GET", "/hospitals")).status == 200
    answer = await reader("POST", "/partner/holds", {"session_id": 1})
    assert (answer.status, answer.code) == (403, "partner-not-allowed")
    ended = await partner(client, town.hotline, state=State.OFF)
    assert (await ended("GET", "/hospitals")).code == "partner-off"
    slow = await partner(client, town.hotline, pace=2)
    assert [(await slow("GET", "/hospitals")).status for _ in range(3)] == [200, 200, 429]


async def test_fields_that_are_not_a_partners_to_fill_are_refused(program: Program) -> None:
    body = {"hold_id": "x", "patient": patient(), "fee_fen": 1}
    answer = await program("POST", "/partner/appointments", body)
    assert answer.body["errors"][0]["pointer"] == "/fee_fen"
    wrong = {"hold_id": "x", "patient": patient(identity_number="990101198001010000")}
    refused = await program("POST", "/partner/appointments", wrong)
    assert refused.code == "identity-invalid"
    assert "9901" not in str(refused.body)


# --- the sandbox --------------------------------------------------------------------------------------


async def test_the_sandbox_answers_by_the_rules_and_keeps_nothing(client: Client, town: Clinic) -> None:
    session_id = await town.session("wu", half="pm", slots=3, minutes=60)
    trial = await partner(client, town.hotline, state=State.SANDBOX)

    async def there() -> list[int | None]:
        async with town.hotline.read() as db:
            return [
                await db.scalar(select(func.count()).select_from(table))
                for table in (Appointment, Hold, Person, PartnerDay, JournalRow)
            ]

    before = await there()
    hold = await trial("POST", "/partner/holds", {"session_id": session_id})
    assert (hold.status, hold.headers["Hotline-Sandbox"]) == (201, "?1")
    body = {"hold_id": hold.body["id"], "patient": patient()}
    made = await trial("POST", "/partner/appointments", body)
    assert (made.status, made.body["state"], made.body["patient"]) == (201, "booked", "王小明")
    assert (await trial("GET", f"/partner/appointments/{made.body['serial']}")).code == "not-found"
    assert (await trial("GET", f"/partner/holds/{hold.body['id']}")).code == "not-found"
    assert await there() == before
    assert await town.states(session_id) == {"free": 3}

    forged = {**body, "hold_id": f"{hold.body['id'][:-4]}xxxx"}
    assert (await trial("POST", "/partner/appointments", forged)).code == "hold-unknown"
    live = await partner(client, town.hotline)
    assert (await live("POST", "/partner/appointments", body)).code == "hold-unknown"
    for _ in range(3):
        assert await held(live, session_id)
    assert (await trial("POST", "/partner/appointments", body)).code == "slot-full"
    assert (await trial("POST", "/partner/holds", {"session_id": session_id})).code == "slot-full"
