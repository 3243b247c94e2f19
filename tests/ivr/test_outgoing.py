"""Calls of ours by key script: what is said before and after a key, what it does, and what counts as heard."""

import shutil
from datetime import date, time
from pathlib import Path
from typing import Any

import pytest

from core.booking import draft
from core.booking.cancel import cancel
from core.booking.commands import Cancel
from core.booking.rules import State as Visit
from core.booking.tables import Appointment
from core.calling.rules import Outcome, State
from core.contact import callbacks
from core.contact.distribution import QueueClass
from core.contact.tables import OpeningHours
from core.offers import engine as offers
from core.offers.rules import State as Offered
from core.work import Hotline
from ivr.call import Prompt
from ivr.line import Manners
from ivr.outgoing_desk import OutgoingDesk
from tests.builders import SEED, TEXTER
from tests.builders import clinic as open_clinic
from tests.ivr.questions import Asked, unmeasured
from tests.ivr.scripts import ends_with
from tests.owing import Owing

FRIDAY = date(2026, 11, 27)
LI = ("李秀英", "10712345678")
GATE = ["greeting", "outgoing-leave", "outgoing-gate"]
MESSAGE = ["outgoing-stopped", "outgoing-offer", "outgoing-leave-menu"]
SERIAL = ("booked-again", "goodbye")


@pytest.fixture
def database_url(sqlite_model: Path, in_memory: Path) -> str:
    """SQLite only: what differs between the databases is tested below dialogues."""
    shutil.copy(sqlite_model, in_memory / "test.db")
    return f"sqlite+aiosqlite:///{in_memory / 'test.db'}"


@pytest.fixture
async def owing(hotline: Hotline) -> Owing:
    return Owing(await open_clinic(hotline))


async def call(owing: Owing, keys: str) -> Asked:
    """The call that is due, answered by somebody who presses these keys."""
    (one,) = await owing.claim()
    caller = Asked(keys, ani=None, id=one.leg)
    await OutgoingDesk(owing.hotline, owing.clinic.store, Manners()).receive(caller)
    assert unmeasured(caller.questions) == []
    return caller


async def visit(owing: Owing, name: str = "李秀英") -> Visit:
    async with owing.hotline.read() as db:
        return Visit((await db.get_one(Appointment, owing.visits[name])).state)


async def came_to(owing: Owing, name: str = "李秀英") -> tuple[str, str | None, str | None, str | None]:
    """How the last try ended, by which key; the answer; and the contact's disposition."""
    proof, told = (await owing.tries(name))[-1], await owing.call(name)
    (*_, contact) = await owing.contacts()
    return str(proof.outcome), proof.key, told.answer, contact.disposition


@pytest.mark.req("R-089")
@pytest.mark.parametrize(
    ("keys", "ends", "outcome", "offer", "stands"),
    [
        ("11", ("changed", *SERIAL), ("key", "1", "accepted", "changed"), Offered.ACCEPTED, Visit.REPLACED),
        ("1.1", (*MESSAGE, "changed", *SERIAL), ("key", "1", "accepted", "changed"), "accepted", "replaced"),
        ("1211", ("confirm", "changed", *SERIAL), ("key", "2", "other-times", "changed"), "refused", "replaced"),
        ("12121.", ("confirm", "no-input", "*"), ("hung-up", "2", None, "unheard"), "open", "stopped"),
        ("131", ("outgoing-cancel-ask", "cancelled", "goodbye"), ("key", "3", "cancelled", "cancelled"), "refused", "cancelled"),
        ("1321", ("changed", *SERIAL), ("key", "1", "accepted", "changed"), "accepted", "replaced"),
        ("1..", (*MESSAGE, "outgoing-later"), ("silent", None, None, "unheard"), "open", "stopped"),
        ("..", (*GATE, *GATE, "outgoing-later"), ("silent", None, None, "unheard"), "open", "stopped"),
        ("1!", MESSAGE, ("hung-up", None, None, "unheard"), "open", "stopped"),
        ("!", GATE, ("hung-up", None, None, "unheard"), "open", "stopped"),
        ("2", ("outgoing-gate", "outgoing-wrong"), ("wrong", "2", None, "unheard"), "open", "stopped"),
        ("0", ("outgoing-gate", "to-person"), ("key", "0", "person", None), "open", "stopped"),
        ("10", (*MESSAGE, "to-person"), ("key", "0", "person", None), "open", "stopped"),
        ("177", ("not-a-choice", *MESSAGE, "to-person"), ("key", None, "person", None), "open", "stopped"),
        ("12..", ("back", "outgoing-later"), ("silent", None, None, "unheard"), "open", "stopped"),
        ("1*1", ("changed", *SERIAL), ("key", "1", "accepted", "changed"), "accepted", "replaced"),
    ],
)  # fmt: skip
async def test_after_a_leave(
    owing: Owing,
    keys: str,
    ends: tuple[str, ...],
    outcome: tuple[str, str | None, str | None, str | None],
    offer: str,
    stands: str,
) -> None:
    await owing.clinic.session("chen", day=FRIDAY)
    await owing.displaced(LI)
    caller = await call(owing, keys)
    assert ends_with(caller.heard, ends), " ".join(caller.heard)
    assert await came_to(owing) == outcome
    assert (await owing.offer("李秀英")).state == offer
    assert await visit(owing) == stands


