"""What a log amounts to: which things belong to a case, what each event tells, and one hash for one state."""

import subprocess
import sys
from datetime import UTC, datetime
from typing import Any

import pytest

from core.cases.facts import Fact, Order
from core.cases.fold import STEPS, fold
from core.cases.linking import Ref, leads_to, named
from core.cases.state import canonical, differences, narrowed, state_hash
from core.events import event_kinds

AT = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)


def log(*told: tuple[str, dict[str, Any]], call: int | None = 7) -> list[Fact]:
    return [Fact(Order(number), AT, kind, body, "phone", call) for number, (kind, body) in enumerate(told, 1)]


HELD = ("slot.held", {"hold_id": "h1", "slot_id": 5, "session_id": 3, "person_id": 9, "reason": "choice"})
BOOKED = (
    "appointment.booked",
    {
        "appointment_id": 12, "person_id": 9, "session_id": 3, "slot_id": 5, "state": "booked", "version": 1,
        "replaces": None, "hold_id": "h1",
    },
)  # fmt: skip
MOVED_TO = (
    "appointment.booked",
    {**BOOKED[1], "appointment_id": 13, "slot_id": 6, "replaces": 12, "hold_id": "h2"},
)
PAID = ("payment.received", {"appointment_id": 12, "payment_id": 1, "amount_fen": 3000})
VISIT = {"appointment_id": 12, "person_id": 9, "session_id": 3, "version": 2}


@pytest.mark.parametrize(
    ("told", "what", "id_", "is_"),
    [
        ([HELD], "slot", "5", {"holder": "hold:h1"}),
        ([HELD, BOOKED], "slot", "5", {"holder": "appointment:12"}),
        ([HELD, BOOKED, ("appointment.cancelled", {**VISIT, "reason": "patient"})], "slot", "5", {"holder": None}),
        ([HELD, ("session.stopped", {"session_id": 3, "reason": ""})], "slot", "5", {"holder": None}),
        (
            [HELD, ("hold.released", {"hold_id": "h1", "slot_id": 5, "session_id": 3, "why": "lapsed"}), BOOKED],
            "slot", "5", {"holder": "appointment:12"},
        ),
        ([("room.entered", {"interaction_id": 7, "role": "caller"})] * 2, "interaction", "7", {"room": {"caller": 2}}),
        (
            [("room.entered", {"interaction_id": 7, "role": "caller"}), ("room.left", {"interaction_id": 7, "role": "caller"})],
            "interaction", "7", {"room": {}},
        ),
        ([("text.failed", {"text_id": 2, "permanent": False})], "text", "2", {"state": "unknown"}),
        (
            [HELD, ("session.amended", {"session_id": 3, "changes": {"stopped": 1, "slot_ids": [5]}})],
            "slot", "5", {"holder": None},
        ),
        (
            [HELD, ("session.amended", {"session_id": 3, "changes": {"resumed": 1}})],
            "slot", "5", {"holder": "hold:h1"},
        ),
        ([("outbound.tried", {"call_id": 4, "number": 2})], "call", "4", {"state": "dialling", "tries": 2}),
        ([("waiting.paused", {"entry_id": 4}), ("waiting.served", {"entry_id": 4, "appointment_id": 12})],
         "waiting", "4", {"state": "served", "served_by": 12}),
        ([("reminder.answered", {"reminder_id": 4, "answer": "kept"})], "reminder", "4", {
            "state": "answered", "answer": "kept"}),
        ([("text.received", {"text_id": 2}), ("text.left", {"text_id": 2})], "text", "2", {"state": "failed"}),
        ([("text.failed", {"text_id": 2, "permanent": True}), ("text.left", {"text_id": 2})], "text", "2", {"state": "failed"}),
    ],
)  # fmt: skip
def test_what_each_event_tells(told: list[Any], what: str, id_: str, is_: dict[str, Any]) -> None:
    assert fold(log(*told)).things[what][id_] == is_


def test_what_was_paid_goes_on_with_the_new_appointment() -> None:
    changed = ("appointment.changed", {**VISIT, "replaced_by": 13})
    state = fold(log(HELD, BOOKED, PAID, MOVED_TO, changed))
    assert [state.get("appointment", id_, "left_fen") for id_ in (12, 13)] == [0, 3000]
    assert state.get("appointment", 12, "replaced_by") == 13


def test_a_withdrawn_leave_restores_what_the_visit_was() -> None:
    unpaid = (BOOKED[0], {**BOOKED[1], "state": "unpaid"})
    stopped, restored = ("appointment.stopped", VISIT), ("appointment.restored", {**VISIT, "version": 3})
    assert fold(log(HELD, unpaid, stopped, restored)).get("appointment", 12, "state") == "unpaid"


def test_of_what_began_before_the_log_only_what_was_told_is_known() -> None:
    state = fold(log(PAID, ("appointment.checked-in", {**VISIT, "queue_number": None})))
    assert state.things["appointment"] == {"12": {"state": "checked_in", "version": 2}}


def test_every_kind_that_is_folded_is_an_event_or_a_text_that_waits() -> None:
    assert STEPS.keys() - event_kinds().keys() == {"text.queued"}


@pytest.mark.parametrize(
    ("kind", "body", "further"),
    [
        ("appointment.cancelled", {"appointment_id": 12}, {("appointment", "12")}),
        ("appointment.booked", {"appointment_id": 13, "replaces": 12, "hold_id": "h"}, {
            ("appointment", "13"), ("appointment", "12"), ("hold", "h")}),
        ("draft.opened", {"draft_id": 4, "interaction_id": 7}, {("draft", "4"), ("interaction", "7")}),
        ("callback.tried", {"callback_id": 4, "interaction_id": 8}, {
            ("callback", "4"), ("interaction", "8"), ("interaction", "7")}),
        ("interaction.moved", {"interaction_id": 7}, set()),
    ],
)  # fmt: skip
def test_only_some_things_lead_on_to_a_whole_contact(
    kind: str, body: dict[str, Any], further: set[tuple[str, str]]
) -> None:
    (fact,) = log((kind, body))
    assert leads_to(fact) == {Ref(*one) for one in further}
    assert Ref("interaction", "7") in named(fact)


def test_the_same_state_has_the_same_hash_whatever_the_order_and_the_process() -> None:
    state = fold(log(HELD, BOOKED, PAID)).things
    turned = {what: dict(reversed(known.items())) for what, known in reversed(state.items())}
    assert state_hash(turned) == state_hash(state)
    other = "import sys; from core.cases.state import state_hash; import json; print(state_hash(json.load(sys.stdin)))"
    said = subprocess.run(
        [sys.executable, "-c", other], input=canonical(state), capture_output=True, text=True, check=True
    )
    assert said.stdout.strip() == state_hash(state)


def test_a_state_is_compared_over_what_the_log_knows() -> None:
    told = {"text": {"1": {"state": "sent"}, "2": {"state": "sent"}}}
    tables = {"text": {"1": {"state": "delivered", "kind": "booked"}}}
    assert narrowed(tables, told) == {"text": {"1": {"state": "delivered"}}}
    assert [(one.id, one.told, one.live) for one in differences(told, narrowed(tables, told))] == [
        ("1", "sent", "delivered"),
        ("2", "sent", None),
    ]
