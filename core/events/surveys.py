"""What happens to the questions after calls and visits. sort: call or visit."""

from core.events.base import Event


class SurveyAsked(Event):
    """way: key, while the caller is on the line, or text."""

    kind = "survey.asked"
    survey_id: int
    sort: str
    way: str
    person_id: int | None
    interaction_id: int | None
    appointment_id: int | None


class SurveyAnswered(Event):
    """score: 1 to 5."""

    kind = "survey.answered"
    survey_id: int
    sort: str
    score: int
    person_id: int | None
    interaction_id: int | None
    appointment_id: int | None


class SurveyLapsed(Event):
    """Nobody answered in time."""

    kind = "survey.lapsed"
    survey_id: int
    sort: str
    person_id: int | None
    interaction_id: int | None
    appointment_id: int | None
