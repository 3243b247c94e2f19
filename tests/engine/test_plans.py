"""Every hot question keeps to its index, whatever the database believes about how many rows there are."""

from core.work import Hotline
from tests.plans import observed


async def test_hot_questions_keep_to_their_indexes_when_an_empty_table_fills(
    hotline: Hotline, database_url: str
) -> None:
    found = await observed(hotline, database_url, departments=12, together=2)
    wrong = [
        f"{moment}, {question}: {flaw}"
        for moment, questions in found.items()
        for question, flaws in questions.items()
        for flaw in flaws
    ]
    assert not wrong, "\n".join(wrong)
