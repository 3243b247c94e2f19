"""Every menu as the caller hears it, in one go and at its longest, against how long it may take.

The limits hold for the usual track. Who asked for the slow one wants it longer: it has no limit.
"""

from collections.abc import Iterator, Mapping, Sequence
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

    def page(title: str, *options: Prompt) -> tuple[Prompt, ...]:
        """The first of several, numbered as it is asked."""
        first = pages(Prompt(title), [*options, options[-1]], _keyed, texts)[0]
        return page_heard(
            Prompt(title), [_keyed(one, Number(key)) for key, one in enumerate(first, 1)], more=True
        )

    main, confirm = Prompt("main-menu"), Prompt("confirm")
    opening_s = GREETING_S + NOTICE_S + MENU_S
    announced = full("announcement").values["text"]
    opening = first_words([], recording=True, staffed=True)
    closed = first_words([], recording=True, staffed=False)
    yield MenuHeard("opening", "接通后", "reception", (*opening, main), opening_s)
    yield MenuHeard("opening-closed", "下班后接通", "reception", (*closed, main), opening_s)
    surge = (*opening, Prompt("announcement", {"text": announced}), main)
    yield MenuHeard("opening-announced", "有公告时接通", "reception", surge, opening_s)

    def choice(name: str, title: str, dialogue: str, prompts: tuple[Prompt, ...]) -> MenuHeard:
        return MenuHeard(name, title, dialogue, prompts, MENU_S)

    for name, title, dialogue in (
        ("main-menu", "总菜单", "reception"),
        ("next-matter", "还要办理什么", "reception"),
        ("way-on", "约不上时怎么办", "choosing"),
    ):
        yield choice(name, title, dialogue, (Prompt(name),))
    family = [full("option", name=full("ask-tail").values["name"])] * PAGE
    yield choice("who-is-it", "为谁办理", "identify", page("who-is-it", *family))
    hospitals = [full("option", name=LONGEST["hospital"])] * PAGE
    yield choice("hospitals", "选医院", "choosing", page("choose-hospital", *hospitals))
    departments = [full("option")] * PAGE
    yield choice("departments", "选科室", "choosing", page("choose-department", *departments))
    sold_out = [full("option-full")] * PAGE
    yield choice("departments-full", "选科室，都已约满", "choosing", page("choose-department", *sold_out))
    doctors = [full("option-earliest"), *[full("option-doctor")] * (PAGE - 1)]
    yield choice("doctors", "选医生", "choosing", page("choose-doctor", *doctors))
    later = [full("option-doctor")] * PAGE
    yield choice("doctors-more", "选医生，下一页", "choosing", page("choose-doctor", *later))
    days = [full("option-day", day=day) for day in _days(3)]
    yield choice("days", "选日期", "choosing", page("choose-day", *days))
    near = [full("option-day", day=day) for day in _days(0)]
    yield choice("days-near", "选日期，就在这几天", "choosing", page("choose-day", *near))
    periods = [full("option-period", span=span) for span in _quarters(time(11))]
    yield choice("periods", "选时间", "choosing", page("choose-period", *periods))

    def read_back(name: str, title: str, dialogue: str, *names: str) -> MenuHeard:
        return MenuHeard(name, title, dialogue, tuple(map(full, names)), READ_BACK_S)

    told = ("read-back", "pay-at-hospital", confirm.name)
    yield read_back("confirm", "确认预约", "booking", *told)
    yield read_back(
        "confirm-same", "确认上次的医生", "booking", "same-doctor", "read-back-department", *told[1:]
    )
    yield read_back("confirm-change", "确认改约", "appointments", "change-from", *told)
    known = ("appointment", "appointment-serial", "appointment-menu-more")
    yield read_back("appointment", "听预约", "appointments", *known)
    unpaid = ("appointment", "appointment-unpaid", known[-1])
    yield read_back("appointment-unpaid", "听未支付的预约", "appointments", *unpaid)
    stopped = ("appointment", "appointment-stopped")
    yield read_back("appointment-stopped", "听停诊的预约", "appointments", *stopped, known[-1])
    yield read_back("which", "是哪个预约", "appointments", *stopped, "this-one")
    yield read_back("cancel", "确认取消", "appointments", *stopped, "cancel-ask")


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
