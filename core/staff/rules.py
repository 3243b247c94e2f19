"""What a login and a password must be like, and how many guesses somebody has; pure."""

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

SHORTEST, LONGEST = 10, 128
# From this length on a sentence is as good as a jumble.
SENTENCE = 16
KINDS = 3
ONE_TIME_LIVES = timedelta(hours=24)
# Nothing in it looks or sounds like something else: no 0 o 1 l i.
ONE_TIME_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"
ONE_TIME_GROUPS, ONE_TIME_GROUP = 3, 4

_CLASSES = (r"[a-z]", r"[A-Z]", r"[0-9]", r"[^a-zA-Z0-9]")
_COMMON = (
    "password", "passw0rd", "qwerty", "asdfgh", "zxcvbn", "1qaz2wsx", "letmein", "welcome", "iloveyou",
    "woaini", "admin", "hotline", "12320", "123456", "654321", "111111", "000000", "888888", "666666",
    "abc123", "abcdef",
)  # fmt: skip


@dataclass(frozen=True)
class Budget:
    """How many tries there are before a wait.

    pushed: every try begins the wait anew, as for a login that is tried; else it runs from the first,
    as for an address where many people mistype over a day.
    """

    kind: str
    tries: int
    wait: timedelta
    pushed: bool


OF_LOGIN = Budget("login", 5, timedelta(minutes=15), pushed=True)
OF_ADDRESS = Budget("address", 40, timedelta(minutes=15), pushed=False)
OF_CODE = Budget("code", 5, timedelta(minutes=15), pushed=True)


def plain(text: str) -> str:
    """What was typed with a Chinese input method and without one is the same (full width, half width)."""
    return unicodedata.normalize("NFKC", text)


def weak(password: str, *own: str | None) -> str | None:
    """Why a password will not do, as a key of core.http.refusals.PASSWORD_WEAK; None: it will.

    own: what everybody knows of its owner: login, name, numbers.
    """
    if len(password) < SHORTEST:
        return "short"
    if len(password) > LONGEST:
        return "long"
    low = password.lower()
    if any(known and len(known) > 1 and known.lower() in low for known in own):
        return "own"
    if len(set(low)) < 5:
        return "common"
    rest = low
    for common in _COMMON:
        rest = rest.replace(common, "")
    if len(rest) < 5:
        return "common"
    kinds = sum(bool(re.search(one, password)) for one in _CLASSES)
    return None if kinds >= KINDS or len(password) >= SENTENCE else "plain"


def one_time(number: Callable[[int, int], int]) -> str:
    """A password to be said over the phone and typed once: k7fm-2xqp-9hdw (59 bits)."""
    last = len(ONE_TIME_LETTERS) - 1
    groups = (
        "".join(ONE_TIME_LETTERS[number(0, last)] for _ in range(ONE_TIME_GROUP))
        for _ in range(ONE_TIME_GROUPS)
    )
    return "-".join(groups)


def wrong_login(login: str) -> bool:
    """Letters, figures and . _ - @, so that it can be said and typed."""
    return not re.fullmatch(r"[A-Za-z0-9][\w.@-]{0,39}", login, re.ASCII)
