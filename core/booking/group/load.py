"""Read all that a batch looks at, under the locks that keep it true, in a handful of statements."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from core.booking.commands import Book, Cancel, Change, Hold
from core.booking.group.books import Books
from core.booking.group.door import Door, Want
from core.booking.group.line import Asking
from core.booking.group.picture import Candidate, Choice, HoldLine, Left, Picture, Signature, SlotLine
from core.booking.group.read import block_of, made_of, past_block_of, past_of, place_of
from core.booking.hold import OFFERED
from core.booking.loading import LOOK_BACK, lock_key
from core.credit.rules import LedgerLine
from core.schedule.rules import sellable
from core.sealing import Sealer
from core.values import Channel, IdentityKind, day_of


class Loader:
    """Reads for one batch. What stands in `aside` afterwards the batch must leave to the plain store."""

    def __init__(self, door: Door, books: Books, sealer: Sealer, askings: Sequence[Asking], now: datetime):
        self._door, self._q, self._books = door, door.q, books
        self._askings = askings
        self._today = day_of(now)
        self.aside: set[Asking] = set()
        self.picture = Picture(now, door.sqlite)
        self.prints: dict[Asking, str] = {}
        for asking in askings:
            if isinstance(asking.command, Book | Change) and asking.command.contact is not None:
                self.prints[asking] = sealer.fingerprint(asking.command.contact.digits, "phone")

    def locks(self) -> list[int]:
        """What can be locked from the start; nothing where it must first be asked whose visit it is."""
        if any(isinstance(command, Change | Cancel) for command in self._commands()):
            return []
        return self._locks(self._named())

    def _locks(self, persons: Iterable[int]) -> list[int]:
        of_persons = [lock_key("person", one) for one in persons]
        return of_persons + [lock_key("phone", one) for one in self.prints.values()]

    async def load(self) -> Picture:
        """Everything, in the order in which one fact leads to the next; `locks` are held already."""
        early = bool(self.locks())
        persons = await self._persons()
        if not early:
            await self._door.lock(self._locks(persons))
        await self._keys()
        await self._appointments()
        await self._holds()
        await self._sessions()
        await self._free()
        await self._periods()
        await self._people(persons)
        return self.picture

    def _commands(self) -> Iterable[Any]:
        return (asking.command for asking in self._askings if asking not in self.aside)

    def _named(self) -> set[int]:
        """The persons that commands name."""
        return {
            command.person_id
            for command in self._commands()
            if isinstance(command, Book | Hold) and command.person_id is not None
        }

    async def _persons(self) -> set[int]:
        """Whose history is looked at. A visit of somebody who asks for more in this batch goes aside."""
        persons = self._named()
        visits = [c.appointment_id for c in self._commands() if isinstance(c, Change | Cancel)]
        if not visits:
            return persons
        whose = {row[0]: (row[1], row[2]) for row in await self._door.ask(self._q.whose, visits)}
        phones = set(self.prints.values())
        for asking in self._askings:
            if not isinstance(asking.command, Change | Cancel):
                continue
            person, mark = whose.get(asking.command.appointment_id, (None, None))
            same_phone = isinstance(asking.command, Change) and asking.command.contact is None
            if person in persons or (same_phone and mark in phones):
                self.aside.add(asking)
            elif person is not None:
                persons.add(person)
                if same_phone:
                    self.prints[asking] = mark
                    phones.add(mark)
        return persons

    async def _keys(self) -> None:
        keys = [command.key for command in self._commands() if command.key is not None]
        if keys:
            rows = await self._door.ask(self._q.keys, keys)
            self.picture.keys = {key: (mark, self._door.body(outcome)) for key, mark, outcome in rows}

    async def _appointments(self) -> None:
        ids = [c.appointment_id for c in self._commands() if isinstance(c, Change | Cancel)]
        if not ids:
            return
        ask, q, door = self._door.ask, self._q, self._door
        self.picture.appointments = {row[0]: made_of(door, row) for row in await ask(q.appointments, ids)}
        self.picture.paid = frozenset(row[0] for row in await ask(q.paid, ids))
        departments = {made.department_id for made in self.picture.appointments.values()}
        marks = await ask(q.awaited, list(departments), self._today)
        self.picture.awaited = [(row[0], row[1], door.day(row[2])) for row in marks]

    async def _holds(self) -> None:
        """The holds that are to be booked, what owners hold already, and the slots of all these."""
        ask, q, picture = self._door.ask, self._q, self.picture
        ids = [c.hold_id for c in self._commands() if isinstance(c, Book | Change)]
        if ids:
            picture.holds = {row[0]: HoldLine(*row) for row in await ask(q.holds, ids)}
        owners = {c.owner for c in self._commands() if isinstance(c, Hold) and c.reason == "choice"}
        if owners:
            choices: dict[str, list[Choice]] = defaultdict(list)
            for row in await ask(q.choices, list(owners)):
                choices[row[3]].append(Choice(*row))
            picture.choices = choices
        for asking in self._askings:
            if isinstance(asking.command, Book | Change):
                hold = picture.holds.get(asking.command.hold_id)
                if hold is not None and hold.owner in owners:
                    self.aside.add(asking)  # its owner is choosing anew in this very batch
        slots = {hold.slot_id for hold in picture.holds.values()}
        slots |= {choice.slot_id for found in picture.choices.values() for choice in found}
        slots |= {made.slot_id for made in picture.appointments.values()}
        if slots:
            instant = self._door.instant
            picture.slots = {
                row[0]: SlotLine(
                    row[0], row[1], row[2], row[3], row[4], row[5], instant(row[6]) if row[6] else None
                )
                for row in await ask(q.slots, list(slots))
            }

    async def _sessions(self) -> None:
        picture, door = self.picture, self._door
        ids = {command.session_id for command in self._commands() if isinstance(command, Hold)}
        ids |= {hold.session_id for hold in picture.holds.values()}
        ids |= {made.session_id for made in picture.appointments.values()}
        rows = await door.ask(self._q.sessions, list(ids)) if ids else []
        picture.sessions = {row[0]: place_of(door, row) for row in rows}
        if rows:
            hospitals = {place.slot.hospital_id for place in picture.sessions.values()}
            picture.books = await self._books.of(door, hospitals, tuple(rows[0][18:]))

    async def _free(self) -> None:
        """Candidates for every hold: of each session as many as it may take in this batch."""
        wanted = [(one, self.signature(one)) for one in self._askings if isinstance(one.command, Hold)]
        signatures = [sign for _, sign in wanted if sign is not None]
        if not signatures:
            return
        many: dict[int, int] = defaultdict(int)
        for sign in signatures:
            many[sign.session_id] += 1
        each = list(dict.fromkeys(signatures))
        found = await self._door.free([Want(*sign, many[sign.session_id]) for sign in each], self.picture.now)
        self.picture.free = {
            sign: [Candidate(*row) for row in rows] for sign, rows in zip(each, found, strict=True)
        }
        left = {}
        for sign in each:
            if len(self.picture.free[sign]) < many[sign.session_id]:
                asked = await self._door.ask(self._q.left, *sign[:4], self.picture.now, sign.own)
                left[sign] = Left(*asked[0])
        self.picture.left = left

    def signature(self, asking: Asking) -> Signature | None:
        """What slots a hold may be given; None when there is no such session."""
        command: Hold = asking.command  # type: ignore[assignment]
        place = self.picture.sessions.get(command.session_id)
        if place is None:
            return None
        channel = asking.by.channel or Channel.WINDOW
        pools = sellable(channel, now=self.picture.now, recycle_at=place.recycle_at)
        own = None if pools is None else channel.value
        return Signature(
            command.session_id, command.period_id, command.slot_id, command.reason in OFFERED, own
        )

    async def _periods(self) -> None:
        picture, instant = self.picture, self._door.instant
        ids = {slot.period_id for slot in picture.slots.values()}
        ids |= {one.period_id for found in picture.free.values() for one in found}
        ids |= {c.period_id for c in self._commands() if isinstance(c, Hold) and c.period_id is not None}
        if ids:
            rows = await self._door.ask(self._q.periods, list(ids))
            picture.periods = {row[0]: (row[1], instant(row[2]), instant(row[3])) for row in rows}

    async def _people(self, persons: set[int]) -> None:
        ask, q, door, picture = self._door.ask, self._q, self._door, self.picture
        ids = sorted(persons)
        if not ids:
            return
        since = day_of(picture.now - LOOK_BACK)
        rows = await ask(q.people, ids, since)
        picture.people = {
            row[0]: (IdentityKind(row[1]) if row[1] else None, door.day(row[2]) if row[2] else None, row[3])
            for row in rows
        }
        if carded := [row[0] for row in rows if row[4]]:
            picture.cards = frozenset((row[0], row[1]) for row in await ask(q.cards, carded))
        if blocked := [row[0] for row in rows if row[5]]:
            blocks = await ask(q.blocks, blocked)
            picture.blocks = _by_person(blocks, lambda row: block_of(door, row, picture.now))
            picture.past_blocks = _by_person(blocks, lambda row: past_block_of(door, row, picture.now))
        if known := [row[0] for row in rows if row[6]]:
            picture.history = _by_person(await ask(q.history, known, since), lambda row: past_of(door, row))
        if self.prints:
            served: dict[str, set[int]] = defaultdict(set)
            for mark, person in await ask(q.phones, list(set(self.prints.values())), self._today):
                served[mark].add(person)
            picture.phone_persons = {mark: frozenset(found) for mark, found in served.items()}
        if any(isinstance(command, Cancel) for command in self._commands()):
            picture.ledger = _by_person(
                await ask(q.ledger, ids),
                lambda row: LedgerLine(row[1], row[2], row[3], door.instant(row[4]), bool(row[5])),
            )


def _by_person(rows: Iterable[Any], read: Any) -> dict[int, list[Any]]:
    """Lists by the first column; what is read as None is nobody's."""
    found: dict[int, list[Any]] = defaultdict(list)
    for row in rows:
        one = read(row)
        if one is not None:
            found[row[0]].append(one)
    return found