async def test_nothing_of_the_visit_is_named_before_a_key_says_who_listens(owing: Owing) -> None:
    await owing.displaced(LI)
    caller = await call(owing, "..")
    said = "".join(caller.words)
    assert "12320" in caller.words[0]
    assert "李女士" in said
    assert not any(secret in said for secret in ("心血管", "陈建国", "主任", "市一医院", "十一月", "秀英"))


async def test_the_message_names_the_slot_and_its_fee(owing: Owing) -> None:
    await owing.displaced(LI)
    caller = await call(owing, "1!")
    said = "".join(caller.words[-3:])
    for part in ("停诊", "市一医院", "心血管内科", "陈建国", "下午两点", "三十元", "接受按一"):
        assert part in said


async def test_an_answer_by_text_while_it_rang_is_thanked_for(owing: Owing) -> None:
    await owing.displaced(LI)
    (one,) = await owing.claim()
    async with owing.hotline.work(TEXTER) as work:
        await offers.accept(work, owing.offers["李秀英"])
    caller = Asked("", ani=None, id=one.leg)
    await OutgoingDesk(owing.hotline, owing.clinic.store).receive(caller)
    assert caller.heard == ["greeting", "outgoing-answered"]
    assert await came_to(owing) == ("silent", None, "elsewhere", "nothing")


async def test_an_answer_by_text_while_they_listen_leaves_the_key_without_effect(owing: Owing) -> None:
    await owing.displaced(LI)

    class Slow(Asked):
        async def ask(self, *prompts: Prompt, **more: Any) -> str:
            if prompts[-1].name == "outgoing-leave-menu":
                async with owing.hotline.work(TEXTER) as work:
                    await offers.refuse(work, owing.offers["李秀英"], "cancelled")
            return await super().ask(*prompts, **more)

    (one,) = await owing.claim()
    caller = Slow("11", ani=None, id=one.leg)
    await OutgoingDesk(owing.hotline, owing.clinic.store).receive(caller)
    assert caller.heard[-2:] == ["refusal-offer-gone", "to-person"]
    assert await visit(owing) == Visit.CANCELLED


async def test_who_wants_a_person_comes_before_others_with_the_visit_on_the_desk(owing: Owing) -> None:
    await owing.displaced(LI)
    caller = await call(owing, "10")
    assert caller.target == "queue"
    (contact,) = await owing.contacts()
    entry = await owing.waited(contact.id)
    assert (entry.klass, contact.closed_at) == (QueueClass.DISPLACED, None)
    async with owing.hotline.work(TEXTER) as work:
        seen = await draft.open_draft(work, interaction_id=contact.id)
    assert (seen.fields["verb"], seen.fields["appointment_id"]) == ("change", owing.visits["李秀英"])


async def test_at_night_who_wants_a_person_is_promised_a_call_to_this_number(owing: Owing) -> None:
    async with owing.hotline.work(SEED) as work:
        work.db.add(OpeningHours(dnis=None, weekday=1, opens=time(20), closes=time(21)))
    await owing.displaced(LI)
    caller = await call(owing, "10#")
    assert caller.heard[-3:] == ["after-hours", "(beep)", "message-thanks"]
    async with owing.hotline.read() as db:
        (owed,) = await callbacks.owed(db)
    assert owing.hotline.sealer.open(owed.sealed or b"", "phone") == LI[1]


