"""What happens to the accounts of staff, their roles and their sessions."""

from core.events.base import Event


class StaffCreated(Event):
    kind = "staff.created"
    staff_id: int


class StaffChanged(Event):
    """fields: the names of those that are otherwise now."""

    kind = "staff.changed"
    staff_id: int
    fields: list[str]


class StaffDeleted(Event):
    kind = "staff.deleted"
    staff_id: int


class RolesGiven(Event):
    """roles: all that the account has from now on."""

    kind = "staff.roles-given"
    staff_id: int
    roles: list[int]


class RoleCreated(Event):
    kind = "role.created"
    role_id: int


class RoleChanged(Event):
    kind = "role.changed"
    role_id: int


class RoleDeleted(Event):
    kind = "role.deleted"
    role_id: int


class PasswordReset(Event):
    """Somebody else has given the account a one-time password."""

    kind = "staff.password-reset"
    staff_id: int


class PasswordChanged(Event):
    kind = "staff.password-changed"
    staff_id: int


class SecondFactorSet(Event):
    kind = "staff.second-factor-set"
    staff_id: int


class SecondFactorCleared(Event):
    kind = "staff.second-factor-cleared"
    staff_id: int


class SessionBegun(Event):
    kind = "staff.session-begun"
    staff_id: int
    staff_session_id: int


class SessionEnded(Event):
    """why: logout, ended (by whom the event tells), deleted, password, replaced."""

    kind = "staff.session-ended"
    staff_id: int
    staff_session_id: int
    why: str
