"""Askings that come within a moment of each other are answered together: one unit of work for all."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

A = TypeVar("A")
R = TypeVar("R")

# How long the first asking waits for others. Deliveries that were taken together move in step, so that
# little is enough; nobody waits at a telephone for what is gathered.
MOMENT_S = 0.01


@dataclass(eq=False)
class _Batch(Generic[A, R]):
    asked: list[A] = field(default_factory=list)
    answers: list[asyncio.Future[R]] = field(default_factory=list)
    task: asyncio.Task[None] | None = None


class Gathering(Generic[A, R]):
    """answer: gets the askings of one moment, and returns for each its answer or its own failure.

    What it raises is everybody's failure. An asker that is cancelled takes its asking back only if all
    others of the moment do the same: what was asked may have been done.
    """

    def __init__(
        self,
        answer: Callable[[Sequence[A]], Awaitable[Sequence[R | Exception]]],
        *,
        moment_s: float = MOMENT_S,
        most: int = 100,
    ) -> None:
        self._answer = answer
        self._moment_s = moment_s
        self._most = most
        self._open: _Batch[A, R] | None = None

    async def ask(self, one: A) -> R:
        """The answer to this one. Raises what `answer` gave or raised."""
        batch = self._open
        if batch is None or len(batch.asked) >= self._most:
            batch = self._open = _Batch()
            batch.task = asyncio.create_task(self._serve(batch))
        answer: asyncio.Future[R] = asyncio.get_running_loop().create_future()
        batch.asked.append(one)
        batch.answers.append(answer)
        try:
            return await answer
        except asyncio.CancelledError:
            if batch.task and all(other.cancelled() for other in batch.answers):
                batch.task.cancel()
                if self._open is batch:
                    self._open = None
            raise

    async def _serve(self, batch: _Batch[A, R]) -> None:
        await asyncio.sleep(self._moment_s)
        if self._open is batch:
            self._open = None
        answers: Sequence[R | Exception]
        try:
            answers = await self._answer(batch.asked)
        except Exception as error:  # a border: each asker hears of it
            answers = [error] * len(batch.asked)
        for future, answer in zip(batch.answers, answers, strict=True):
            if future.done():
                continue
            if isinstance(answer, Exception):
                future.set_exception(answer)
            else:
                future.set_result(answer)
