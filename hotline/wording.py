"""The voice as the pages know it: each sentence with its sound and its length, and how names are read."""

import asyncio
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict
from functools import lru_cache

from core.pinyin import HANZI, of_part, proper, syllables
from hotline.listening import Listening
from hotline.prompts.listing import STATES
from hotline.prompts.stock import SWITCH
from ivr import names
from ivr.call import Prompt
from ivr.dialplan import CORE_SOUNDS
from ivr.examples import fullest
from ivr.free_text import written_out
from ivr.menus_heard import menus
from ivr.prompts import PromptError, Sentence, catalogue, lasting
from ivr.rendering import Progress as Rendered
from ivr.speech import TRACKS, Voice, whole
from ivr.words import PAUSE, Clip, fixed_clips
from web import wording as shown

# What a value is called on a page: by its slot's name, or by that and its type.
SLOTS: dict[str, str] = {
    "name Person": "姓名", "name Department": "科室", "name Name": "名称", "hospital": "医院",
    "department": "科室", "doctor": "医生", "title": "职称", "day": "日期", "span": "时段",
    "half": "上午或下午", "clock": "时间", "key": "按键", "fee": "金额", "count": "几个", "minutes": "几分钟",
    "hours": "几小时", "place": "几位", "serial": "流水号", "text": "公告内容",
}  # fmt: skip
# Kinds of fragments, by the first part of their keys, in the order in which they are shown.
FAMILIES = {
    "digit": "号码里的数字（一位一位念）", "number": "数", "count": "几个、几次、几分钟、几小时",
    "near": "今天、明天、后天",
    "month": "月", "day": "日", "weekday": "星期", "half": "上午、下午", "hour": "几点", "minute": "几分",
    "word": "连接的字", "yuan": "元", "jiao": "角",
}  # fmt: skip
# The catalogue is written for the voice; people read full-width stops.
_READABLE = str.maketrans(",;:?!", "，；：？！")


class SpokenWording:
    """web.wording.Wording over the voice of the house. progress: of the better voice."""

    def __init__(self, voice: Voice, progress: Callable[[], Rendered], listening: Listening) -> None:
        self._voice = voice
        self._progress = progress
        self.listening = listening
        self._texts = catalogue()

    def progress(self) -> shown.Progress:
        return shown.Progress(**asdict(self._progress()))

    # --- what there is ------------------------------------------------------------------------------

    async def dialogues(self) -> Sequence[shown.Dialogue]:
        # Thousands of files are looked for: not on the loop that the calls run on.
        return await asyncio.to_thread(self._dialogues)

    def _dialogues(self) -> list[shown.Dialogue]:
        look = _Look(self._voice)
        made = []
        for name, title in self._texts.dialogues.items():
            own = [one for one in self._texts.sentences if one.dialogue == name]
            made.append(shown.Dialogue(name, title, tuple(self._sentence(one, look) for one in own)))
        of_switch = tuple(_of_switch(name, look) for name in CORE_SOUNDS)
        return [*made, shown.Dialogue("switch", SWITCH, of_switch)]

    async def sentence(self, name: str) -> shown.Sentence:
        return await asyncio.to_thread(self._one, name)

    def _one(self, name: str) -> shown.Sentence:
        look = _Look(self._voice)
        if name in CORE_SOUNDS:
            return _of_switch(name, look)
        try:
            return self._sentence(self._texts.sentence(name), look)
        except PromptError:
            raise shown.Unknown(name) from None

    def _sentence(self, one: Sentence, look: "_Look") -> shown.Sentence:
        full = fullest(one)
        clips = self._texts.clips(full)
        return shown.Sentence(
            name=one.name,
            pieces=tuple(_pieces(one)),
            spoken=one.spoken,
            example=self._texts.text(full).translate(_READABLE) if one.slots else "",
            initials=_initials(one.text),
            limit_s=one.most_s,
            menu=one.menu,
            own=look.worst(piece for piece in one.pieces if isinstance(piece, Clip)),
            usual=look.length(clips),
            slow=look.length(clips, slow=True),
        )

    async def families(self) -> Sequence[shown.Family]:
        return await asyncio.to_thread(self._families)

    def _families(self) -> list[shown.Family]:
        look = _Look(self._voice)
        listed: dict[str, list[shown.Fragment]] = {name: [] for name in FAMILIES}
        for clip in fragments():
            own = look.worst([clip])
            assert own
            listed[clip.key.partition("/")[0]].append(shown.Fragment(clip.key, clip.text, own))
        return [shown.Family(name, FAMILIES[name], tuple(found)) for name, found in listed.items()]

    async def menus(self) -> Sequence[shown.Menu]:
        return await asyncio.to_thread(self._menus)

    def _menus(self) -> list[shown.Menu]:
        look = _Look(self._voice)
        return [
            shown.Menu(
                name=menu.name,
                title=menu.title,
                dialogue=self._texts.dialogues[menu.dialogue],
                text="".join(map(self._texts.text, menu.prompts)).translate(_READABLE),
                limit_s=menu.limit_s,
                usual=look.length(self._clips(menu.prompts)),
            )
            for menu in menus(self._texts)
        ]

    def _clips(self, prompts: Iterable[Prompt]) -> list[Clip]:
        return [clip for prompt in prompts for clip in self._texts.clips(prompt)]

    # --- how names are read -------------------------------------------------------------------------

    def reading(self, kind: str, text: str, pinyin: str, whole: str) -> shown.Reading:
        said = _hanzi(written_out(text))
        counts = [len(said)]
        own = proper(pinyin, len(said)) is not None
        if whole and (full := _hanzi(written_out(whole))):
            counts.append(len(full))
            long = proper(pinyin, len(full))
            own = own or (long is not None and of_part(said, full, long) is not None)
        read = "".join(clip.reading for clip in _called(kind, text, pinyin, whole).clips())
        return shown.Reading(said, tuple(re.findall("[a-zü]+[1-5]", read)), own, tuple(counts))

    # --- what is heard --------------------------------------------------------------------------------

    async def hear_sentence(self, name: str, *, slow: bool, known: str = "") -> shown.Heard:
        if name in CORE_SOUNDS:
            clips = whole({name: CORE_SOUNDS[name]})
        elif name in self._texts:
            clips = self._texts.clips(fullest(self._texts.sentence(name)))
        else:
            raise shown.Unknown(name)
        return await self.listening.hear(clips, TRACKS[slow], known=known)

    async def hear_fragment(self, key: str, *, slow: bool, known: str = "") -> shown.Heard:
        found = [clip for clip in fragments() if clip.key == key]
        if not found:
            raise shown.Unknown(key)
        return await self.listening.hear(found, TRACKS[slow], known=known)

    async def hear_menu(self, name: str, *, slow: bool, known: str = "") -> shown.Heard:
        found = [menu for menu in menus(self._texts) if menu.name == name]
        if not found:
            raise shown.Unknown(name)
        return await self.listening.hear(self._clips(found[0].prompts), TRACKS[slow], known=known)

    async def hear_name(
        self, kind: str, text: str, pinyin: str, whole: str, *, slow: bool, tried: bool
    ) -> shown.Heard:
        clips = list(_called(kind, text, pinyin, whole).clips())
        return await self.listening.hear(clips, TRACKS[slow], tried=tried)


