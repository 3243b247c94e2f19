"""What a message centre brings: texts whole whatever their parts do, receipts of each part."""

import itertools
from collections.abc import AsyncIterator
from typing import Any

import pytest

from core.ports import OutgoingText
from sms.gateways.smpp.gateway import MOST_DELIVERIES
from sms.gateways.smpp.receipts import Ids
from tests.clocks import FrozenClock
from tests.sms.boxes import Box
from tests.sms.smpp_house import bound
from tests.sms.smsc import Smsc, centre
from tests.waiting import until

NUMBER = "13812345678"
BODY = "预约" + "省人民医院" * 30 + "😀"


@pytest.fixture
async def smsc() -> AsyncIterator[Smsc]:
    async with centre() as started:
        yield started


@pytest.fixture
def box() -> Box:
    return Box()


def bring(smsc: Smsc, part: dict[str, Any]) -> str:
    part = dict(part)
    return smsc.bring(part.pop("sender"), part.pop("content"), **part)


# --- parts --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))), ids=str)
async def test_parts_make_one_text_in_whatever_order_they_come(
    smsc: Smsc, box: Box, order: tuple[int, ...]
) -> None:
    async with bound(smsc, box):
        parts = smsc.parts(NUMBER, BODY)
        tags = [bring(smsc, parts[index]) for index in order]
        assert [await smsc.answer(tag) for tag in tags] == ["ESME_ROK"] * 3
    (came,) = box.texts
    assert (came.sender, came.to, came.body) == (NUMBER, "12320", BODY)


async def test_no_part_is_answered_before_the_inbox_has_the_whole(smsc: Smsc, box: Box) -> None:
    async with bound(smsc, box):
        box.open.clear()
        tags = [bring(smsc, part) for part in smsc.parts(NUMBER, BODY)]
        await until(lambda: bool(box.tried))
        await smsc.order("enquire")
        await smsc.says("enquiry-answered")  # what was written before it has been heard
        assert not any(smsc.answered(tag) for tag in tags)
        box.open.set()
        assert {await smsc.answer(tag) for tag in tags} == {"ESME_ROK"}


async def test_a_centre_that_brings_one_part_at_a_time_is_put_off_and_loses_nothing(
    smsc: Smsc, box: Box
) -> None:
    async with bound(smsc, box, manners={"part_patience_s": 0.05}):
        parts = smsc.parts(NUMBER, BODY)
        answers = [await smsc.answer(bring(smsc, part)) for part in parts]
        assert answers == ["ESME_RX_T_APPN", "ESME_RX_T_APPN", "ESME_ROK"]
        assert [one.body for one in box.texts] == [BODY]
        again = [await smsc.answer(bring(smsc, part)) for part in parts[:2]]
    assert again == ["ESME_ROK", "ESME_ROK"]
    assert len(box.tried) == 1


async def test_a_part_that_comes_twice_is_one_part(smsc: Smsc, box: Box) -> None:
    async with bound(smsc, box):
        parts = smsc.parts(NUMBER, BODY)
        tags = [bring(smsc, part) for part in (parts[0], parts[0], parts[1], parts[2])]
        assert {await smsc.answer(tag) for tag in tags} == {"ESME_ROK"}
    assert [one.body for one in box.texts] == [BODY]


async def test_two_people_may_use_the_same_reference(smsc: Smsc, box: Box) -> None:
    async with bound(smsc, box):
        mine, yours = smsc.parts(NUMBER, "甲" * 100), smsc.parts("13900000000", "乙" * 100)
        for pair in zip(mine, yours, strict=True):
            for part in pair:
                bring(smsc, part)
        came = await box.has(2)
    assert {(one.sender, one.body) for one in came} == {(NUMBER, "甲" * 100), ("13900000000", "乙" * 100)}


async def test_a_reference_that_comes_round_again_is_another_text(smsc: Smsc, box: Box) -> None:
    async with bound(smsc, box):
        for body in ("甲" * 100, "乙" * 100):
            for part in smsc.parts(NUMBER, body):
                bring(smsc, part)
            await until(lambda body=body: any(one.body == body for one in box.texts))
    assert len(box.texts) == 2


