"""What belongs to a case: which things an event names, and which of them lead further; pure."""

from typing import NamedTuple

from core.cases.facts import Fact


class Ref(NamedTuple):
    """A thing by its kind and id; ids are text, because some are."""

    what: str
    id: str


# Every event names its things by the same fields.
_FIELDS = {
    "interaction_id": "interaction",
    "appointment_id": "appointment",
    "replaces": "appointment",
    "replaced_by": "appointment",
    "hold_id": "hold",
    "offer_id": "offer",
    "draft_id": "draft",
    "text_id": "text",
    "callback_id": "callback",
    "refund_id": "refund",
    "payment_id": "payment",
    "recording_id": "recording",
    "matter_id": "matter",
    "call_id": "call",
}
# A contact leads to everything in it, but only these lead to another whole contact: a draft that a redial
# goes on with, and a call that we owed. Somebody who rings later about the same visit may want other
# things besides, which are no part of this case: of that call only what it did to the visit is.
_TO_CONTACT = frozenset(
    {"draft.opened", "callback.promised", "callback.tried", "handed.tried", "outbound.tried"}
)
# What is a person's, and changes nothing of a case's state, is part of it when it happens meanwhile.
OF_PERSON = frozenset(
    {
        "person.registered",
        "person.completed",
        "credit.noted",
        "credit.forgiven",
        "person.blacklisted",
        "person.cleared",
        "appeal.made",
        "appeal.decided",
    }
)


def named(fact: Fact) -> frozenset[Ref]:
    """Every thing that a fact names; the contact it happened in among them."""
    found = {
        Ref(what, str(value))
        for field, what in _FIELDS.items()
        if (value := fact.body.get(field)) is not None
    }
    if fact.interaction_id is not None:
        found.add(Ref("interaction", str(fact.interaction_id)))
    return frozenset(found)


def leads_to(fact: Fact) -> frozenset[Ref]:
    """The things of which everything belongs to the case too, once this fact does."""
    further = fact.kind in _TO_CONTACT
    return frozenset(ref for ref in named(fact) if further or ref.what != "interaction")


def persons(fact: Fact) -> frozenset[int]:
    """Who was recognised in a contact, or books in it."""
    person_id = fact.body.get("person_id")
    return frozenset() if person_id is None else frozenset({int(person_id)})
