"""The main menu as data: key to dialogue."""

from collections.abc import Awaitable, Callable

from core.contact.rules import Disposition
from ivr.booking import book
from ivr.cancelling import cancel
from ivr.changing import change
from ivr.enquiry import enquire
from ivr.line import Line

MAIN: dict[str, tuple[str, Callable[[Line], Awaitable[Disposition]]]] = {
    "1": ("book", book),
    "2": ("enquire", enquire),
    "3": ("change", change),
    "4": ("cancel", cancel),
}
