"""Days and times as the wizard's sentences say them, in Asia/Shanghai; pure."""

from datetime import date, datetime

from core.values import day_of, local

_WEEKDAYS = "一二三四五六日"


def day_words(day: date) -> str:
    """11月26日 周四."""
    return f"{day.month}月{day.day}日 周{_WEEKDAYS[day.weekday()]}"


def clock_words(instant: datetime) -> str:
    """08:30."""
    return f"{local(instant):%H:%M}"


def moment_words(instant: datetime) -> str:
    """11月26日 周四 08:30."""
    return f"{day_words(day_of(instant))} {clock_words(instant)}"
