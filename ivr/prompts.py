"""The catalogue of every sentence the machine can say: by name, filled with typed values."""

import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import get_args

from ivr.call import Prompt
from ivr.free_text import written_out
from ivr.words import NAMES, PAUSE, Clip, Value, fixed_clips

_SLOT = re.compile(r"\{(\w+)\}")
_STOPPED = re.compile("[,，.。、;；:：?？!！]")
_TYPES: Mapping[str, type] = {kind.__name__: kind for kind in (*get_args(Value), *NAMES)}
# Longest a prompt may take unless it says otherwise.
MOST_S = 12.0
# So many lengths are kept: of a province's hospitals, departments and doctors.
MOST_RECKONED = 5000
# What people bear to hear before a choice (120 to 240 characters a minute).
MENU_S = 20.0
# Of the default voice, measured over the catalogue filled with its longest values.
SYLLABLES_PER_S = 3.9
STOP_S = 0.22  # the breath at a comma or full stop inside a clip
PAUSE_S = 0.25  # the clip of silence between groups of digits
# The slow track takes this many times as long.
SLOWER = 1.35
# Of the better voice, over 124 pieces: each has a beginning and an end, so dates of many pieces take longer.
BETTER_PIECE_S, BETTER_SYLLABLE_S, BETTER_STOP_S = 0.25, 0.217, 0.14


class PromptError(Exception):
    """A dialogue asks for a sentence that does not exist, or fills it wrongly: our bug."""


@dataclass(frozen=True)
class Sentence:
    """One entry: literal pieces and slots, in the order they are said.

    spoken: when it is said, in Chinese, for those who record or read it.
    """

    name: str
    dialogue: str
    text: str
    spoken: str
    slots: Mapping[str, type]
    most_s: float
    menu: bool
    pieces: tuple[Clip | str, ...]  # a str is a slot's name
    breaths: frozenset[int]  # places of pieces with a pause after them: sounds are joined without any


class Catalogue:
    """Look sentences up and turn them into clips, or into text for people who read.

    entries: dialogues by name, each a table of its title, when it is spoken, and its sentences.
    dialogues: their titles, in the order of a call. Raises PromptError.
    """

    def __init__(self, entries: Mapping[str, Mapping[str, object]]) -> None:
        self.dialogues = {name: str(table.get("title", name)) for name, table in entries.items()}
        self._sentences: dict[str, Sentence] = {}
        self._longest: dict[tuple[str, tuple[tuple[str, Value], ...]], float] = {}
        for dialogue, table in entries.items():
            spoken = str(table.get("spoken", ""))
            for name, entry in table.items():
                if not isinstance(entry, Mapping):
                    continue
                if name in self._sentences:
                    raise PromptError(f"two sentences are called {name}")
                self._sentences[name] = _sentence(name, dialogue, spoken, entry)

    def __contains__(self, name: str) -> bool:
        return name in self._sentences

    @property
    def sentences(self) -> list[Sentence]:
        return list(self._sentences.values())

    def sentence(self, name: str) -> Sentence:
        """Raises PromptError."""
        try:
            return self._sentences[name]
        except KeyError:
            raise PromptError(f"no sentence is called {name}") from None

    def clips(self, prompt: Prompt) -> list[Clip]:
        """The pieces of sound in order. Raises PromptError for a wrong name, slot or type."""
        sentence = self.sentence(prompt.name)
        wrong = set(prompt.values) ^ set(sentence.slots)
        if wrong:
            raise PromptError(f"{prompt.name}: these values are missing or unknown: {sorted(wrong)}")
        made: list[Clip] = []
        for place, piece in enumerate(sentence.pieces):
            if isinstance(piece, Clip):
                made.append(piece)
            else:
                value = prompt.values[piece]
                if not isinstance(value, sentence.slots[piece]):
                    raise PromptError(f"{prompt.name}: {piece} is a {type(value).__name__}")
                made += value.clips()
            if place in sentence.breaths:
                made.append(PAUSE)
        return made

    def text(self, prompt: Prompt) -> str:
        """The sentence in Chinese characters, as the terminal shows it."""
        sentence = self.sentence(prompt.name)

        def filled(match: re.Match[str]) -> str:
            return "".join(clip.text or " " for clip in prompt.values[match[1]].clips())

        self.clips(prompt)
        return _SLOT.sub(filled, sentence.text)

    def seconds(self, prompt: Prompt) -> float:
        """About how long it takes to say. Raises PromptError."""
        return reckoned(self.clips(prompt))

    def longest(self, prompt: Prompt) -> float:
        """About how long the slower of the two voices takes for it: what limits are held to."""
        key = (prompt.name, tuple(prompt.values.items()))
        if key not in self._longest:  # the same few names are read to every caller
            if len(self._longest) >= MOST_RECKONED:
                self._longest.clear()
            clips = self.clips(prompt)
            self._longest[key] = max(reckoned(clips), reckoned_better(clips))
        return self._longest[key]

    def fixed(self) -> Iterator[Clip]:
        """Every recording that does not depend on who calls: to be made before the first call."""
        for sentence in self._sentences.values():
            for piece in sentence.pieces:
                if isinstance(piece, Clip):
                    yield piece
        yield from fixed_clips()


