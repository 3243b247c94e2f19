"""Who is offered which slot when a doctor is away: what is free in, a choice for each patient out; pure.

Nothing here knows of the waiting list: whoever is displaced is offered what is free the moment the leave is
approved, and what is freed later before it is offered to anybody else.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import IntEnum

from core.leave.rules import LEAST
from core.values import day_of, local

# A visit is not put off for longer; then a person speaks with the patient.
AHEAD = timedelta(days=14)


class Rung(IntEnum):
    """How near a slot comes to the visit that was stopped; smaller comes first."""

    SAME_DOCTOR = 1  # later
    SAME_GRADE = 2  # same hospital and department (then: specialty), kind of number and title
    SISTER = 3  # the same in a hospital of the same grade in the same region


RUNG_CODES: Mapping[Rung, str] = {
    Rung.SAME_DOCTOR: "same-doctor",
    Rung.SAME_GRADE: "same-grade",
    Rung.SISTER: "sister",
}


@dataclass(frozen=True)
class Place:
    """Where somebody is seen, by whom, and of what grade. level: the hospital's grade, '三甲'."""

    hospital_id: int
    region_id: int
    level: str
    department_id: int
    standard_code: str
    doctor_id: int | None
    title: str | None
    number_kind: str


@dataclass(frozen=True)
class Displaced:
    """A patient whose visit was stopped. busy: from when to when they are seen elsewhere or may be soon.

    tried: sessions that were offered before. fee_fen: what the visit cost them.
    """

    case_id: int
    person_id: int
    place: Place
    starts_at: datetime
    ends_at: datetime
    fee_fen: int
    elder: bool = False
    busy: tuple[tuple[datetime, datetime], ...] = ()
    tried: frozenset[int] = frozenset()


@dataclass(frozen=True)
class Room:
    """A period with free slots. gone_at: from then on nobody can book them."""

    session_id: int
    period_id: int
    place: Place
    starts_at: datetime
    ends_at: datetime
    fee_fen: int
    gone_at: datetime
    free: int


@dataclass(frozen=True)
class Choice:
    """A period that a patient may be offered."""

    rung: Rung
    session_id: int
    period_id: int
    starts_at: datetime
    gone_at: datetime


def in_order(cases: Iterable[Displaced]) -> list[Displaced]:
    """The earliest visits first; of two at one time the elder's."""
    return sorted(cases, key=lambda case: (case.starts_at, not case.elder, case.case_id))


def plan(
    cases: Iterable[Displaced], rooms: Sequence[Room], *, now: datetime, apart: timedelta
) -> dict[int, Choice | None]:
    """Each case's choice; None: there is nothing to offer, a person calls.

    No period is given to more people than it has slots. apart: how far two visits of a person must lie from
    each other (rule overlap.minutes).
    """
    left = {room.period_id: room.free for room in rooms}
    taken: dict[int, tuple[tuple[datetime, datetime], ...]] = {}
    by_period = {room.period_id: room for room in rooms}
    planned: dict[int, Choice | None] = {}
    for case in in_order(cases):
        known = replace(case, busy=(*case.busy, *taken.get(case.person_id, ())))
        open_rooms = [room for room in rooms if left[room.period_id] > 0]
        choice = next(iter(choices(known, open_rooms, now=now, apart=apart)), None)
        planned[case.case_id] = choice
        if choice is not None:
            room = by_period[choice.period_id]
            left[room.period_id] -= 1
            spans = (*taken.get(case.person_id, ()), (room.starts_at, room.ends_at))
            taken[case.person_id] = spans
    return planned


def choices(case: Displaced, rooms: Iterable[Room], *, now: datetime, apart: timedelta) -> list[Choice]:
    """What this patient may be offered, the best first: rung, then days, time of day, price."""
    fit = [
        (rung, room)
        for room in rooms
        if (rung := rung_of(case, room)) is not None and _fits(case, room, now=now, apart=apart)
    ]
    fit.sort(key=lambda pair: (pair[0], *_distance(case, pair[1])))
    return [Choice(rung, room.session_id, room.period_id, room.starts_at, room.gone_at) for rung, room in fit]


def rung_of(case: Displaced, room: Room) -> Rung | None:
    """How near this comes to what was stopped; None: it is no offer, being another grade or elsewhere."""
    was, there = case.place, room.place
    if there.number_kind != was.number_kind:
        return None
    if there.doctor_id is not None and there.doctor_id == was.doctor_id:
        return Rung.SAME_DOCTOR if room.starts_at > case.starts_at else None
    same_specialty = bool(was.standard_code) and there.standard_code == was.standard_code
    if there.title != was.title or not (there.department_id == was.department_id or same_specialty):
        return None
    if there.hospital_id == was.hospital_id:
        return Rung.SAME_GRADE
    sisters = (there.level, there.region_id) == (was.level, was.region_id)
    return Rung.SISTER if sisters else None


def _fits(case: Displaced, room: Room, *, now: datetime, apart: timedelta) -> bool:
    day, wanted = day_of(room.starts_at), day_of(case.starts_at)
    if room.free < 1 or room.session_id in case.tried:
        return False
    if min(room.gone_at, room.starts_at) < now + LEAST or not wanted <= day <= wanted + AHEAD:
        return False
    return not any(_too_near(room, span, apart) for span in case.busy)


def _too_near(room: Room, span: tuple[datetime, datetime], apart: timedelta) -> bool:
    """As core.booking.may reckons it; no minutes: visits may overlap."""
    if not apart:
        return False
    starts_at, ends_at = span
    overlap = starts_at < room.ends_at and room.starts_at < ends_at
    return overlap or abs(starts_at - room.starts_at) < apart


def _distance(case: Displaced, room: Room) -> tuple[int, int, float, int, datetime, int, int]:
    days = (day_of(room.starts_at) - day_of(case.starts_at)).days
    clock, wanted = local(room.starts_at), local(case.starts_at)
    minutes = abs((clock.hour - wanted.hour) * 60 + clock.minute - wanted.minute)
    elsewhere = int(room.place.department_id != case.place.department_id)
    return (
        elsewhere, days, minutes, abs(room.fee_fen - case.fee_fen),
        room.starts_at, room.session_id, room.period_id,
    )  # fmt: skip
