"""What no gateway would take; pure."""

from core.ports import OutgoingText, OutsideError
from sms.segments import segments

# Carriers refuse longer ones.
MOST_SEGMENTS = 10
# ITU-T E.164, with the country code.
MOST_DIGITS = 15


def check(text: OutgoingText) -> int:
    """How many segments the text costs. Raises OutsideError, permanent, for what can never go."""
    if not (text.to.isascii() and text.to.isdigit() and len(text.to) <= MOST_DIGITS):
        raise OutsideError("not a number", permanent=True)
    if not text.body:
        raise OutsideError("no text", permanent=True)
    cost = segments(text.body)
    if cost > MOST_SEGMENTS:
        raise OutsideError(f"{cost} segments", permanent=True)
    return cost
