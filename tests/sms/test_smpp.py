"""Texts over SMPP, to a message centre that is not our code."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any

import pytest

from core.ports import OutgoingText, OutsideError
from sms.gateways.smpp.gateway import SmppGateway
from sms.gateways.smpp.pdus import Address
from sms.gateways.smpp.session import Centre
from tests.sms.boxes import Box
from tests.sms.smpp_house import bound, house
from tests.sms.smsc import Smsc, centre
from tests.waiting import until

NUMBER = "13812345678"
LONG = "您" * 67 + "好" * 67 + "再见"


@pytest.fixture
async def smsc() -> AsyncIterator[Smsc]:
    async with centre() as started:
        yield started


@pytest.fixture
def box() -> Box:
    return Box()


def text(body: str = "您好", key: str = "appointment/1/1/booked") -> OutgoingText:
    return OutgoingText(key, NUMBER, body, "booked")


async def doubt(gateway: SmppGateway, outgoing: OutgoingText) -> OutsideError:
    """The failure of a text of which nobody knows."""
    with pytest.raises(OutsideError) as failure:
        await gateway.send(outgoing)
    assert failure.value.unsure
    assert not failure.value.permanent
    return failure.value


# --- a text --------------------------------------------------------------------------------------------


async def test_a_short_text_goes_in_one_part_with_a_receipt_asked_for(smsc: Smsc, box: Box) -> None:
    async with bound(smsc, box) as gateway:
        assert await gateway.send(text("【12320】您好")) == ("00000001",)
    (part,) = await smsc.submitted()
    assert (part["from"], part["to"], part["ton"]) == ("12320", "86" + NUMBER, "INTERNATIONAL")
    assert (part["coding"], part["words"]) == (8, "【12320】您好")
    assert part["receipt"] == "SMSC_DELIVERY_RECEIPT_REQUESTED"
    assert "reference" not in part


async def test_latin_letters_go_in_the_centres_alphabet(smsc: Smsc, box: Box) -> None:
    """3GPP TS 23.038, 6.2.1: one octet a character, those of the extension after an escape."""
    async with bound(smsc, box) as gateway:
        await gateway.send(text("@{[€]} OK?"))
    (part,) = await smsc.submitted()
    assert part["coding"] == 0
    assert part["hex"] == "00" + "1b28" + "1b3c" + "1b65" + "1b3e" + "1b29" + b" OK?".hex()


async def test_an_emoji_is_never_cut_in_half(smsc: Smsc, box: Box) -> None:
    body = "您" * 66 + "😀" + "好" * 65
    async with bound(smsc, box) as gateway:
        assert len(await gateway.send(text(body))) == 2
    assert [part["words"] for part in await smsc.submitted()] == ["您" * 66, "😀" + "好" * 65]


async def test_the_parts_of_a_long_text_carry_one_reference(smsc: Smsc, box: Box) -> None:
    async with bound(smsc, box) as gateway:
        ids = await gateway.send(text(LONG))
    parts = await smsc.submitted()
    assert [(part["number"], part["total"]) for part in parts] == [(1, 3), (2, 3), (3, 3)]
    assert len({part["reference"] for part in parts}) == 1
    assert list(ids) == [part["id"] for part in parts]


# --- what goes wrong ----------------------------------------------------------------------------------


@pytest.mark.parametrize("step", ["cut", "drop"])
async def test_a_line_cut_in_the_middle_of_a_long_text_loses_and_doubles_nothing(
    smsc: Smsc, box: Box, step: str
) -> None:
    await smsc.plan("ok", step)
    async with bound(smsc, box) as gateway:
        await doubt(gateway, text(LONG))
        await until(lambda: gateway.bound)
        ids = await gateway.send(text(LONG))
    parts = await smsc.submitted()
    assert [part["number"] for part in parts] == [1, 2, 2, 3]
    assert len({part["reference"] for part in parts}) == 1
    assert await smsc.arrived() == [LONG]
    assert ids == (parts[0]["id"], parts[2]["id"], parts[3]["id"])


async def test_a_line_cut_before_the_answer_leaves_doubt(smsc: Smsc, box: Box) -> None:
    await smsc.plan("cut")
    async with bound(smsc, box) as gateway:
        await doubt(gateway, text())
        await until(lambda: gateway.bound)
        assert await gateway.send(text()) == ("00000002",)


async def test_doubt_stays_while_nobody_can_be_asked(smsc: Smsc, box: Box) -> None:
    await smsc.plan("cut")
    async with bound(smsc, box) as gateway:
        await doubt(gateway, text())
        await smsc.kill()
        await until(lambda: not gateway.bound)
        await doubt(gateway, text())


async def test_without_a_line_a_text_has_certainly_not_gone(smsc: Smsc, box: Box) -> None:
    async with bound(smsc, box) as gateway:
        await smsc.kill()
        await until(lambda: not gateway.bound)
        with pytest.raises(OutsideError) as failure:
            await gateway.send(text())
    assert not failure.value.unsure
    assert not failure.value.permanent


@pytest.mark.parametrize(
    ("step", "permanent"),
    [
        ("ESME_RINVDSTADR", True),
        ("ESME_RINVMSGLEN", True),
        ("ESME_RX_P_APPN", True),
        ("ESME_RTHROTTLED", False),
        ("ESME_RMSGQFUL", False),
        ("ESME_RSYSERR", False),
        ("ESME_RSUBMITFAIL", False),
        ("ESME_RINVSRCADR", False),
        ("raw:1104", False),  # 0x450, a carrier's own
    ],
)
async def test_a_refusal_is_for_good_or_for_now_and_leaves_no_doubt(
    smsc: Smsc, box: Box, step: str, permanent: bool
) -> None:
    await smsc.plan(step)
    async with bound(smsc, box) as gateway:
        with pytest.raises(OutsideError) as failure:
            await gateway.send(text())
        assert (failure.value.permanent, failure.value.unsure) == (permanent, False)
        assert gateway.bound
        await asyncio.sleep(0.06)  # the calm that it may have asked for
        assert await gateway.send(text()) == ("00000001",)


async def test_a_refusal_after_the_first_part_leaves_the_text_here(smsc: Smsc, box: Box) -> None:
    await smsc.plan("ok", "ESME_RSYSERR")
    async with bound(smsc, box) as gateway:
        await doubt(gateway, text(LONG))
        assert len(await gateway.send(text(LONG))) == 3
    assert await smsc.arrived() == [LONG]


async def test_in_the_middle_of_a_text_the_centres_wish_for_calm_is_waited_out(smsc: Smsc, box: Box) -> None:
    await smsc.plan("ok", "ESME_RTHROTTLED", "ESME_RMSGQFUL")
    async with bound(smsc, box) as gateway:
        assert len(await gateway.send(text(LONG))) == 3
    assert await smsc.arrived() == [LONG]


async def test_while_the_centre_wants_calm_no_text_is_begun(smsc: Smsc, box: Box) -> None:
    await smsc.plan("ESME_RTHROTTLED")
    async with bound(smsc, box, manners={"calm_s": 3600.0}) as gateway:
        for key in ("a", "b", "c"):
            with pytest.raises(OutsideError, match="calm") as failure:
                await gateway.send(text(key=key))
            assert not failure.value.unsure
    assert len(await smsc.submitted()) == 1


async def test_no_answer_in_time_leaves_doubt_and_a_late_answer_ends_it(smsc: Smsc, box: Box) -> None:
    await smsc.plan("hold")
    async with bound(smsc, box, answer_within_s=0.2) as gateway:
        await doubt(gateway, text())
        await smsc.order("release")
        while True:
            with contextlib.suppress(OutsideError):
                ids = await gateway.send(text())
                break
    assert ids == ("00000001",)
    assert len(await smsc.submitted()) == 1


async def test_who_gives_up_waiting_does_not_make_a_second_text(smsc: Smsc, box: Box) -> None:
    await smsc.plan("hold", "hold")
    async with bound(smsc, box) as gateway:
        first = asyncio.create_task(gateway.send(text(LONG)))
        await smsc.says("submitted")
        first.cancel()
        await asyncio.wait({first})
        second = asyncio.create_task(gateway.send(text(LONG)))
        await smsc.order("release")
        await smsc.says("submitted", 2)
        await smsc.order("release")
        assert len(await second) == 3
    assert [part["number"] for part in await smsc.submitted()] == [1, 2, 3]


async def test_the_same_text_twice_at_once_goes_once(smsc: Smsc, box: Box) -> None:
    async with bound(smsc, box) as gateway:
        first, second = await asyncio.gather(gateway.send(text(LONG)), gateway.send(text(LONG)))
    assert first == second
    assert len(await smsc.submitted()) == 3


# --- the session --------------------------------------------------------------------------------------


async def test_it_binds_as_transceiver_and_takes_its_leave(smsc: Smsc, box: Box) -> None:
    async with bound(smsc, box):
        assert (await smsc.says("bound"))[0]["as_transceiver"]
        assert not smsc.of("unbound")
    await smsc.says("unbound")
    await smsc.says("gone")


async def test_no_more_parts_wait_than_the_window_has_room_for(smsc: Smsc, box: Box) -> None:
    await smsc.plan(*["hold"] * 12)
    async with bound(smsc, box, window=3) as gateway:
        sending = [asyncio.create_task(gateway.send(text(key=f"k{number}"))) for number in range(12)]
        for count in range(1, 13):
            await smsc.says("submitted", min(count + 2, 12))
            await smsc.order("release", count=1)
        ids = await asyncio.gather(*sending)
        assert (await smsc.order("nothing"))["most_under_way"] == 3
    assert len(set(ids)) == 12


async def test_an_answer_that_never_comes_holds_its_place_in_the_window(smsc: Smsc, box: Box) -> None:
    await smsc.plan("silent")
    async with bound(smsc, box, window=1, answer_within_s=0.2) as gateway:
        await doubt(gateway, text(key="a"))
        with pytest.raises(OutsideError, match="window") as failure:
            await gateway.send(text(key="b"))
        assert not failure.value.unsure


async def test_an_enquiry_is_answered(smsc: Smsc, box: Box) -> None:
    async with bound(smsc, box):
        await smsc.order("enquire")
        assert (await smsc.says("enquiry-answered"))[0]["status"] == "ESME_ROK"


async def test_a_line_that_does_not_answer_our_enquiries_is_left(smsc: Smsc, box: Box) -> None:
    async with bound(smsc, box, enquire_every_s=0.05, answer_within_s=0.3):
        await smsc.says("enquired", 3)
        await smsc.order("deafen")
        lives = len(smsc.of("bound"))
        await smsc.says("gone", lives)
        await smsc.says("bound", lives + 1)


async def test_a_centre_that_answers_enquiries_and_no_part_is_left(smsc: Smsc, box: Box) -> None:
    await smsc.plan("silent")
    async with bound(smsc, box, enquire_every_s=0.05, answer_within_s=0.1) as gateway:
        await doubt(gateway, text())
        await smsc.says("gone")
        await smsc.says("bound", 2)


async def test_it_binds_again_when_the_centre_comes_back_on_the_same_port(box: Box) -> None:
    async with centre(0) as first:
        async with bound(first, box) as gateway:
            await gateway.send(text(key="before"))
            await first.kill()
            await until(lambda: not gateway.bound)
            async with centre(first.port) as second:
                await until(lambda: gateway.bound)
                assert await gateway.send(text(key="after")) == ("00000001",)
                assert await second.arrived() == ["您好"]


async def test_it_waits_for_a_centre_that_is_not_there_yet(box: Box) -> None:
    async with centre(0) as passing:
        port = passing.port
    async with house(port, box) as gateway:
        await asyncio.sleep(0)
        assert not gateway.bound
        async with centre(port):
            await until(lambda: gateway.bound)


async def test_a_wrong_password_is_no_bind(smsc: Smsc, box: Box, capfd: pytest.CaptureFixture[str]) -> None:
    async with house(smsc.port, box, password="guessed") as gateway:
        await smsc.says("gone", 2)
        assert not gateway.bound
    written = "".join(capfd.readouterr())
    assert "bind refused: ESME_RINVPASWD" in written
    assert "guessed" not in written


async def test_it_comes_back_when_the_centre_unbinds(smsc: Smsc, box: Box) -> None:
    async with bound(smsc, box) as gateway:
        await smsc.order("unbind")
        await smsc.says("bound", 2)
        await until(lambda: gateway.bound)
        await gateway.send(text())


async def test_a_broken_frame_ends_the_session_and_nothing_else(smsc: Smsc, box: Box) -> None:
    async with bound(smsc, box) as gateway:
        await smsc.order("write", hex="00000004" + "00000005" + "00000000" + "00000001")
        await smsc.says("bound", 2)
        await until(lambda: gateway.bound)
        await gateway.send(text())


async def test_what_it_does_not_know_it_refuses_and_goes_on(smsc: Smsc, box: Box) -> None:
    unknown = "00000010" + "00000103" + "00000000" + "00000101"
    cut_short = "00000014" + "00000005" + "00000000" + "00000102" + "41414141"
    async with bound(smsc, box) as gateway:
        await smsc.order("write", hex=unknown + cut_short)
        await gateway.send(text())
    assert len(smsc.of("bound")) == 1
    assert box.tried == []


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        ({"password": "longer than 8"}, "password"),
        ({"system_id": "house" * 4}, "system_id"),
        ({"password": "密码"}, "ascii"),
        ({"source": Address("１２３２０", 0, 1)}, "ascii"),
        ({"service_type": "too long"}, "service_type"),
    ],
)
def test_what_the_protocol_has_no_room_for_is_refused_at_once(wrong: dict[str, Any], why: str) -> None:
    usual = {"system_id": "house", "password": "secret", "source": Address("12320", 0, 1)}
    with pytest.raises(ValueError, match=why):
        Centre("smpp", "127.0.0.1", 2775, **(usual | wrong))


def test_a_kind_of_number_that_there_is_not_is_refused_at_once() -> None:
    with pytest.raises(ValueError, match="9"):
        Address("12320", 9, 1)
