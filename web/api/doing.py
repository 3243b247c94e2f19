"""Changes: once for each idempotency key, kept for whoever is live, and only rehearsed in the sandbox."""

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from core.booking import repeats
from core.work import Work
from web.api.operation import Call

A = TypeVar("A")
Outcome = dict[str, Any]


class _Rehearsed(Exception):
    """Ends a unit of work that is not to be kept, and brings its answer out."""

    def __init__(self, answer: Any) -> None:
        super().__init__("rehearsed")
        self.answer = answer


async def kept(call: Call[Any, Any, Any], act: Callable[[Work], Awaitable[A]]) -> A:
    """Do it in a unit of work. In the sandbox every rule answers as it would, and nothing stays.

    A rehearsal is rolled back whole: its slot, its person, its events, its text were never there.
    """
    if not call.caller.rehearses:
        return await call.hotline.run(act, call.caller.by)

    async def rehearse(work: Work) -> A:
        answer = await act(work)
        await work.db.flush()
        raise _Rehearsed(answer)

    try:
        return await call.hotline.run(rehearse, call.caller.by)
    except _Rehearsed as done:
        answer: A = done.answer
        return answer


async def once(
    call: Call[Any, Any, Any],
    do: Callable[[Work], Awaitable[Outcome]],
    show: Callable[[Work, Outcome], Awaitable[A]],
) -> A:
    """Do it, or answer its repetition. do: returns what is remembered under the key: ids and figures, as
    JSON. show: the answer made of that."""

    async def act(work: Work) -> A:
        if call.caller.rehearses:
            return await show(work, await do(work))
        outcome = await repeats.once(
            work, call.key, verb=call.operation[:16], mark=call.mark, act=lambda: do(work)
        )
        return await show(work, outcome)

    return await kept(call, act)