def fragments() -> list[Clip]:
    """What fills slots and can be made before anybody calls."""
    return [clip for clip in fixed_clips() if clip != PAUSE]


class _Look:
    """One look at every clip's sound: pieces that many sentences share are looked for once."""

    def __init__(self, voice: Voice) -> None:
        self._voice = voice
        self._lengths: dict[tuple[Clip, bool], tuple[float, bool]] = {}

    def worst(self, clips: Iterable[Clip]) -> shown.Sound | None:
        states = [self._voice.state(clip) for clip in clips]
        return shown.Sound(min(states, key=STATES.index)) if states else None

    def length(self, clips: Sequence[Clip], *, slow: bool = False) -> shown.Length:
        each = [self._length(clip, slow) for clip in clips]
        return shown.Length(sum(seconds for seconds, _ in each), all(measured for _, measured in each))

    def _length(self, clip: Clip, slow: bool) -> tuple[float, bool]:
        """Of its sound, else as it is reckoned."""
        key = (clip, slow)
        if key not in self._lengths:
            seconds = self._voice.length(clip, TRACKS[slow])
            guess = lasting(clip, slow=slow)
            self._lengths[key] = (guess, False) if seconds is None else (seconds, True)
        return self._lengths[key]


def _of_switch(name: str, look: _Look) -> shown.Sentence:
    """What the switch says without us is one piece, and has no limit of its own."""
    text, clips = CORE_SOUNDS[name], whole({name: CORE_SOUNDS[name]})
    return shown.Sentence(
        name=name,
        pieces=(shown.Piece(text),),
        spoken="我们的程序不在时，交换机自己播放",
        example="",
        initials=_initials(text),
        limit_s=None,
        menu=False,
        own=look.worst(clips),
        usual=look.length(clips),
        slow=look.length(clips, slow=True),
    )


def _pieces(one: Sentence) -> Iterator[shown.Piece]:
    for place, part in enumerate(re.split(r"\{(\w+)\}", one.text)):
        if place % 2:
            kind = one.slots[part].__name__
            yield shown.Piece(SLOTS.get(f"{part} {kind}") or SLOTS[part], filled=True)
        elif part:
            yield shown.Piece(part.translate(_READABLE))


@lru_cache(maxsize=1024)
def _initials(text: str) -> str:
    return "".join(syllable[0] for syllable in syllables(_hanzi(re.sub(r"\{\w+\}", "", text))))


def _hanzi(text: str) -> str:
    return re.sub(f"[^{HANZI}]", "", text)


def _called(kind: str, text: str, pinyin: str, whole: str) -> names.Name:
    if kind == "doctor":
        return names.Person(text, pinyin)
    return names.Hospital(text, pinyin, whole) if kind == "hospital" else names.Department(text, pinyin)
