"""What a partner may do, and when a signed request is believed; pure."""

import re
from collections.abc import Collection
from datetime import datetime, timedelta
from enum import StrEnum

from core.errors import (
    PartnerLimited,
    PartnerOff,
    SignatureInvalid,
    SignatureOld,
    TooManyRequests,
    WrongInput,
)

# How far the two clocks may be apart, journey included.
SKEW = timedelta(seconds=300)
# Long after its request would be too old, in case our own clock is set back.
NONCES_KEPT = 4 * SKEW
CALLS_KEPT = timedelta(days=180)
# Of one partner at a time: a hold keeps a number from everybody else.
HOLDS = 20
# Identity numbers under another name than the one we know: who mistypes is no guesser, who goes on is.
CONFLICTS = 20
CONFLICTS_WITHIN = timedelta(hours=1)

FUNCTIONS = {
    "read": "查询医院、科室、医生和号源",
    "book": "占号和预约",
    "change": "改约",
    "cancel": "取消预约",
    "orders": "查询自己的预约和支付情况",
}
NONCE = re.compile(r"[A-Za-z0-9_-]{16,64}")


class State(StrEnum):
    LIVE = "live"
    SANDBOX = "sandbox"
    OFF = "off"


def in_time(created: object, now: datetime) -> None:
    """created: seconds since 1970, as they were signed. Raises SignatureInvalid, SignatureOld."""
    if not isinstance(created, int) or isinstance(created, bool):
        raise SignatureInvalid(facts={"why": "created"})
    if abs(created - now.timestamp()) > SKEW.total_seconds():
        raise SignatureOld(facts={"seconds": int(SKEW.total_seconds())})


def good_nonce(nonce: object) -> str:
    """Raises SignatureInvalid for what could have been guessed, or fits nowhere."""
    if not isinstance(nonce, str) or not NONCE.fullmatch(nonce):
        raise SignatureInvalid(facts={"why": "nonce"})
    return nonce


def may(state: State, functions: Collection[str], function: str) -> None:
    """Whether a partner whose signature is good may do this. Raises PartnerOff, PartnerLimited."""
    if state is State.OFF:
        raise PartnerOff
    if function not in functions:
        raise PartnerLimited(facts={"function": function})


def no_guesser(conflicts: int) -> None:
    """conflicts: within CONFLICTS_WITHIN. Raises TooManyRequests."""
    if conflicts >= CONFLICTS:
        raise TooManyRequests(facts={"seconds": int(CONFLICTS_WITHIN.total_seconds())})


def fit(*, name: str, functions: Collection[str], quota: int, pace: int) -> None:
    """What a partner may be given. Raises WrongInput."""
    if not 1 <= len(name.strip()) <= 40:
        raise WrongInput(facts={"field": "name"})
    if unknown := sorted(set(functions) - set(FUNCTIONS)):
        raise WrongInput(facts={"field": "functions", "unknown": unknown})
    if not 0 <= quota <= 1_000_000 or not 1 <= pace <= 100_000:
        raise WrongInput(facts={"field": "limits"})
