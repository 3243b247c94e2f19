"""An appointment's life as a table, and who may do what to it; pure."""

from datetime import datetime
from enum import StrEnum

from core.errors import WrongState


class State(StrEnum):
    """States of an appointment (domain: order states); words for patients are in the faces."""

    PROVISIONAL = "provisional"  # 待确认: identity or hospital answer pending
    UNPAID = "unpaid"  # 未支付: the slot is locked until pay_by
    BOOKED = "booked"  # 预约成功: paid, or to be paid at the hospital
    CHECKED_IN = "checked_in"  # 已取号
    ATTENDED = "attended"  # 已就诊
    CANCELLED = "cancelled"  # 已取消
    EXPIRED = "expired"  # 已失效: not paid in time
    REPLACED = "replaced"  # 已变更
    STOPPED = "stopped"  # 停诊待处理
    NO_SHOW = "no_show"  # 爽约


NEXT: dict[State, frozenset[State]] = {
    State.PROVISIONAL: frozenset(
        {State.UNPAID, State.BOOKED, State.CANCELLED, State.EXPIRED, State.REPLACED, State.STOPPED}
    ),
    State.UNPAID: frozenset({State.BOOKED, State.CANCELLED, State.EXPIRED, State.REPLACED, State.STOPPED}),
    State.BOOKED: frozenset(
        {State.CHECKED_IN, State.CANCELLED, State.REPLACED, State.STOPPED, State.NO_SHOW, State.ATTENDED}
    ),
    # The hospital's own window may refund after pick-up, and tells us.
    State.CHECKED_IN: frozenset({State.ATTENDED, State.CANCELLED}),
    State.STOPPED: frozenset(
        {State.REPLACED, State.CANCELLED, State.BOOKED, State.UNPAID, State.PROVISIONAL}
    ),
    # Evidence of a visit may come late; the miss is then taken back.
    State.NO_SHOW: frozenset({State.ATTENDED}),
    State.ATTENDED: frozenset(),
    State.CANCELLED: frozenset(),
    # Money that comes late takes the slot again if it is still free (domain 2.4).
    State.EXPIRED: frozenset({State.BOOKED}),
    State.REPLACED: frozenset(),
}

# R4 AppointmentStatus; domain.md 2.4 in our words. 'cancelled' needs its reason beside it.
FHIR: dict[State, str] = {
    State.PROVISIONAL: "proposed",
    State.UNPAID: "pending",
    State.BOOKED: "booked",
    State.CHECKED_IN: "checked-in",
    State.ATTENDED: "fulfilled",
    State.CANCELLED: "cancelled",
    State.EXPIRED: "cancelled",
    State.REPLACED: "cancelled",
    State.STOPPED: "pending",
    State.NO_SHOW: "noshow",
}

# These occupy their slot: held, pending and booked block alike.
LIVE = frozenset({State.PROVISIONAL, State.UNPAID, State.BOOKED, State.CHECKED_IN})
# Of these a patient may still say: move it, cancel it.
OPEN = frozenset({State.PROVISIONAL, State.UNPAID, State.BOOKED, State.STOPPED})
# The reason of whatever a doctor's leave has brought about. A visit that stands with this reason is another
# than was booked (a substitute, a time we chose): it may be given up or moved free until it begins.
FOR_LEAVE = "doctor-leave"


def step(state: State, to: State) -> State:
    """Return `to` if the life table allows it; raises WrongState with both states."""
    if to not in NEXT[state]:
        raise WrongState(facts={"state": state.value, "wanted": to.value})
    return to


def first_state(provisional: bool, pay_by: datetime | None) -> State:
    """What a new appointment is. provisional: nobody knows yet who it is by number."""
    if pay_by is not None:
        return State.UNPAID
    return State.PROVISIONAL if provisional else State.BOOKED
