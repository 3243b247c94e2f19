"""What the crowd of the invented province has bought, written down in bulk.

The engine takes its 20 ms for each booking, with good reason; nobody competes here. So a batch
leaves what the engine would have left: person, slot, appointment, payment, and their events.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import insert, update

from core.booking.rules import FHIR, State
from core.booking.tables import Appointment
from core.events import AppointmentBooked, PaymentReceived, PersonRegistered
from core.money.rules import PaymentState
from core.money.tables import Payment
from core.people.naming import initials_of, pinyin_of
from core.people.register import tail_print
from core.people.tables import Person, PersonPhone
from core.schedule.rules import SLOT_FHIR, SlotState
from core.schedule.tables import Session, Slot
from core.values import Channel, demo_identity, serial
from core.work import Work


@dataclass
class Somebody:
    """sort: child, woman, man; days: on which they have been booked in already."""

    number: int
    sort: str
    born: date
    name: str
    days: set[date]
    person_id: int = 0

    @property
    def phone(self) -> str:
        return f"1072{self.number:07}"


@dataclass(frozen=True)
class Place:
    slot_id: int
    period_id: int
    sequence: int
    pool: str
    starts_at: datetime
    ends_at: datetime


@dataclass(frozen=True)
class Manners:
    """What a hospital's rules say of a kind of session: who may come, what is promised, how it is paid."""

    sorts: Sequence[str]
    promised: dict[str, str]
    online: bool


@dataclass(frozen=True)
class Sale:
    """Who bought which place of which session."""

    session: Session
    place: Place
    who: Somebody
    rules: Manners


class Ledger:
    """Draws serial numbers that nobody has; taken: those of before."""

    def __init__(self, taken: set[str]) -> None:
        self._serials = taken

    async def write(self, work: Work, channel: Channel, sales: Sequence[Sale]) -> None:
        """One batch of one channel at one moment; people who are new are written down first."""
        await _register(work, [sale.who for sale in sales if not sale.who.person_id])
        for part in _parts([sale.place.slot_id for sale in sales]):
            await work.db.execute(
                update(Slot)
                .where(Slot.id.in_(part), Slot.state == SlotState.FREE)
                .values(state=SlotState.BOOKED.value, fhir=SLOT_FHIR[SlotState.BOOKED])
            )
        rows = [self._appointment(work, channel, sale) for sale in sales]
        made = await work.db.execute(insert(Appointment).returning(Appointment.slot_id, Appointment.id), rows)
        id_of = dict(made.all())
        for sale in sales:
            work.record(
                AppointmentBooked(
                    appointment_id=id_of[sale.place.slot_id],
                    person_id=sale.who.person_id,
                    session_id=sale.session.id,
                    slot_id=sale.place.slot_id,
                    state=State.BOOKED.value,
                    version=1,
                )
            )
        await _paid(work, [(sale, id_of[sale.place.slot_id]) for sale in sales if sale.rules.online])

    def _appointment(self, work: Work, channel: Channel, sale: Sale) -> dict[str, Any]:
        session, place = sale.session, sale.place
        return {
            "serial": self._serial(work),
            "slot_id": place.slot_id,
            "session_id": session.id,
            "hospital_id": session.hospital_id,
            "department_id": session.department_id,
            "doctor_id": session.doctor_id,
            "person_id": sale.who.person_id,
            "contact_print": work.sealer.fingerprint(sale.who.phone, "phone"),
            "contact_tail": tail_print(work.sealer, sale.who.phone, "phone"),
            "contact_sealed": work.sealer.seal(sale.who.phone, "phone"),
            "channel": channel.value,
            "day": session.day,
            "starts_at": place.starts_at,
            "ends_at": place.ends_at,
            "sequence": place.sequence,
            "number_kind": session.number_kind,
            "room": session.room,
            "fee_fen": session.fee_fen,
            "pay_mode": "online" if sale.rules.online else "at-hospital",
            "state": State.BOOKED.value,
            "fhir": FHIR[State.BOOKED],
            "promised": sale.rules.promised,
            "booked_at": work.now,
        }

    def _serial(self, work: Work) -> str:
        while (drawn := serial(work.chance.number(1_000_000, 9_999_999))) in self._serials:
            pass
        self._serials.add(drawn)
        return drawn


async def _register(work: Work, people: Sequence[Somebody]) -> None:
    """Write people down as core.people.register does: sealed, and found by fingerprint."""
    new = list({who.number: who for who in people}.values())
    if not new:
        return
    rows = {who.number: _person(work, who) for who in new}
    made = await work.db.execute(
        insert(Person).returning(Person.identity_print, Person.id), list(rows.values())
    )
    id_of = dict(made.all())
    for who in new:
        who.person_id = id_of[rows[who.number]["identity_print"]]
        work.record(PersonRegistered(person_id=who.person_id, provisional=False))
    await work.db.execute(
        insert(PersonPhone),
        [
            {
                "person_id": who.person_id,
                "phone_print": work.sealer.fingerprint(who.phone, "phone"),
                "phone_tail": tail_print(work.sealer, who.phone, "phone"),
                "phone_sealed": work.sealer.seal(who.phone, "phone"),
                "created_at": work.now,
            }
            for who in new
        ],
    )


def _person(work: Work, who: Somebody) -> dict[str, Any]:
    male = who.sort == "man" or (who.sort == "child" and who.number % 2)
    # Another district than the cast's, so that no two numbers are the same.
    order = who.number % 499 * 2 + (1 if male else 2)
    identity = demo_identity(f"{200 + who.number // 499:04}", who.born, order)
    pinyin = pinyin_of(who.name)
    return {
        "name": who.name,
        "pinyin": pinyin,
        "initials": initials_of(pinyin),
        "sex": identity.sex,
        "birth_date": who.born,
        "identity_kind": identity.kind.value,
        "identity_sealed": work.sealer.seal(identity.number, "identity"),
        "identity_print": work.sealer.fingerprint(identity.number, "identity"),
        "identity_tail_print": work.sealer.fingerprint(identity.number[-4:], "identity-tail"),
        "verified": "number",
        "created_at": work.now,
    }


async def _paid(work: Work, sales: Sequence[tuple[Sale, int]]) -> None:
    """Where the fee is paid online, it has been."""
    if not sales:
        return
    rows = [
        {
            "appointment_id": appointment_id,
            "hospital_id": sale.session.hospital_id,
            "amount_fen": sale.session.fee_fen,
            "state": PaymentState.PAID.value,
            "provider": "demo",
            "provider_txn": work.chance.token(),
            "created_at": work.now,
            "paid_at": work.now,
        }
        for sale, appointment_id in sales
    ]
    made = await work.db.execute(
        insert(Payment).returning(Payment.appointment_id, Payment.id, Payment.amount_fen), rows
    )
    for appointment_id, payment_id, amount_fen in made.all():
        work.record(
            PaymentReceived(appointment_id=appointment_id, payment_id=payment_id, amount_fen=amount_fen)
        )


def _parts(ids: Sequence[int], size: int = 1_000) -> Iterator[Sequence[int]]:
    for start in range(0, len(ids), size):
        yield ids[start : start + size]
