"""What events tell of contacts, calls we owe, texts and recordings; pure."""

from collections.abc import Callable, Mapping
from typing import Any

from core.cases.facts import TEXT_QUEUED, Fact
from core.cases.folding import Folding

Step = Callable[[Folding, Fact], None]


def _opened(state: Folding, fact: Fact) -> None:
    told = fact.body
    state.begin("interaction", told["interaction_id"], state=told.get("state", "ivr"))


def _moved(state: Folding, fact: Fact) -> None:
    state.put("interaction", fact.body["interaction_id"], state=fact.body["state"])


def _identified(state: Folding, fact: Fact) -> None:
    state.put("interaction", fact.body["interaction_id"], person_id=fact.body["person_id"])


def _connected(state: Folding, fact: Fact) -> None:
    state.put("interaction", fact.body["interaction_id"], staff_id=fact.body["staff_id"])


def _closed(state: Folding, fact: Fact) -> None:
    told = fact.body
    state.put("interaction", told["interaction_id"], state="closed", disposition=told["disposition"])


def _room(change: int) -> Step:
    def step(state: Folding, fact: Fact) -> None:
        told = fact.body
        present = dict(state.get("interaction", told["interaction_id"], "room") or {})
        present[told["role"]] = present.get(told["role"], 0) + change
        if present[told["role"]] <= 0:
            del present[told["role"]]
        state.put("interaction", told["interaction_id"], room=present)

    return step


def _matter_opened(state: Folding, fact: Fact) -> None:
    told = fact.body
    state.begin("matter", told["matter_id"], staff_id=told["staff_id"], interaction_id=told["interaction_id"])


def _matter_disposed(state: Folding, fact: Fact) -> None:
    told = fact.body
    state.put("matter", told["matter_id"], first=told["first"], second=told["second"])


def _promised(state: Folding, fact: Fact) -> None:
    told = fact.body
    state.begin("callback", told["callback_id"], state="owed", interaction_id=told["interaction_id"], tries=0)


def _taken(state: Folding, fact: Fact) -> None:
    state.put("callback", fact.body["callback_id"], staff_id=fact.body["staff_id"])


def _tried(state: Folding, fact: Fact) -> None:
    told = fact.body
    state.put("callback", told["callback_id"], staff_id=told["staff_id"])
    state.put("interaction", told["interaction_id"], staff_id=told["staff_id"])
    tries = state.get("callback", told["callback_id"], "tries")
    if tries is not None:
        state.put("callback", told["callback_id"], tries=tries + 1)


def _settled(state: Folding, fact: Fact) -> None:
    state.put("callback", fact.body["callback_id"], state=fact.body["state"])


def _text(to: str) -> Step:
    def step(state: Folding, fact: Fact) -> None:
        state.put("text", fact.body["text_id"], state=to)

    return step


def _text_failed(state: Folding, fact: Fact) -> None:
    state.put("text", fact.body["text_id"], state="failed" if fact.body["permanent"] else "unknown")


def _text_revived(state: Folding, fact: Fact) -> None:
    """It is queued again when its carrier takes it, which is no event: until it has left nobody knows."""
    state.forget("text", fact.body["text_id"], "state")


def _text_left(state: Folding, fact: Fact) -> None:
    """One of ours stays as it failed; one of a patient's is not answered any more."""
    if state.get("text", fact.body["text_id"], "state") == "received":
        state.put("text", fact.body["text_id"], state="failed")


def _recording(to: str) -> Step:
    def step(state: Folding, fact: Fact) -> None:
        more: dict[str, Any] = {"seconds": fact.body["seconds"]} if "seconds" in fact.body else {}
        state.put("recording", fact.body["recording_id"], state=to, **more)

    return step


def _recording_held(state: Folding, fact: Fact) -> None:
    state.put("recording", fact.body["recording_id"], held=fact.body["on"])


CONTACTS: Mapping[str, Step] = {
    "interaction.opened": _opened,
    "interaction.moved": _moved,
    "interaction.identified": _identified,
    "interaction.closed": _closed,
    "queue.connected": _connected,
    "room.entered": _room(1),
    "room.left": _room(-1),
    "matter.opened": _matter_opened,
    "matter.disposed": _matter_disposed,
    "callback.promised": _promised,
    "callback.taken": _taken,
    "callback.tried": _tried,
    "callback.settled": _settled,
    TEXT_QUEUED: _text("queued"),
    "text.replied": _text("queued"),
    "text.sent": _text("sent"),
    "text.delivered": _text("delivered"),
    "text.dropped": _text("dropped"),
    "text.failed": _text_failed,
    "text.received": _text("received"),
    "text.handled": _text("handled"),
    "text.revived": _text_revived,
    "text.left": _text_left,
    "recording.began": _recording("live"),
    "recording.ended": _recording("waiting"),
    "recording.sealed": _recording("sealed"),
    "recording.missing": _recording("missing"),
    "recording.erased": _recording("erased"),
    "recording.held": _recording_held,
}
