"""One batch: read, decide, write, commit, answer."""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from time import perf_counter

import structlog

from core.booking.commands import Book, Change, Hold, Outcome, unpacked
from core.booking.group.books import Books
from core.booking.group.decide_book import decide_book, decide_change
from core.booking.group.decide_end import decide_cancel
from core.booking.group.decide_hold import decide_hold
from core.booking.group.door import Door
from core.booking.group.full import Full
from core.booking.group.line import Asking
from core.booking.group.load import Loader
from core.booking.group.plan import Aside, Asker, Plan
from core.booking.group.write import write
from core.booking.store import fingerprint, told
from core.errors import KeyReused, Refusal, StorageAway
from core.storage import away
from core.values import serial
from core.work import Hotline

log = structlog.get_logger()

# After so many decisions everybody else on the loop has a turn.
AT_A_TIME = 8
# Draws of serial numbers before we say that old ones must be archived; as booking.book.DRAWS.
DRAWS = 20
# A command leaves no more than these, and one for each older choice that it lets go.
EVENTS = 2
# Two processes wanted each other's locks: each command is tried again alone.
LOST_RACE = ("40P01", "40001")


@dataclass(frozen=True)
class Measured:
    """size: commands. aside: of them, left to the plain store. waiting: still in the line. Seconds."""

    size: int
    aside: int
    waiting: int
    took_s: float
    commit_s: float


class Batch:
    """`aside` afterwards: what must still be done by the plain store; everybody else is answered."""

    def __init__(
        self, hotline: Hotline, door: Door, books: Books, full: Full, askings: Sequence[Asking],
        watch: Callable[[str], None],
    ) -> None:  # fmt: skip
        self._hotline, self._door, self._books, self._full = hotline, door, books, full
        # What is free is read once: a hold gets nothing that a cancellation of the same batch gives back. So
        # it is done, and told, before it.
        self._askings = sorted(askings, key=lambda asking: not isinstance(asking.command, Hold))
        self._watch = watch
        self._now = hotline.clock.now()
        self._plans: dict[Asking, Plan] = {}
        self._answers: dict[Asking, Outcome | Refusal] = {}
        self.aside: list[Asking] = []
        self.failed = False
        self._began = perf_counter()
        self._applied = self._ended = self._began

    def measured(self, *, waiting: int) -> Measured:
        commit = self._ended - self._applied
        return Measured(len(self._askings), len(self.aside), waiting, self._ended - self._began, commit)

    async def run(self) -> None:
        """Nothing is raised: what fails is the answer to whom it fails."""
        self._watch("taken")
        mark = self._full.mark
        try:
            loader = Loader(self._door, self._books, self._hotline.sealer, self._askings, self._now)
            async with self._door.transaction(loader.locks()):
                await self._do(loader)
                self._watch("applied")
                self._applied = perf_counter()
        except Exception as error:
            self._fail(error)
            return
        except asyncio.CancelledError:
            for asking in self._askings:
                asking.settle(StorageAway())
            raise
        finally:
            self._ended = perf_counter()
        self._watch("committed")
        self._answer(mark)
        self._watch("answered")

    async def _do(self, loader: Loader) -> None:
        picture = await loader.load()
        self._watch("loaded")
        new = sum(isinstance(asking.command, Book | Change) for asking in self._askings)
        choices = sum(map(len, picture.choices.values()))
        made, told_ = await self._door.ids(new, EVENTS * len(self._askings) + choices)
        ids = iter(made)
        serials = iter(await self._draw(new)) if new else iter(())
        for place, asking in enumerate(self._askings):
            if asking in loader.aside:
                self.aside.append(asking)
                continue
            if place % AT_A_TIME == AT_A_TIME - 1:
                await asyncio.sleep(0)
            self._decide(asking, loader, ids, serials)
        self._watch("decided")
        plans = {asking: plan for asking, plan in self._plans.items() if plan.rows or plan.events}
        if plans:
            spoilt = await write(self._door, plans, picture.now, self._hotline.carriers, iter(told_))
            for asking in spoilt:
                del self._plans[asking]
                self._answers.pop(asking, None)
                self.aside.append(asking)

    def _decide(self, asking: Asking, loader: Loader, ids: Iterator[int], serials: Iterator[str]) -> None:
        picture, command = loader.picture, asking.command
        try:
            before = picture.keys.get(command.key) if command.key is not None else None
            if before is not None:
                if before[0] != fingerprint(command):
                    raise KeyReused
                self._answers[asking] = unpacked(before[1])
                return
            if asking.refused is not None:
                raise asking.refused
            asker = Asker(
                command, asking.by, asking.interaction_id, picture, self._hotline.chance,
                self._hotline.sealer, ids, serials,
            )  # fmt: skip
            plan = self._plan(asking, asker, loader)
        except Aside:
            self.aside.append(asking)
        except Refusal as refusal:
            # Where it was raised holds this batch and all that it read: what is told keeps none of it alive.
            self._refuse(asking, refusal.with_traceback(None))
        except Exception:
            log.exception("a command could not be decided in its batch", verb=type(command).__name__)
            self.aside.append(asking)
        else:
            if plan.taken is not None:
                slot_id, session_id = plan.taken
                picture.taken[slot_id] = session_id
            assert plan.outcome is not None
            self._plans[asking], self._answers[asking] = plan, plan.outcome

    @staticmethod
    def _plan(asking: Asking, asker: Asker, loader: Loader) -> Plan:
        command = asking.command
        if isinstance(command, Hold):
            return decide_hold(asker, command, loader.signature(asking))
        if isinstance(command, Book):
            return decide_book(asker, command)
        if isinstance(command, Change):
            return decide_change(asker, command)
        return decide_cancel(asker, command)

    def _refuse(self, asking: Asking, refusal: Refusal) -> None:
        self._answers[asking] = refusal
        if asking.interaction_id is not None:
            self._plans[asking] = Plan(events=[told(asking.command, refusal)])

    async def _draw(self, number: int) -> list[str]:
        """Serial numbers that nobody has."""
        found: dict[str, None] = {}
        for _ in range(DRAWS):
            chance = self._hotline.chance
            drawn = {serial(chance.number(1_000_000, 9_999_999)): None for _ in range(number - len(found))}
            taken = {row[0] for row in await self._door.ask(self._door.q.serials, list(drawn))}
            found |= {one: None for one in drawn if one not in taken}
            if len(found) >= number:
                return list(found)
        raise RuntimeError("no free serial number in twenty draws: old ones must be archived")

    def _answer(self, mark: int) -> None:
        for asking, answer in self._answers.items():
            # What memory itself has said is not learnt from it: it would be believed for ever.
            if isinstance(answer, Refusal) and asking.refused is None:
                self._full.learn(asking.command, asking.by, self._now, answer, mark)
        self._hotline.tell([event for plan in self._plans.values() for event in plan.events])
        for asking, answer in self._answers.items():
            asking.settle(answer)

    def _fail(self, error: Exception) -> None:
        """Nothing of it is certain: not even, where the commit itself failed, that it was not done."""
        if getattr(error, "sqlstate", None) in LOST_RACE:
            self.aside = list(self._askings)
            return
        self.failed = True
        log.error("a batch failed", error=error, size=len(self._askings))
        self.aside = []
        for asking in self._askings:
            asking.settle(StorageAway() if away(error) else error)
