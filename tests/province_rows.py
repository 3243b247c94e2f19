"""The rows of a province, each kind of them as one statement that the database works out by itself."""

from collections.abc import Callable
from typing import Any

from sqlalchemy import (
    Column,
    ColumnElement,
    Date,
    Insert,
    Integer,
    MetaData,
    Select,
    String,
    Table,
    case,
    cast,
    insert,
    literal,
    select,
)

from core.booking.rules import FHIR, State
from core.booking.tables import Appointment
from core.catalogue.tables import Department, Post
from core.database import Instant
from core.schedule.rules import COMMON, SLOT_FHIR, SessionState, SlotState
from core.schedule.tables import Hold, Period, Session, Slot
from core.values import Channel

POSTS, HALVES, NUMBERS, PERIOD = 10, 12, 30, 10
PERIODS = NUMBERS // PERIOD
# So many numbers of a session are sold; every other one is sold out, which makes 70 %.
SOLD = 12
# So many of a session's numbers have their appointment and their hold written: history enough for every
# index, in a bounded time.
TOLD = 3

# From which the rows are worked out: the half-days of a week, and the numbers of a session.
OWN = MetaData()
HALF = Table(
    "province_half",
    OWN,
    Column("number", Integer, primary_key=True),
    Column("day", Date),
    Column("half", String(8)),
    Column("starts_at", Instant),
    Column("ends_at", Instant),
    Column("release_at", Instant),
    Column("stop_at", Instant),
)
PLACE = Table("province_place", OWN, Column("sequence", Integer, primary_key=True), Column("period", Integer))


def _filled(table: Any, names: str, rows: Select[Any]) -> Insert:
    return insert(table.__table__).from_select(names.split(), rows)


def sessions(posts: int) -> Insert:
    half = HALF.c
    rows = (
        select(
            half.number * posts + Post.id, Post.id, Department.hospital_id, Department.id, Post.doctor_id,
            Post.kind, half.day, half.half, half.starts_at, half.ends_at, Post.fee_fen, literal(NUMBERS),
            literal(SessionState.PUBLISHED.value), half.release_at, half.stop_at,
        )
        .select_from(Post)
        .join(Department, Department.id == Post.department_id)
        .join(HALF, literal(True))
        .order_by(half.number, Post.id)
    )  # fmt: skip
    names = (
        "id post_id hospital_id department_id doctor_id number_kind day half starts_at ends_at fee_fen total"
        " state release_at stop_at"
    )
    return _filled(Session, names, rows)


def _numbered(some: ColumnElement[bool], most: int, *columns: Any) -> Select[Any]:
    """A row for each of the first `most` numbers of these sessions."""
    place = PLACE.c.sequence
    return select(*columns).join(PLACE, place <= most).where(some).order_by(Session.id, place)


def _slot_id() -> ColumnElement[int]:
    return (Session.id - 1) * NUMBERS + PLACE.c.sequence


def periods(some: ColumnElement[bool]) -> Insert:
    period = (Session.id - 1) * PERIODS + PLACE.c.sequence
    columns = (period, Session.id, Session.starts_at, Session.ends_at, literal(PERIOD))
    return _filled(Period, "id session_id starts_at ends_at capacity", _numbered(some, PERIODS, *columns))


def slots(some: ColumnElement[bool], past: bool) -> Insert:
    sold, then = (Session.id % 2 == 0) | (PLACE.c.sequence <= SOLD), SlotState.BOOKED

    def each(words: Callable[[SlotState], str]) -> Any:
        if past:
            return literal(words(SlotState.USED))
        return case((sold, words(then)), else_=words(SlotState.FREE))

    rows = _numbered(
        some, NUMBERS, _slot_id(), Session.id, (Session.id - 1) * PERIODS + PLACE.c.period + 1,
        PLACE.c.sequence, literal(COMMON), each(lambda state: state.value), each(SLOT_FHIR.__getitem__),
    )  # fmt: skip
    return _filled(Slot, "id session_id period_id sequence pool state fhir", rows)


def appointments(some: ColumnElement[bool], past: bool, posts: int) -> Insert:
    """Past ones are over; of those to come every other one is still to be paid."""
    person = Session.id % (posts * HALVES) + 1
    unpaid = PLACE.c.sequence % 2 == 0

    def each(words: Callable[[State], str]) -> Any:
        if past:
            return literal(words(State.ATTENDED))
        return case((unpaid, words(State.UNPAID)), else_=words(State.BOOKED))

    pay_by = case((unpaid, Session.release_at), else_=None)
    rows = _numbered(
        some, TOLD, _slot_id(), cast(_slot_id(), String), _slot_id(), Session.id,
        Session.hospital_id, Session.department_id, Session.doctor_id, person, cast(person, String),
        cast(person % 10_000, String), literal(b"sealed"), literal(Channel.PHONE.value), Session.day,
        Session.starts_at, Session.ends_at, PLACE.c.sequence, Session.number_kind, Session.fee_fen,
        literal("at-hospital"), pay_by, each(lambda state: state.value), each(FHIR.__getitem__),
        Session.release_at,
    )  # fmt: skip
    names = (
        "id serial slot_id session_id hospital_id department_id doctor_id person_id contact_print"
        " contact_tail contact_sealed channel day starts_at ends_at sequence number_kind fee_fen pay_mode"
        " pay_by state fhir booked_at"
    )
    return _filled(Appointment, names, rows)


def holds(some: ColumnElement[bool]) -> Insert:
    """By which those appointments came about."""
    owner = literal("person:").concat(cast(Session.id, String))
    at = Session.release_at
    rows = _numbered(
        some, TOLD, cast(_slot_id(), String), _slot_id(), Session.id, owner, literal("choice"),
        literal(Channel.PHONE.value), literal("used"), at, at, at,
    )  # fmt: skip
    names = "id slot_id session_id owner reason channel state made_at expires_at heartbeat_at"
    return _filled(Hold, names, rows)
