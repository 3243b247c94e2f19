"""The accounts of a crowd of operators."""

from core.http.sessions import SessionManners
from core.staff import sessions
from core.staff.engine import create_staff, give_role
from core.staff.roles import create_role
from core.staff.sessions import Lives, Stage
from core.values import system
from core.work import Hotline

SEED = system("bench")


async def crowd_staff(hotline: Hotline, seats: int, first_phone: int) -> list[dict[str, str]]:
    """Accounts of the operators and, last, of a supervisor; each logged in already."""
    manners, cookies = SessionManners(), []
    async with hotline.work(SEED) as work:
        operator = await create_role(work, "crowd", {"desk", "book", "query"})
        supervisor = await create_role(work, "crowd-wall", {"wall", "supervise", "reports"})
        for place in range(seats + 1):
            last = place == seats
            number = None if last else str(first_phone + place)
            staff_id = await create_staff(work, login=f"crowd-{place}", name=f"坐席{place}", number=number)
            await give_role(work, staff_id, supervisor if last else operator)
            begun = await sessions.begin(
                work, staff_id, Stage.FULL, lives=Lives(), address="127.0.0.1", browser="bench"
            )
            cookies.append({manners.cookie: begun.token})
    return cookies
