"""What supervisors do stands in the audit by who did it; so does what leaves the house."""

import pytest
from sqlalchemy import select

from core.staff.tables import AuditEntry
from core.work import Hotline
from tests.entering import enter
from tests.walls import Noted, Open, calls, database_url, feed, open_wall, switch, wall_house

__all__ = ["calls", "database_url", "feed", "open_wall", "switch", "wall_house"]


async def noted(hotline: Hotline, act: str) -> list[tuple[str, str, str | None]]:
    async with hotline.read() as db:
        rows = await db.execute(
            select(AuditEntry.actor, AuditEntry.what, AuditEntry.reason).where(AuditEntry.act == act)
        )
        return [tuple(row) for row in rows.all()]


@pytest.mark.parametrize(
    ("act", "form", "what", "reason"),
    [
        ("spy", {"how": "listen", "staff_id": "7"}, "班长监听 账号 7", None),
        ("take-over", {"staff_id": "7"}, "班长接管 账号 7", None),
        ("force-pause", {"staff_id": "7"}, "班长置忙 账号 7", None),
        ("first", {"interaction_id": "9", "reason": "急症"}, "提前接听 来电 9", "急症"),
    ],
)
async def test_an_act_leaves_who_did_it_to_whom(
    open_wall: Open,
    hotline: Hotline,
    calls: Noted,
    act: str,
    form: dict[str, str],
    what: str,
    reason: str | None,
) -> None:
    client = await open_wall()
    await enter(client, hotline, "supervise")
    await client.post(f"/wall/act/{act}", data=form, headers={"Accept": "application/json"})
    assert await noted(hotline, "supervised") == [("zhang", what, reason)]


async def test_a_workbook_that_is_taken_away_is_noted(open_wall: Open, hotline: Hotline) -> None:
    client = await open_wall()
    await enter(client, hotline, "reports", "export")
    assert (await client.get("/desk/reports.xlsx")).status == 200
    ((actor, what, _),) = await noted(hotline, "exported")
    assert (actor, what[:5]) == ("zhang", "话务报表：")
