"""Tries of passwords and codes: taken from a budget before anything is compared.

A try is taken first and given back when it was right, in one guarded statement each: a hundred
guesses at the same moment get no more answers than five in a row.
"""

from sqlalchemy import case, delete, select, update
from sqlalchemy.dialects import postgresql, sqlite

from core.errors import LoginLocked
from core.staff.rules import Budget
from core.staff.tables import LoginGuess
from core.work import Work

PURPOSE = "login-guess"


async def take(work: Work, budget: Budget, key: str) -> int:
    """Take a try; returns which one it is, from 1. Raises LoginLocked when there is none left."""
    name = work.sealer.fingerprint(key, PURPOSE)
    until = work.now + budget.wait
    maker = sqlite.insert if work.house.database.sqlite else postgresql.insert
    over = LoginGuess.until <= work.now
    # One statement: whoever forgets the row in between (they were right, elsewhere) takes it from no update.
    # A row that is refused stays locked all the same, so its time can be read afterwards.
    taken = await work.db.execute(
        maker(LoginGuess)
        .values(kind=budget.kind, print=name, tries=1, until=until)
        .on_conflict_do_update(
            index_elements=[LoginGuess.kind, LoginGuess.print],
            set_={
                "tries": case((over, 1), else_=LoginGuess.tries + 1),
                "until": until if budget.pushed else case((over, until), else_=LoginGuess.until),
            },
            where=over | (LoginGuess.tries < budget.tries),
        )
        .returning(LoginGuess.tries)
        .execution_options(synchronize_session=False)
    )
    tries = taken.scalar_one_or_none()
    if tries is None:
        mine = (LoginGuess.kind == budget.kind, LoginGuess.print == name)
        again = await work.db.execute(select(LoginGuess.until).where(*mine))
        raise LoginLocked(facts={"until": again.scalar_one()})
    return tries


async def give_back(work: Work, budget: Budget, key: str) -> None:
    """It was right, so it was no guess."""
    await work.db.execute(
        update(LoginGuess)
        .where(
            LoginGuess.kind == budget.kind,
            LoginGuess.print == work.sealer.fingerprint(key, PURPOSE),
            LoginGuess.tries > 0,
        )
        .values(tries=LoginGuess.tries - 1)
        .execution_options(synchronize_session=False)
    )


async def forget(work: Work, budget: Budget, key: str) -> None:
    """Begin anew: whoever it is has shown who they are, or an administrator says so."""
    await work.db.execute(
        delete(LoginGuess)
        .where(LoginGuess.kind == budget.kind, LoginGuess.print == work.sealer.fingerprint(key, PURPOSE))
        .execution_options(synchronize_session=False)
    )


async def forget_old(work: Work, limit: int = 500) -> int:
    """Drop what no longer counts."""
    old = select(LoginGuess.kind, LoginGuess.print).where(LoginGuess.until <= work.now).limit(limit)
    gone = 0
    for kind, name in (await work.db.execute(old)).all():
        await work.db.execute(
            delete(LoginGuess).where(
                LoginGuess.kind == kind, LoginGuess.print == name, LoginGuess.until <= work.now
            )
        )
        gone += 1
    return gone
