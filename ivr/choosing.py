"""Choose one of many by single keys: four on a page, # for more, 9 to go back."""

from collections.abc import Callable, Sequence
from typing import TypeVar

from ivr.call import BACK, END, PERSON, REPEAT, Call, NeedsPerson, Prompt
from ivr.words import Number

T = TypeVar("T")

PAGE = 4


async def pick(
    call: Call, title: Prompt, items: Sequence[T], told: Callable[[T, Number], Prompt]
) -> T | None:
    """Let the caller choose an item; None when they go back with 9.

    told: the option's prompt for an item and its key. Silence or wrong keys twice lead to a person.
    """
    page, misses = 0, 0
    notice: tuple[Prompt, ...] = ()
    while True:
        shown = items[page * PAGE : (page + 1) * PAGE]
        more = len(items) > PAGE
        options = [told(item, Number(key)) for key, item in enumerate(shown, 1)]
        key = await call.ask(*notice, *page_heard(title, options, more=more))
        notice = ()
        if key == PERSON:
            raise NeedsPerson("asked")
        if key == BACK:
            return None
        if key == REPEAT:
            continue
        if key == END and more:
            page = (page + 1) % -(-len(items) // PAGE)
            continue
        if key.isdigit() and 1 <= int(key) <= len(shown):
            return shown[int(key) - 1]
        misses += 1
        if misses == 2:
            raise NeedsPerson("no-key" if not key else "wrong-key")
        notice = (Prompt("not-a-choice") if key else Prompt("no-input"),)


def page_heard(title: Prompt, options: Sequence[Prompt], *, more: bool) -> tuple[Prompt, ...]:
    """A whole page as the caller hears it. more: there are further pages."""
    return (title, *options, *((Prompt("more"),) if more else ()), Prompt("back"))
