"""For whom the form is, and how it is paid, in a real browser against a server that plays from a script."""

from typing import Any

import pytest
from playwright.async_api import expect

from tests.browser import desk_stage as desk
from tests.browser.desk_seat import Seat, chromium, seat, stage, talking
from tests.browser.desk_stage import No, Stage

__all__ = ["chromium", "seat", "stage"]

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="module")]

PICKED = {**desk.FIELDS, "person_id": 41, "id_number": None}


async def test_another_name_picks_nobody_and_takes_what_was_theirs_out(seat: Seat, stage: Stage) -> None:
    page = await seat(**talking(draft=desk.draft(fields=PICKED)))
    name, identity = page.get_by_label("姓名", exact=True), page.get_by_label("证件号码", exact=True)
    await expect(identity).to_have_attribute("placeholder", "990***********5678")
    await name.fill("张 秀英")
    await expect(page.locator(".saved")).to_have_text("已保存")
    assert stage.did("draft.save")[-1]["changes"] == {"name": "张 秀英"}
    await name.fill("孙")
    await name.press_sequentially("小宝")
    await expect(page.locator(".saved")).to_have_text("已保存")
    await expect(page.get_by_label("患者手机", exact=True)).to_have_value("")
    await expect(identity).to_have_attribute("placeholder", "")
    sent = [asked["changes"] for asked in stage.did("draft.save")[1:]]
    assert {name: value for one in sent for name, value in one.items()} == {
        "name": "孙小宝", "person_id": None, "phone": None, "birth_date": None, "sex": None,
    }  # fmt: skip
    assert stage.parts["draft"]["fields"]["contact_phone"] == "109****3321"


async def test_only_the_hospital_s_ways_to_pay_are_offered(seat: Seat, stage: Stage) -> None:
    page = await seat(**talking(draft=desk.draft(fields={"name": "李", "pay": "at-hospital"})))
    for way in ("at-hospital", "card", "online"):
        await expect(page.locator(f"#field-pay-{way}")).to_be_enabled()
    await stage.change(
        draft=desk.draft(
            version=2,
            fields={"name": "李", "pay": "at-hospital"},
            hold=desk.hold(),
            pays=["online"],
            pay="online",
        )
    )
    await expect(page.locator("#field-pay-online")).to_be_checked()
    await expect(page.locator("#field-pay-at-hospital")).to_be_disabled()
    await expect(page.locator("#field-pay-card")).to_be_disabled()


async def test_a_card_typed_before_the_hospital_is_checked_when_it_is_chosen(
    seat: Seat, stage: Stage
) -> None:
    page = await seat(**talking(draft=desk.draft(fields={"name": "李", "phone": "10912343321"})))

    def wrong(_: dict[str, Any]) -> dict[str, Any]:
        raise No("card-mismatch", "卡号、姓名和电话对不上,请再问一遍卡号。")

    stage.answers["card.check"] = wrong
    await page.get_by_label("就诊卡号").fill("C0001")
    await page.get_by_label("备注", exact=True).focus()
    await expect(page.locator(".saved")).to_have_text("已保存")
    assert stage.did("card.check") == []
    now = stage.parts["draft"]
    await stage.change(
        draft={**now, "version": now["version"] + 1, "fields": {**now["fields"], "hospital_id": 1}}
    )
    await expect(page.locator("#help-card")).to_contain_text("对不上")
    await expect(page.get_by_label("备注", exact=True)).to_be_focused()
    assert stage.did("card.check") == [
        {"card": "C0001", "name": "李", "phone": "10912343321", "hospital_id": 1}
    ]
