"""Ten thousand values as they are said, to be compared with what was said before.

After a change that is meant, look at the differences and write the snapshot anew:

    .venv/bin/python -m tests.ivr.spoken_snapshot

`snapshots/spoken.txt.xz` holds every line, `snapshots/spoken-sample.txt` each fiftieth, for reviews.
"""

import lzma
import random
from collections.abc import Callable, Iterator, Sequence
from datetime import date, time, timedelta
from itertools import chain
from pathlib import Path

from core.values import SERIAL_GROUPS
from ivr.words import (
    Clock,
    Count,
    Day,
    Department,
    Digits,
    Half,
    Hospital,
    MaskedId,
    Money,
    Number,
    Ordinal,
    Person,
    Phone,
    Span,
    Text,
    Title,
    Value,
    spoken,
)

FOLDER = Path(__file__).parent / "snapshots"
WHOLE, SAMPLE = FOLDER / "spoken.txt.xz", FOLDER / "spoken-sample.txt"
LINES, EACH = 10_000, 50

_MEASURES = ("个", "次", "位", "分钟", "小时", "天", "周岁")
# Its own lists, that nobody else adds to: one more name would move every line after it.
_SURNAMES = tuple("王李张刘陈杨黄赵吴周徐孙马朱胡郭何林高罗曾单仇解区华乐任查朴盖翟覃冼燕纪宁葛员召缪臧应") + tuple(
    "祭种逄乜那曲贲卜车阚谌佴秘句角能相都舍繁瞿柏薄哈粘占阙莘褚晁盛强"
) + ("万俟", "尉迟", "澹台", "长孙", "令狐", "皇甫", "夏侯", "鲜于", "拓跋", "欧阳", "司马", "诸葛")  # fmt: skip
_GIVEN = "伟强磊军勇杰涛明超辉刚平斌飞建国志文海波芳娜敏静丽娟艳霞秀英兰玲雪梅红慧一乐行长重曾单解朴宁"
_HOSPITALS = (
    Hospital("省人民医院"), Hospital("青石中医院"), Hospital("省妇幼保健院"), Hospital("栖云中心医院"),
    Hospital("云大附一院", "yun2 ling3 da4 xue2 fu4 shu3 di4 yi1 yi1 yuan4", "云岭大学附属第一医院"),
    Hospital("重庆市长寿区人民医院"), Hospital("重医附二院"), Hospital("长海医院"), Hospital("市一医院"),
    Hospital("解放军总医院第三医学中心"), Hospital("六安市中医院"), Hospital("乐清市人民医院"),
)  # fmt: skip
_DEPARTMENTS = (
    "心血管内科", "儿科", "妇科", "呼吸内科", "骨科", "骨一科", "消化内科", "眼科", "皮肤科", "内分泌科", "神经内科",
    "耳鼻咽喉科", "口腔颌面外科", "产科", "普通外科", "泌尿外科", "肾病科", "肿瘤科", "老年病科", "康复医学科",
    "血液内科", "风湿免疫科", "胸外科", "全科医疗科", "感染科", "中医科", "针灸科", "推拿科", "肛肠科", "治未病科",
    "新生儿科", "儿少心理门诊", "记忆门诊", "安宁疗护门诊", "疫苗接种门诊", "颈椎病专科", "脊柱外科", "重症医学科",
    "甲状腺乳腺血管外科", "CT室", "B超室", "X光科",
)  # fmt: skip
_TITLES = ("主任医师", "副主任医师", "主治医师", "住院医师")
_WARDS = ("", "", "一区", "二区", "（东院区）", "305室", "VIP诊室")


