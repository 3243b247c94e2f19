"""Find people by what somebody knows of them: part of a name, pinyin, initials, a number or its end."""

import re
import unicodedata
from collections.abc import Iterator

from sqlalchemy import ColumnElement, Select, and_, or_, select, union_all
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute

from core.catalogue.search_rules import segmented
from core.people.tables import Person, PersonPhone, VisitCard
from core.sealing import Sealer
from core.syllables import SYLLABLES

# A resident's number, and that of the foreigner's card of 2023. Only the whole of it: its print says
# nothing about a part, and part of a number is no reason to be shown whose it is.
_IDENTITY = re.compile(r"[0-9]{17}[0-9X]")
_HAN = re.compile(r"[\u3400-\u9fff\U00020000-\U000323af·]")


async def search(db: AsyncSession, sealer: Sealer, words: str, limit: int = 20) -> list[Person]:
    """People by what somebody knows of them, see `meaning` (R-094)."""
    if not words.split():
        return []
    # By a name many are found, soon, on the way through all; by numbers a few, and nobody goes that way.
    order = Person.id if any(map(_named, words.split())) else Person.id + 0
    query = select(Person).where(meaning(sealer, words)).order_by(order).limit(limit)
    return list((await db.execute(query)).scalars())


def meaning(sealer: Sealer, words: str) -> ColumnElement[bool]:
    """Each word must mean the person: part of the name, pinyin or its initials, a phone or a card by
    the whole number or by its last four, a whole identity number."""
    return and_(*(_means(sealer, word) for word in words.split()))


def _means(sealer: Sealer, word: str) -> ColumnElement[bool]:
    if _HAN.search(word):
        return Person.name.contains(word, autoescape=True)
    by_number = Person.id.in_(union_all(*_numbered(sealer, word)))
    if not _named(word):
        return by_number
    return or_(by_number, spelt(word.lower(), Person.initials, Person.pinyin))


def _named(word: str) -> bool:
    """Whether it is part of a name, written or spelt."""
    return bool(_HAN.search(word)) or word.isalpha()


def _numbered(sealer: Sealer, word: str) -> Iterator[Select[int]]:
    """Whose number it is, each way by an index of its own: one condition with an "or" between them would have
    PostgreSQL look at everybody."""
    yield select(VisitCard.person_id).where(
        or_(
            VisitCard.card_print == sealer.fingerprint(word, "card"),
            VisitCard.card_tail == sealer.fingerprint(word, "card-tail"),
        )
    )
    number = unicodedata.normalize("NFKC", word).upper()  # as core.values.identity writes it
    if _IDENTITY.fullmatch(number):
        yield select(Person.id).where(Person.identity_print == sealer.fingerprint(number, "identity"))
    if word.isdigit():
        yield select(PersonPhone.person_id).where(
            or_(
                PersonPhone.phone_print == sealer.fingerprint(word, "phone"),
                PersonPhone.phone_tail == sealer.fingerprint(word, "phone-tail"),
            )
        )


def spelt(
    typed: str, initials: InstrumentedAttribute[str], pinyin: InstrumentedAttribute[str]
) -> ColumnElement[bool]:
    """Whether typed letters are part of how a name is read: initials, or whole syllables without tones."""
    ways: list[ColumnElement[bool]] = [initials.contains(typed, autoescape=True)]
    for way in segmented(typed, SYLLABLES):
        read = "_ ".join(way) + "_%"  # each syllable is followed by the digit of its tone
        ways += [pinyin.like(read), pinyin.like(f"% {read}")]
    return or_(*ways)
