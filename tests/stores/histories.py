"""Histories by number: the same number gives the same history, everywhere; pure."""

from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random

from tests.stores.rulebooks import rules_of_history
from tests.stores.steps import (
    Ask,
    BookAsk,
    CancelAsk,
    ChangeAsk,
    GiveUp,
    Heartbeat,
    History,
    HoldAsk,
    Leave,
    Miss,
    Papers,
    Pass,
    Pay,
    PickUp,
    SetRule,
    Step,
    Together,
    Wait,
)
from tests.stores.town import (
    ACTORS,
    CALLS,
    NOBODY,
    OPEN_POSTS,
    PERSONS,
    PHONES,
    POSTS,
    SessionLine,
    Town,
)

PASSING = (1, 3, 6, 12, 31, 45, 90, 240, 600, 1_440, 2_900)
ACTOR_NAMES = tuple(ACTORS)
WEIGHTS = (5, 5, 2, 3, 2, 2, 1, 1)
SHARES: tuple[tuple[tuple[str, int], ...], ...] = ((), (), (("web", 1),), (("phone", 1), ("sms", 1)))
# What makes a rule bite.
STORY_OF = {
    "limit.live": "again", "limit.day": "again", "limit.session": "again", "limit.doctor-day": "again",
    "limit.period": "again", "limit.doctor-period": "again", "overlap.minutes": "both",
    "rebook.pause-minutes": "back", "block.cancel": "back", "block.same-day-cancel": "back",
    "change.max": "moved", "change.deadline": "moved", "cancel.deadline": "back", "refund.web": "paid",
    "limit.phone-persons": "family", "block.no-show": "missed", "waiting.first-minutes": "awaited",
    "waiting.only": "awaited", "pay.mode": "paid and moved", "pay.minutes": "unpaid",
}  # fmt: skip
Next = Step | HoldAsk | BookAsk | ChangeAsk | CancelAsk


def history(number: int, *, together: bool = False) -> History:
    """The history of this number, of 3 to 12 commands. together: some of them at one moment."""
    chance = Random(number * 2 + together)
    town = _town(chance, number)
    return History(number, town, tuple(_Writer(chance, town, together).steps()))


def _town(chance: Random, number: int) -> Town:
    sessions: list[SessionLine] = []
    taken = set()
    for _ in range(chance.randint(2, 4)):
        post = chance.choice(OPEN_POSTS if chance.random() < 0.93 else POSTS)
        day = chance.choices((1, 2, 3, 0, 9), (12, 12, 9, 1, 1))[0]
        half = chance.choice(("am", "pm"))
        if (post.id, day, half) in taken:
            continue
        taken.add((post.id, day, half))
        slots = chance.choice((1, 2, 2, 3, 4, 5))
        shares = chance.choice(SHARES) if slots > 2 else (("web", 1),) if chance.random() < 0.1 else ()
        state = "stopped" if chance.random() < 0.03 else "published"
        sessions.append(SessionLine(post, day, half, slots, chance.choice((30, 60)), shares, state))
    return Town(rules_of_history(chance, number), tuple(sessions))


@dataclass
class _Held:
    """What a hold was asked for; whether it was got nobody knows here."""

    label: int
    session: int
    owner: str
    person: int | None


@dataclass
class _Visit:
    label: int
    session: int
    person: int
    phone: str


