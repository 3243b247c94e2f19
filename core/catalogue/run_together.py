"""Names written without blanks between them, as in texts: '省人民心内科李建国'; pure."""

from collections.abc import Iterable, Iterator, Sequence

from core.catalogue.search_rules import Entry, ranked

# A hospital, a department, a doctor.
MOST_NAMES = 3
# A longer run of characters is a sentence and no name.
LONGEST = 24
# Words after a name that say no more than it: 李建国医生, 心内科门诊.
_TITLES = (
    "主任医师",
    "副主任",
    "主任",
    "医生",
    "大夫",
    "医师",
    "教授",
    "专家号",
    "专家",
    "普通号",
    "门诊",
    "的号",
    "号",
)


def named(entries: Iterable[Entry], words: Sequence[str], *, limit: int) -> list[Entry]:
    """What the words of a text name, the best first; [] when they name nothing that is whole.

    Words are looked up as they stand; a word that names nothing by itself is cut in every way into up to
    three names.
    """
    asked = frozenset("".join(words))
    candidates = [entry for entry in entries if asked <= entry.written]
    found = ranked(candidates, " ".join(words), limit=limit)
    if found:
        return found
    bare = [shorter for word in words if (shorter := _without_title(word))]
    if bare != list(words) and bare:
        asked = frozenset("".join(bare))
        candidates = [entry for entry in entries if asked <= entry.written]
        found = ranked(candidates, " ".join(bare), limit=limit)
    if found or not bare:
        return found
    best: list[Entry] = []
    for cut in _cuts(bare):
        found = ranked(candidates, cut, limit=limit)
        if found and (not best or len(found) < len(best)):
            best = found  # the fewer it could be, the better it was meant
    return best


def _without_title(word: str) -> str:
    for title in _TITLES:
        if word.endswith(title):
            return word.removesuffix(title)
    return word


def _cuts(words: Sequence[str]) -> Iterator[str]:
    """Every way to put blanks into the first long word, the others as they are."""
    for place, word in enumerate(words):
        if not 3 <= len(word) <= LONGEST:
            continue
        before, after = words[:place], words[place + 1 :]
        room = MOST_NAMES - len(before) - len(after)
        for first in range(2, len(word) - 1) if room >= 2 else ():
            yield " ".join((*before, word[:first], word[first:], *after))
            for second in range(first + 2, len(word) - 1) if room >= 3 else ():
                yield " ".join((*before, word[:first], word[first:second], word[second:], *after))
        return
