"""Calls that operators make for the machine: looked at, dialled by one key, settled, all without a mouse."""

from typing import Any

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Page, expect

from tests.browser import desk_stage as desk
from tests.browser.desk_seat import Seat, chromium, press, seat, stage
from tests.browser.desk_stage import Stage

__all__ = ["chromium", "seat", "stage"]
pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="module")]
NOTHING: dict[str, Any] = {"mine": [], "shared": [], "taken": 0}


def preview(page: Page) -> Any:
    return page.locator("#drawer")


@pytest.mark.req("R-089")
async def test_the_most_urgent_is_previewed_and_dialled_by_one_key(seat: Seat, stage: Stage) -> None:
    page = await seat(me=desk.ME, outbound=desk.handed())
    await press(page, "Alt+o")
    for words in (
        "王秀英",
        "109****5678",
        "停诊待处理",
        "陈建国",
        "留着号",
        "赵明",
        "接了没按键",
        "无人接听",
    ):
        await expect(preview(page)).to_contain_text(words)
    await expect(page.get_by_role("listbox", name="怎么办")).to_be_focused()
    result = await Axe().run(page, options={"runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa"]}})
    assert [one["id"] for one in result.response["violations"]] == []
    await press(page, "1")
    await stage.until("outbound.dial")
    await expect(preview(page)).to_be_hidden()
    assert stage.asked == [("outbound.dial", {"call_id": 5})]


async def test_the_kept_slot_is_accepted_and_the_preview_goes_when_the_call_does(
    seat: Seat, stage: Stage
) -> None:
    page = await seat(me=desk.ME, outbound=desk.handed(mine=True))
    await press(page, "Alt+o", "2")
    await stage.until("outbound.accept")
    await stage.change(outbound=NOTHING)
    await expect(preview(page)).to_be_hidden()
    await expect(page.get_by_role("region", name="待办外呼")).to_be_hidden()


async def test_a_patient_is_given_up_only_by_delete(seat: Seat, stage: Stage) -> None:
    page = await seat(me=desk.ME, outbound=desk.handed(mine=True))
    await press(page, "Alt+o", "9", "Enter", "Space")
    await expect(page.locator(".question")).to_contain_text("号会取消，费用全退")
    assert stage.asked == []
    await press(page, "Delete")
    await stage.until("outbound.settle")
    assert stage.asked == [("outbound.settle", {"call_id": 5, "how": "given-up"})]
