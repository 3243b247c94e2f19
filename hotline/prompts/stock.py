"""Every piece of sound there is to be, and the sentences it belongs to."""

from collections.abc import Iterator
from dataclasses import dataclass

from ivr.dialplan import CORE_SOUNDS
from ivr.prompts import Sentence, catalogue
from ivr.speech import whole
from ivr.words import PAUSE, Clip

# Of whom the switch says something without us: there it is a dialogue like the others.
SWITCH = "交换机自己说的话（系统维护、排队、留言）"
VALUES = "数字、日期、金额等片段"


@dataclass(frozen=True)
class Piece:
    """One recording. sentence: the one it is part of; None for what fills slots and for the switch's own."""

    clip: Clip
    dialogue: str
    sentence: Sentence | None = None


def pieces() -> list[Piece]:
    """Everything that can be said before it is known who calls, each once, in the order of a call."""
    return list({piece.clip.key: piece for piece in _pieces()}.values())


def _pieces() -> Iterator[Piece]:
    texts = catalogue()
    for sentence in texts.sentences:
        for part in sentence.pieces:
            if isinstance(part, Clip) and part != PAUSE:
                yield Piece(part, texts.dialogues[sentence.dialogue], sentence)
    for clip in whole(CORE_SOUNDS):
        yield Piece(clip, SWITCH)
    literal = {part for sentence in texts.sentences for part in sentence.pieces}
    for clip in texts.fixed():
        if clip not in literal and clip != PAUSE:
            yield Piece(clip, VALUES)
