"""Every menu as the caller hears it, in one go and at its longest, against how long it may take.

The limits hold for the usual track. Who asked for the slow one wants it longer: it has no limit.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, time, timedelta
from itertools import pairwise

from ivr.call import Prompt
from ivr.choosing import PAGE, page_heard, pages
from ivr.examples import LONGEST, TODAY, fullest
from ivr.prompts import MENU_S, SLOWER, Catalogue, catalogue
from ivr.reception import first_words
from ivr.words import Day, Number, Span, Value

GREETING_S, NOTICE_S = 8.0, 5.0
# A commitment is read back whole before one key makes it: no list to choose from, and no menu.
READ_BACK_S = 32.0


# A sentence by name, with the longest values it may meet, or with those given.
Full = Callable[..., Prompt]


@dataclass(frozen=True)
class MenuHeard:
    """One question as it is asked. title: in Chinese, for those who look; prompts: in order."""

    name: str
    title: str
    dialogue: str
    prompts: tuple[Prompt, ...]
    limit_s: float

    def seconds(self, *, slow: bool = False, texts: Catalogue | None = None) -> float:
        """About how long it takes to hear it out, in the slower of the two voices."""
        said = sum(map((texts or catalogue()).longest, self.prompts))
        return said * SLOWER if slow else said


def menus(texts: Catalogue | None = None) -> list[MenuHeard]:
    """Every menu of every dialogue; every sentence with a limit of its own is judged by `too_long`."""
    return list(_menus(texts or catalogue()))


def over_limit(lengths: Mapping[str, tuple[float, float]]) -> list[str]:
    """Those that take longer than they may, worst first. lengths: seconds and limit, by name."""
    over = [(said - limit, name, said, limit) for name, (said, limit) in lengths.items() if said > limit]
    return [f"{name} takes {said:.1f} s of {limit:g}" for _, name, said, limit in sorted(over, reverse=True)]


def reckoned_lengths(texts: Catalogue | None = None) -> dict[str, tuple[float, float]]:
    """Seconds and limit of every sentence and every menu at their longest, by name."""
    texts = texts or catalogue()
    found = {one.name: (texts.longest(fullest(one)), one.most_s) for one in texts.sentences}
    return found | {
        f"{menu.dialogue}/{menu.name}": (menu.seconds(texts=texts), menu.limit_s) for menu in menus(texts)
    }


def _menus(texts: Catalogue) -> Iterator[MenuHeard]:
    def full(name: str, /, **values: Value) -> Prompt:
        return fullest(texts.sentence(name), **values)

    yield from _openings(full)
    for name, title, dialogue in (
        ("main-menu", "总菜单", "reception"),
        ("next-matter", "还要办理什么", "reception"),
        ("way-on", "约不上时怎么办", "choosing"),
    ):
        yield MenuHeard(name, title, dialogue, (Prompt(name),), MENU_S)
    blocked = (Prompt("credit-missed"), full("credit-until"), Prompt("credit-menu"))
    yield MenuHeard("blocked", "暂停预约，可申诉", "credit", blocked, MENU_S)
    for name, title in (("survey-score", "通话后评分"), ("survey-call-back", "低分后问要不要回电")):
        yield MenuHeard(name, title, "survey", (Prompt(name),), MENU_S)
    kept = (full("kept-slot"), Prompt("kept-menu"))
    yield MenuHeard("kept", "断线重拨", "redial", kept, MENU_S)
    waits = (full("queue-place"), full("queue-earliest"))
    for name, title in (("queue-offer", "排队等候"), ("queue-offer-keep", "排队等候，可保留位置")):
        yield MenuHeard(name, title, "queue", (*waits, Prompt(name)), MENU_S)
    yield from _outgoing(full)
    yield from _lists(full, texts)
    yield from _read_backs(full)


def _openings(full: Full) -> Iterator[MenuHeard]:
    """All that comes before the first key."""
    most_s = GREETING_S + NOTICE_S + MENU_S
    main = Prompt("main-menu")
    opening = tuple(first_words([], recording=True, staffed=True))
    closed = tuple(first_words([], recording=True, staffed=False))
    surge = (*opening, full("announcement"))
    yield MenuHeard("opening", "接通后", "reception", (*opening, main), most_s)
    yield MenuHeard("opening-closed", "下班后接通", "reception", (*closed, main), most_s)
    yield MenuHeard("opening-announced", "有公告时接通", "reception", (*surge, main), most_s)


def _lists(full: Full, texts: Catalogue) -> Iterator[MenuHeard]:
    """The first page of each list, with more pages to come."""

    def page(title: str, options: Sequence[Prompt]) -> tuple[Prompt, ...]:
        first = pages(Prompt(title), [*options, options[-1]], _keyed, texts)[0]
        numbered = [_keyed(one, Number(key)) for key, one in enumerate(first, 1)]
        return page_heard(Prompt(title), numbered, more=True)

    doctor, department = full("option-doctor"), full("option")
    days, near = ([full("option-day", day=day) for day in _days(away)] for away in (3, 0))
    periods = [full("option-period", span=span) for span in _quarters(time(11))]
    for name, title, asked, options in (
        ("hospitals", "选医院", "choose-hospital", [full("option", name=LONGEST["hospital"])] * PAGE),
        ("departments", "选科室", "choose-department", [department] * PAGE),
        ("departments-full", "选科室，都已约满", "choose-department", [full("option-full")] * PAGE),
        ("doctors", "选医生", "choose-doctor", [full("option-earliest"), *[doctor] * (PAGE - 1)]),
        ("doctors-more", "选医生，下一页", "choose-doctor", [doctor] * PAGE),
        ("days", "选日期", "choose-day", days),
        ("days-near", "选日期，就在这几天", "choose-day", near),
        ("periods", "选时间", "choose-period", periods),
    ):
        yield MenuHeard(name, title, "choosing", page(asked, options), MENU_S)
    others = [full("option-other")] * PAGE
    yield MenuHeard("others", "选其他时间", "outgoing", page("choose-other", others), MENU_S)
    family = [full("option", name=full("ask-tail").values["name"])] * PAGE
    yield MenuHeard("who-is-it", "为谁办理", "identify", page("who-is-it", family), MENU_S)


def _read_backs(full: Full) -> Iterator[MenuHeard]:
    """What is read back whole before one key makes it so."""
    told = ("pay-at-hospital", "confirm")
    more, stopped = "appointment-menu-more", ("appointment", "appointment-stopped")
    for name, title, dialogue, said in (
        ("confirm", "确认预约", "booking", ("read-back", *told)),
        ("confirm-same", "确认上次的医生", "booking", ("same-doctor", "read-back-department", *told)),
        ("confirm-change", "确认改约", "appointments", ("change-from", "read-back", *told)),
        ("appointment", "听预约", "appointments", ("appointment", "appointment-serial", more)),
        ("appointment-unpaid", "听未支付的预约", "appointments", ("appointment", "appointment-unpaid", more)),
        ("appointment-stopped", "听停诊的预约", "appointments", (*stopped, more)),
        ("which", "是哪个预约", "appointments", (*stopped, "this-one")),
        ("cancel", "确认取消", "appointments", (*stopped, "cancel-ask")),
    ):
        yield MenuHeard(name, title, dialogue, tuple(map(full, said)), READ_BACK_S)


def _outgoing(full: Full) -> Iterator[MenuHeard]:
    """What we ask whom we call. The message is a read-back: one key makes it so."""
    gate = ("greeting", "recording-notice", "outgoing-reminder", "outgoing-gate")
    for name, title, said, limit_s in (
        ("gate", "请本人接听", gate, MENU_S),
        ("gate-leave", "请本人接听，停诊", (*gate[:2], "outgoing-leave", gate[3]), MENU_S),
        ("gate-waiting", "请本人接听，候补", (*gate[:2], "outgoing-waiting", gate[3]), MENU_S),
        (
            "leave",
            "停诊改约",
            ("outgoing-stopped", "outgoing-offer", "outgoing-leave-menu"),
            READ_BACK_S,
        ),
        (
            "found",
            "候补有号",
            ("outgoing-found", "outgoing-offer", "outgoing-waiting-menu"),
            READ_BACK_S,
        ),
        ("reminder", "就诊提醒", ("appointment", "outgoing-reminder-menu"), READ_BACK_S),
        ("give-back", "确认退号", ("outgoing-cancel-ask",), MENU_S),
    ):
        yield MenuHeard(name, title, "outgoing", tuple(map(full, said)), limit_s)


def _keyed(option: Prompt, key: Number) -> Prompt:
    return Prompt(option.name, {**option.values, "key": key})


def _days(away: int) -> Sequence[Day]:
    first = TODAY + timedelta(days=away)
    return [Day(date.fromordinal(first.toordinal() + later), TODAY, brief=True) for later in range(PAGE)]


def _quarters(starts: time) -> Sequence[Span]:
    """The shortest periods there are, one after the other."""
    minutes = [starts.hour * 60 + starts.minute + 15 * number for number in range(PAGE + 1)]
    clocks = [time(minute // 60, minute % 60) for minute in minutes]
    return [Span(begins, ends, with_half=False) for begins, ends in pairwise(clocks)]