def reckoned(clips: Sequence[Clip]) -> float:
    """About how many seconds they take, one after the other."""
    syllables, stops = _counted(clips)
    return syllables / SYLLABLES_PER_S + STOP_S * stops + PAUSE_S * clips.count(PAUSE)


def lasting(clip: Clip, *, slow: bool = False) -> float:
    """About how many seconds one piece plays."""
    return reckoned([clip]) * (SLOWER if slow else 1.0)


def reckoned_better(clips: Sequence[Clip]) -> float:
    """The same for the better voice."""
    syllables, stops = _counted(clips)
    pauses = clips.count(PAUSE)
    spoken = BETTER_PIECE_S * (len(clips) - pauses) + BETTER_SYLLABLE_S * syllables + BETTER_STOP_S * stops
    return spoken + PAUSE_S * pauses


def _counted(clips: Sequence[Clip]) -> tuple[int, int]:
    """Syllables, and stops inside pieces."""
    said = "".join(clip.text for clip in clips)
    return len(re.findall(r"[\u4e00-\u9fff]", said)), len(re.findall("[,、;。?!]", said))


def _sentence(name: str, dialogue: str, spoken: str, entry: Mapping[str, object]) -> Sentence:
    text = str(entry["text"])
    slots = entry.get("slots", {})
    assert isinstance(slots, Mapping)
    unknown = set(entry) - {"text", "slots", "most_s", "menu", "spoken"}
    if unknown or set(_SLOT.findall(text)) != set(slots):
        raise PromptError(f"{name}: {sorted(unknown) or 'slots and text do not agree'}")
    pieces: list[Clip | str] = []
    breaths: set[int] = set()
    for place, part in enumerate(_SLOT.split(text)):
        if place % 2:
            pieces.append(part)
            continue
        if _STOPPED.match(part) and pieces:
            breaths.add(len(pieces) - 1)
        if said := written_out(part).strip(",。、;?! "):
            pieces.append(Clip(f"prompt/{name}.{place // 2}", said))
            if _STOPPED.match(part[::-1]):
                breaths.add(len(pieces) - 1)
    kinds = {slot: _TYPES[str(kind)] for slot, kind in slots.items()}
    most_s = float(str(entry.get("most_s", MOST_S)))
    told = str(entry.get("spoken", spoken))
    return Sentence(
        name, dialogue, text, told, kinds, most_s, bool(entry.get("menu")), tuple(pieces), frozenset(breaths)
    )


@cache
def catalogue() -> Catalogue:
    """The installation's catalogue, read once. Raises PromptError when it is not well made."""
    text = files("ivr").joinpath("prompts.toml").read_text(encoding="utf-8")
    return Catalogue(tomllib.loads(text))