class Dice:
    """Draws that are the same in every Python: nothing but randrange."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)

    def below(self, most: int) -> int:
        return self._random.randrange(most)

    def one(self, items: Sequence[str]) -> str:
        return items[self.below(len(items))]

    def figures(self, count: int) -> str:
        return "".join(str(self.below(10)) for _ in range(count))

    def clock(self) -> time:
        return time(self.below(24), self.below(60) if self.below(3) == 0 else 5 * self.below(12))

    def name(self) -> str:
        return self.one(_SURNAMES) + "".join(self.one(_GIVEN) for _ in range(1 + self.below(2)))


def _span(dice: Dice) -> Span:
    minute = 5 * dice.below(12 * 22)
    ends = minute + 5 * (1 + dice.below(24))
    return Span(time(minute // 60, minute % 60), time(ends // 60, ends % 60), bool(dice.below(2)))


def _day(dice: Dice) -> Day:
    day = date(2026, 1, 1) + timedelta(days=dice.below(730))
    return Day(day, day - timedelta(days=dice.below(5)) if dice.below(2) else None, bool(dice.below(2)))


def _text(dice: Dice) -> Text:
    hour, minute, day = dice.below(24), dice.below(60), 1 + dice.below(28)
    return Text(
        dice.one((
            f"{1 + dice.below(12)}月{day}日{hour}:{minute:02}起",
            f"2026-{1 + dice.below(12):02}-{day:02}",
            f"挂号费{dice.below(300)}.{dice.below(10)}元",
            f"￥{dice.below(300)}",
            f"{dice.below(30)}楼{dice.figures(3)}室",
            f"每天{hour}:00-{hour}:{minute:02}",
            f"有{dice.below(1000)}人，占{dice.below(100)}.{dice.below(10)}%",
            f"咨询电话0{dice.below(9)}{dice.figures(2)}-{1 + dice.below(9)}{dice.figures(6)}。",
            f"{dice.name()}医生停诊{dice.below(30)}天",
            f"{dice.one(_SURNAMES)}主任{hour}点出诊",
            f"身份证{dice.figures(17)}X",
            f"请拨打1{dice.figures(10)}或12320",
            f"第{dice.below(300)}号，请到{1 + dice.below(20)}号诊室",
        ))
    )  # fmt: skip


_KINDS: tuple[Callable[[Dice], Value], ...] = (
    _day,
    _day,
    lambda dice: Clock(dice.clock(), bool(dice.below(4))),
    _span,
    _span,
    lambda dice: Half(dice.one(("am", "pm", "night"))),
    lambda dice: Money(dice.below(50_000) if dice.below(2) else 100 * dice.below(500)),
    lambda dice: Money(10 ** dice.below(8) * dice.below(10)),
    lambda dice: Number(dice.below(10 ** (1 + dice.below(8)))),
    lambda dice: Count(dice.below(10 ** (1 + dice.below(4))), dice.one(_MEASURES)),
    lambda dice: Ordinal(1 + dice.below(10 ** (1 + dice.below(3))), dice.one(("", "位", "个"))),
    lambda dice: Digits(dice.figures(8), SERIAL_GROUPS),
    lambda dice: Phone("1" + dice.figures(10)),
    lambda dice: Phone(f"0{1 + dice.below(9)}{dice.figures(2)}-{1 + dice.below(9)}{dice.figures(6)}"),
    lambda dice: Phone(dice.one(("12320", "120", "12345", "4008" + dice.figures(6), "8" + dice.figures(6)))),
    lambda dice: MaskedId(dice.figures(3) + dice.one("0123456789X")),
    lambda dice: Person(dice.name()),
    lambda dice: Person(dice.name()),
    lambda dice: Person(dice.one(_SURNAMES) + dice.one(("先生", "女士"))),
    lambda dice: _HOSPITALS[dice.below(len(_HOSPITALS))],
    lambda dice: Department(dice.one(_DEPARTMENTS) + dice.one(_WARDS)),
    lambda dice: Title(dice.one(_TITLES)),
    _text,
    _text,
)


def values() -> Iterator[Value]:
    dice = Dice(12320)
    for _ in range(LINES):
        yield _KINDS[dice.below(len(_KINDS))](dice)


def line(value: Value) -> str:
    """What it is, what is heard, how it is read."""
    said = spoken(value)
    shown = ", ".join(str(part) for part in vars(value).values() if part not in (None, "", ()))
    return f"{type(value).__name__}({shown})\t{said.text}\t{said.pinyin}"


def lines() -> list[str]:
    return [line(value) for value in values()]


def saved() -> list[str]:
    return lzma.decompress(WHOLE.read_bytes()).decode().splitlines()


def write() -> None:
    said = lines()
    FOLDER.mkdir(exist_ok=True)
    WHOLE.write_bytes(lzma.compress("\n".join(said).encode(), preset=9))
    SAMPLE.write_text("\n".join(chain(said[::EACH], [""])), encoding="utf-8")


if __name__ == "__main__":
    write()