async def test_what_the_inbox_could_not_keep_is_put_together_again(smsc: Smsc, box: Box) -> None:
    box.broken = True
    async with bound(smsc, box, manners={"part_patience_s": 0.3}):
        parts = smsc.parts(NUMBER, BODY)
        tags = [bring(smsc, part) for part in parts]
        assert {await smsc.answer(tag) for tag in tags} == {"ESME_RX_T_APPN"}
        box.broken = False
        tags = [bring(smsc, part) for part in parts]
        assert {await smsc.answer(tag) for tag in tags} == {"ESME_ROK"}
    assert [one.body for one in box.texts] == [BODY]
    assert len({one.gateway_id for one in box.tried}) == 1


async def test_a_part_that_never_comes_is_marked_after_five_minutes(smsc: Smsc, box: Box) -> None:
    clock = FrozenClock.at("2026-11-23 10:00")
    async with bound(smsc, box, clock=clock, manners={"part_patience_s": 0.05}):
        parts = smsc.parts(NUMBER, "甲" * 67 + "乙" * 67 + "丙")
        for part in (parts[0], parts[2]):
            assert await smsc.answer(bring(smsc, part)) == "ESME_RX_T_APPN"
        clock.advance(minutes=4)
        await smsc.order("enquire")
        await smsc.says("enquiry-answered")
        assert box.tried == []
        clock.advance(minutes=1)
        (came,) = await box.has(1)
        assert came.body == "甲" * 67 + "〔第2段没有收到〕" + "丙"
        for part in (parts[0], parts[2]):
            assert await smsc.answer(bring(smsc, part)) == "ESME_ROK"
    assert len(box.tried) == 1


async def test_a_wide_reference_and_a_header_with_more_in_it_are_read(smsc: Smsc, box: Box) -> None:
    """TS 23.040, 9.2.3.24: a 16-bit reference, after an element that we do not know."""
    async with bound(smsc, box):
        for number, words in ((2, "心内科"), (1, "预约")):
            header = bytes((11, 0x24, 1, 3, 0x08, 4, 0x12, 0x34, 2, number, 0x25, 0))
            smsc.bring(NUMBER, header + words.encode("utf-16-be"), udhi=True)
        (came,) = await box.has(1)
    assert came.body == "预约心内科"


async def test_parts_that_are_numbered_by_options_are_read(smsc: Smsc, box: Box) -> None:
    async with bound(smsc, box):
        for number, words in ((2, "心内科"), (1, "预约")):
            smsc.bring(
                NUMBER,
                words.encode("utf-16-be"),
                options={"sar_msg_ref_num": 4660, "sar_total_segments": 2, "sar_segment_seqnum": number},
            )
        (came,) = await box.has(1)
    assert came.body == "预约心内科"


async def test_a_character_that_is_cut_in_two_by_the_telephone_is_whole_again(smsc: Smsc, box: Box) -> None:
    octets = "天气😀好".encode("utf-16-be")
    async with bound(smsc, box):
        for number, content in ((1, octets[:6]), (2, octets[6:])):
            smsc.bring(NUMBER, bytes((5, 0, 3, 9, 2, number)) + content, udhi=True)
        (came,) = await box.has(1)
    assert came.body == "天气😀好"


# --- alphabets ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("coding", "content", "body"),
    [
        (0, bytes((0x00, 0x1B, 0x65, 0x41)), "@€A"),
        (1, b"YY 1203", "YY 1203"),
        (3, b"caf\xe9", "café"),
        (8, "预约".encode("utf-16-be"), "预约"),
        (15, "预约".encode("gb18030"), "预约"),
        (0x18, "预约".encode("utf-16-be"), "预约"),
        (0xF1, b"YY", "YY"),
        (8, "预".encode("utf-16-be") + b"\x7e", "预\ufffd"),
    ],
    ids=["gsm7", "ascii", "latin", "ucs2", "gb18030", "ucs2-with-class", "gsm7-with-class", "odd"],
)
async def test_a_text_is_read_in_the_alphabet_that_it_names(
    smsc: Smsc, box: Box, coding: int, content: bytes, body: str
) -> None:
    async with bound(smsc, box):
        assert await smsc.answer(smsc.bring(NUMBER, content, coding=coding)) == "ESME_ROK"
    assert [one.body for one in box.texts] == [body]


