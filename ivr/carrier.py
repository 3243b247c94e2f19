"""A few syllables as they sound within a sentence: cut out of one, at the stop before its next word; pure.

Said alone, a digit is drawn out to 0.6 s and sung like the end of a sentence, and a number joined of such
digits is not understood. Said before "看病" it has the length and the even tone of a list; the
aspirated k begins with a closed mouth, and there it is cut.
"""

import numpy as np

from ivr.sound import Samples

# What follows, and after how many syllables a piece stands by itself.
FOLLOWING = "kan4 bing4."
FEW = 4
_FRAME_S = 0.005
# The stop lies within these parts of a syllable around where even syllables would put it, and is this
# quiet beside the loudest: 0.11 at most over all digits, dates, clock times and amounts.
_BEFORE, _AFTER = 0.45, 0.35
_QUIET = 0.2


def is_short(pinyin: str) -> bool:
    """Whether these words are said within a sentence and cut out of it: a few, without a breath."""
    return 0 < len(pinyin.split()) <= FEW and not any(stop in pinyin for stop in ",.;?")


def before_stop(samples: Samples, rate: int, syllables: int, following: int) -> Samples | None:
    """The first syllables of so many more; None where no stop is heard between them."""
    frame = int(_FRAME_S * rate)
    level = np.sqrt(np.mean(samples[: len(samples) // frame * frame].reshape(-1, frame) ** 2, axis=1))
    loud = np.flatnonzero(level > level.max(initial=0) * 0.02)
    if len(loud) == 0 or level.max() == 0:
        return None
    syllable = (loud[-1] - loud[0]) / (syllables + following)
    expected = loud[0] + syllable * syllables
    first, last = int(expected - _BEFORE * syllable), int(expected + _AFTER * syllable) + 1
    smooth = np.convolve(level, np.ones(3) / 3, "same")[first:last]
    if len(smooth) == 0 or smooth.min() > _QUIET * level.max():
        return None
    return samples[: (first + int(np.argmin(smooth))) * frame]
