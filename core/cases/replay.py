"""Tell a case again from its log, and compare what comes of it with the tables; read-only."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from core.booking.tables import Appointment, Draft
from core.cases import log
from core.cases.facts import Fact
from core.cases.fold import fold
from core.cases.live import live
from core.cases.state import Difference, Things, differences, state_hash
from core.contact.tables import Interaction
from core.errors import NotFound
from core.offers.tables import Offer
from core.schedule.tables import Hold
from core.work import Hotline


@dataclass(frozen=True)
class Replay:
    """A log, the state it tells, and the same of the tables. told_hash equals live_hash when they agree."""

    facts: Sequence[Fact]
    told: Things
    live: Things
    untold: Sequence[Difference]

    @property
    def told_hash(self) -> str:
        return state_hash(self.told)

    @property
    def live_hash(self) -> str:
        return state_hash(self.live)

    @property
    def differences(self) -> list[Difference]:
        return [*differences(self.told, self.live), *self.untold]

    @property
    def cut(self) -> bool:
        """The log is longer than is looked at: then it proves nothing."""
        return len(self.facts) >= log.MOST


async def of_interaction(hotline: Hotline, interaction_id: int) -> Replay:
    """The case of one contact. Raises NotFound."""
    async with hotline.read() as db:
        await _one_look(db)
        if await db.get(Interaction, interaction_id) is None:
            raise NotFound(facts={"what": "interaction"})
        facts = await log.of_interaction(db, interaction_id)
        return await _replay(db, facts, interaction_id)


async def of_appointment(hotline: Hotline, serial: str) -> Replay:
    """The case of one appointment, by its number. Raises NotFound."""
    async with hotline.read() as db:
        await _one_look(db)
        id_ = await db.scalar(select(Appointment.id).where(Appointment.serial == serial))
        if id_ is None:
            raise NotFound(facts={"what": "appointment"})
        return await _replay(db, await log.of_appointment(db, id_), None)


async def of_everything(hotline: Hotline) -> Replay:
    """The whole journal of a small database against its tables: for tests."""
    async with hotline.read() as db:
        await _one_look(db)
        facts = await log.everything(db)
        told = fold(facts).things
        return Replay(facts, told, await live(db, told), await _unbegun(db, told))


async def _one_look(db: AsyncSession) -> None:
    """Log and tables are read as they were at one moment; SQLite reads so by itself."""
    if db.get_bind().dialect.name == "postgresql":
        await db.connection(execution_options={"isolation_level": "REPEATABLE READ"})


async def _replay(db: AsyncSession, facts: Sequence[Fact], interaction_id: int | None) -> Replay:
    told = fold(facts).things
    untold = await _untold(db, told, interaction_id) if interaction_id is not None else []
    return Replay(facts, told, await live(db, told), untold)


async def _untold(db: AsyncSession, told: Things, interaction_id: int) -> list[Difference]:
    """What was made in this contact, by its own row, and is not in the log."""
    found = []
    for what, table in (("appointment", Appointment), ("hold", Hold), ("draft", Draft)):
        ids = (await db.scalars(select(table.id).where(table.interaction_id == interaction_id))).all()
        found += [
            Difference(what, str(id_), "id", None, str(id_))
            for id_ in ids
            if str(id_) not in told.get(what, {})
        ]
    return found


async def _unbegun(db: AsyncSession, told: Things) -> list[Difference]:
    """Rows that no event has begun."""
    found = []
    for what, ids in (
        ("appointment", select(Appointment.id)),
        ("hold", select(Hold.id)),
        ("draft", select(Draft.id)),
        ("offer", select(Offer.id)),
    ):
        found += [
            Difference(what, str(id_), "id", None, str(id_))
            for id_ in (await db.scalars(ids)).all()
            if str(id_) not in told.get(what, {})
        ]
    return found
