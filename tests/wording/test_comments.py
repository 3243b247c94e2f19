"""Comments on sentences: said, settled, taken up again, each with its event, on both databases."""

import pytest

from core import journal
from core.errors import NotAllowed, NotFound, Refusal, WrongInput
from core.events import CommentMade, CommentReopened, CommentSettled, Event
from core.values import Actor, ActorKind, Channel
from core.wording.engine import MOST_AUTHOR, MOST_TEXT, Counted, comment, comments, counts, reopen, settle
from core.work import Hotline, Work
from tests.clocks import FrozenClock

OPERATOR = Actor(ActorKind.STAFF, "zhang", Channel.WEB)
CALLER = Actor(ActorKind.PATIENT, "ivr", Channel.PHONE)
GREETING = "您好，这里是12320预约挂号。"


async def say(
    hotline: Hotline, text: str = "语速太快", author: str = "张敏", sentence: str = "greeting"
) -> int:
    async with hotline.work(OPERATOR) as work:
        return await comment(work, sentence, words=GREETING, author=author, text=text)


async def events(hotline: Hotline) -> list[Event]:
    async with hotline.read() as db:
        return [entry.event for entry in await journal.entries(db, journal.START)]


async def test_what_is_said_of_a_sentence_stays_with_it(hotline: Hotline, clock: FrozenClock) -> None:
    first = await say(hotline, "  老人听不清\n“挂号”  ", author=" 张  敏 ")
    await say(hotline, "别的", sentence="closed")
    async with hotline.read() as db:
        (told,) = await comments(db, "greeting")
        counted = await counts(db)
    assert (told.comment_id, told.author, told.text) == (first, "张 敏", "老人听不清\n“挂号”")
    assert (told.words, told.made_at, told.settled_at) == (GREETING, clock.instant, None)
    assert counted == {"greeting": Counted(1, 1), "closed": Counted(1, 1)}


async def test_anybody_settles_it_and_anybody_takes_it_up_again(hotline: Hotline) -> None:
    made = await say(hotline)
    async with hotline.work(OPERATOR) as work:
        assert await settle(work, made, author="李班长") == "greeting"
    async with hotline.read() as db:
        (told,) = await comments(db, "greeting")
        assert await counts(db) == {"greeting": Counted(1, 0)}
    assert told.settled_by == "李班长"
    async with hotline.work(OPERATOR) as work:
        assert await reopen(work, made) == "greeting"
    async with hotline.read() as db:
        assert await counts(db) == {"greeting": Counted(1, 1)}


async def test_each_change_leaves_one_event_and_a_repeat_none(hotline: Hotline) -> None:
    made = await say(hotline)

    async def once(work: Work) -> None:
        await settle(work, made, author="李班长")

    async def back(work: Work) -> None:
        await reopen(work, made)

    for act in (once, once, back, back):
        await hotline.run(act, OPERATOR)
    assert await events(hotline) == [
        CommentMade(comment_id=made, sentence="greeting"),
        CommentSettled(comment_id=made, sentence="greeting"),
        CommentReopened(comment_id=made, sentence="greeting"),
    ]


@pytest.mark.parametrize(
    ("author", "text", "field", "why"),
    [
        ("张敏", "", "comment", "empty"),
        ("张敏", " \n\x00\t ", "comment", "empty"),
        ("张敏", "字" * (MOST_TEXT + 1), "comment", "long"),
        ("", "语速太快", "author", "empty"),
        ("名" * (MOST_AUTHOR + 1), "语速太快", "author", "long"),
    ],
)
async def test_what_cannot_be_kept_is_refused_and_leaves_nothing(
    hotline: Hotline, author: str, text: str, field: str, why: str
) -> None:
    with pytest.raises(WrongInput) as refused:
        await say(hotline, text, author)
    assert (refused.value.facts["field"], refused.value.facts["why"]) == (field, why)
    async with hotline.read() as db:
        assert await counts(db) == {}
    assert await events(hotline) == []


async def test_the_longest_comment_is_kept_whole(hotline: Hotline) -> None:
    await say(hotline, "\U00020bb7" * MOST_TEXT)  # 𠮷: two code units in some counts, one character in ours
    async with hotline.read() as db:
        (told,) = await comments(db, "greeting")
    assert told.text == "\U00020bb7" * MOST_TEXT


async def test_callers_do_not_comment_and_what_is_not_there_is_not_settled(hotline: Hotline) -> None:
    wrong: list[tuple[Actor, type[Refusal]]] = [(CALLER, NotAllowed), (OPERATOR, NotFound)]
    for by, kind in wrong:
        with pytest.raises(kind):
            async with hotline.work(by) as work:
                await settle(work, 404, author="张敏")