async def test_without_another_time_a_person_helps(owing: Owing) -> None:
    await owing.displaced(LI)
    caller = await call(owing, "12")
    assert caller.heard[-2:] == ["outgoing-none", "to-person"]
    assert (await came_to(owing))[:3] == ("key", "2", "person")


async def test_a_leg_that_we_know_nothing_of_is_let_go(owing: Owing) -> None:
    caller = Asked("1", ani=None, id="out-nobody")
    assert await OutgoingDesk(owing.hotline, owing.clinic.store).receive(caller) is None
    assert (caller.over, caller.heard) == (True, [])


async def test_a_dialogue_that_fails_costs_the_callee_nothing_and_the_call_is_made_again(
    owing: Owing,
) -> None:
    await owing.displaced(LI)

    class Broken(Asked):
        async def ask(self, *prompts: Prompt, **more: Any) -> str:
            raise RuntimeError("no voice")

    (one,) = await owing.claim()
    with pytest.raises(RuntimeError):
        await OutgoingDesk(owing.hotline, owing.clinic.store).receive(Broken("", ani=None, id=one.leg))
    assert (await owing.tries("李秀英"))[-1].outcome is Outcome.LOST
    assert (await owing.call("李秀英")).state is State.WAITING
    assert (await owing.contacts())[-1].closed_at is None


# --- the waiting list and the day before -----------------------------------------------------------------


@pytest.mark.req("I-009")
@pytest.mark.parametrize(
    ("keys", "ends", "outcome", "offer"),
    [
        ("11", ("booked", "booked-again", "goodbye"), ("key", "1", "accepted", "booked"), "accepted"),
        ("12", ("outgoing-not-this", "goodbye"), ("key", "2", "refused", "refused"), "refused"),
        ("13", ("outgoing-left", "goodbye"), ("key", "3", "cancelled", "refused"), "withdrawn"),
        ("10", ("outgoing-waiting-menu", "to-person"), ("key", "0", "person", None), "open"),
        ("1..", ("outgoing-waiting-menu", "outgoing-later"), ("silent", None, None, "unheard"), "open"),
    ],
)
async def test_a_slot_from_the_waiting_list(
    owing: Owing,
    keys: str,
    ends: tuple[str, ...],
    outcome: tuple[str, str | None, str | None, str | None],
    offer: str,
) -> None:
    await owing.waits(*LI)
    caller = await call(owing, keys)
    assert ends_with(caller.heard, ends), " ".join(caller.heard)
    assert await came_to(owing) == outcome
    assert (await owing.offer("李秀英")).state == offer


@pytest.mark.parametrize(
    ("keys", "ends", "outcome", "stands"),
    [
        ("11", ("kept", "goodbye"), ("key", "1", "kept", "kept"), "booked"),
        ("131", ("cancelled", "goodbye"), ("key", "3", "cancelled", "cancelled"), "cancelled"),
        ("1321", ("kept", "goodbye"), ("key", "1", "kept", "kept"), "booked"),
        ("1211", ("changed", "goodbye"), ("key", "2", "changed", "changed"), "replaced"),
        ("10", ("outgoing-reminder-menu", "to-person"), ("key", "0", "person", None), "booked"),
        ("..", ("outgoing-gate", "outgoing-later"), ("silent", None, None, "unheard"), "booked"),
    ],
)
async def test_the_day_before(
    owing: Owing,
    keys: str,
    ends: tuple[str, ...],
    outcome: tuple[str, str | None, str | None, str | None],
    stands: str,
) -> None:
    await owing.clinic.session("wu", day=FRIDAY)
    await owing.reminded(*LI)
    caller = await call(owing, keys)
    assert ends_with(caller.heard, ends), " ".join(caller.heard)
    assert await came_to(owing) == outcome
    assert await visit(owing) == stands


async def test_a_visit_that_was_given_up_is_not_reminded_of(owing: Owing) -> None:
    await owing.reminded(*LI)
    async with owing.hotline.work(TEXTER) as work:
        await cancel(work, Cancel(owing.visits["李秀英"]))
    assert (await call(owing, "")).heard == ["greeting", "outgoing-answered"]
