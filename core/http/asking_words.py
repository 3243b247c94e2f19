"""Reminders of visits and questions about service, in Chinese."""

from collections.abc import Callable, Mapping
from typing import Any

from core import events as e
from core.http.words import BAD, GOOD, QUIET, WAIT
from core.survey.rules import low

_WAYS: Mapping[str, str] = {"text": "短信", "call": "电话", "both": "电话和短信", "key": "通话后按键"}
_ANSWERS: Mapping[str, tuple[str, str]] = {
    "kept": ("答复会来就诊", GOOD),
    "changed": ("答复想改时间", WAIT),
    "cancelled": ("答复不来了，已取消", QUIET),
}
_SORTS: Mapping[str, str] = {"call": "通话", "visit": "就诊"}

Said = tuple[str, tuple[str, ...], str]


def _due(event: e.ReminderDue, names: Any) -> Said:
    return f"就诊前提醒（{_WAYS.get(event.way, event.way)}）", names.appointment(event.appointment_id), WAIT


def _answered(event: e.ReminderAnswered, names: Any) -> Said:
    title, tone = _ANSWERS.get(event.answer, (event.answer, QUIET))
    return f"就诊提醒：{title}", names.appointment(event.appointment_id), tone


def _ended(event: e.ReminderEnded, names: Any) -> Said:
    title = "预约有变动，原提醒作废" if event.state == "void" else "就诊时间已到，提醒未答复"
    return title, names.appointment(event.appointment_id), QUIET


def _asked(event: e.SurveyAsked, names: Any) -> Said:
    return f"请患者评价{_SORTS.get(event.sort, event.sort)}（{_WAYS.get(event.way, event.way)}）", (), WAIT


def _scored(event: e.SurveyAnswered, names: Any) -> Said:
    return (
        f"患者评价{_SORTS.get(event.sort, event.sort)}：{event.score} 分",
        (),
        BAD if low(event.score) else GOOD,
    )


def _lapsed(event: e.SurveyLapsed, names: Any) -> Said:
    return f"对{_SORTS.get(event.sort, event.sort)}的评价到期未答复", (), QUIET


SAID: Mapping[type[e.Event], Callable[[Any, Any], Said]] = {
    e.ReminderDue: _due,
    e.ReminderAnswered: _answered,
    e.ReminderEnded: _ended,
    e.SurveyAsked: _asked,
    e.SurveyAnswered: _scored,
    e.SurveyLapsed: _lapsed,
}
