"""What a history is made of: plain data that can be run on any store, printed and shortened; pure.

A step that needs what came of an earlier one names it by its label; where that one is gone, or was refused,
it takes another (playing), and what came together asks for something that there is not: a history too.
"""

from dataclasses import dataclass

from tests.stores.town import Town


@dataclass(frozen=True)
class HoldAsk:
    session: int
    owner: str
    period: int | None = None
    slot: int | None = None
    person: int | None = None
    reason: str = "choice"
    minutes: int | None = None


@dataclass(frozen=True)
class BookAsk:
    """hold: the label of the step that made it."""

    hold: int
    person: int
    phone: str
    online: bool | None = None
    booker: int | None = None


@dataclass(frozen=True)
class ChangeAsk:
    """visit, hold: labels of the steps that made them."""

    visit: int
    hold: int
    override: str | None = None
    phone: str | None = None


@dataclass(frozen=True)
class CancelAsk:
    visit: int
    reason: str = "patient"
    override: str | None = None


@dataclass(frozen=True)
class Ask:
    """A command. actor: a name of town.ACTORS. call: an interaction."""

    label: int
    what: HoldAsk | BookAsk | ChangeAsk | CancelAsk
    actor: str
    call: int | None = None
    key: str | None = None


@dataclass(frozen=True)
class Together:
    """Commands that come at one moment and have nothing to do with each other but the slots they want."""

    asks: tuple[Ask, ...]


@dataclass(frozen=True)
class Pass:
    """Time passes. jobs: what is due then is done, as the house's timers do it."""

    minutes: int
    jobs: bool = True


@dataclass(frozen=True)
class Pay:
    """Money comes for what is asked for a visit, or was. times: the same money told so often, or other money."""

    visit: int
    txn: str


@dataclass(frozen=True)
class Leave:
    """A doctor is away, or is not after all. numbers: of these slots only. substitute: another doctor comes."""

    session: int
    how: str  # stop, resume, substitute
    slots: tuple[int, ...] = ()


@dataclass(frozen=True)
class SetRule:
    key: str
    value: str
    hospital: int | None
    retime: bool = False


@dataclass(frozen=True)
class Heartbeat:
    hold: int
    minutes: int


@dataclass(frozen=True)
class GiveUp:
    hold: int


@dataclass(frozen=True)
class Miss:
    """A line of the ledger that the visit day leaves."""

    person: int
    hospital: int


@dataclass(frozen=True)
class Wait:
    """Somebody waits for a slot like those of this session."""

    session: int
    doctor: bool


@dataclass(frozen=True)
class Papers:
    """The number of whoever booked without one is known."""

    visit: int


@dataclass(frozen=True)
class PickUp:
    visit: int


Step = Ask | Together | Pass | Pay | Leave | SetRule | Heartbeat | GiveUp | Miss | Wait | Papers | PickUp


@dataclass(frozen=True)
class History:
    number: int
    town: Town
    steps: tuple[Step, ...]

    def __str__(self) -> str:
        lines = [f"history {self.number}", "  rules:", *(f"    {rule}" for rule in self.town.rules)]
        lines += ["  sessions:"]
        lines += [f"    {place}. {line}" for place, line in enumerate(self.town.sessions, start=1)]
        return "\n".join([*lines, "  steps:", *(f"    {said(step)}" for step in self.steps)])


def said(step: object) -> str:
    """One step in words: its name, and what is not as usual."""
    if isinstance(step, Ask):
        more = [f"by the {step.actor}"]
        more += [f"in call {step.call}"] if step.call is not None else []
        more += [f"with key {step.key}"] if step.key is not None else []
        return f"{step.label}: {said(step.what)} {', '.join(more)}"
    if isinstance(step, Together):
        return "together [" + " | ".join(map(said, step.asks)) + "]"
    words = [f"{name}={value!r}" for name, value in vars(step).items() if value not in (None, ())]
    return f"{type(step).__name__.removesuffix('Ask')}({', '.join(words)})"
