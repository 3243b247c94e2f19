"""What the machine says, as pages show it: the port that the voice fills in, and its words in Chinese."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol


class Sound(StrEnum):
    """In whose voice something is heard; STAND_IN is the quick voice until the better one has said it."""

    RECORDED = "recorded"
    RENDERED = "rendered"
    STAND_IN = "fallback"
    MISSING = "missing"


SOUNDS = {
    Sound.RECORDED: "真人录音",
    Sound.RENDERED: "合成语音",
    Sound.STAND_IN: "临时语音",
    Sound.MISSING: "没有声音",
}
QUICK = "espeak"
VOICES = {"kokoro": "清晰语音（Kokoro）", QUICK: "基本语音（espeak）"}


@dataclass(frozen=True)
class Length:
    """seconds: with the longest plausible values. measured: of real sound, not reckoned."""

    seconds: float
    measured: bool


@dataclass(frozen=True)
class Piece:
    """A stretch of a sentence: fixed text, or the label of a value that fills it (日期)."""

    text: str
    filled: bool = False


@dataclass(frozen=True)
class Sentence:
    """One sentence as it is now. spoken: when it is said. example: filled with long values.

    initials: of its pinyin, to find it by. own: the voice of its fixed pieces; None when it has none.
    """

    name: str
    pieces: tuple[Piece, ...]
    spoken: str
    example: str
    initials: str
    limit_s: float | None
    menu: bool
    own: Sound | None
    usual: Length
    slow: Length

    @property
    def text(self) -> str:
        return "".join(f"〔{piece.text}〕" if piece.filled else piece.text for piece in self.pieces)

    @property
    def long(self) -> bool:
        return self.limit_s is not None and self.usual.seconds > self.limit_s


@dataclass(frozen=True)
class Dialogue:
    name: str
    title: str
    sentences: tuple[Sentence, ...]

    @property
    def spoken(self) -> str:
        """When most of it is said."""
        told = [one.spoken for one in self.sentences]
        return max(dict.fromkeys(told), key=told.count)


@dataclass(frozen=True)
class Menu:
    """One question as a caller hears it, whole. text: its words, with long values."""

    name: str
    title: str
    dialogue: str
    text: str
    limit_s: float
    usual: Length

    @property
    def long(self) -> bool:
        return self.usual.seconds > self.limit_s


@dataclass(frozen=True)
class Fragment:
    """A sound that fills slots: 十一月, 两点. key: what its recording is called."""

    key: str
    text: str
    own: Sound


@dataclass(frozen=True)
class Family:
    """Fragments of one kind. name: the first part of their keys."""

    name: str
    title: str
    fragments: tuple[Fragment, ...]


@dataclass(frozen=True)
class Progress:
    """Of the better voice. wanted: 0 when there is none, or nothing to do yet.

    missing: pieces without any sound. stale: heard in another voice so far. trouble: why it rests.
    """

    voice: str
    wanted: int
    rendered: int
    missing: int
    stale: int
    seconds_left: float | None
    trouble: str

    @property
    def percent(self) -> int:
        return self.rendered * 100 // self.wanted if self.wanted else 100

    @property
    def minutes(self) -> int | None:
        return None if self.seconds_left is None else -(-int(self.seconds_left) // 60)

    @property
    def done(self) -> bool:
        return not (self.missing or self.stale or self.trouble)


@dataclass(frozen=True)
class Heard:
    """A WAV file. mark: another one whenever it sounds otherwise."""

    mark: str
    wav: bytes


@dataclass(frozen=True)
class Reading:
    """How a name is read. said: the characters that are said; syllables: one for each.

    own: as it was saved or typed; else as the dictionary has it. counts: how many syllables a typed one
    may have.
    """

    said: str
    syllables: tuple[str, ...]
    own: bool
    counts: tuple[int, ...]


class NoSound(Exception):
    """It cannot be heard now; str() says why, in Chinese. busy: trying again soon may help."""

    def __init__(self, words: str, *, busy: bool = False) -> None:
        super().__init__(words)
        self.busy = busy


class Unknown(KeyError):
    """Nothing is called so."""


class Wording(Protocol):
    """The voice, for those who look at it and listen. kind: hospital, department or doctor."""

    async def dialogues(self) -> Sequence[Dialogue]:
        """Every sentence, in the order of a call."""

    async def sentence(self, name: str) -> Sentence:
        """Raises Unknown."""

    async def menus(self) -> Sequence[Menu]: ...

    async def families(self) -> Sequence[Family]:
        """Figures, dates, times and amounts, by kind."""

    def progress(self) -> Progress: ...

    def reading(self, kind: str, text: str, pinyin: str, whole: str) -> Reading:
        """How it is said with this pinyin; whole: a hospital's long name."""

    async def hear_sentence(self, name: str, *, slow: bool, known: str = "") -> Heard:
        """known: the mark of what the browser has: the same again comes without its sound.

        Raises Unknown, NoSound.
        """

    async def hear_fragment(self, key: str, *, slow: bool, known: str = "") -> Heard:
        """Raises Unknown, NoSound."""

    async def hear_menu(self, name: str, *, slow: bool, known: str = "") -> Heard:
        """Raises Unknown, NoSound."""

    async def hear_name(
        self, kind: str, text: str, pinyin: str, whole: str, *, slow: bool, tried: bool
    ) -> Heard:
        """tried: not saved yet; only so many of those in a minute. Raises NoSound."""
