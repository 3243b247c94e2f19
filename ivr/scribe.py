"""Writes down what becomes known of calls: of many calls in one unit of work, several times a second.

A statement costs the same for one call as for ten. Nobody on the line waits for what is noted between two
keys: our own death ends the dialogue as well, and takes with it what was noted in the last moment. Whoever is
to read the notes of a call has them written first: `settled`.
"""

import asyncio
from collections.abc import Awaitable, Callable

import structlog

from core.booking import call_notes
from core.booking.call_notes import Note, Written
from core.contact import engine as contact
from core.contact.engine import Arrival, Opened
from core.errors import StorageAway
from core.values import Actor, ActorKind, Channel
from core.work import Hotline

log = structlog.get_logger()

IVR = Actor(ActorKind.PATIENT, "ivr", Channel.PHONE)
# So long notes may lie, and so long a greeting may wait for another call's: neither is heard.
NOTES_S, OPENINGS_S = 0.4, 0.2
# So many in one unit: bookings wait behind it for the write lock of SQLite.
AT_ONCE = 24
# While the storage is away notes wait for it, but so many rounds at the most.
AWAY_S, AWAY_ROUNDS = 1.0, 60


class Rounds:
    """Does something for all who have asked, one round at a time, not more often than every gap_s seconds.

    act: returns whether something is left for another round.
    """

    def __init__(self, gap_s: float, act: Callable[[], Awaitable[bool]]) -> None:
        self._gap_s, self._act = gap_s, act
        self._wanted = False
        self._hurry = asyncio.Event()
        self._last_s = float("-inf")
        self._task: asyncio.Task[None] | None = None

    def ask(self, *, hurry: bool = False) -> None:
        """hurry: somebody waits for it."""
        self._wanted = True
        if hurry:
            self._hurry.set()
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._run(), name="notes of calls")

    async def _run(self) -> None:
        clock = asyncio.get_running_loop().time
        while self._wanted:
            early_s = self._last_s + self._gap_s - clock()
            if early_s > 0 and not self._hurry.is_set():
                try:
                    async with asyncio.timeout(early_s):
                        await self._hurry.wait()
                except TimeoutError:
                    pass
            self._hurry.clear()
            self._wanted, self._last_s = False, clock()
            if await self._act():
                self._wanted = True


class Scribe:
    """One for a house. notes_s, openings_s: how long at the most the one and the other waits for company."""

    def __init__(self, hotline: Hotline, *, notes_s: float = 0.0, openings_s: float = 0.0) -> None:
        self._hotline = hotline
        self._noting, self._opening = Rounds(notes_s, self._note), Rounds(openings_s, self._open)
        self._arrivals: list[tuple[Arrival, asyncio.Future[Opened]]] = []
        self._pending: dict[int, Note] = {}
        self._under_way: dict[int, Note] = {}
        self._turn: asyncio.Future[None] | None = None  # of the next round that ends
        self._drafts: dict[int, Written] = {}
        self._failed_rounds = 0

    async def open(self, arrival: Arrival) -> Opened:
        """The record of a contact, begun. Raises StorageAway."""
        opened: asyncio.Future[Opened] = asyncio.get_running_loop().create_future()
        self._arrivals.append((arrival, opened))
        self._opening.ask()
        return await opened

    def put(self, note: Note) -> None:
        """Written before long, after what was put of the same call before."""
        before = self._pending.get(note.interaction_id)
        self._pending[note.interaction_id] = before.then(note) if before else note
        self._noting.ask()

    async def settled(self, interaction_id: int, *, hurry: bool = True) -> None:
        """Return when all that was put of this call is written. Raises StorageAway: it is not, so far.

        hurry: at once; else in its time.
        """
        while interaction_id in self._pending or interaction_id in self._under_way:
            if self._turn is None:
                self._turn = asyncio.get_running_loop().create_future()
            self._noting.ask(hurry=hurry)
            await asyncio.shield(self._turn)

    def forget(self, interaction_id: int) -> None:
        """Nothing more comes of this call."""
        self._drafts.pop(interaction_id, None)

    async def stop(self) -> None:
        """Write what is left."""
        for interaction_id in [*self._pending, *self._under_way]:
            await self.settled(interaction_id)

    # --- rounds ---------------------------------------------------------------------------------------

    async def _open(self) -> bool:
        arrivals, self._arrivals = self._arrivals, []
        try:
            # Durable: all that follows hangs on it, also when the server of the database dies meanwhile.
            async with self._hotline.work(IVR, urgent=True) as work:
                made = await contact.open_interactions(work, [arrival for arrival, _ in arrivals])
        except Exception as error:  # a border: each caller's dialogue knows what to do without us
            for _, waiting in arrivals:
                if not waiting.done():
                    waiting.set_exception(error)
            return bool(self._arrivals)
        for (_, waiting), opened in zip(arrivals, made, strict=True):
            if not waiting.done():
                waiting.set_result(opened)
        return bool(self._arrivals)

    async def _note(self) -> bool:
        taken, self._pending = self._pending, {}
        self._under_way = taken
        # Those that wait for the disk go together.
        notes = sorted(taken.values(), key=lambda note: note.end is None)
        left: list[Note] = []
        try:
            for start in range(0, len(notes), AT_ONCE):
                left += await self._write(notes[start : start + AT_ONCE])
        finally:
            self._under_way = {}
            self._again(left)
            self._tell(StorageAway() if left else None)
        if left:
            await asyncio.sleep(AWAY_S)
        return bool(self._pending)

    def _again(self, left: list[Note]) -> None:
        """The storage is away: what was taken in vain comes before what was put since."""
        self._failed_rounds = self._failed_rounds + 1 if left else 0
        if self._failed_rounds > AWAY_ROUNDS:
            log.error("notes of calls are given up", calls=len(left))
            self._failed_rounds = 0
            return
        for note in left:
            later = self._pending.get(note.interaction_id)
            self._pending[note.interaction_id] = note.then(later) if later else note

    def _tell(self, away: StorageAway | None) -> None:
        turn, self._turn = self._turn, None
        if turn is None or turn.done():
            return
        if away is None:
            turn.set_result(None)
        else:
            turn.set_exception(away)
            turn.exception()  # whoever waited may have left

    async def _write(self, notes: list[Note]) -> list[Note]:
        """Returns those that the storage was away for; what fails otherwise fails for its own call."""
        if not notes:
            return []
        durable = any(note.end is not None for note in notes)
        after: dict[int, Written | None] = {}
        try:
            async with self._hotline.work(IVR, fleeting=not durable) as work:
                aside, after = await call_notes.write(work, notes, self._drafts)
        except StorageAway:
            return notes
        except Exception:  # a border: one call's note is not to cost the others theirs
            log.exception("notes of calls could not be written together", calls=len(notes))
            aside = notes
        for note in notes:
            written = after.get(note.interaction_id, self._drafts.get(note.interaction_id))
            self._drafts.pop(note.interaction_id, None)
            if written is not None and note.end is None and all(note is not one for one in aside):
                self._drafts[note.interaction_id] = written
        while aside and await self._alone(aside[0]):
            aside = aside[1:]
        return aside

    async def _alone(self, note: Note) -> bool:
        """False when the storage is away."""
        try:
            async with self._hotline.work(IVR, note.interaction_id) as work:
                await call_notes.alone(work, note)
        except StorageAway:
            return False
        except Exception:  # a border, as above
            log.exception("a call's note could not be written", interaction_id=note.interaction_id)
        return True
