"""The link by which an appointment's fee is paid: its id, and what only we can reckon of it."""

import hmac

from core.sealing import Sealer

_LETTERS = str.maketrans("-_", "xy")


def pay_path(sealer: Sealer, appointment_id: int) -> str:
    """The local path. 16 letters and figures of a keyed hash: nobody finds another one's by trying."""
    return f"/pay/{appointment_id}/{_token(sealer, appointment_id)}"


def is_theirs(sealer: Sealer, appointment_id: int, token: str) -> bool:
    """Whether a link was made by us for this appointment."""
    return hmac.compare_digest(_token(sealer, appointment_id), token)


def _token(sealer: Sealer, appointment_id: int) -> str:
    return sealer.fingerprint(str(appointment_id), "pay-link").translate(_LETTERS)[:16]
