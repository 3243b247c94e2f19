"""Whether what somebody types means a name: Chinese, pinyin whole or begun, initials; pure.

'心内科' and 'xnk' mean 心血管内科: an abbreviation keeps the order of the characters and the first of them.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

# How well something matches; smaller is better.
EXACT, BEGINS, WITHIN, ABBREVIATED = range(4)


@dataclass(frozen=True)
class Spelling:
    """A name and how it is read, a syllable for each character: ('儿科', ('er', 'ke'))."""

    name: str
    syllables: tuple[str, ...]

    @property
    def initials(self) -> str:
        return "".join(syllable[:1] for syllable in self.syllables)


@dataclass(frozen=True)
class Entry:
    """Something to be found. order: the house's own order among equals.

    within: names of what it belongs to; a second word of the query may mean one of these.
    """

    kind: str  # hospital, department, doctor
    id: int
    label: str
    hint: str
    hospital_id: int
    department_id: int | None
    doctor_id: int | None
    names: tuple[Spelling, ...]
    within: tuple[Spelling, ...] = ()
    order: int = 0

    @cached_property
    def written(self) -> frozenset[str]:
        """Every character and letter it could be meant by: what has another one is not looked at."""
        return frozenset("".join("".join((one.name, *one.syllables)) for one in (*self.names, *self.within)))


def plain(pinyin: str) -> tuple[str, ...]:
    """'lv3 shi4' is ('lv', 'shi'): as it is typed."""
    return tuple(re.sub(r"\d", "", syllable).replace("ü", "v") for syllable in pinyin.lower().split())


def match(word: str, spelling: Spelling) -> int | None:
    """How well one word means a name; None: not at all. word: lower case, without spaces."""
    if re.search(r"[a-z]", word):
        return _latin(word, spelling)
    name = spelling.name
    if word == name:
        return EXACT
    if name.startswith(word):
        return BEGINS
    if word in name:
        return WITHIN
    return ABBREVIATED if len(word) > 1 and _in_order(word, name) else None


def _in_order(word: str, name: str) -> bool:
    """Whether the characters come in this order, the first of them first."""
    if word[0] != name[:1]:
        return False
    rest = iter(name)
    return all(character in rest for character in word)


def _latin(word: str, spelling: Spelling) -> int | None:
    initials, whole = spelling.initials, "".join(spelling.syllables)
    if word in (initials, whole):
        return EXACT
    if initials.startswith(word) or whole.startswith(word):
        return BEGINS
    if _spelt(word, spelling.syllables, skipping=False):
        return BEGINS
    if len(word) < 2:
        return None
    for start in range(1, len(spelling.syllables)):
        if _spelt(word, spelling.syllables[start:], skipping=False):
            return WITHIN
    begins = spelling.syllables[:1] and spelling.syllables[0][:1] == word[0]
    return ABBREVIATED if begins and _spelt(word, spelling.syllables, skipping=True) else None


def _spelt(word: str, syllables: Sequence[str], *, skipping: bool) -> bool:
    """Whether the word is beginnings of these syllables one after another: 'xneik', 'xinnk'.

    skipping: syllables after the first may be left out.
    """
    # ends[n]: the first n letters are spelt by what has been looked at so far.
    ends = {0}
    for place, syllable in enumerate(syllables):
        after = set(ends) if skipping and place else set()
        for end in ends:
            length = 0
            while (
                end + length < len(word) and length < len(syllable) and word[end + length] == syllable[length]
            ):
                length += 1
                after.add(end + length)
        if len(word) in after:
            return True
        ends = after
        if not ends:
            return False
    return False


def ranked(
    entries: Iterable[Entry], query: str, *, limit: int, hospital_id: int | None = None
) -> list[Entry]:
    """The entries that every word of the query means, the best first.

    The first words may mean what it belongs to: '市一 xnk'. hospital_id: what is there comes first.
    """
    words = query.lower().replace("ü", "v").split()
    if not words:
        return []
    asked, scores = frozenset("".join(words)), _Scores()
    found = []
    for entry in entries:
        if not asked <= entry.written:
            continue
        score = _score(words, entry, scores)
        if score is not None:
            elsewhere = hospital_id is not None and entry.hospital_id != hospital_id
            found.append(((elsewhere, score, entry.order, len(entry.label), entry.id), entry))
    found.sort(key=lambda pair: pair[0])
    return [entry for _, entry in found[:limit]]


class _Scores:
    """What each word means of each name, asked once in a search: hundreds stand in one department."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, int], int | None] = {}

    def best(self, word: str, names: tuple[Spelling, ...]) -> int | None:
        best: int | None = None
        for name in names:
            key = (word, id(name))
            if key not in self._known:
                self._known[key] = match(word, name)
            score = self._known[key]
            if score is not None and (best is None or score < best):
                best = score
        return best


def _score(words: Sequence[str], entry: Entry, scores: _Scores) -> int | None:
    """The sum of what each word matches; at least one word must mean the entry's own name."""
    total, own = 0, False
    for word in words:
        here = scores.best(word, entry.names)
        around = scores.best(word, entry.within) if len(words) > 1 else None
        if here is None and around is None:
            return None
        own = own or here is not None
        total += min(score for score in (here, around) if score is not None)
    return total if own else None


def segmented(typed: str, syllables: frozenset[str]) -> list[tuple[str, ...]]:
    """Every way to read typed pinyin as whole syllables: 'xian' is (xian) and (xi, an); at most eight."""
    ways: list[list[tuple[str, ...]]] = [[()], *([] for _ in typed)]
    for end in range(1, len(typed) + 1):
        for start in range(max(0, end - 6), end):
            if typed[start:end] in syllables:
                ways[end] += [(*way, typed[start:end]) for way in ways[start]]
        ways[end] = sorted(ways[end], key=len)[:8]
    return ways[-1]
