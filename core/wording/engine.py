"""Comment on a sentence, settle a comment, take it up again."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from core.errors import NotAllowed, NotFound, WrongInput
from core.events import CommentMade, CommentReopened, CommentSettled
from core.values import ActorKind
from core.wording.tables import SentenceComment
from core.work import Work

MOST_TEXT, MOST_AUTHOR = 500, 20
# How many of one sentence's comments are shown.
MOST_SHOWN = 200


@dataclass(frozen=True)
class Comment:
    """words: the sentence as it read then; it may read otherwise by now."""

    comment_id: int
    words: str
    author: str
    text: str
    made_at: datetime
    settled_at: datetime | None
    settled_by: str | None


@dataclass(frozen=True)
class Counted:
    """How many comments a sentence has, and how many of them are not settled."""

    all: int
    open: int


async def comment(work: Work, sentence: str, *, words: str, author: str, text: str) -> int:
    """Say something about a sentence; returns the comment.

    sentence: a name that is in the catalogue: the caller has looked. words: how it reads now. Raises
    WrongInput for an empty or too long author or text, NotAllowed for who does not work here.
    """
    _may(work)
    made = SentenceComment(
        sentence=sentence,
        words=words,
        author=_author(author),
        text=_tidy(text, "comment", MOST_TEXT),
        made_at=work.now,
        made_by=work.by.name,
    )
    work.db.add(made)
    await work.db.flush()
    work.record(CommentMade(comment_id=made.id, sentence=sentence))
    return made.id


async def settle(work: Work, comment_id: int, *, author: str) -> str:
    """It has been dealt with; a repeat does no harm. Returns the sentence's name.

    Anybody who works here may, also whoever did not write it. Raises WrongInput, NotFound, NotAllowed.
    """
    _may(work)
    name = _author(author)
    done = (
        update(SentenceComment)
        .where(SentenceComment.id == comment_id, SentenceComment.settled_at.is_(None))
        .values(settled_at=work.now, settled_by=name)
        .returning(SentenceComment.sentence)
    )
    sentence = (await work.db.execute(done)).scalar_one_or_none()
    if sentence is None:
        return await _sentence(work, comment_id)
    work.record(CommentSettled(comment_id=comment_id, sentence=sentence))
    return sentence


async def reopen(work: Work, comment_id: int) -> str:
    """It has not been dealt with after all. Returns the sentence's name. Raises NotFound, NotAllowed."""
    _may(work)
    undone = (
        update(SentenceComment)
        .where(SentenceComment.id == comment_id, SentenceComment.settled_at.is_not(None))
        .values(settled_at=None, settled_by=None)
        .returning(SentenceComment.sentence)
    )
    sentence = (await work.db.execute(undone)).scalar_one_or_none()
    if sentence is None:
        return await _sentence(work, comment_id)
    work.record(CommentReopened(comment_id=comment_id, sentence=sentence))
    return sentence


async def comments(db: AsyncSession, sentence: str) -> Sequence[Comment]:
    """The newest of one sentence's, oldest first."""
    newest = (
        select(SentenceComment)
        .where(SentenceComment.sentence == sentence)
        .order_by(SentenceComment.id.desc())
        .limit(MOST_SHOWN)
    )
    rows = list((await db.execute(newest)).scalars())
    return [
        Comment(row.id, row.words, row.author, row.text, row.made_at, row.settled_at, row.settled_by)
        for row in reversed(rows)
    ]


async def counts(db: AsyncSession) -> Mapping[str, Counted]:
    """Of every sentence that somebody has commented on."""
    waiting = func.count().filter(SentenceComment.settled_at.is_(None))
    rows = await db.execute(
        select(SentenceComment.sentence, func.count(), waiting).group_by(SentenceComment.sentence)
    )
    return {sentence: Counted(all_, open_) for sentence, all_, open_ in rows.all()}


def _may(work: Work) -> None:
    if work.by.kind not in (ActorKind.STAFF, ActorKind.SYSTEM):
        raise NotAllowed(facts={"what": "comment"})


def _author(typed: str) -> str:
    return _tidy(" ".join(typed.split()), "author", MOST_AUTHOR)


def _tidy(typed: str, field: str, most: int) -> str:
    """Without control characters, which one database keeps and the other refuses."""
    tidy = re.sub(r"[^\S\n]+", " ", re.sub(r"[\x00-\x08\x0b-\x1f\x7f]", "", typed)).strip()
    if not tidy:
        raise WrongInput(facts={"field": field, "why": "empty"})
    if len(tidy) > most:
        raise WrongInput(facts={"field": field, "why": "long", "most": most, "length": len(tidy)})
    return tidy


async def _sentence(work: Work, comment_id: int) -> str:
    row = await work.db.get(SentenceComment, comment_id)
    if row is None:
        raise NotFound(facts={"what": "comment"})
    return row.sentence
