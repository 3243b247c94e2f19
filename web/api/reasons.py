"""Why the engine may refuse an act, by the act: what the description lists, and the contract test asks."""

from core import errors as e

_ASKING: tuple[type[e.Refusal], ...] = (
    e.HospitalNotLive,
    e.NotOpenForBooking,
    e.SessionStopped,
    e.ChannelClosed,
    e.OutsideBookingHours,
    e.OutsideWindow,
    e.NotReleased,
    e.TooLateToBook,
)
HOLDING: tuple[type[e.Refusal], ...] = (*_ASKING, e.SlotFull, e.ShareUsedUp, e.LineFirst)
_PERSON: tuple[type[e.Refusal], ...] = (
    e.Blacklisted,
    e.IdentityNeeded,
    e.IdentityKindRefused,
    e.TooYoung,
    e.TooOld,
    e.WrongSex,
    e.OverLimitDepartmentDay,
    e.OverLimitDoctorDay,
    e.OverLimitSession,
    e.OverLimitDay,
    e.OverLimitLive,
    e.OverLimitPeriod,
    e.OverLimitPhone,
    e.OverlappingVisit,
    e.RebookTooSoon,
)
BOOKING: tuple[type[e.Refusal], ...] = (e.HoldUnknown, e.HoldLapsed, *_ASKING, *_PERSON)
CHANGING: tuple[type[e.Refusal], ...] = (
    e.NotFound,
    e.WrongState,
    e.TooLateToChange,
    e.TooManyChanges,
    *BOOKING,
)
CANCELLING: tuple[type[e.Refusal], ...] = (
    e.NotFound,
    e.WrongState,
    e.TooLateToCancel,
    e.WebRefundNotAllowed,
)
NAMING: tuple[type[e.Refusal], ...] = (e.IdentityInvalid, e.IdentityConflict, e.PhoneInvalid)
# A rehearsal keeps the number again before it books it, and may come too late.
REHEARSING: tuple[type[e.Refusal], ...] = (e.SlotFull, e.ShareUsedUp, e.LineFirst)
OF_PARTNERS_HOLDS: tuple[type[e.Refusal], ...] = (e.PartnerHoldsFull,)
OF_PARTNERS_BOOKINGS: tuple[type[e.Refusal], ...] = (e.PartnerQuotaUsed, *REHEARSING, *NAMING)
