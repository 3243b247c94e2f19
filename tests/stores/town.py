"""The town of the histories: what stands in it always, and what each history puts into it; pure.

Ids are chosen here, so that both databases have the same.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from core.credit.book import RuleBook, RuleRow
from core.schedule.opening import opening
from core.schedule.rules import SLOT_FHIR, SlotState, bands, pools
from core.values import Actor, ActorKind, Channel, instant_of

# Monday, 10:00 in Shanghai.
START = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
TODAY = date(2026, 11, 23)
NOBODY = 999  # a person, a session, an appointment that there is not

Row = dict[str, Any]


@dataclass(frozen=True)
class PostLine:
    """A post, its department's standard code and its hospital. open: not its department, nor its doctor is shut."""

    id: int
    hospital: int
    department: int
    code: str
    doctor: int | None
    kind: str
    fee_fen: int


# Hospital 3 is not live, department 3 and doctor 5 are shut.
HOSPITALS = {1: "live", 2: "live", 3: "draft"}
DEPARTMENTS = {1: (1, "03.04"), 2: (1, "07"), 3: (1, "05"), 4: (2, "03.04"), 5: (3, "03")}
SHUT_DEPARTMENT, SHUT_DOCTOR = 3, 5
DOCTORS = {1: 1, 2: 1, 3: 2, 4: 3, 5: 1}
POSTS = (
    PostLine(1, 1, 1, "03.04", 1, "expert", 3000),
    PostLine(2, 1, 1, "03.04", 2, "ordinary", 1000),
    PostLine(3, 1, 2, "07", 1, "ordinary", 500),
    PostLine(4, 1, 2, "07", None, "ordinary", 800),
    PostLine(5, 2, 4, "03.04", 3, "expert", 0),
    PostLine(6, 2, 4, "03.04", None, "ordinary", 2000),
    PostLine(7, 1, 3, "05", 2, "ordinary", 1000),
    PostLine(8, 3, 5, "03", 4, "ordinary", 1000),
    PostLine(9, 1, 1, "03.04", 5, "ordinary", 1000),
)
OPEN_POSTS = POSTS[:6]


@dataclass(frozen=True)
class PersonLine:
    id: int
    kind: str | None
    born: date | None
    sex: str | None


PERSONS = (
    PersonLine(1, "resident", date(1970, 5, 4), "female"),
    PersonLine(2, "resident", date(1950, 1, 2), "male"),
    PersonLine(3, "household", date(2018, 6, 1), "female"),
    PersonLine(4, None, None, None),
    PersonLine(5, "passport", date(1990, 11, 26), "male"),
    PersonLine(6, "resident", date(1985, 8, 8), "female"),
    PersonLine(7, None, date(1980, 3, 3), "male"),
    PersonLine(8, "resident", date(1999, 12, 31), None),
)
CARD_OF = 6  # has a card of hospital 1
PHONES = ("10700000001", "10700000002", "10700000003", "10700000004", "10700000005", "10700000006")
CALLS = range(1, 13)

_OVERRIDE = frozenset({"override-deadline"})
ACTORS = {
    "caller": Actor(ActorKind.PATIENT, "ivr", Channel.PHONE),
    "surfer": Actor(ActorKind.PATIENT, "web", Channel.WEB, account_id=1),
    "other surfer": Actor(ActorKind.PATIENT, "web", Channel.WEB, account_id=2),
    "texter": Actor(ActorKind.PATIENT, "sms", Channel.SMS),
    "operator": Actor(ActorKind.STAFF, "op-wang", Channel.PHONE, staff_id=2),
    "supervisor": Actor(ActorKind.STAFF, "sup-li", Channel.PHONE, staff_id=1, functions=_OVERRIDE),
    "partner": Actor(ActorKind.HOSPITAL, "partner", Channel.KIOSK, partner_id=1),
    "window": Actor(ActorKind.HOSPITAL, "his"),
}


@dataclass(frozen=True)
class RuleLine:
    """A row of the rules. hospital None: it is common."""

    key: str
    value: str
    hospital: int | None = None
    period: tuple[str, int] | None = None

    def __str__(self) -> str:
        where = f" in hospital {self.hospital}" if self.hospital else ""
        return f"{self.key} = {self.value}{where}" + (f" within {self.period}" if self.period else "")


