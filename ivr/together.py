"""Several sounds by one command: how many at once, and where they were when a key stopped them."""

import re
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

from ivr.sound import LINE_RATE, seconds_of

# Bytes of sounds in one command: Asterisk reads no more than 2048 of a line (AGI_BUF_LEN in res_agi).
TOGETHER = 1800
# Some ten seconds: when our process dies the switch plays on to the end of its command, and then looks for a
# person.
AT_MOST = 8
_PLAIN = re.compile(r"[\w/.-]+")  # a path that means nothing else in a list of sounds


@lru_cache(10_000)
def _plain(stem: str) -> bool:
    return _PLAIN.fullmatch(stem) is not None


def together(stems: Sequence[str]) -> int:
    """How many of these go into one command; 0: the first is played alone, by its name in quotes."""
    count = room = 0
    for stem in stems[:AT_MOST]:
        room += len(stem.encode()) + 1
        if room > TOGETHER or not _plain(stem):
            break
        count += 1
    return count


def reached(stems: Sequence[str], heard_s: float) -> tuple[int, int]:
    """Where sounds that played for so long were stopped: how many had been heard, and samples of the next.

    Background tells no position as STREAM FILE does; on a line sounds take as long as they last.
    """
    for place, stem in enumerate(stems):
        try:
            lasts_s = seconds_of(Path(stem))
        except OSError:  # a cleaner took it: what is heard twice is better than what is not heard
            return place, 0
        if heard_s < lasts_s:
            return place, int(heard_s * LINE_RATE)
        heard_s -= lasts_s
    return len(stems), 0
