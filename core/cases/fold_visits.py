"""What events tell of slots, holds, appointments, offers and drafts; pure."""

from collections.abc import Callable, Mapping

from core.cases.facts import Fact
from core.cases.folding import Folding

# What an appointment is after each event; those that need more have a step of their own.
_STATES = {
    "appointment.checked-in": "checked_in",
    "appointment.attended": "attended",
    "appointment.missed": "no_show",
}


def _appointment(appointment_id: object) -> str:
    return f"appointment:{appointment_id}"


def _held(state: Folding, fact: Fact) -> None:
    told = fact.body
    state.begin(
        "hold", told["hold_id"], state="live", slot_id=told["slot_id"], session_id=told["session_id"],
        person_id=told["person_id"], reason=told["reason"],
    )  # fmt: skip
    state.occupy(told["slot_id"], f"hold:{told['hold_id']}")


def _released(state: Folding, fact: Fact) -> None:
    told = fact.body
    state.put("hold", told["hold_id"], state="lapsed" if told["why"] == "lapsed" else "released")
    state.vacate(told["slot_id"], f"hold:{told['hold_id']}")


def _booked(state: Folding, fact: Fact) -> None:
    told = fact.body
    made, old = told["appointment_id"], told.get("replaces")
    state.begin(
        "appointment", made, state=told["state"], version=told["version"], slot_id=told["slot_id"],
        session_id=told["session_id"], person_id=told["person_id"], replaces=old,
        interaction_id=fact.interaction_id, left_fen=0,
    )  # fmt: skip
    if told.get("hold_id") is not None:
        state.put("hold", told["hold_id"], state="used")
    state.occupy(told["slot_id"], _appointment(made))
    if old is not None:
        _carry(state, old, made)


def _carry(state: Folding, old: int, made: int) -> None:
    """What was paid for the old appointment stands behind the new one; nothing is carried to another
    hospital, which owed it back before."""
    left = state.get("appointment", old, "left_fen")
    if left is None:
        state.forget("appointment", made, "left_fen")
        return
    state.put("appointment", old, left_fen=0)
    state.put("appointment", made, left_fen=left)


def _to(state: Folding, fact: Fact, to: str) -> None:
    id_ = fact.body["appointment_id"]
    state.put("appointment", id_, state=to, version=fact.body["version"])
    state.forget("appointment", id_, "reason")


def _gone(state: Folding, id_: object) -> None:
    state.vacate(state.get("appointment", id_, "slot_id"), _appointment(id_))


def _moved_on(state: Folding, fact: Fact) -> None:
    _to(state, fact, _STATES[fact.kind])


def _confirmed(state: Folding, fact: Fact) -> None:
    id_ = fact.body["appointment_id"]
    slot_id = state.get("appointment", id_, "slot_id")
    if slot_id is not None and state.get("appointment", id_, "state") == "expired":
        state.occupy(slot_id, _appointment(id_))  # money that came late took it again
    _to(state, fact, "booked")


def _changed(state: Folding, fact: Fact) -> None:
    id_ = fact.body["appointment_id"]
    _to(state, fact, "replaced")
    state.put("appointment", id_, replaced_by=fact.body["replaced_by"])
    _gone(state, id_)


def _cancelled(state: Folding, fact: Fact) -> None:
    id_ = fact.body["appointment_id"]
    _to(state, fact, "cancelled")
    state.put("appointment", id_, reason=fact.body["reason"])
    _gone(state, id_)


def _expired(state: Folding, fact: Fact) -> None:
    id_ = fact.body["appointment_id"]
    _to(state, fact, "expired")
    state.put("appointment", id_, reason="not-paid")
    _gone(state, id_)


def _stopped(state: Folding, fact: Fact) -> None:
    state.stopped(fact.body["appointment_id"])
    _to(state, fact, "stopped")


