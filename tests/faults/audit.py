"""What must hold whoever was killed when: audited from the tables, the journal and the ledger alone."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select

from core.booking.commands import (
    Book,
    Booked,
    Cancel,
    Cancelled,
    Change,
    Command,
    HeldSlot,
    Hold,
    Outcome,
    unpacked,
)
from core.booking.rules import LIVE, State
from core.booking.tables import Appointment, CommandKey
from core.events import AppointmentBooked, AppointmentCancelled, AppointmentExpired
from core.journal import JournalRow
from core.outbox_table import OutboxRow
from core.schedule.tables import Hold as HoldRow
from core.schedule.tables import Session, Slot
from core.work import Hotline
from sms import outbound
from sms.tables import TextMessage
from tests.faults.ledger import Answer, Ledger

# Why a text need not go out after all: its appointment has moved on before its turn.
OVERTAKEN = {"overtaken", "too late to pay"}


@dataclass(frozen=True)
class Books:
    """Everything that was written down."""

    keys: dict[str, Outcome]
    appointments: dict[int, Appointment]
    holds: dict[str, HoldRow]
    slots: Sequence[Slot]
    totals: dict[int, int]
    journal: Sequence[JournalRow]
    outbox: Sequence[OutboxRow]
    texts: Sequence[TextMessage]


async def books(hotline: Hotline) -> Books:
    async with hotline.read() as db:
        if not hotline.database.sqlite:  # all as of one moment: a dead process's last commit may be under way
            await db.connection(execution_options={"isolation_level": "REPEATABLE READ"})
        return Books(
            {row.key: unpacked(row.outcome) for row in (await db.execute(select(CommandKey))).scalars()},
            {row.id: row for row in (await db.execute(select(Appointment))).scalars()},
            {row.id: row for row in (await db.execute(select(HoldRow))).scalars()},
            (await db.execute(select(Slot))).scalars().all(),
            dict((await db.execute(select(Session.id, Session.total))).all()),
            (await db.execute(select(JournalRow).order_by(JournalRow.id))).scalars().all(),
            (await db.execute(select(OutboxRow))).scalars().all(),
            (await db.execute(select(TextMessage))).scalars().all(),
        )


def slots_are_conserved(kept: Books) -> None:
    """At any moment, and so after any death."""
    assert Counter(slot.session_id for slot in kept.slots) == kept.totals
    live = Counter(one.slot_id for one in kept.appointments.values() if State(one.state) in LIVE)
    held = Counter(one.slot_id for one in kept.holds.values() if one.state == "live")
    for slot in kept.slots:
        assert live[slot.id] == (slot.state == "booked"), (
            f"slot {slot.id} is {slot.state}, {live[slot.id]} have it"
        )
        assert held[slot.id] == (slot.state == "held"), (
            f"slot {slot.id} is {slot.state}, {held[slot.id]} hold it"
        )
        assert (slot.hold_id is not None) == (slot.state == "held")
    assert {slot.state for slot in kept.slots} <= {"free", "held", "booked"}


def nothing_acknowledged_is_lost(kept: Books, ledger: Ledger) -> None:
    """What a caller was told is what the tables say, at any moment; and a repeat was told the same."""
    for key, heard in ledger.answers().items():
        assert len(set(heard)) == 1, f"{key} was answered in two ways: {heard}"
        _told_truly(kept, key, heard[0])


def _told_truly(kept: Books, key: str, heard: Answer) -> None:
    assert kept.keys.get(key) == heard.outcome, (
        f"{key} was told {heard}, and its key has {kept.keys.get(key)}"
    )
    match heard.outcome:
        case HeldSlot() as held:
            row = kept.holds[held.hold_id]
            assert (row.slot_id, row.session_id, row.expires_at) == (
                held.slot_id,
                held.session_id,
                held.until,
            )
        case Booked() as booked:
            made = kept.appointments[booked.appointment_id]
            assert (made.serial, made.slot_id, made.replaces_id) == (
                booked.serial,
                booked.slot_id,
                booked.replaces,
            )
        case Cancelled() as cancelled:
            assert kept.appointments[cancelled.appointment_id].state == State.CANCELLED


def nothing_is_done_twice(kept: Books, commands: dict[str, Command]) -> None:
    """Every hold and appointment was made by exactly one key, and ended as keys or the clock say."""
    assert kept.keys.keys() <= commands.keys()
    made = Counter(one.appointment_id for one in kept.keys.values() if isinstance(one, Booked))
    assert made == Counter(kept.appointments.keys()), "an appointment was doubled or invented"
    held = Counter(one.hold_id for one in kept.keys.values() if isinstance(one, HeldSlot))
    assert held == Counter(kept.holds.keys()), "a hold was doubled or invented"
    done = [commands[key] for key in kept.keys]
    cancelled = Counter(one.appointment_id for one in done if isinstance(one, Cancel))
    changed = Counter(one.appointment_id for one in done if isinstance(one, Change))
    used = Counter(one.hold_id for one in done if isinstance(one, Book | Change))
    for one in kept.appointments.values():
        assert cancelled[one.id] == (one.state == State.CANCELLED), f"{one.id} is {one.state}"
        assert changed[one.id] == (one.state == State.REPLACED), f"{one.id} is {one.state}"
        if one.state == State.EXPIRED:
            assert one.pay_by is not None
            assert one.ended_at is not None
            assert one.pay_by <= one.ended_at
        else:
            assert one.state in (State.CANCELLED, State.REPLACED, State.BOOKED, State.UNPAID)
    for hold in kept.holds.values():
        assert used[hold.id] == (hold.state == "used"), f"hold {hold.id} is {hold.state}"


def every_change_is_told_once(kept: Books) -> None:
    """One event for each change of an appointment, none without, and one parcel for each that a text follows."""
    told = {
        kind: Counter(row.appointment_id for row in kept.journal if row.kind == kind)
        for kind in (AppointmentBooked.kind, AppointmentCancelled.kind, AppointmentExpired.kind)
    }
    assert told[AppointmentBooked.kind] == Counter(kept.appointments.keys())
    for kind, state in (
        (AppointmentCancelled.kind, State.CANCELLED),
        (AppointmentExpired.kind, State.EXPIRED),
    ):
        assert told[kind] == Counter(one.id for one in kept.appointments.values() if one.state == state)
    routed = Counter(row.id for row in kept.journal if row.kind in outbound.ROUTES)
    assert Counter(row.journal_id for row in kept.outbox) == routed


def nothing_is_still_owed(kept: Books, ledger: Ledger) -> None:
    """At the end, when all times are over and the last life has done what was due."""
    assert ledger.answers().keys() == ledger.commands().keys(), "somebody still waits for an answer"
    assert not [slot for slot in kept.slots if slot.state == "held"], "a slot is stuck"
    assert not [one for one in kept.appointments.values() if one.state == State.UNPAID]
    assert Counter(row.state for row in kept.outbox).keys() == {"done"}


def every_text_went_out_under_one_key(kept: Books, got: Sequence[tuple[str, str]]) -> None:
    """got: parcel and key of each text that the outside world has, as often as it has it."""
    names, rows = defaultdict(set), defaultdict(list)
    for parcel, key in got:
        names[parcel].add(key)
    for row in kept.texts:
        rows[row.journal_id].append(row)
    assert rows.keys() == {row.journal_id for row in kept.outbox}
    assert names.keys() <= {f"j{journal_id}" for journal_id in rows}
    for journal_id, texts in rows.items():
        out = names[f"j{journal_id}"]
        assert len(out) <= 1, f"j{journal_id} went out under two keys: {out}"
        assert out <= {text.key for text in texts}
        for text in texts:
            if text.state == "sent":
                assert out == {text.key}, f"the text of j{journal_id} never went out"
            else:
                fate = f"{text.key} of j{journal_id} is {text.state}: {text.why}, beside {[(t.key, t.state) for t in texts]}"
                assert (text.state, text.why in OVERTAKEN) == ("dropped", True), fate
    assert len({text.key for text in kept.texts}) == len(kept.texts)


def after_any_death(kept: Books, ledger: Ledger) -> None:
    assert ledger.wrongs() == []
    slots_are_conserved(kept)
    nothing_acknowledged_is_lost(kept, ledger)
    nothing_is_done_twice(kept, ledger.commands())
    every_change_is_told_once(kept)


def after_the_last(kept: Books, ledger: Ledger) -> None:
    after_any_death(kept, ledger)
    nothing_is_still_owed(kept, ledger)
    every_text_went_out_under_one_key(kept, ledger.texts())


def worth(kept: Books, ledger: Ledger) -> dict[str, int]:
    """How much of everything there was: a load that does nothing proves nothing."""
    answers = ledger.answers()
    got = Counter(ledger.texts())
    verbs = Counter(type(command).__name__ for key, command in ledger.commands().items() if key in kept.keys)
    return {
        "held": verbs[Hold.__name__],
        "booked": verbs[Book.__name__],
        "changed": verbs[Change.__name__],
        "cancelled": verbs[Cancel.__name__],
        "refused": sum(heard[0].refused is not None for heard in answers.values()),
        "repeated": sum(len(heard) > 1 for heard in answers.values()),
        "lapsed": sum(one.state == "lapsed" for one in kept.holds.values()),
        "expired": sum(one.state == State.EXPIRED for one in kept.appointments.values()),
        "texted": len(got),
        "texted again": sum(times > 1 for times in got.values()),
    }
