"""One question after the operator's good-bye, a second one only to whom we served badly."""

from datetime import timedelta

import structlog

from core.contact import engine as contact
from core.errors import SurveyOver
from core.survey import engine
from core.survey.engine import Scored
from core.values import Actor, ActorKind, Channel
from core.work import Hotline
from ivr.call import Call, HungUp, Prompt
from ivr.story import StoryCall

log = structlog.get_logger()

BY = Actor(ActorKind.PATIENT, "ivr", Channel.PHONE)
YES = "1"


async def survey(call: Call, hotline: Hotline, *, callback_within: timedelta) -> None:
    """Ask whoever is still on the line, if they may be asked; any other key, and none, is no answer.

    The dialplan says the good-bye after this, whatever became of it.
    """
    async with hotline.work(BY) as work:
        found = await contact.by_linked_id(work.db, call.id)
        asked = await engine.ask_on_the_line(work, found.id) if found is not None else None
    if found is None or asked is None:
        return
    story = StoryCall(call, hotline.clock)
    try:
        await _ask(story, hotline, found.id, asked, callback_within)
    except HungUp:
        log.info("a caller left instead of a score")
    finally:
        async with hotline.work(BY, found.id) as work:
            await contact.steps(work, found.id, *story.taken())


async def _ask(
    call: StoryCall, hotline: Hotline, interaction_id: int, survey_id: int, callback_within: timedelta
) -> None:
    key = await call.ask(Prompt("survey-score"))
    if key not in "12345" or not key:
        return
    scored = await _scored(hotline, interaction_id, survey_id, int(key))
    if scored is None or not scored.low:
        return
    if await call.ask(Prompt("survey-call-back")) == YES:
        async with hotline.work(BY, interaction_id) as work:
            await engine.call_back(work, survey_id, work.now + callback_within)
        await call.say(Prompt("survey-noted"))


async def _scored(hotline: Hotline, interaction_id: int, survey_id: int, score: int) -> Scored | None:
    """None when it was scored meanwhile."""
    try:
        async with hotline.work(BY, interaction_id) as work:
            return await engine.answer(work, survey_id, score, Channel.PHONE.value)
    except SurveyOver:
        return None
