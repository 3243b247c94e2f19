"""A call that an operator has answered, for the tests of surveys."""

from datetime import timedelta

from core.contact import engine as contact
from core.contact import stays
from core.contact.rules import Disposition, State
from core.contact.tables import Interaction
from core.staff import engine as staff
from core.values import system
from core.work import Hotline
from tests.clocks import FrozenClock

TEST = system("test")
MOBILE = "13800990001"
LANDLINE = "02887654321"


async def operator(hotline: Hotline, number: str = "8001", name: str = "张晓梅") -> int:
    async with hotline.work(TEST) as work:
        return await staff.create_staff(work, login=number, name=name, number=number)


async def talk(
    hotline: Hotline,
    clock: FrozenClock,
    staff_ids: list[int],
    *,
    ani: str = MOBILE,
    linked_id: str = "call-1",
    talked: timedelta = timedelta(minutes=2),
    third: bool = False,
) -> int:
    """The caller talks to each of these operators in turn, and is still on the line; the interaction's id."""
    async with hotline.work(TEST) as work:
        opened = await contact.open_interaction(work, linked_id=linked_id, dnis="12320", ani=ani)
        iid = opened.interaction_id
        await contact.move(work, iid, State.QUEUED)
        await contact.move(work, iid, State.TALKING)
        row = await work.db.get_one(Interaction, iid)
        row.staff_id = staff_ids[-1]
        await stays.entered(work, iid, linked_id, "caller")
        if third:
            await stays.entered(work, iid, f"third-{iid}", "third")
    for staff_id in staff_ids:
        async with hotline.work(TEST) as work:
            await stays.entered(work, iid, f"desk-{iid}-{staff_id}", "agent", staff_id)
        clock.instant += talked
        async with hotline.work(TEST) as work:
            await stays.left(work, f"desk-{iid}-{staff_id}")
    return iid


async def hung_up(hotline: Hotline, interaction_id: int) -> None:
    async with hotline.work(TEST) as work:
        await contact.close(work, interaction_id, Disposition.ANSWERED)
