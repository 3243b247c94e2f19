"""How was it: a survey's question, and the score."""

from datetime import datetime

from core.contact.rules import Disposition
from core.errors import NotFound, Refusal, WrongInput
from core.events import SurveyAsked
from core.survey import engine, view
from core.survey.engine import Scored
from core.survey.rules import SCORES
from core.survey.rules import Kind as About
from core.values import Channel, Phone, local
from core.work import Work
from sms import replies
from sms.grammar import Asked, Verb
from sms.kept import Draft
from sms.meaning import Topic
from sms.sender import BY, Sender
from sms.talk import Ask, Talk, Turn
from sms.texts import NUMBERS, Kind, write


async def draft_of(work: Work, event: SurveyAsked, *, answers: bool) -> Draft | None:
    """A question that is to be asked by text; None where it is asked by a key, or no answer is taken."""
    try:
        survey = await view.load(work.db, event.survey_id)
    except NotFound:
        return None
    if not answers or not survey.to_be_written(work.now):
        return None
    visit = survey.visit if survey.kind is About.VISIT else None
    names = {
        "hospital": visit.hospital_short if visit else "",
        "department": visit.department if visit else "",
        "doctor": (visit.doctor or NUMBERS.get(visit.number_kind, "")) if visit else "",
    }
    words = write(Kind.SURVEY, {"starts": local(visit.starts_at) if visit else None}, names)
    phone = Phone(work.sealer.open(survey.phone_sealed, "phone"))
    return Draft(Kind.SURVEY, f"survey/{event.survey_id}", 1, event.appointment_id, phone, words)


async def answer(sender: Sender, key: int, asked: Asked) -> Turn | None:
    """1 to 5; another figure answers nothing."""
    score = asked.choice if asked.verb in (Verb.CHOOSE, Verb.SCORE) else None
    if score is None or score not in SCORES:
        return None

    async def act(work: Work) -> Scored:
        return await engine.answer(work, key, score, Channel.SMS.value)

    try:
        scored = await sender.hotline.run(act, BY, sender.interaction_id)
    except Refusal as refusal:
        return Turn(replies.refused(refusal.code), Talk(), refusal.code)
    if scored.low:  # they may ask for a call
        talk = Talk(topic=Topic.SURVEY.value, about=key)
        return Turn(replies.signed(replies.SCORED_LOW), talk, "scored")
    return Turn(replies.signed(replies.SCORED), Talk(), "scored", Disposition.ENQUIRED)


async def call_back(sender: Sender, key: int, due: datetime) -> Turn | None:
    """Who scored a call low wants to talk about it; None where the survey was about a visit."""
    try:
        async with sender.hotline.work(BY, sender.interaction_id) as work:
            owed = await engine.call_back(work, key, due)
    except WrongInput:
        return None
    reply = replies.signed(replies.CALL_OWED) if owed is None else None
    return Turn(reply, Talk(), "call-promised", Disposition.MESSAGE)


async def over(sender: Sender, key: int) -> Turn:
    """It was scored before, or nobody waits for the score any more."""
    return Turn(replies.refused("survey-over"), Talk(), "survey-over", Disposition.ENQUIRED)


async def again(sender: Sender, key: int) -> Turn:
    """It is asked once more, because the answer was to something that is over."""
    talk = Talk(ask=Ask.AGAIN, topic=Topic.SURVEY.value, about=key)
    return Turn(replies.signed(replies.SCORE_AGAIN), talk, "survey-told-again")