async def test_a_text_may_be_in_the_payload_option(smsc: Smsc, box: Box) -> None:
    async with bound(smsc, box):
        payload = ("预约" * 100).encode("utf-16-be").hex()
        assert await smsc.answer(smsc.bring(NUMBER, b"", options={"message_payload": payload})) == "ESME_ROK"
    assert [one.body for one in box.texts] == ["预约" * 100]


async def test_an_international_number_has_its_sign(smsc: Smsc, box: Box) -> None:
    async with bound(smsc, box):
        await smsc.answer(smsc.bring("8613812345678", "1".encode("utf-16-be"), ton="international"))
    assert box.texts[0].sender == "+8613812345678"


# --- again --------------------------------------------------------------------------------------------


async def test_a_text_that_we_could_not_thank_for_comes_again_under_its_name(smsc: Smsc, box: Box) -> None:
    async with bound(smsc, box) as gateway:
        box.open.clear()
        smsc.write(NUMBER, "取消")
        await until(lambda: bool(box.tried))
        await smsc.order("cut")
        await smsc.says("gone")
        box.open.set()
        await smsc.says("bound", 2)
        await until(lambda: gateway.bound)
        assert await smsc.answer(smsc.write(NUMBER, "取消")) == "ESME_ROK"
    assert len(box.tried) == 2
    assert len(box.texts) == 1


async def test_a_text_whose_thanks_may_be_lost_comes_again_under_its_name(smsc: Smsc, box: Box) -> None:
    async with bound(smsc, box) as gateway:
        await gateway.send(OutgoingText("a", NUMBER, "您好", "booked"))  # answered, but before our thanks
        await smsc.answer(smsc.write(NUMBER, "取消"))
        await smsc.order("cut")
        await smsc.says("bound", 2)
        await until(lambda: gateway.bound)
        await smsc.answer(smsc.write(NUMBER, "取消"))
    assert len(box.tried) == 2
    assert len(box.texts) == 1


async def test_once_the_centre_has_answered_us_after_our_thanks_the_same_words_are_new(
    smsc: Smsc, box: Box
) -> None:
    async with bound(smsc, box) as gateway:
        await smsc.answer(smsc.write(NUMBER, "1"))
        await gateway.send(OutgoingText("a", NUMBER, "您好", "booked"))
        await smsc.order("cut")
        await smsc.says("bound", 2)
        await until(lambda: gateway.bound)
        await smsc.answer(smsc.write(NUMBER, "1"))
    assert len(box.texts) == 2


async def test_after_our_own_breakdown_a_repeat_within_minutes_has_the_same_name(
    smsc: Smsc, box: Box
) -> None:
    for _ in range(2):  # two lives of the house
        async with bound(smsc, box):
            await smsc.answer(smsc.write(NUMBER, "取消"))
            for part in smsc.parts(NUMBER, BODY):
                bring(smsc, part)
            await until(lambda: BODY in [one.body for one in box.texts])
            await smsc.says("answered", 4)
    assert len(box.texts) == 2


async def test_more_than_we_can_hold_is_put_off(smsc: Smsc, box: Box) -> None:
    async with bound(smsc, box):
        box.open.clear()
        tags = [smsc.write(NUMBER, f"取消{number}") for number in range(MOST_DELIVERIES + 1)]
        assert await smsc.answer(tags[-1]) == "ESME_RMSGQFUL"
        box.open.set()
        assert {await smsc.answer(tag) for tag in tags[:-1]} == {"ESME_ROK"}


# --- receipts -----------------------------------------------------------------------------------------


async def test_receipts_may_come_in_any_order_and_name_their_parts(smsc: Smsc, box: Box) -> None:
    async with bound(smsc, box) as gateway:
        ids = await gateway.send(OutgoingText("a", NUMBER, "您" * 200, "booked"))
        smsc.receipt(ids[2], "EXPIRED")
        smsc.receipt(ids[0])
        smsc.receipt(ids[1], "ENROUTE")
        smsc.receipt(ids[1])
        receipts = await box.knows(3)
    assert {(one.part_id, one.delivered, one.why) for one in receipts} == {
        (ids[0], True, ""),
        (ids[1], True, ""),
        (ids[2], False, "EXPIRED 000"),
    }


