"""What the booking rules look at in a slot; plain data, pure."""

from dataclasses import dataclass
from datetime import date, datetime


@dataclass(frozen=True)
class SlotFacts:
    """What is asked for: one slot, or the session in which any slot will do."""

    session_id: int
    hospital_id: int
    department_id: int
    department_code: str  # standard code of 诊疗科目, '03.04'
    doctor_id: int | None
    number_kind: str  # ordinary, expert, disease, special
    day: date
    half: str
    starts_at: datetime
    ends_at: datetime
    release_at: datetime
    stop_at: datetime
    hospital_live: bool
    open: bool  # department, doctor and post are open for booking
    session_state: str
    fee_fen: int = 0
    room: str = ""
