"""The twelve points of the booking dialogue at which a line is cut, and what holds then (docs/recovery.md)."""

from dataclasses import dataclass

NOTHING, KEPT, BOOKED = "nothing", "kept", "booked"


@dataclass(frozen=True)
class Cut:
    """keys: until the line goes; to the menu or, with `waits`, then on hold for an operator.

    left: what there is afterwards. finish: the keys of the redial that lead to the appointment.
    """

    point: int
    name: str
    keys: str
    left: str
    finish: str
    waits: bool = False


SHORTEST, ON = "1{tail}1.", "1{tail}1."

CUTS = (
    Cut(1, "the main menu", "!", NOTHING, SHORTEST),
    Cut(2, "the question who calls", "1!", NOTHING, SHORTEST),
    Cut(3, "in the middle of the last four", "1{tail:.2}!", NOTHING, SHORTEST),
    Cut(4, "the read-back of the doctor of last time", "1{tail}!", KEPT, ON),
    Cut(5, "the hospitals, that doctor turned down", "1{tail}2!", NOTHING, SHORTEST),
    Cut(6, "the departments", "1{tail}21!", NOTHING, SHORTEST),
    Cut(7, "the doctors", "1{tail}211!", NOTHING, SHORTEST),
    Cut(8, "the days", "1{tail}2112!", NOTHING, SHORTEST),
    Cut(9, "the periods", "1{tail}21121!", NOTHING, SHORTEST),
    Cut(10, "the read-back of what was chosen", "1{tail}211211!", KEPT, ON),
    Cut(11, "the music, on the way to an operator", "1{tail}0", KEPT, ON, waits=True),
    Cut(12, "the serial number", "1{tail}1!", BOOKED, ""),
)
