"""Fill in the prints of the last four where rows were written without them: a migration has no key."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import bindparam, select, update
from sqlalchemy.orm import InstrumentedAttribute

from core.booking.tables import Appointment
from core.database import Base
from core.people.register import tail_print
from core.people.tables import PersonPhone, VisitCard
from core.work import Work

_WHERE: Sequence[tuple[type[Base], InstrumentedAttribute[bytes], InstrumentedAttribute[Any], str]] = (
    (Appointment, Appointment.contact_sealed, Appointment.contact_tail, "phone"),
    (PersonPhone, PersonPhone.phone_sealed, PersonPhone.phone_tail, "phone"),
    (VisitCard, VisitCard.card_sealed, VisitCard.card_tail, "card"),
)


async def fill_tails(work: Work, limit: int = 500) -> int:
    """One batch of each table; returns how many were filled."""
    number = 0
    for table, sealed, tail, of in _WHERE:
        key: InstrumentedAttribute[int] = table.id  # type: ignore[attr-defined] # each of them has one
        rows = (await work.db.execute(select(key, sealed).where(tail.is_(None)).limit(limit))).all()
        filled = [
            {"row": row[0], "print": tail_print(work.sealer, work.sealer.open(row[1], of), of)}
            for row in rows
        ]
        if filled:
            connection = await work.db.connection()
            statement = update(table.__table__).where(key == bindparam("row"))  # type: ignore[arg-type]
            await connection.execute(statement.values({tail.key: bindparam("print")}), filled)
        number += len(filled)
    return number
