"""What may stand in for a session that is full or stopped, and in which order it is offered; pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import IntEnum


class Why(IntEnum):
    """Why it is an equivalent; smaller comes first."""

    SAME_DOCTOR = 1
    SAME_DEPARTMENT_AND_GRADE = 2
    SAME_DEPARTMENT = 3
    SISTER_NEARBY = 4
    SISTER = 5
    EARLIEST = 6


WHY_WORDS = {
    Why.SAME_DOCTOR: "同一医生",
    Why.SAME_DEPARTMENT_AND_GRADE: "同科室同级",
    Why.SAME_DEPARTMENT: "同科室",
    Why.SISTER_NEARBY: "同区同级医院",
    Why.SISTER: "同级医院同专科",
    Why.EARLIEST: "最早可约",
}
# So many of each are offered, and so many in all: a digit chooses one.
OF_EACH = 3
MOST = 9


@dataclass(frozen=True)
class Candidate:
    """A session with something free, or the one that is to be stood in for (free then says nothing)."""

    session_id: int
    hospital_id: int
    hospital: str
    grade: str
    region_id: int
    department_id: int
    department: str
    standard_code: str
    doctor_id: int | None
    doctor: str | None
    title: str | None
    number_kind: str
    day: date
    starts_at: datetime
    ends_at: datetime
    fee_fen: int
    free: int


@dataclass(frozen=True)
class Equivalent:
    """An offer. dearer_fen: against what was wanted; days: later (negative: earlier)."""

    offer: Candidate
    why: Why
    earliest: bool
    dearer_fen: int
    days: int

    @property
    def words(self) -> str:
        """'同一医生 · 最早可约'."""
        said = WHY_WORDS[self.why]
        return (
            f"{said} · {WHY_WORDS[Why.EARLIEST]}" if self.earliest and self.why is not Why.EARLIEST else said
        )


def reason(wanted: Candidate, offer: Candidate) -> Why | None:
    """The strongest reason why one may stand in for the other; None: there is none."""
    if offer.session_id == wanted.session_id or offer.standard_code != wanted.standard_code:
        return None
    if offer.doctor_id is not None and offer.doctor_id == wanted.doctor_id:
        return Why.SAME_DOCTOR
    same_grade = (offer.number_kind, offer.title) == (wanted.number_kind, wanted.title)
    if offer.department_id == wanted.department_id:
        return Why.SAME_DEPARTMENT_AND_GRADE if same_grade else Why.SAME_DEPARTMENT
    if offer.hospital_id == wanted.hospital_id:
        return Why.SAME_DEPARTMENT  # 心内一科 and 心内二科 of one hospital
    if offer.grade == wanted.grade and offer.number_kind == wanted.number_kind:
        return Why.SISTER_NEARBY if offer.region_id == wanted.region_id else Why.SISTER
    return None


def ranked(wanted: Candidate, offers: Iterable[Candidate]) -> list[Equivalent]:
    """The best of each reason, nearest in time, then in price; the earliest of all is always among them.

    What has already begun to sell out (free 0) is no offer.
    """
    free = [offer for offer in offers if offer.free > 0 and offer.session_id != wanted.session_id]
    same = [offer for offer in free if offer.standard_code == wanted.standard_code]
    if not same:
        return []
    first = min(
        same, key=lambda offer: (offer.starts_at, abs(offer.fee_fen - wanted.fee_fen), offer.session_id)
    )
    groups: dict[Why, list[Candidate]] = {why: [] for why in Why}
    for offer in same:
        why = reason(wanted, offer)
        if why is None and offer is first:
            why = Why.EARLIEST
        if why is not None:
            groups[why].append(offer)
    chosen = [(why, offer) for why, group in groups.items() for offer in _nearest(wanted, group)]
    if all(offer is not first for _, offer in chosen):
        chosen = [*chosen[: MOST - 1], (Why.EARLIEST, first)]
    elif len(chosen) > MOST:
        kept = chosen[:MOST]
        if all(offer is not first for _, offer in kept):
            kept[-1] = next(pair for pair in chosen if pair[1] is first)
        chosen = kept
    return [
        Equivalent(offer, why, offer is first, offer.fee_fen - wanted.fee_fen, (offer.day - wanted.day).days)
        for why, offer in chosen
    ]


def _nearest(wanted: Candidate, group: Sequence[Candidate]) -> list[Candidate]:
    def distance(offer: Candidate) -> tuple[float, int, int, int]:
        apart = abs((offer.starts_at - wanted.starts_at).total_seconds())
        return apart, abs(offer.fee_fen - wanted.fee_fen), -offer.free, offer.session_id

    return sorted(group, key=distance)[:OF_EACH]
