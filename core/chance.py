"""The real clock and the real dice; tests bring their own."""

import secrets
from datetime import UTC, datetime


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        return datetime.now(UTC)


class SystemChance:
    """The machine's cryptographic randomness."""

    def number(self, low: int, high: int) -> int:
        return low + secrets.randbelow(high - low + 1)

    def token(self) -> str:
        return secrets.token_urlsafe(16)
