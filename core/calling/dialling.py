"""Make the calls that are due: each try is written before the telephone rings, and ends exactly once."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from sqlalchemy import ColumnElement, case, select, update
from sqlalchemy.orm import aliased

from core.calling import rules
from core.calling.rules import Answer, Kind, Outcome, State
from core.calling.tables import IS_OPEN, OutboundAttempt, OutboundCall
from core.contact.tables import Interaction
from core.events import CallHanded, InteractionOpened, OutboundEnded, OutboundSettled, OutboundTried
from core.partial import written
from core.values import Channel, Phone
from core.work import Work

# A telephone rings for less than this, and a dialogue lasts less than that: whoever dials and is not heard
# of for longer has died, and the call is made again.
RINGS = timedelta(minutes=2)
TALKS = timedelta(minutes=20)
# Who talks to us already is not rung up; a contact that is open for longer has been forgotten.
WITH_US = timedelta(hours=1)


# Tries of ours; those that an operator makes of a call that was handed over are not (core.calling.handed).
_UNDER_WAY = (
    OutboundAttempt.ended_at.is_(None),
    OutboundAttempt.call_id.in_(
        select(OutboundCall.id).where(OutboundCall.state == State.DIALLING.value, IS_OPEN)
    ),
)


@dataclass(frozen=True)
class Claimed:
    """A call to be made now. leg: the name of the leg on the switch, and the contact's Linkedid."""

    call_id: int
    kind: Kind
    number: int
    leg: str
    phone: Phone = field(repr=False)


async def claim(work: Work, most: int) -> list[Claimed]:
    """Take up to `most` calls that are due, and write a try for each; nobody else takes the same.

    The displaced come first, then what ends first. A telephone is never rung twice at once, nor while it
    talks to us. At night only what cannot wait.
    """
    if rules.silent(work.now):
        return []
    claimed: list[Claimed] = []
    while len(claimed) < most:
        taken = await work.db.execute(
            update(OutboundCall)
            .where(OutboundCall.id == _first(work), OutboundCall.state == State.WAITING)
            .values(state=State.DIALLING.value, tries=OutboundCall.tries + 1, leased_until=work.now + RINGS)
            .returning(OutboundCall.id)
        )
        call_id = taken.scalar_one_or_none()
        if call_id is None:
            break
        claimed.append(await _try(work, call_id))
    return claimed


def _first(work: Work) -> ColumnElement[int]:
    call, other, talk = aliased(OutboundCall), aliased(OutboundCall), aliased(Interaction)
    order = case(*((call.kind == kind.value, place) for kind, place in rules.ORDER.items()), else_=9)
    rings = select(other.id).where(other.phone_print == call.phone_print, other.state == State.DIALLING.value)
    talks = select(talk.id).where(
        talk.ani_print == call.phone_print,
        talk.closed_at.is_(None),
        talk.channel == Channel.PHONE.value,
        talk.started_at > work.now - WITH_US,
    )
    query = (
        select(call.id)
        .where(
            written(call.state, State.WAITING),
            call.due_at <= work.now,
            call.until > work.now,
            ~rings.exists(),
            ~talks.exists(),
        )
        .order_by(order, call.until, call.id)
        .limit(1)
    )
    if rules.quiet(work.now):
        query = query.where(call.visit_at.between(work.now, work.now + rules.pressing(work.now)))
    if not work.house.database.sqlite:
        query = query.with_for_update(skip_locked=True, of=call)
    return query.scalar_subquery()


async def _try(work: Work, call_id: int) -> Claimed:
    """Write the try and its contact, before anything rings."""
    call = await work.db.get_one(OutboundCall, call_id, populate_existing=True)
    leg = f"out-{work.chance.token()}"
    made = Interaction(
        linked_id=leg,
        channel=Channel.PHONE.value,
        direction="out",
        ani_print=call.phone_print,
        ani_sealed=call.phone_sealed,
        dnis="",
        person_id=call.person_id,
        state="ivr",
        reached="calling",
        started_at=work.now,
    )
    work.db.add(made)
    await work.db.flush()
    work.db.add(
        OutboundAttempt(
            call_id=call.id, number=call.tries, linked_id=leg, interaction_id=made.id, began_at=work.now
        )
    )
    await work.db.flush()
    work.record(InteractionOpened(interaction_id=made.id, linked_id=leg, dnis="", known=True))
    work.record(
        OutboundTried(
            call_id=call.id,
            sort=call.kind,
            person_id=call.person_id,
            appointment_id=call.appointment_id,
            interaction_id=made.id,
            number=call.tries,
        )
    )
    return Claimed(
        call.id, Kind(call.kind), call.tries, leg, Phone(work.sealer.open(call.phone_sealed, "phone"))
    )


