"""What an announcement must be like, its life, and its words as paragraphs with links of our own; pure."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum

from core.errors import WrongInput

MOST_TITLE, MOST_BODY = 60, 3000


class Kind(StrEnum):
    NOTICE = "notice"  # 公告
    NEWS = "news"  # 动态
    GUIDE = "guide"  # 就医指南


class State(StrEnum):
    DRAFT = "draft"
    PUBLISHED = "published"
    WITHDRAWN = "withdrawn"


NEXT: Mapping[State, frozenset[State]] = {
    State.DRAFT: frozenset({State.PUBLISHED}),
    State.PUBLISHED: frozenset({State.WITHDRAWN}),
    State.WITHDRAWN: frozenset({State.PUBLISHED}),
}


def before(to: State) -> list[str]:
    """The states from which one comes into `to`: the guard of its UPDATE."""
    return [state.value for state, after in NEXT.items() if to in after]


@dataclass(frozen=True)
class Draft:
    """hospital_id: None for the whole hotline. last_day: None: until it is withdrawn."""

    kind: str
    title: str
    body: str
    first_day: date
    last_day: date | None = None
    hospital_id: int | None = None
    pinned: bool = False


def checked(draft: Draft) -> Draft:
    """The draft without what no keyboard writes. Raises WrongInput: kind, title, body, until."""
    title = " ".join(_printable(draft.title).split())
    body = "\n".join(_printable(line).rstrip() for line in draft.body.splitlines()).strip()
    if draft.kind not in list(Kind):
        raise WrongInput(facts={"field": "kind", "why": "unknown"})
    for field, text, most in (("title", title, MOST_TITLE), ("body", body, MOST_BODY)):
        if not text:
            raise WrongInput(facts={"field": field, "why": "empty"})
        if len(text) > most:
            raise WrongInput(facts={"field": field, "why": "long", "most": most, "length": len(text)})
    if draft.last_day is not None and draft.last_day < draft.first_day:
        raise WrongInput(facts={"field": "until", "why": "before"})
    return replace(draft, title=title, body=body)


def _printable(text: str) -> str:
    return "".join(one for one in text.replace("\t", " ") if one.isprintable())


# --- words --------------------------------------------------------------------------------------------

# Pages that everybody may open. Nothing may stand before or behind that makes it another address:
# 'https://elsewhere/search' and '//search' lead nowhere.
_OWN = re.compile(
    r"(?<![A-Za-z0-9_/.:@?=&%\\-])"
    r"/(?:home|search|account|announcements(?:/\d{1,12})?|hospitals(?:/\d{1,12})?|departments/\d{1,12}"
    r"|doctors/\d{1,12})"
    r"(?![A-Za-z0-9_/@?=&%\\-])"
)


@dataclass(frozen=True)
class Piece:
    """Some words; path: of our own page that they lead to, else ''."""

    text: str
    path: str = ""


def paragraphs(body: str) -> Sequence[Sequence[Sequence[Piece]]]:
    """Paragraphs, between which a line is empty; of lines; of pieces."""
    found = []
    for block in re.split(r"\n\s*\n", body.strip()):
        found.append([_pieces(line) for line in block.split("\n")])
    return found


def _pieces(line: str) -> Sequence[Piece]:
    pieces, end = [], 0
    for match in _OWN.finditer(line):
        if match.start() > end:
            pieces.append(Piece(line[end : match.start()]))
        pieces.append(Piece(match[0], match[0]))
        end = match.end()
    if end < len(line):
        pieces.append(Piece(line[end:]))
    return pieces
