"""What happened to the accounts of patients, in Chinese: a title and its tone for each kind of event."""

from collections.abc import Callable, Mapping
from typing import Any

from core import events as e
from core.http.words import GOOD, QUIET

_TITLES: Mapping[type[e.Event], tuple[str, str]] = {
    e.AccountOpened: ("注册账号", GOOD),
    e.AccountSessionBegun: ("登录账号", QUIET),
    e.AccountSessionEnded: ("退出账号", QUIET),
    e.AccountPasswordChanged: ("修改密码", QUIET),
    e.AccountChanged: ("修改个人信息", QUIET),
    e.CodeAsked: ("发送短信验证码", QUIET),
    e.AttendeeAdded: ("添加就诊人", QUIET),
    e.AttendeeRemoved: ("移除就诊人", QUIET),
    e.PartnerAdded: ("登记合作单位", GOOD),
    e.PartnerChanged: ("修改合作单位", QUIET),
    e.PartnerKeyRotated: ("更换合作单位密钥", QUIET),
    e.AnnouncementWritten: ("写公告", QUIET),
    e.TextRevived: ("重发短信", QUIET),
    e.MerchantAccountClosed: ("关闭商户号", QUIET),
    e.TextLeft: ("放弃短信", QUIET),
    e.AnnouncementChanged: ("修改公告", QUIET),
    e.AnnouncementPublished: ("发布公告", GOOD),
    e.AnnouncementWithdrawn: ("撤下公告", QUIET),
    e.FavouriteAdded: ("收藏", QUIET),
    e.FavouriteRemoved: ("取消收藏", QUIET),
    e.ReminderAsked: ("要放号提醒", QUIET),
    e.ReminderDropped: ("取消放号提醒", QUIET),
    e.NumbersOpened: ("放号，发提醒", GOOD),
    e.LineBegun: ("放号排队开始登记", QUIET),
    e.LineJoined: ("登记排队", QUIET),
    e.LineLeft: ("退出排队", QUIET),
    e.TurnGiven: ("轮到选号", GOOD),
    e.TurnUsed: ("轮到后选了号", GOOD),
    e.TurnPassed: ("过号", QUIET),
    e.LineSoldOut: ("号已放完,排队结束", QUIET),
    e.LineEnded: ("放号排队结束", QUIET),
}


def _plain(title: str, tone: str) -> Callable[[Any, Any], tuple[str, tuple[str, ...], str]]:
    return lambda event, names: (title, (), tone)


SAID = {kind: _plain(*told) for kind, told in _TITLES.items()}
