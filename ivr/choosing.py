"""Choose one of many by single keys: up to four on a page, # for more, 9 to go back."""

from collections.abc import Callable, Sequence
from typing import TypeVar

from ivr.call import BACK, END, PERSON, REPEAT, Call, NeedsPerson, Prompt
from ivr.prompts import MENU_S, Catalogue, catalogue
from ivr.words import Number

T = TypeVar("T")

PAGE = 4
# A page is made by reckoning, which is out by up to 7 % against the sounds themselves.
ROOM_S = MENU_S * 0.93


async def pick(
    call: Call, title: Prompt, items: Sequence[T], told: Callable[[T, Number], Prompt]
) -> T | None:
    """Let the caller choose an item; None when they go back with 9.

    told: the option's prompt for an item and its key. Silence or wrong keys twice lead to a person.
    """
    shown = pages(title, items, told)
    page, misses = 0, 0
    notice: tuple[Prompt, ...] = ()
    while True:
        here = shown[page]
        options = [told(item, Number(key)) for key, item in enumerate(here, 1)]
        key = await call.ask(*notice, *page_heard(title, options, more=len(shown) > 1))
        notice = ()
        if key == PERSON:
            raise NeedsPerson("asked")
        if key == BACK:
            return None
        if key == REPEAT:
            continue
        if key == END and len(shown) > 1:
            page = (page + 1) % len(shown)
            continue
        if key.isdigit() and 1 <= int(key) <= len(here):
            return here[int(key) - 1]
        misses += 1
        if misses == 2:
            raise NeedsPerson("no-key" if not key else "wrong-key")
        notice = (Prompt("not-a-choice") if key else Prompt("no-input"),)


def page_heard(title: Prompt, options: Sequence[Prompt], *, more: bool) -> tuple[Prompt, ...]:
    """A whole page as the caller hears it. more: there are further pages."""
    return (title, *options, *((Prompt("more"),) if more else ()), Prompt("back"))


def pages(
    title: Prompt, items: Sequence[T], told: Callable[[T, Number], Prompt], texts: Catalogue | None = None
) -> list[Sequence[T]]:
    """The items in their order, as many on a page as people listen to: four, or fewer with long names."""
    texts = texts or catalogue()

    def fits(shown: Sequence[T], *, more: bool) -> bool:
        options = [told(item, Number(key)) for key, item in enumerate(shown, 1)]
        return sum(map(texts.longest, page_heard(title, options, more=more))) <= ROOM_S

    if len(items) <= PAGE and fits(items, more=False):
        return [items]
    found, place = [], 0
    while place < len(items):
        size = next((size for size in range(PAGE, 1, -1) if fits(items[place : place + size], more=True)), 1)
        found.append(items[place : place + size])
        place += size
    return found
