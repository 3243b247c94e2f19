"""How people, hospitals, departments and titles are called, and text that somebody typed; pure."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache

from core.pinyin import HANZI, name_syllables, of_part, proper
from ivr.clips import Clip, name_clip
from ivr.free_text import written_out
from ivr.reading import is_hanzi, paced, read_as

# Names of hospitals, departments and titles whose clips are remembered.
REMEMBERED = 5000


@lru_cache(REMEMBERED)
def _known(name: "Name") -> tuple[Clip, ...]:
    return name._made()


@dataclass(frozen=True)
class Name:
    """What something is called; pinyin as it was saved with it, which wins where it is whole."""

    text: str
    pinyin: str | None = None

    def clips(self) -> Iterator[Clip]:
        return iter(_known(self) if self._told_to_all else self._made())

    @property
    def _told_to_all(self) -> bool:
        """Whether every caller hears it: what is somebody's own is not remembered."""
        return True

    def _made(self) -> tuple[Clip, ...]:
        said = written_out(self._written())
        return (name_clip(said, self._read(said)),) if any(map(is_hanzi, said)) else ()

    def _written(self) -> str:
        """李 强 is one name, spaced to stand below 王小明."""
        return re.sub(rf"(?<=[{HANZI}])\s+(?=[{HANZI}])", "", self.text)

    def _read(self, said: str) -> str:
        return read_as(said, self.pinyin)


class Department(Name):
    """心血管内科, 305诊室."""


class Title(Name):
    """主任医师: apart from the name, so that who is promoted is not recorded anew."""


class Text(Name):
    """An announcement, or whatever else people typed: its spaces are pauses."""

    def _written(self) -> str:
        return self.text


class Person(Name):
    """A patient, a doctor, or a surname with 先生 and 女士: 曾 at the beginning is zeng1."""

    @property
    def _told_to_all(self) -> bool:
        return False

    def _read(self, said: str) -> str:
        characters = "".join(filter(is_hanzi, said))
        return paced(said, proper(self.pinyin, len(characters)) or name_syllables(characters))


@dataclass(frozen=True)
class Hospital(Name):
    """A hospital by its short name. whole: its long one, whose reading may be what was saved."""

    whole: str = ""

    def _read(self, said: str) -> str:
        characters = "".join(filter(is_hanzi, said))
        whole = "".join(filter(is_hanzi, written_out(self.whole)))
        saved = proper(self.pinyin, len(characters))
        long = proper(self.pinyin, len(whole))
        if saved is None and long is not None:
            saved = of_part(characters, whole, long)
        return paced(said, saved) if saved else read_as(said)


NAMES = (Name, Person, Hospital, Department, Title, Text)


@dataclass(frozen=True)
class Doctor:
    """As they are listed: the person and the title."""

    name: str
    pinyin: str | None
    title: str | None


def name_clips(
    hospitals: Iterable[Hospital] = (),
    departments: Iterable[Department] = (),
    doctors: Iterable[Doctor] = (),
) -> Iterator[Clip]:
    """The clips that dialogues say of a catalogue, each once: to be made when it is saved."""
    listed = list(doctors)
    values: list[Name] = [*hospitals, *departments]
    values += [Title(title) for title in dict.fromkeys(one.title for one in listed) if title]
    values += [Person(one.name, one.pinyin) for one in listed]
    seen = set()
    for value in values:
        for clip in value.clips():
            if clip.key not in seen:
                seen.add(clip.key)
                yield clip
