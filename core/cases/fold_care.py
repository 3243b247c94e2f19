"""What events tell of what we do unasked: outbound calls, leaves, waiting lists, reminders, surveys; pure."""

from collections.abc import Callable, Mapping

from core.cases.facts import Fact
from core.cases.folding import Folding

Step = Callable[[Folding, Fact], None]


def _state(what: str, field: str, to: str) -> Step:
    def step(state: Folding, fact: Fact) -> None:
        state.put(what, fact.body[field], state=to)

    return step


def _call_asked(state: Folding, fact: Fact) -> None:
    told = fact.body
    state.begin("call", told["call_id"], state="waiting", subject=told["subject"], tries=0)


def _call_tried(state: Folding, fact: Fact) -> None:
    state.put("call", fact.body["call_id"], state="dialling", tries=fact.body["number"])


def _call_ended(state: Folding, fact: Fact) -> None:
    state.put("call", fact.body["call_id"], state=fact.body["state"])


def _call_handed_settled(state: Folding, fact: Fact) -> None:
    state.put("call", fact.body["call_id"], state="done" if fact.body["answer"] else "dropped")


def _leave_case(state: Folding, fact: Fact) -> None:
    told = fact.body
    state.put(
        "leave-case", told["case_id"], state=told["state"], version=told["version"],
        leave_id=told["leave_id"], appointment_id=told["appointment_id"],
    )  # fmt: skip


def _waiting_joined(state: Folding, fact: Fact) -> None:
    told = fact.body
    state.begin(
        "waiting", told["entry_id"], state="waiting", person_id=told["person_id"],
        department_id=told["department_id"], doctor_id=told["doctor_id"], served_by=None,
    )  # fmt: skip


def _waiting_served(state: Folding, fact: Fact) -> None:
    told = fact.body
    state.put("waiting", told["entry_id"], state="served", served_by=told["appointment_id"])


def _reminder_answered(state: Folding, fact: Fact) -> None:
    state.put("reminder", fact.body["reminder_id"], state="answered", answer=fact.body["answer"])


def _reminder_ended(state: Folding, fact: Fact) -> None:
    state.put("reminder", fact.body["reminder_id"], state=fact.body["state"])


def _survey_answered(state: Folding, fact: Fact) -> None:
    state.put("survey", fact.body["survey_id"], state="answered", score=fact.body["score"])


CARE: Mapping[str, Step] = {
    "outbound.asked": _call_asked,
    "outbound.tried": _call_tried,
    "outbound.ended": _call_ended,
    "outbound.settled": _call_ended,
    "handed.over": _state("call", "call_id", "handed"),
    "handed.settled": _call_handed_settled,
    "leave.case": _leave_case,
    "waiting.joined": _waiting_joined,
    "waiting.served": _waiting_served,
    "waiting.left": _state("waiting", "entry_id", "left"),
    "waiting.paused": _state("waiting", "entry_id", "paused"),
    "waiting.resumed": _state("waiting", "entry_id", "waiting"),
    "waiting.lapsed": _state("waiting", "entry_id", "lapsed"),
    "reminder.answered": _reminder_answered,
    "reminder.ended": _reminder_ended,
    "survey.asked": _state("survey", "survey_id", "open"),
    "survey.answered": _survey_answered,
    "survey.lapsed": _state("survey", "survey_id", "lapsed"),
}
