"""How often somebody may ask: a bucket for each, refilled by the clock; the least recent are forgotten.

Counted in this process: an installation of several lets each of them pass as much.
"""

from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime
from math import ceil

from aiohttp import web

from core.errors import TooManyRequests

# Buckets kept at once. Whose bucket is forgotten begins with a full one, and had not asked for long.
MOST = 10_000


@dataclass(frozen=True)
class Paces:
    """Requests a minute. address: of whoever has shown nothing; many telephones share one (RFC 6598).

    strict: of an address at each place where passwords and codes could be guessed.
    """

    address: int = 600
    token: int = 120
    strict: int = 10


@dataclass
class _Bucket:
    left: float
    at: datetime


class Limits:
    """One for an application."""

    def __init__(self, paces: Paces | None = None, *, most: int = MOST) -> None:
        self.paces = paces or Paces()
        self._most = most
        self._buckets: OrderedDict[str, _Bucket] = OrderedDict()

    def take(self, who: str, pace: int, now: datetime) -> None:
        """One request of theirs. pace: a minute, and all of it at once. Raises TooManyRequests."""
        bucket = self._now(who, pace, now)
        if bucket.left < 1:
            raise TooManyRequests(facts={"seconds": _seconds((1 - bucket.left) * 60 / pace)})
        bucket.left -= 1

    def ask(self, who: str, pace: int, now: datetime) -> None:
        """Whether there is one left, without taking it. Raises TooManyRequests."""
        self.take(who, pace, now)
        self._buckets[who].left += 1

    def _now(self, who: str, pace: int, now: datetime) -> _Bucket:
        bucket = self._buckets.pop(who, None) or _Bucket(float(pace), now)
        passed = max(0.0, (now - bucket.at).total_seconds())
        bucket.left, bucket.at = min(float(pace), bucket.left + passed * pace / 60), now
        self._buckets[who] = bucket
        if len(self._buckets) > self._most:
            self._buckets.popitem(last=False)
        return bucket

    def __len__(self) -> int:
        return len(self._buckets)


def _seconds(seconds: float) -> int:
    return max(1, ceil(seconds - 1e-6))


LIMITS = web.AppKey("API_LIMITS", Limits)
