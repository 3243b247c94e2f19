"""Passwords as argon2id, in a few threads of their own: each takes 64 MB and a good part of a second."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from typing import TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

T = TypeVar("T")

AT_ONCE = 2


class Passwords:
    """Hashes and compares; never on the event loop, never more than two at once."""

    def __init__(self, hasher: PasswordHasher | None = None) -> None:
        self._hasher = hasher or PasswordHasher()  # RFC 9106, the second recommended option
        self._threads = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="argon2")

    @classmethod
    def quick(cls) -> "Passwords":
        """For tests alone: as weak as argon2 allows."""
        return cls(PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))

    async def hash(self, password: str) -> str:
        return await self._run(self._hasher.hash, password)

    async def right(self, kept: str | None, password: str) -> bool:
        """Whether this is the password. kept: None for a login that nobody has; it takes as long."""
        nobodys = await self._nobodys()  # also where it is not needed: the first one takes its time
        matches = await self._run(self._matches, kept or nobodys, password)
        return matches and kept is not None

    def _matches(self, kept: str, password: str) -> bool:
        try:
            return self._hasher.verify(kept, password)
        except (VerificationError, InvalidHashError):
            return False

    async def _nobodys(self) -> str:
        """A hash that is compared with when there is none."""
        return await self._run(lambda: self._nobodys_hash)

    @cached_property
    def _nobodys_hash(self) -> str:
        return self._hasher.hash("nobody has this password")

    async def _run(self, act: Callable[..., T], *arguments: str) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._threads, act, *arguments)