async def answered(work: Work, leg: str) -> bool:
    """Somebody took it: they may listen for as long as they like. False when the try is over."""
    took = await work.db.execute(
        update(OutboundAttempt)
        .where(OutboundAttempt.linked_id == leg, *_UNDER_WAY)
        .values(
            answered_at=case(
                (OutboundAttempt.answered_at.is_(None), work.now), else_=OutboundAttempt.answered_at
            )
        )
        .returning(OutboundAttempt.call_id)
    )
    call_id = took.scalar_one_or_none()
    if call_id is None:
        return False
    await work.db.execute(
        update(OutboundCall)
        .where(OutboundCall.id == call_id, OutboundCall.state == State.DIALLING)
        .values(leased_until=work.now + TALKS)
    )
    return True


async def ended(
    work: Work, leg: str, outcome: Outcome, *, key: str | None = None, answer: Answer | None = None
) -> bool:
    """A try is over; False for every time after the first. key, answer: with outcome KEY.

    Decides what follows: the answer stands, or the next try's time, or an operator. An answer counts also
    when the try had been given up as lost.
    """
    over = await work.db.execute(
        update(OutboundAttempt)
        .where(OutboundAttempt.linked_id == leg, *_UNDER_WAY)
        .values(ended_at=work.now, outcome=outcome.value, key=key)
        .returning(OutboundAttempt.call_id, OutboundAttempt.number, OutboundAttempt.interaction_id)
    )
    attempt = over.one_or_none()
    if attempt is None:
        if answer is not None:
            await _late(work, leg, key, answer)
        return False
    call = await _locked(work, attempt.call_id)
    if call.state == State.DIALLING:
        _decide(work, call, outcome, answer)
        await work.db.flush()
        if call.state == State.HANDED:
            work.record(handed_over(call))
    work.record(
        OutboundEnded(
            call_id=call.id,
            sort=call.kind,
            person_id=call.person_id,
            appointment_id=call.appointment_id,
            interaction_id=attempt.interaction_id,
            number=attempt.number,
            outcome=outcome.value,
            key=key,
            answer=call.answer,
            state=call.state,
            due=call.due_at if call.state == State.WAITING else None,
        )
    )
    return True


def _decide(work: Work, call: OutboundCall, outcome: Outcome, answer: Answer | None) -> None:
    """What becomes of the call after a try. An answer that came another way meanwhile stands."""
    call.leased_until = None
    if answer is not None or call.answer is not None:
        call.state = State.DONE.value
        call.answer = answer.value if answer is not None else call.answer
    elif call.until <= work.now:
        call.state = State.DROPPED.value
    else:
        due = rules.next_try(outcome, call.tries, now=work.now, until=call.until, visit_at=call.visit_at)
        call.state = (State.HANDED if due is None else State.WAITING).value
        call.due_at = due or call.due_at
    if call.state in (State.DONE, State.DROPPED):
        call.ended_at = work.now


def handed_over(call: OutboundCall) -> CallHanded:
    """That an operator makes it from now on."""
    return CallHanded(
        call_id=call.id,
        subject=call.subject,
        person_id=call.person_id,
        appointment_id=call.appointment_id,
    )


async def _late(work: Work, leg: str, key: str | None, answer: Answer) -> None:
    """We took a dialogue for dead, and it was only slow: its answer is the patient's word."""
    query = select(OutboundAttempt).where(OutboundAttempt.linked_id == leg)
    attempt = (await work.db.execute(query)).scalar_one_or_none()
    if attempt is None or attempt.outcome != Outcome.LOST:
        return
    attempt.outcome, attempt.key = Outcome.KEY.value, key
    settled = await work.db.execute(
        update(OutboundCall)
        .where(OutboundCall.id == attempt.call_id, OutboundCall.state.in_([State.WAITING, State.HANDED]))
        .values(state=State.DONE.value, answer=answer.value, ended_at=work.now)
        .returning(OutboundCall.kind, OutboundCall.person_id, OutboundCall.appointment_id)
    )
    row = settled.one_or_none()
    if row is not None:
        work.record(
            OutboundSettled(
                call_id=attempt.call_id,
                sort=row.kind,
                person_id=row.person_id,
                appointment_id=row.appointment_id,
                state=State.DONE.value,
                answer=answer.value,
            )
        )


async def _locked(work: Work, call_id: int) -> OutboundCall:
    query = select(OutboundCall).where(OutboundCall.id == call_id)
    if not work.house.database.sqlite:
        query = query.with_for_update()
    return (await work.db.execute(query.execution_options(populate_existing=True))).scalar_one()


async def legs_under_way(work: Work, older_than: timedelta) -> Sequence[str]:
    """The legs of tries that have not ended, but for those that have only just begun."""
    query = select(OutboundAttempt.linked_id).where(
        *_UNDER_WAY, OutboundAttempt.began_at < work.now - older_than
    )
    return (await work.db.execute(query)).scalars().all()
