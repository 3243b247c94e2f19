"""What a line is told to be, in Chinese: the published rule, a place, a chance; pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from core.http.pages import clock
from core.http.words import BAD, GOOD, QUIET, WAIT
from core.release.rules import LIVE, Chance, PlaceState, Stage, Terms
from core.release.view import Told
from core.values import Channel, local

CHANNELS = {
    "web": "网站",
    "phone": "电话",
    "sms": "短信",
    "window": "医院窗口",
    "kiosk": "自助机",
    "clinic": "诊间",
    "community": "社区",
}


@dataclass(frozen=True)
class Said:
    """What stands large on the page, and below it. tone: a colour beside the words."""

    words: str
    more: str
    tone: str


def span(length: timedelta) -> str:
    """15 分钟, 90 秒."""
    seconds = round(length.total_seconds())
    return f"{seconds // 60} 分钟" if seconds % 60 == 0 else f"{seconds} 秒"


def rule(terms: Terms, opens_at: datetime, own: Mapping[str, int], common: int) -> Sequence[str]:
    """The published rule of one session, sentence by sentence. own: guaranteed numbers by channel."""
    shares = "，".join(
        f"{CHANNELS.get(name, name)}保底 {count} 个" for name, count in sorted(own.items()) if count
    )
    divided = (
        f"{shares}，别的渠道不能占用；其余 {common} 个大家共用，网上按这条队的顺序给，电话和短信先到先得。"
        if shares
        else f"本班 {common} 个号不分渠道，网上按这条队的顺序给，电话和短信先到先得。"
    )
    return (
        f"{clock(opens_at - terms.lead)} 到 {clock(opens_at)} 登记的人一起抽签排队，早登记晚登记机会一样。",
        "放号后才来的，排在抽签的人后面，先到先得。",
        f"一个人只有一个位置。{divided}",
        f"轮到您时有 {span(terms.turn)}选号；没有选就过号，可以重新排到队尾。",
        f"排队最长到 {clock(opens_at + terms.window)}，之后剩下的号不用排队，直接预约。",
        "抽签的暗码放号前就定好，先公布它的校验值，放号后公布暗码，人人都可以验算。",
    )


def closed(stage: Stage, opens_at: datetime, lead: timedelta) -> Said:
    """What is said where nobody can stand in line: too early, or over."""
    if stage is Stage.EARLY:
        begins = clock(opens_at - lead)
        return Said(f"{clock(opens_at)} 放号", f"{begins} 开始登记抽签，到时再打开这一页。", WAIT)
    return Said("现在不用排队", "有号就可以直接预约。", QUIET)


def invited(stage: Stage, opens_at: datetime, standing: int) -> Said:
    """What is said to somebody who does not stand in it yet. standing: how many of their channel do."""
    if stage is Stage.DRAW:
        return Said(
            f"{clock(opens_at)} 放号，现在登记进入抽签",
            f"网站已有 {standing} 人登记。早登记晚登记机会一样，放号后才来的排在后面。",
            WAIT,
        )
    return Said("已经放号，正在按顺序选号", f"网站还有 {standing} 人在排队，现在可以排到队尾。", WAIT)


def place(told: Told, opens_at: datetime, now: datetime) -> Said:
    """What the owner of a place is told: how many before, how many numbers, whether it can be enough."""
    if told.state in LIVE and told.channel != Channel.WEB:
        way = CHANNELS.get(told.channel, told.channel)
        return Said(
            f"您已经通过{way}排队",
            f"轮到时请用{way}选号。想在网站选号，可以退出后在这里重新登记。",
            WAIT,
        )
    if told.state is PlaceState.WAITING and told.chance is None:
        return Said(
            f"已登记，{clock(opens_at)} 抽签",
            "放号时这一页会显示您排在第几，请不要关掉；关掉了再打开也不会丢位置。",
            GOOD,
        )
    if told.state is PlaceState.WAITING:
        return _waiting(told)
    if told.state is PlaceState.TURN:
        seconds = max(0, round((told.turn_until - now).total_seconds())) if told.turn_until else 0
        return Said("轮到您了，请选号", f"还有 {seconds} 秒，过时就轮到下一位。", GOOD)
    return {
        PlaceState.USED: Said("您已经选了号", "请在保留时间内完成预约；还要为家人约，可以重新排队。", GOOD),
        PlaceState.PASSED: Said("过号了", "轮到您时没有选号，已经让给下一位。可以重新排到队尾。", BAD),
        PlaceState.LEFT: Said("您退出了排队", "可以重新排队。", QUIET),
        PlaceState.CLOSED: Said(
            "号已经放完，或排队已经结束", "可以看别的日期、别的医生，或拨打 12320 登记。", BAD
        ),
    }[told.state]


def _waiting(told: Told) -> Said:
    before = f"前面还有 {told.before} 位" if told.before else "您排在第一位"
    if told.others:
        before = f"{before}，其他渠道还有 {told.others} 位要用共用号"
    before = f"{before}，余号 {told.left} 个"
    if told.chance is Chance.LIKELY:
        return Said(f"{before}：按现在的余号轮得到您", "轮到时这一页会告诉您，请留意。", GOOD)
    if told.chance is Chance.SHORT:
        return Said(f"{before}：可能约不上", "前面有人放弃才轮得到您。也可以先看别的日期或别的医生。", WAIT)
    return Said(f"{before}：已经约完", "没有号可等了。请看别的日期或别的医生。", BAD)


def asked(session_id: int, announced_at: datetime) -> str:
    """What stands before the secret when the seed is worked out: 12|2026-11-24T08:00:00+08:00."""
    return f"{session_id}|{local(announced_at).isoformat(timespec='seconds')}"
