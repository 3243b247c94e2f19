"""What callers press and what then happens; played in memory, over AGI, and on a real call.

'.' is silence, '!' a hang-up. `heard` are the prompts in order, without their values; '*' between
two of them stands for any prompts.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from core.booking import view
from tests.callers import Caller
from tests.clocks import FrozenClock
from tests.ivr.town import ELDER, FAMILY, LI, STRANGER, Town, TownModel, a_town, prepare


@dataclass(frozen=True)
class Script:
    name: str
    keys: str
    disposition: str
    ends_with: tuple[str, ...]  # the last prompts heard
    ani: str = LI
    before: str = ""  # what is prepared: 'booked', 'booked-tomorrow', 'full', 'night', 'surge'
    target: str | None = None
    booked: int | None = None  # appointments of the call's patient that are open afterwards
    live: bool = True  # also played on a real call
    marks: tuple[str, ...] = field(default=())


GREETED = ("greeting", "main-menu")
MENU_KEYS = ("choose-hospital", "option", "back")

SCRIPTS = [
    Script("the doctor of last time in six keys", "1{tail}1.", "booked",
           ("confirm", "booked", "booked-again", "next-matter", "goodbye"), booked=1),
    Script("a habitual hash after the last four answers nothing", "1{tail}#1.", "booked",
           ("confirm", "booked", "booked-again", "next-matter", "goodbye"), booked=1),
    Script("no key leads to a person", ".", "to-person", ("greeting", "main-menu", "to-person"), target="queue"),
    Script("zero leads to a person", "0", "to-person", ("main-menu", "to-person"), target="queue"),
    Script("one unknown key is forgiven, two lead to a person", "77", "to-person",
           ("not-a-choice", "main-menu", "to-person"), target="queue"),
    Script("a hang-up in the greeting", "!", "abandoned-menu", GREETED),
    Script("a star repeats the menu", "*0", "to-person", ("main-menu", "main-menu", "to-person"), target="queue"),
    Script("nine slows down", "90", "to-person", ("slower", "main-menu", "to-person"), target="queue"),
    Script("an elder is led to a person at once", "", "to-person", ("greeting", "to-person-elder"),
           ani=ELDER, target="queue"),
    Script("another doctor, by keys", "1{tail}2112111.", "booked",
           ("read-back", "pay-at-hospital", "confirm", "booked", "booked-again", "next-matter", "goodbye"), booked=1),
    Script("the earliest of a department", "1{tail}21111.", "booked",
           ("confirm", "booked", "booked-again", "next-matter", "goodbye"), booked=1),
    Script("a family chooses whom it is for", "11{wang}1111.", "booked",
           ("confirm", "booked", "booked-again", "next-matter", "goodbye"), ani=FAMILY),
    Script("a stranger keys the whole identity number", "1{id}1.", "booked",
           ("confirm", "booked", "booked-again", "next-matter", "goodbye"), ani=STRANGER, booked=1),
    Script("a wrong last four twice leads to a person", "100010002", "to-person", ("tail-wrong", "to-person"),
           target="queue"),
    Script("an unregistered identity number leads to a person", "1{unknown}", "to-person", ("ask-id", "id-unknown", "to-person"),
           ani=STRANGER, target="queue"),
    Script("zero in the middle of the booking leads to a person", "1{tail}20", "to-person",
           ("choose-hospital", "option", "back", "to-person"), target="queue", booked=0),
    Script("a full department says so and offers the others", "1{tail}2120", "to-person",
           ("department-full", "choose-department", "option", "option-full", "back", "to-person"), target="queue"),
    Script("nine goes back to the hospital", "1{tail}2190", "to-person",
           ("choose-hospital", "option", "back", "to-person"), target="queue"),
    Script("a hang-up while the slot is held", "1{tail}!", "abandoned-menu", ("pay-at-hospital", "confirm"), booked=0),
    Script("a hang-up at the question who calls", "1!", "abandoned-menu", ("ask-tail",), booked=0),
    Script("a hang-up in the middle of a number", "1{tail:.2}!", "abandoned-menu", ("ask-tail",), booked=0),
    Script("a hang-up at the hospitals", "1{tail}2!", "abandoned-menu", ("choose-hospital", "option", "back"), booked=0),
    Script("a hang-up at the departments", "1{tail}21!", "abandoned-menu",
           ("choose-department", "*", "back"), booked=0),
    Script("no key at the read-back asks once more, then a person", "1{tail}..", "to-person",
           ("confirm", "to-person"), target="queue", booked=0),
    Script("refused by a rule, and a person after", "1{tail}21110", "to-person",
           ("refusal-limit-department-day", "way-on", "to-person"), before="booked", target="queue", booked=1),
    Script("hear an appointment and keep it", "21.", "kept",
           ("appointment-menu", "kept", "next-matter", "goodbye"), before="booked", booked=1),
    Script("hear it and cancel it", "231.", "cancelled",
           ("cancel-ask", "cancelled", "next-matter", "goodbye"), before="booked", booked=0),
    Script("cancel by the menu", "41.", "cancelled", ("cancel-ask", "cancelled", "next-matter", "goodbye"),
           before="booked", booked=0),
    Script("think better of cancelling", "42.", "kept", ("cancel-ask", "kept", "next-matter", "goodbye"),
           before="booked", booked=1),
    Script("change to the earliest of the department", "311.", "changed",
           ("change-from", "read-back", "pay-at-hospital", "confirm", "changed", "next-matter", "goodbye"),
           before="booked", booked=1),
    Script("a serial number from a strange phone needs the last four", "2{serial}{tail}1.", "kept",
           ("appointment-menu", "kept", "next-matter", "goodbye"), ani=STRANGER, before="booked", booked=1),
    Script("a wrong serial number twice leads to a person", "21234567812345679", "to-person",
           ("serial-wrong", "to-person"), ani=STRANGER, target="queue"),
    Script("too late to cancel leads to a person", "41", "to-person",
           ("cancel-ask", "refusal-too-late-to-cancel", "to-person"), before="booked-too-late", target="queue", booked=1),
    Script("sold out is said before a minute is spent", "1{tail}1", "abandoned-menu",
           ("choose-hospital", "option", "back", "hospital-full", "*"), before="full", booked=0),
    Script("at night the machine books, and a person is a message", "0#", "message",
           ("main-menu", "after-hours", "(beep)", "message-thanks"), before="night"),
    Script("a message that ends with a hang-up is a message", "0!", "message", ("main-menu", "after-hours"),
           before="night"),
    Script("two matters in one call", "1{tail}1141.", "cancelled",
           ("cancelled", "next-matter", "goodbye"), booked=0),
    Script("a surge is announced", "0", "to-person", ("greeting", "announcement", "main-menu", "to-person"),
           before="surge", target="queue"),
]  # fmt: skip


@dataclass(frozen=True)
class Outcome:
    """words: every sentence that was said, with its values. booked: the patient's open appointments."""

    words: tuple[str, ...]
    disposition: str | None  # None: the dialogue did not end
    target: str | None
    booked: int


async def in_memory(script: Script, model: TownModel, folder: Path) -> Outcome:
    """What comes of a script without any line: the measure for those that have one."""
    async with a_town(model, folder) as (made, clock):
        serial = await prepare(made, script.before, clock)
        caller = Caller(made.keys(script.keys, serial), ani=script.ani)
        ended = await made.desk.receive(caller)
        return Outcome(tuple(caller.words), ended.value, caller.target, await booked(made, clock))


async def booked(made: Town, clock: FrozenClock) -> int:
    async with made.hotline.read() as db:
        return len(await view.open_of_person(db, made.clinic.people["李秀英"], clock.now()))


def ends_with(heard: Sequence[str], wanted: Sequence[str]) -> bool:
    """Whether the last prompts are the wanted ones; '*' is any run of prompts."""
    if not wanted:
        return True
    if wanted[-1] == "*":
        return any(ends_with(heard[:place], wanted[:-1]) for place in range(len(heard), -1, -1))
    if not heard or heard[-1] != wanted[-1]:
        return False
    return len(wanted) == 1 or ends_with(heard[:-1], wanted[:-1])