@dataclass
class _Writer:
    chance: Random
    town: Town
    together: bool
    holds: list[_Held] = field(default_factory=list)
    unused: list[_Held] = field(default_factory=list)
    visits: list[_Visit] = field(default_factory=list)
    asked: list[Ask] = field(default_factory=list)
    flow: list[Callable[[], Next]] = field(default_factory=list)
    label: int = 0
    patient: int = 0  # whom most of it is about
    face: str = ""  # and who asks mostly

    def steps(self) -> list[Step]:
        found: list[Step] = []
        self.patient = self.chance.choice(PERSONS).id
        self.face = self.chance.choices(ACTOR_NAMES, WEIGHTS)[0]
        if any(rule.key == "refund.web" for rule in self.town.rules):
            self.face = "surfer"
        hinted = any(rule.key in STORY_OF for rule in self.town.rules)
        if self.chance.random() < (0.9 if hinted else 0.5):
            self.flow = self._story()
        commands = self.chance.choice((3, 4, 4, 5, 5, 6, 6, 7, 8, 12))
        while self.label < commands:
            if self.label and self.chance.random() < (0.08 if self.flow else 0.3):
                found.append(self._between())
            if self.together and not self.flow and self.chance.random() < 0.5:
                asks = self._at_once(self.chance.randint(2, 6))
                if len(asks) > 1:
                    found.append(Together(tuple(asks)))
                    continue
            next_one = self.flow.pop(0)() if self.flow else self._command()
            if isinstance(next_one, HoldAsk | BookAsk | ChangeAsk | CancelAsk):
                next_one = self._ask(next_one)
            found.append(next_one)
            if isinstance(next_one, Ask):
                self._go_on(next_one)
        return found

    def _go_on(self, asked: Ask) -> None:
        """What usually follows: who holds books, some who have booked pay, or choose another time."""
        if self.flow:
            return
        if isinstance(asked.what, HoldAsk) and self.chance.random() < 0.5:
            self.flow.append(lambda: self._book(self.holds[-1]))
        elif isinstance(asked.what, BookAsk):
            like = self.chance.random()
            if like < 0.25:
                self.flow.append(self._paid)
            elif like < 0.5:
                self.flow += [self._hold_for_all, lambda: self._change(to=self.holds[-1])]

    # --- what patients do -----------------------------------------------------------------------------

    def _story(self) -> list[Callable[[], Next]]:
        """Something that one patient does from its beginning to its end."""
        here, there = (self.chance.randint(1, len(self.town.sessions)) for _ in range(2))
        there = here if self.chance.random() < 0.3 else there
        phone, other = PHONES[0], self.chance.choice([one.id for one in PERSONS if one.id != self.patient])
        hold, book, again = (
            self._holding(here, self.patient),
            self._booking(phone),
            self._holding(there, self.patient),
        )
        stories: dict[str, list[Callable[[], Next]]] = {
            "again": [hold, book, again, book],
            "both": [hold, again, lambda: self._book(self.holds[-2], phone), book],
            "back": [hold, book, self._cancel, hold, book],
            "moved": [hold, book, self._holding(there), self._moving, self._holding(here), self._moving],
            "paid": [hold, book, self._paid, self._cancel],
            "paid and moved": [hold, book, self._paid, self._holding(there), self._moving, self._cancel],
            "family": [hold, book, self._holding(there, other), self._booking(phone)],
            "missed": [self._missing, self._missing, hold, self._holding(here), book],
            "stopped": [hold, book, lambda: Leave(here, "stop"), self._cancel],
            "stopped, paid": [
                hold, book, self._paid, lambda: Leave(here, "stop"), self._holding(there), self._moving,
            ],
            "another doctor": [
                hold, book, lambda: Leave(here, "substitute"), self._holding(there), self._moving,
            ],
            "lapsed": [hold, lambda: Pass(130), self._holding(here, other), book],
            "unpaid": [hold, book, lambda: Pass(45), self._paid],
            "awaited": [
                hold, book, lambda: Wait(here, doctor=False), self._cancel, self._holding(here, other),
            ],
            "resumed": [hold, lambda: Leave(here, "stop"), book, lambda: Leave(here, "resume"), hold],
        }  # fmt: skip
        hints = [STORY_OF[rule.key] for rule in self.town.rules if rule.key in STORY_OF]
        if hints and self.chance.random() < 0.9:
            return stories[self.chance.choice(hints)]
        return stories[self.chance.choice(sorted(stories))]

    def _missing(self) -> Next:
        return Miss(self.patient, 1)

    def _holding(self, session: int, person: int | None = None) -> Callable[[], Next]:
        return lambda: HoldAsk(session, f"call:{self.label}", person=person)

    def _booking(self, phone: str) -> Callable[[], Next]:
        return lambda: BookAsk(self.holds[-1].label, self.holds[-1].person or self.patient, phone)

    def _moving(self) -> Next:
        return self._change(self.visits[-1] if self.visits else None, self.holds[-1])

    def _paid(self) -> Next:
        label = self.visits[-1].label if self.visits else NOBODY
        return Pay(label, f"txn-{label}")

    def _hold_for_all(self) -> HoldAsk:
        return HoldAsk(self.chance.randint(1, len(self.town.sessions)), "call:change", minutes=60)

    # --- one command ----------------------------------------------------------------------------------

    def _command(self) -> Ask:
        if self.asked and self.chance.random() < 0.1:
            return self._repeat()
        kinds, weights = ["hold"], [3 if self.unused else 6]
        if self.unused or self.holds:
            kinds.append("book")
            weights.append(6 if self.unused else 1)
        if self.visits:
            kinds += ["cancel", "change"]
            weights += [3, 4 if self.unused else 1]
        if self.chance.random() < 0.03:
            kinds, weights = ["book", "cancel", "change"], [1, 1, 1]
        kind = self.chance.choices(kinds, weights)[0]
        made: dict[str, Callable[[], HoldAsk | BookAsk | ChangeAsk | CancelAsk]] = {
            "hold": self._hold,
            "book": self._book,
            "cancel": self._cancel,
            "change": self._change,
        }
        return self._ask(made[kind]())

    def _ask(self, what: HoldAsk | BookAsk | ChangeAsk | CancelAsk, call: int | None = None) -> Ask:
        self.label += 1
        key = f"key-{self.label}" if self.chance.random() < 0.4 else None
        if call is None and self.chance.random() < 0.6:
            call = self.chance.choice(CALLS)
        actor = self.chance.choices(ACTOR_NAMES, WEIGHTS)[0] if self.chance.random() < 0.5 else self.face
        if isinstance(what, CancelAsk | ChangeAsk) and what.override and self.chance.random() < 0.7:
            actor = "supervisor"
        asked = Ask(self.label, what, actor, call, key)
        self._note(asked)
        return asked

    def _note(self, asked: Ask) -> None:
        what, label = asked.what, asked.label
        self.asked.append(asked)
        if isinstance(what, HoldAsk):
            held = _Held(label, what.session, what.owner, what.person)
            self.holds.append(held)
            self.unused.append(held)
        elif isinstance(what, BookAsk):
            of = next((one for one in self.holds if one.label == what.hold), None)
            if of is not None:
                self.visits.append(_Visit(label, of.session, what.person, what.phone))
                self.unused = [one for one in self.unused if one is not of]
        elif isinstance(what, ChangeAsk):
            of = next((one for one in self.holds if one.label == what.hold), None)
            old = next((one for one in self.visits if one.label == what.visit), None)
            if of is not None and old is not None:
                self.visits.append(_Visit(label, of.session, old.person, what.phone or old.phone))
                self.unused = [one for one in self.unused if one is not of]

    def _repeat(self) -> Ask:
        """The same again under its key, or another command under it."""
        before = self.chance.choice(self.asked)
        self.label += 1
        key = before.key or f"key-{before.label}"
        call = before.call if self.chance.random() < 0.7 else None
        if self.chance.random() < 0.7:
            again = Ask(self.label, before.what, before.actor, call, key)
        else:
            other = self.chance.choice((self._hold, self._book, self._cancel, self._change))
            again = Ask(self.label, other(), before.actor, call, key)
        self._note(again)
        return again

    def _hold(self, owner: str | None = None, person: int | None = None) -> HoldAsk:
        chance = self.chance
        session = chance.randint(1, len(self.town.sessions)) if chance.random() < 0.99 else NOBODY
        owner = owner or f"call:{chance.randint(1, 9)}"
        if person is None and chance.random() < 0.6:
            person = self._person()
        period = slot = None
        if session != NOBODY:
            like = chance.random()
            if like < 0.15:
                period = chance.choice(self.town.periods_of(session))
            elif like < 0.24:
                slot = chance.choice(self.town.slots_of(session))
            elif like < 0.26:  # of another session, perhaps
                period, slot = chance.choice(((1, None), (None, 1), (NOBODY, None), (None, NOBODY), (1, 1)))
        reason = chance.choices(("choice", "leave-offer", "waiting-offer"), (12, 1, 1))[0]
        minutes = chance.choice((None, None, None, 1, 120))
        return HoldAsk(session, owner, period, slot, person, reason, minutes)

    def _person(self) -> int:
        like = self.chance.random()
        if like < 0.02:
            return NOBODY
        return self.patient if like < 0.6 else self.chance.choice(PERSONS).id

    def _book(self, of: _Held | None = None, phone: str | None = None) -> BookAsk:
        chance = self.chance
        if of is None:
            known = self.unused if self.unused and chance.random() < 0.85 else self.holds
            of = chance.choice(known) if known else None
        hold, person = (of.label, of.person) if of is not None else (NOBODY, None)
        if person is None or chance.random() < 0.1:
            person = self._person()
        booker = chance.choice(PERSONS).id if chance.random() < 0.15 else None
        return BookAsk(
            hold,
            person,
            phone or chance.choice(PHONES[:3] + PHONES),
            chance.choice((None, True, False)),
            booker,
        )

    def _change(
        self, of: _Visit | None = None, to: _Held | None = None, phone: str | None = None
    ) -> ChangeAsk:
        chance = self.chance
        if of is None:
            of = chance.choice(self.visits) if self.visits else None
        if to is None:
            known = self.unused if self.unused and chance.random() < 0.9 else self.holds
            to = chance.choice(known) if known else None
        override = "a reason" if chance.random() < 0.15 else None
        return ChangeAsk(of.label if of else NOBODY, to.label if to else NOBODY, override, phone)

    def _cancel(self, of: _Visit | None = None) -> CancelAsk:
        chance = self.chance
        if of is None:
            of = chance.choice(self.visits) if self.visits else None
        reason = chance.choices(("patient", "hospital", "mistake"), (8, 1, 1))[0]
        override = "a reason" if chance.random() < 0.15 else None
        return CancelAsk(of.label if of else NOBODY, reason, override)

    # --- several at one moment ------------------------------------------------------------------------

    def _at_once(self, number: int) -> list[Ask]:
        """Commands of different persons, phones, owners; no session both gives and takes a slot back."""
        chance, asks = self.chance, []
        persons = [one.id for one in PERSONS]
        chance.shuffle(persons)
        phones, calls = list(PHONES), list(CALLS)
        chance.shuffle(calls)
        giving: set[int] = set()
        taking: set[int] = set()
        holds, visits = list(self.unused), list(self.visits)
        for place in range(number):
            kind = chance.choices(("hold", "book", "cancel", "change"), (6, 5, 2, 2))[0]
            what: HoldAsk | BookAsk | ChangeAsk | CancelAsk | None = None
            visit = next(
                (one for one in visits if one.person in persons and one.phone in phones), None
            ) if kind in ("cancel", "change") else None  # fmt: skip
            held = next(
                (one for one in holds if one.session not in taking and one.person in (None, *persons)), None
            ) if kind in ("book", "change") else None  # fmt: skip
            if kind == "hold" and persons:
                what = self._hold(f"new:{self.label}:{place}", persons[0])
                if what.session in taking:
                    continue
                giving.add(what.session)
                persons = persons[1:]
            elif kind == "book" and held is not None and phones and persons:
                person = held.person or persons[0]
                if person not in persons or held.owner in {f"new:{self.label}:{n}" for n in range(place)}:
                    continue
                what = BookAsk(held.label, person, phones[0], chance.choice((None, True)))
                giving.add(held.session)
                persons, phones = [one for one in persons if one != person], phones[1:]
                holds.remove(held)
            elif kind == "cancel" and visit is not None and visit.session not in giving:
                what = self._cancel(visit)
                taking.add(visit.session)
            elif kind == "change" and visit is not None and held is not None:
                if visit.session in giving or held.session in (visit.session, *taking):
                    continue
                what = self._change(visit, held)
                taking.add(visit.session)
                giving.add(held.session)
                holds.remove(held)
            if what is None:
                continue
            if visit is not None and isinstance(what, CancelAsk | ChangeAsk):
                visits = [one for one in visits if one.label != visit.label]
                persons = [one for one in persons if one != visit.person]
                phones = [one for one in phones if one != visit.phone]
            asks.append((what, calls[place]))
        return [self._ask(what, call) for what, call in asks]

    # --- what happens between commands ----------------------------------------------------------------

    def _between(self) -> Step:
        chance = self.chance
        session = chance.randint(1, len(self.town.sessions))
        if self.visits and self.visits[-1].session != NOBODY and chance.random() < 0.6:
            session = self.visits[-1].session
        kinds = ["pass", "leave", "rule", "miss", "wait"]
        weights = [9, 2, 2, 1, 2]
        if self.holds:
            kinds += ["heartbeat", "give up"]
            weights += [1, 1]
        if self.visits:
            kinds += ["pay", "papers", "pick up"]
            weights += [4, 1, 1]
        kind = chance.choices(kinds, weights)[0]
        if kind == "pass":
            return Pass(chance.choices(PASSING, (4, 3, 4, 2, 3, 1, 1, 1, 1, 1, 1))[0], chance.random() < 0.7)
        if kind == "leave":
            how = chance.choices(("stop", "resume", "substitute"), (3, 2, 1))[0]
            some = chance.random() < 0.3 and how != "substitute"
            return Leave(session, how, tuple(self.town.slots_of(session))[:2] if some else ())
        if kind == "rule":
            rule = chance.choice(rules_of_history(chance, chance.randint(0, 999)) or self.town.rules)
            return SetRule(rule.key, rule.value, rule.hospital, chance.random() < 0.7)
        if kind == "miss":
            return Miss(chance.choice(PERSONS[:4]).id, chance.choice((1, 2)))
        if kind == "wait":
            return Wait(session, chance.random() < 0.5)
        if kind == "heartbeat":
            return Heartbeat(chance.choice(self.holds).label, chance.choice((1, 10, 60)))
        if kind == "give up":
            return GiveUp(chance.choice(self.holds).label)
        visit = chance.choice(self.visits).label
        if kind == "pay":
            return Pay(visit, f"txn-{chance.choice((visit, visit, self.label))}")
        return Papers(visit) if kind == "papers" else PickUp(visit)
