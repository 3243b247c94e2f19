"""What we did for patients unasked, in Chinese: offers, outbound calls, leaves, waiting lists, reminders."""

from collections.abc import Callable, Mapping
from typing import Any

from core import events as e
from core.http.words import BAD, GOOD, QUIET, WAIT

_TITLES: Mapping[type[e.Event], tuple[str, str]] = {}
_ENDED: Mapping[str, tuple[str, str]] = {
    "refused": ("没有要保留的号", QUIET),
    "lapsed": ("保留的号到时未答复，已收回", BAD),
    "withdrawn": ("收回保留的号", QUIET),
}
_WHY: Mapping[str, str] = {"other-times": "想要其他时间", "cancelled": "要求退号", "person": "要求人工"}


def _plain(title: str, tone: str) -> Callable[[Any, Any], tuple[str, tuple[str, ...], str]]:
    return lambda event, names: (title, (), tone)


def _made(event: e.OfferMade, names: Any) -> tuple[str, tuple[str, ...], str]:
    title = "停诊改约：保留了一个号" if event.sort == "leave" else "候补：保留了一个号"
    return title, names.appointment(event.appointment_id), WAIT


def _accepted(event: e.OfferAccepted, names: Any) -> tuple[str, tuple[str, ...], str]:
    title = "接受了停诊改约的号" if event.sort == "leave" else "接受了候补的号"
    return title, names.appointment(event.appointment_id), GOOD


def _ended(event: e.OfferEnded, names: Any) -> tuple[str, tuple[str, ...], str]:
    title, tone = _ENDED[event.state]
    why = _WHY.get(event.why or "")
    return title, (why,) if why else (), tone


SAID: dict[type[e.Event] | Any, Any] = {
    **{kind: _plain(*told) for kind, told in _TITLES.items()},
    e.OfferMade: _made,
    e.OfferAccepted: _accepted,
    e.OfferEnded: _ended,
}