@pytest.mark.parametrize(
    ("words", "more", "told"),
    [
        ("", {"options": {"receipted_message_id": "m7", "message_state": "DELIVERED"}}, ("m7", True, "")),
        (
            "",
            {"options": {"receipted_message_id": "m7", "message_state": "UNDELIVERABLE"}},
            ("m7", False, "UNDELIV"),
        ),
        ("", {"kind": "DEFAULT", "options": {"receipted_message_id": "m7", "message_state": "DELIVERED"}}, ("m7", True, "")),
        # What a strict reader breaks at: a code with letters, seconds in the dates, an option of their own,
        # a network error of three octets.
        (
            "id:m7 sub:001 dlvrd:000 submit date:261123100000 done date:261123100001 stat:REJECTD err:XB9F",
            {"own": [(0x1401, "ff00"), (0x0423, "03000a")]},
            ("m7", False, "REJECTD XB9F"),
        ),
        ("id: sub:001 stat:DELIVRD text:id:m8", {"own": [(0x001E, b"m7\0".hex())]}, ("m7", True, "")),
        ("ID:m7 Stat:delivrd", {}, ("m7", True, "")),
    ],
    ids=["options", "options-bad", "options-alone", "own-codes", "id-in-option", "other-case"],
)  # fmt: skip
async def test_a_receipt_is_read_however_it_is_written(
    smsc: Smsc, box: Box, words: str, more: dict[str, Any], told: tuple[str, bool, str]
) -> None:
    async with bound(smsc, box):
        kind = {"kind": "SMSC_DELIVERY_RECEIPT"} | more
        tag = smsc.bring("8613812345678", words.encode(), coding=0, **kind)
        assert await smsc.answer(tag) == "ESME_ROK"
    (receipt,) = box.receipts
    assert (receipt.part_id, receipt.delivered, receipt.why) == told
    assert box.tried == []


@pytest.mark.parametrize(
    "more",
    [
        {"kind": "INTERMEDIATE_DELIVERY_NOTIFICATION"},
        {"kind": "DELIVERY_ACKNOWLEDGEMENT"},
        {"kind": "SMSC_DELIVERY_RECEIPT", "options": {"message_state": "DELIVERED"}},
    ],
    ids=["notification", "acknowledgement", "nameless-receipt"],
)
async def test_a_notice_that_says_nothing_of_a_part_of_ours_is_thanked_for_and_left(
    smsc: Smsc, box: Box, more: dict[str, Any]
) -> None:
    async with bound(smsc, box):
        assert await smsc.answer(smsc.bring(NUMBER, b"hello", coding=0, **more)) == "ESME_ROK"
    assert box.tried == []
    assert box.receipts == []


async def test_a_receipt_that_cannot_be_kept_comes_again(smsc: Smsc, box: Box) -> None:
    async with bound(smsc, box):
        box.broken = True
        assert await smsc.answer(smsc.receipt("m7")) == "ESME_RX_T_APPN"
        box.broken = False
        assert await smsc.answer(smsc.receipt("m7")) == "ESME_ROK"
    assert [one.part_id for one in box.receipts] == ["m7"]


async def test_ids_that_the_centre_writes_in_two_ways_are_one(smsc: Smsc, box: Box) -> None:
    """It answers 00000001 in hexadecimal and reports 1 in decimal."""
    async with bound(smsc, box, manners={"ids": Ids.HEX_THEN_DECIMAL}) as gateway:
        await smsc.plan(*["ok"] * 16)
        for number in range(16):
            ids = await gateway.send(OutgoingText(f"k{number}", NUMBER, "您好", "booked"))
        assert (await smsc.submitted())[-1]["id"] == "00000016"
        await smsc.answer(smsc.receipt(str(0x16)))
    assert box.receipts[0].part_id == ids[0]