@dataclass(frozen=True)
class SessionLine:
    """A session that begins at 8 or at 14 and lasts two hours. shares: as schedule.rules.pools takes them."""

    post: PostLine
    day: int  # from today
    half: str
    slots: int
    minutes: int
    shares: tuple[tuple[str, int], ...] = ()
    state: str = "published"

    def __str__(self) -> str:
        post = self.post
        shares = "".join(f", {number} for {channel}" for channel, number in self.shares)
        return (
            f"post {post.id} (hospital {post.hospital}, {post.kind}, {post.fee_fen} fen) on day {self.day}"
            f" {self.half}: {self.slots} slots in periods of {self.minutes}{shares}, {self.state}"
        )


@dataclass(frozen=True)
class Town:
    """What a history begins with. Sessions, their periods and slots have the ids 1, 2, 3 …"""

    rules: tuple[RuleLine, ...]
    sessions: tuple[SessionLine, ...]

    def slots_of(self, session: int) -> range:
        """Ids of a session's slots; sessions count from 1."""
        before = sum(line.slots for line in self.sessions[: session - 1])
        return range(before + 1, before + 1 + self.sessions[session - 1].slots)

    def periods_of(self, session: int) -> range:
        before = sum(len(_bands(line)) for line in self.sessions[: session - 1])
        return range(before + 1, before + 1 + len(_bands(self.sessions[session - 1])))


def _times(line: SessionLine) -> tuple[datetime, datetime]:
    day, hour = TODAY + timedelta(days=line.day), 8 if line.half == "am" else 14
    return instant_of(day, time(hour)), instant_of(day, time(hour + 2))


def _bands(line: SessionLine) -> list[Any]:
    starts, ends = _times(line)
    return bands(starts, ends, line.minutes, line.slots)


def rows_of(town: Town, number: int) -> dict[str, list[Row]]:
    """All rows of a town by table, in an order in which they can be written.

    number: of the history. The rules are as old as no other history's: whoever keeps rule books sees that.
    """
    at = START - timedelta(days=1) + timedelta(microseconds=number)
    rules = [
        {
            "key": line.key, "value": line.value, "state": "on", "priority": 0, "hospital_id": line.hospital,
            "period_type": line.period[0] if line.period else None,
            "period_value": line.period[1] if line.period else None, "updated_at": at,
        }
        for line in town.rules
    ]  # fmt: skip
    found: dict[str, list[Row]] = {"booking_rule": rules, "session": [], "period": [], "slot": []}
    for place, line in enumerate(town.sessions, start=1):
        found["session"].append(_session_row(town, line, place))
        turns = iter(pools(line.slots, dict(line.shares)))
        sequence = 0
        for band in _bands(line):
            period = len(found["period"]) + 1
            found["period"].append(
                {"id": period, "session_id": place, "starts_at": band.starts_at, "ends_at": band.ends_at,
                 "capacity": band.capacity}
            )  # fmt: skip
            for _ in range(band.capacity):
                sequence += 1
                found["slot"].append(
                    _slot_row(len(found["slot"]) + 1, place, period, sequence, next(turns), line)
                )
    return found


def _session_row(town: Town, line: SessionLine, place: int) -> Row:
    post = line.post
    starts, ends = _times(line)
    rows = [
        RuleRow(number, rule.key, rule.value, hospital_id=rule.hospital)
        for number, rule in enumerate(town.rules, start=1)
    ]
    book = RuleBook(rows, post.hospital, lambda day: day.isoweekday() < 6)
    day = TODAY + timedelta(days=line.day)
    times = opening(book, day=day, starts_at=starts, kind=post.kind, department=post.code, half=line.half)
    return {
        "id": place, "post_id": post.id, "hospital_id": post.hospital, "department_id": post.department,
        "doctor_id": post.doctor, "number_kind": post.kind, "day": day, "half": line.half, "starts_at": starts,
        "ends_at": ends, "room": f"{place}", "fee_fen": post.fee_fen, "total": line.slots,
        "state": line.state, "release_at": times.release_at, "stop_at": times.stop_at,
        "recycle_at": times.recycle_at, "source": "template", "version": 1,
    }  # fmt: skip


def _slot_row(slot: int, session: int, period: int, sequence: int, pool: str, line: SessionLine) -> Row:
    state = SlotState.FREE if line.state == "published" else SlotState.STOPPED
    return {
        "id": slot, "session_id": session, "period_id": period, "sequence": sequence, "pool": pool,
        "state": state.value, "fhir": SLOT_FHIR[state],
        "stopped_from": None if state is SlotState.FREE else "free",
    }  # fmt: skip
