"""Recordings that pause while something secret is typed, and go on by themselves."""

import asyncio
from dataclasses import dataclass, field

import structlog

from agent_desk.house import AgentHouse
from core.errors import CallGone, Refusal, SwitchAway

log = structlog.get_logger()

# Fields of a draft that must not be heard in a recording either.
SECRET_FIELDS = frozenset({"id_number", "card"})
# A keystroke is saved so much later than it was typed, at the most: what comes this soon after the
# operator left the field was typed in it.
LATE_S = 3.0
# A switch that is away is asked again.
RETRY_S = 1.0


@dataclass
class _Gap:
    """What one call's recording should do and does; instants of the loop's clock.

    Two reasons may stand side by side: the operator is in a secret field, and something secret was
    typed a moment ago. It is silent while one of them lasts.
    """

    why: str = ""
    field_until: float = 0.0
    typed_until: float = 0.0
    left_at: float = float("-inf")
    silent: bool = False
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    changed: asyncio.Event = field(default_factory=asyncio.Event)
    keeping: asyncio.Task[None] | None = None

    @property
    def until(self) -> float:
        return max(self.field_until, self.typed_until)


class Gaps:
    """One for each call. A gap ends by its time-out, whatever becomes of the page that asked for it.

    One that outlives this process is ended by the next one's recorder, when the switch has told what it has.
    """

    def __init__(self, house: AgentHouse) -> None:
        self._house = house
        self._calls: dict[int, _Gap] = {}

    def open(self, interaction_id: int | None) -> bool:
        """Whether we have paused this call's recording."""
        one = self._calls.get(interaction_id) if interaction_id is not None else None
        return one is not None and one.silent

    async def switch(self, interaction_id: int, *, on: bool, why: str) -> None:
        """The operator came into a secret field, or left it; on lasts `gap_most_s` at the longest.

        Raises SwitchAway, CallGone; a silence that could not be ended is ended as soon as it can be.
        """
        one = self._calls.setdefault(interaction_id, _Gap())
        now = _now()
        if on:
            one.field_until, one.why = now + self._house.manners.gap_most_s, why
        else:
            one.field_until = one.typed_until = 0.0
            one.left_at = now
        self._keep(interaction_id, one)
        await self._apply(interaction_id, one)

    async def typed(self, interaction_id: int, fields: frozenset[str]) -> None:
        """Something was typed: secret, pause for a while longer; else the secret is over, unless the
        operator is still in its field."""
        secret = SECRET_FIELDS & fields
        one = self._calls.setdefault(interaction_id, _Gap())
        now = _now()
        if secret and now - one.left_at > LATE_S:
            one.typed_until, one.why = now + self._house.manners.gap_s, min(secret)
            if one.field_until > now:
                one.field_until = now + self._house.manners.gap_most_s
        elif fields and not secret:
            one.typed_until = 0.0
        self._keep(interaction_id, one)
        try:
            await self._apply(interaction_id, one)
        except Refusal as refusal:  # no switch, or the call is over: the typing goes on all the same
            log.info("no gap in the recording", interaction_id=interaction_id, code=refusal.code)

    async def _apply(self, interaction_id: int, one: _Gap) -> None:
        """Make the recording as it should be now. Raises SwitchAway, CallGone."""
        async with one.lock:
            silent = one.until > _now()
            if silent != one.silent:
                await self._house.calls.gap(interaction_id, on=silent, why=one.why)
                one.silent = silent

    def _keep(self, interaction_id: int, one: _Gap) -> None:
        one.changed.set()
        if one.keeping is None or one.keeping.done():
            one.keeping = asyncio.create_task(self._until_over(interaction_id, one), name="a gap")

    async def _until_over(self, interaction_id: int, one: _Gap) -> None:
        while True:
            one.changed.clear()
            wait_s = max(0.0, one.until - _now())
            try:
                await self._apply(interaction_id, one)
            except SwitchAway:
                wait_s = RETRY_S
            except CallGone:
                break
            except Exception:  # a border: asked again, a recording must not stay silent
                log.exception("a gap was not kept", interaction_id=interaction_id)
                wait_s = RETRY_S
            if not wait_s and not one.silent:
                # Remembered a little longer: a late keystroke of the field that was left is nothing new.
                wait_s = LATE_S if _now() - one.left_at < LATE_S else 0.0
                if not wait_s:
                    break
            try:
                async with asyncio.timeout(wait_s):
                    await one.changed.wait()
            except TimeoutError:
                pass
        if self._calls.get(interaction_id) is one and not one.changed.is_set():
            del self._calls[interaction_id]

    def close(self) -> None:
        for one in self._calls.values():
            if one.keeping is not None:
                one.keeping.cancel()
        self._calls.clear()


def _now() -> float:
    return asyncio.get_running_loop().time()
