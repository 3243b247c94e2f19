"""What the public pages call things, in Chinese."""

from dataclasses import dataclass
from datetime import date, datetime

from core.catalogue.codes import sms_code
from core.http.pages import clock
from core.http.words import BAD, GOOD, QUIET, WAIT
from core.schedule.browse import Shown, Standing
from core.values import day_of

HALVES = {"am": "上午", "pm": "下午", "night": "晚上"}
NUMBERS = {"ordinary": "普通号", "expert": "专家号", "disease": "专病号", "special": "特需号"}
HOSPITALS = {
    "general": "综合医院",
    "tcm": "中医医院",
    "women-children": "妇幼保健院",
    "specialist": "专科医院",
    "community": "社区卫生服务中心",
}
# As they are ranked; whatever else a hospital calls itself comes after them.
GRADES = ("三甲", "三乙", "三级", "二甲", "二乙", "二级", "一甲", "一乙", "一级", "未定级")
TITLES = ("主任医师", "副主任医师", "主治医师", "住院医师")
# What can be searched for.
STANDINGS = {
    Standing.FREE: "有号",
    Standing.FULL: "约满",
    Standing.SOON: "还没放号",
    Standing.STOPPED: "停诊",
}
OWN_NUMBER = "科室号（不指定医生）"


@dataclass(frozen=True)
class Said:
    """How a session stands. more: what belongs to it, smaller. tone: a colour, beside the words."""

    words: str
    more: str
    tone: str


def number(kind: str) -> str:
    return NUMBERS.get(kind, kind)


def standing(shown: Shown, now: datetime, phone: int) -> Said:
    """phone: slots that a caller may have."""
    stands = shown.standing(now)
    if stands is Standing.FREE:
        return Said(f"余 {shown.places.web}", f"共 {shown.total}", GOOD)
    if stands is Standing.FULL and phone:
        return Said("网上约满", f"电话余 {phone}", WAIT)
    if stands is Standing.SOON:
        return Said(f"{when(shown.release_at, now)} 放号", f"共 {shown.total}", WAIT)
    words, tone = {
        Standing.FULL: ("约满", QUIET),
        Standing.STOPPED: ("停诊", BAD),
        Standing.CLOSED: ("已停止预约", QUIET),
        Standing.OVER: ("已结束", QUIET),
    }[stands]
    return Said(words, "", tone)


def when(instant: datetime, now: datetime) -> str:
    """今天 07:00, 明天 07:00, 11月27日 07:00."""
    away = (day_of(instant) - day_of(now)).days
    return f"{('今天', '明天')[away] if away in (0, 1) else short_day(day_of(instant))} {clock(instant)}"


def short_day(day: date) -> str:
    return f"{day.month}月{day.day}日"


def fee(fen: int) -> str:
    """30 元, 12.5 元; what costs nothing is said so."""
    return f"{fen / 100:g} 元" if fen else "免费"


def sms_sentence(post_id: int, day: date, half: str) -> str:
    """What to write in a text to book this session (R-097): 预约 1374 1203 上午."""
    return f"预约 {sms_code(post_id)} {day:%m%d} {HALVES.get(half, half)}"


def path_of(department_id: int, doctor_id: int | None) -> str:
    """The page that tells a post's periods: the doctor's, or that of the department's own number."""
    return f"/doctors/{doctor_id}" if doctor_id else f"/departments/{department_id}/number"


def ranked(word: str, ranks: tuple[str, ...]) -> int:
    """The place of a word among those that have one; behind them all for any other."""
    return ranks.index(word) if word in ranks else len(ranks)
