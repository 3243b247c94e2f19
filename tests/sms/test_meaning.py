"""A table of what a bare answer means: by what was asked when, and what of it is over."""

from datetime import UTC, datetime, timedelta

import pytest

from sms.grammar import Asked, Verb
from sms.meaning import ANSWERS, WORDS, Question, Sense, Topic, meant, score

NOW = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)


def asked(topic: str, key: int, minutes: int, state: str = "open") -> Question:
    return Question(Topic(topic), key, NOW - timedelta(minutes=minutes), state == "open")


def one(text: str) -> Question:
    """'offer 1 -30' is open, 'offer 1 -30 over' is not."""
    topic, key, minutes, *state = text.split()
    return asked(topic, int(key), -int(minutes), *state)


FIGURE, YES, NO, OTHER, MORE = "figure", "yes", "no", "other", "more"
TABLE: list[tuple[str, list[str], str, list[int]]] = [
    # said, what was asked, what it is, and of which
    (FIGURE, [], "nothing", []),
    (YES, [], "nothing", []),
    # the newest question is meant, however it was asked
    (FIGURE, ["talk 0 -5"], "answer", [0]),
    (FIGURE, ["offer 1 -300"], "answer", [1]),
    (FIGURE, ["offer 1 -300", "talk 0 -5"], "answer", [0]),
    (FIGURE, ["offer 1 -3", "talk 0 -5"], "answer", [1]),
    (FIGURE, ["offer 1 -5", "talk 0 -5"], "answer", [0]),
    (FIGURE, ["offer 1 -30", "reminder 2 -20", "survey 3 -10"], "answer", [3]),
    (FIGURE, ["offer 1 -30", "reminder 2 -20", "draft 3 -40"], "answer", [2]),
    (FIGURE, ["draft 3 -1", "offer 1 -30"], "answer", [3]),
    # two alike: which?
    (FIGURE, ["offer 1 -30", "offer 2 -20"], "which", [2, 1]),
    (NO, ["offer 1 -30", "offer 2 -20"], "which", [2, 1]),
    (FIGURE, ["reminder 1 -30", "reminder 2 -20"], "which", [2, 1]),
    (FIGURE, ["offer 1 -30", "offer 2 -20", "talk 0 -5"], "answer", [0]),
    (FIGURE, ["offer 1 -30", "reminder 2 -20"], "answer", [2]),
    (FIGURE, ["offer 1 -10 over", "offer 2 -20", "offer 3 -30"], "which", [2, 3]),
    # two surveys or drafts: the newest
    (FIGURE, ["survey 1 -30", "survey 2 -20"], "answer", [2]),
    # what is over is told, and does nothing to what was asked before it
    (FIGURE, ["offer 1 -10 over"], "over", [1]),
    (FIGURE, ["offer 1 -10 over", "talk 0 -20"], "over", [1]),
    (FIGURE, ["offer 1 -10 over", "reminder 2 -20"], "again", [2]),
    (FIGURE, ["offer 1 -10 over", "offer 2 -20"], "again", [2]),
    (FIGURE, ["offer 1 -10 over", "reminder 2 -20", "offer 3 -30"], "again", [3]),
    (FIGURE, ["survey 1 -10 over", "survey 2 -20"], "again", [2]),
    (FIGURE, ["survey 1 -10 over", "offer 2 -20", "talk 0 -15"], "again", [2]),
    # and a day later nobody means it any more
    (FIGURE, ["offer 1 -1441 over"], "nothing", []),
    (FIGURE, ["offer 1 -1441 over", "offer 2 -2000"], "answer", [2]),
    # a word that says nothing to the newest question is for the one before it; a figure never is
    (YES, ["offer 1 -30", "survey 2 -20"], "answer", [1]),
    (OTHER, ["offer 1 -30", "survey 2 -20"], "answer", [1]),
    (FIGURE, ["offer 1 -30", "survey 2 -20"], "answer", [2]),
    (NO, ["offer 1 -30", "reminder 2 -20"], "answer", [1]),
    (MORE, ["offer 1 -3", "talk 0 -5"], "answer", [0]),
    (OTHER, ["draft 1 -3"], "nothing", []),
    (YES, ["survey 1 -3"], "nothing", []),
]


@pytest.mark.parametrize(("said", "questions", "sense", "of"), TABLE)
@pytest.mark.parametrize("turned", [False, True])
def test_what_a_bare_answer_means(
    said: str, questions: list[str], sense: str, of: list[int], turned: bool
) -> None:
    answer = Asked(Verb.CHOOSE, choice=1) if said == FIGURE else Asked(Verb(said))
    found = meant(answer, [one(text) for text in (reversed(questions) if turned else questions)], NOW)
    assert (found.sense, [question.id for question in found.questions]) == (Sense(sense), of)


def test_every_topic_says_by_which_words_it_is_answered() -> None:
    assert set(WORDS) == set(Topic)
    assert all(words <= ANSWERS for words in WORDS.values())


def test_a_score_in_words_is_for_the_newest_open_survey_whatever_was_asked_since() -> None:
    questions = [one("survey 1 -30"), one("survey 2 -20"), one("survey 3 -10 over"), one("offer 4 -1")]
    found = score(questions)
    assert found is not None
    assert found.id == 2
    assert score([one("offer 4 -1")]) is None
