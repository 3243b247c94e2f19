"""A score by text: the figure, while the survey is the newest question; 评价 with a figure at any time."""

from datetime import date

import pytest
from sqlalchemy import select

from core.booking.visit import attend
from core.survey import engine
from core.survey.tables import Survey
from core.values import system
from core.work import Hotline
from tests.builders import SEED
from tests.clocks import FrozenClock
from tests.pages import database_url
from tests.sms.texting import LI, Texting, texting
from tests.survey.served import hung_up, operator, talk

__all__ = ["database_url"]  # SQLite alone: what differs between the databases is tested below the texts


@pytest.fixture
async def post(hotline: Hotline, clock: FrozenClock) -> Texting:
    """Li Xiuying has seen Dr Chen, and is asked how it was."""
    made = await texting(hotline)
    town = made.town
    await town.rule("survey.visit", "text")
    visit = await town.book(await town.session("chen"), town.people["李秀英"], phone=LI)
    await made.deliver()
    clock.set("2026-11-26 11:00")
    async with hotline.work(system("his")) as work:
        await attend(work, visit.appointment_id, evidence="his")
    async with hotline.work(SEED) as work:
        assert await engine.ask_after_visit(work, visit.appointment_id) is not None
    await made.deliver()
    made.seen = len(made.handset.got)
    return made


async def scores(post: Texting) -> list[int | None]:
    async with post.hotline.read() as db:
        return list((await db.execute(select(Survey.score))).scalars())


async def test_the_question_names_the_visit(post: Texting) -> None:
    assert post.handset.last == (
        "【12320】您11月26日在市一医院心血管内科陈建国就诊,满意吗?请回复1到5的数字,5最满意,1最不满意"
    )


@pytest.mark.parametrize(("body", "score"), [("5", 5), ("评价 4", 4), ("非常满意", 5), ("3分", 3)])
async def test_a_score_is_taken(post: Texting, body: str, score: int) -> None:
    assert "谢谢您的评价" in await post.says(body)
    assert await scores(post) == [score]


async def test_a_low_score_is_answered_with_the_way_to_a_person(post: Texting) -> None:
    assert "回电请回复“人工”" in await post.says("1")
    assert await scores(post) == [1]
    assert "给您回电" in await post.says("人工")


async def test_another_score_afterwards_changes_nothing(post: Texting) -> None:
    await post.says("5")
    assert "已经结束" in await post.says("2")
    assert "谢谢您" in await post.says("评价2")
    assert await scores(post) == [5]


async def test_a_figure_that_is_no_score_does_nothing(post: Texting) -> None:
    assert "没有这个数字" in await post.says("6")
    assert await scores(post) == [None]


async def test_a_figure_answers_the_talk_once_that_has_asked_something_newer(post: Texting) -> None:
    await post.town.session("wu", day=date(2026, 11, 27))
    await post.says("预约吴敏")
    assert "已预约" in await post.says("1")
    assert await scores(post) == [None]
    assert "谢谢您的评价" in await post.says("评价5")
    assert await scores(post) == [5]


async def test_who_scores_a_call_low_and_asks_for_a_call_is_called_about_it(
    hotline: Hotline, clock: FrozenClock
) -> None:
    post = await texting(hotline)
    await post.town.rule("survey.call", "text", own=False)
    call = await talk(hotline, clock, [await operator(hotline)], ani=LI)
    await hung_up(hotline, call)
    async with hotline.work(SEED) as work:
        assert await engine.ask_after_call(work, call) is not None
    await post.deliver()
    assert "您刚才拨打12320,满意吗" in post.handset.last
    post.seen = len(post.handset.got)
    await post.says("2")
    assert "给您回电" in await post.says("人工")
    async with hotline.read() as db:
        survey = (await db.execute(select(Survey))).scalar_one()
    assert (survey.score, survey.callback_id is not None) == (2, True)
