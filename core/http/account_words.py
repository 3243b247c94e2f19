"""What happened to the accounts of patients, in Chinese: a title and its tone for each kind of event."""

from collections.abc import Callable, Mapping
from typing import Any

from core import events as e
from core.http.words import GOOD, QUIET

_TITLES: Mapping[type[e.Event], tuple[str, str]] = {
    e.AccountOpened: ("注册账号", GOOD),
    e.AccountSessionBegun: ("登录账号", QUIET),
    e.AccountSessionEnded: ("退出账号", QUIET),
    e.AttendeeAdded: ("添加就诊人", QUIET),
    e.AttendeeRemoved: ("移除就诊人", QUIET),
}


def _plain(title: str, tone: str) -> Callable[[Any, Any], tuple[str, tuple[str, ...], str]]:
    return lambda event, names: (title, (), tone)


SAID = {kind: _plain(*told) for kind, told in _TITLES.items()}