def _restored(state: Folding, fact: Fact) -> None:
    id_ = fact.body["appointment_id"]
    if state.get("appointment", id_, "state") in (None, "stopped"):
        was = state.before_stop(id_)
        state.put("appointment", id_, state=was)
        if was is None:  # it was stopped before the log begins
            state.forget("appointment", id_, "state")
    _still(state, fact)  # else only its doctor was another one for a while


def _still(state: Folding, fact: Fact) -> None:
    state.put("appointment", fact.body["appointment_id"], version=fact.body["version"])


def _session_amended(state: Folding, fact: Fact) -> None:
    """Some numbers of a session were stopped."""
    told = fact.body["changes"]
    for slot_id in told.get("slot_ids", ()) if "stopped" in told else ():
        for id_ in state.having("hold", "slot_id", slot_id):
            _let_go(state, id_)


def _session_stopped(state: Folding, fact: Fact) -> None:
    """A hold does not survive a leave."""
    for id_ in state.having("hold", "session_id", fact.body["session_id"]):
        _let_go(state, id_)


def _let_go(state: Folding, hold_id: str) -> None:
    if state.get("hold", hold_id, "state") == "live":
        state.put("hold", hold_id, state="released")
        state.vacate(state.get("hold", hold_id, "slot_id"), f"hold:{hold_id}")


def _offer_made(state: Folding, fact: Fact) -> None:
    told = fact.body
    state.begin(
        "offer", told["offer_id"], state="open", version=told["version"], sort=told["sort"],
        source_id=told["source_id"], person_id=told["person_id"], appointment_id=told["appointment_id"],
        session_id=told["session_id"], made_id=None,
    )  # fmt: skip
    if told.get("hold_id") is not None:
        state.put("offer", told["offer_id"], hold_id=told["hold_id"])


def _offer_accepted(state: Folding, fact: Fact) -> None:
    told = fact.body
    state.put(
        "offer", told["offer_id"], state="accepted", version=told["version"], made_id=told["appointment_id"]
    )


def _offer_ended(state: Folding, fact: Fact) -> None:
    told = fact.body
    state.put(
        "offer", told["offer_id"], state=told["state"], version=told["version"], why=told["why"], made_id=None
    )


def _draft_opened(state: Folding, fact: Fact) -> None:
    told = fact.body
    state.begin(
        "draft", told["draft_id"], state=told.get("state", "open"), interaction_id=told["interaction_id"],
        staff_id=told["staff_id"], appointment_id=None,
    )  # fmt: skip


def _draft_taken(state: Folding, fact: Fact) -> None:
    told = fact.body
    state.put("draft", told["draft_id"], staff_id=told["staff_id"], interaction_id=told["interaction_id"])


def _draft_handed_on(state: Folding, fact: Fact) -> None:
    """An account goes on with it in its own time: no operator has it any more."""
    if fact.body["account_id"] is not None:
        state.put("draft", fact.body["draft_id"], state="left", staff_id=None)


def _draft_left(state: Folding, fact: Fact) -> None:
    state.put("draft", fact.body["draft_id"], state="left")


def _draft_closed(state: Folding, fact: Fact) -> None:
    told = fact.body
    state.put("draft", told["draft_id"], state=told["state"], appointment_id=told["appointment_id"])


VISITS: Mapping[str, Callable[[Folding, Fact], None]] = {
    "slot.held": _held,
    "hold.released": _released,
    "appointment.booked": _booked,
    "appointment.confirmed": _confirmed,
    "appointment.changed": _changed,
    "appointment.cancelled": _cancelled,
    "appointment.expired": _expired,
    "appointment.stopped": _stopped,
    "appointment.restored": _restored,
    **dict.fromkeys(_STATES, _moved_on),
    "appointment.substituted": _still,
    "session.stopped": _session_stopped,
    "session.amended": _session_amended,
    "offer.made": _offer_made,
    "offer.accepted": _offer_accepted,
    "offer.ended": _offer_ended,
    "draft.opened": _draft_opened,
    "draft.taken": _draft_taken,
    "draft.handed-on": _draft_handed_on,
    "draft.left": _draft_left,
    "draft.closed": _draft_closed,
}
