"""Which parts of a desk an event changes: enough of them, and no more than that desk's."""

from datetime import UTC, datetime

import pytest

from agent_desk.state import (
    OWN,
    PARTS,
    Past,
    Watching,
    changed,
    concerns,
    follow,
    in_one_line,
    readiness,
    touches_rights,
)
from core import events as e
from core.contact.agent_rules import AgentState
from core.journal import Cursor, Entry

ME, OTHER, CALL, LI = 1, 2, 10, 100
SEEN = Watching(ME, CALL, frozenset({LI}), "hold")


def entry(event: e.Event, interaction_id: int | None = None) -> Entry:
    at = datetime(2026, 11, 23, tzinfo=UTC)
    return Entry(Cursor(0, 1), at, "test", None, getattr(event, "interaction_id", interaction_id), event)


def moved(staff_id: int, state: str, call: int | None = CALL, reason: str | None = None) -> e.AgentMoved:
    return e.AgentMoved(agent_id=1, staff_id=staff_id, state=state, reason=reason, interaction_id=call)


def released(hold_id: str) -> e.HoldReleased:
    return e.HoldReleased(hold_id=hold_id, slot_id=1, session_id=1, why="lapsed")


def cancelled(person_id: int) -> e.AppointmentCancelled:
    return e.AppointmentCancelled(
        appointment_id=1, person_id=person_id, session_id=1, reason="patient", refund_fen=0, version=2
    )


CASES = {
    "my state": (moved(ME, "holding"), {"me", "call", "queue", "colleagues"}),
    "a call of my own": (
        moved(ME, "ringing", 11),
        {"me", "call", "caller", "draft", "matters", "queue", "colleagues"},
    ),
    "my shift ends": (moved(ME, "off"), {"me", "call", "phone", "queue", "colleagues"}),
    "a colleague's state": (moved(OTHER, "ready"), {"queue", "colleagues"}),
    "somebody waits": (e.QueueEntered(interaction_id=11, klass=3, skill=None), {"queue"}),
    "my caller hears me": (
        e.CallConnected(interaction_id=CALL, staff_id=ME, waited_s=1),
        {"queue", "call", "caller", "draft"},
    ),
    "my caller's leg": (e.RoomLeft(interaction_id=CALL, role="caller", staff_id=None), {"call"}),
    "another's leg": (e.RoomLeft(interaction_id=11, role="caller", staff_id=None), set()),
    "my slot lapses": (released("hold"), {"draft"}),
    "another's slot lapses": (released("other"), set()),
    "my person cancels on the web": (cancelled(LI), {"caller"}),
    "a stranger cancels": (cancelled(101), set()),
    "a call is owed": (
        e.CallbackTaken(interaction_id=11, callback_id=1, staff_id=OTHER),
        {"callbacks"},
    ),
    "a word to me": (e.DeskMessageSent(message_id=1, from_staff_id=9, to_staff_id=ME), {"messages"}),
    "a word to all": (e.DeskMessageSent(message_id=1, from_staff_id=9, to_staff_id=None), {"messages"}),
    "a word to another": (e.DeskMessageSent(message_id=1, from_staff_id=9, to_staff_id=OTHER), set()),
    "my hand": (e.HandRaised(staff_id=ME, message_id=1, interaction_id=CALL), {"messages"}),
    "another's hand": (e.HandRaised(staff_id=OTHER, message_id=1, interaction_id=11), set()),
}


@pytest.mark.parametrize("name", sorted(CASES))
def test_an_event_changes_these_parts(name: str) -> None:
    event, parts = CASES[name]
    assert changed(entry(event), SEEN) == parts
    assert parts <= set(PARTS)


@pytest.mark.parametrize("call", [None, CALL, 11])
@pytest.mark.parametrize("name", sorted(CASES))
def test_the_quick_look_at_hundreds_of_desks_passes_no_change_over(name: str, call: int | None) -> None:
    it = entry(CASES[name][0], call)
    for seen in (SEEN, Watching(ME), Watching(OTHER, 11, frozenset({101}), "other")):
        if changed(it, seen) & OWN or follow(seen, it) != seen:
            assert concerns(it)(seen)


def test_the_quick_look_spares_a_desk_what_is_another_s() -> None:
    assert not concerns(entry(released("other")))(SEEN)
    assert not concerns(entry(moved(OTHER, "ready", None)))(SEEN)
    assert not concerns(entry(cancelled(101)))(Watching(ME))


def test_a_booking_within_my_call_changes_what_it_touches() -> None:
    assert changed(entry(cancelled(101), CALL), SEEN) == {"caller", "draft", "matters"}


def test_a_desk_looks_at_its_new_call_at_once() -> None:
    after = follow(SEEN, entry(moved(ME, "ringing", 11)))
    assert after == Watching(ME, 11)
    assert "caller" in changed(entry(e.CallerIdentified(interaction_id=11, person_id=5, by="tail")), after)
    assert follow(SEEN, entry(moved(OTHER, "ringing", 11))) == SEEN


def test_rights_are_asked_again_when_an_account_or_a_role_changes() -> None:
    ended = e.SessionEnded(staff_id=ME, staff_session_id=1, why="logout")
    assert touches_rights(entry(ended), ME)
    assert not touches_rights(entry(ended), OTHER)
    assert touches_rights(entry(e.RoleChanged(role_id=1)), OTHER)


def test_who_is_sooner_free_is_asked_first() -> None:
    order = [
        (AgentState.READY, None, False),
        (AgentState.WRAP_UP, None, False),
        (AgentState.PAUSED, "callbacks", False),
        (AgentState.PAUSED, "meal", False),
        (AgentState.RINGING, None, False),
        (AgentState.TALKING, None, False),
        (AgentState.READY, None, True),
    ]
    ranks = [readiness(state, reason, lost=lost) for state, reason, lost in order]
    assert ranks == sorted(set(ranks))


def test_a_callers_past_is_one_line() -> None:
    assert in_one_line(Past(4, 1, 0, 2)) == "近半年: 约4 取消1 爽约0; 今天第2次来电"
