"""Decide a hold from a batch's picture: booking.hold told again without a database; pure."""

from datetime import timedelta

from core.booking.commands import HeldSlot, Hold
from core.booking.group.picture import Candidate, Picture, Signature
from core.booking.group.plan import Aside, Asker, Plan
from core.booking.may import may_ask, may_book, ruled
from core.errors import Refusal, ShareUsedUp, SlotFull, SlotTaken
from core.events import HoldReleased, SlotHeld


def decide_hold(asker: Asker, command: Hold, sign: Signature | None) -> Plan:
    """Raises what booking.hold.hold raises, Aside."""
    picture, now, channel = asker.picture, asker.now, asker.channel
    slot = picture.session(command.session_id).slot
    if command.period_id is not None:
        slot = picture.slot_at(command.session_id, command.period_id)
    book = picture.book_of(slot)
    may_ask(slot, book, channel=channel, now=now, offered=command.reason != "choice")
    assert sign is not None
    claimed = next((one for one in picture.free[sign] if one.slot_id not in picture.taken), None)
    if claimed is None:
        raise _full(picture, command, sign)
    if command.person_id is not None:
        exact = picture.slot_at(claimed.session_id, claimed.period_id)
        facts = picture.facts(exact, person_id=command.person_id, contact_print=None, channel=channel)
        may_book(facts, book, reason=command.reason)
    plan = Plan(taken=(claimed.slot_id, claimed.session_id))
    if command.reason == "choice":
        _let_older_choice_go(picture, command.owner, plan)
    minutes = command.minutes or int(ruled(book, slot, "hold.minutes", channel=channel, now=now).value)
    _keep(asker, command, claimed, minutes, plan)
    return plan


def _full(picture: Picture, command: Hold, sign: Signature) -> Refusal:
    left = picture.left.get(sign)
    if left is None or left.mine > len(picture.free[sign]):
        raise Aside  # others are just taking the last ones, and may yet roll back
    if left.others and command.session_id in picture.taken.values():
        raise Aside  # they were counted before this batch took any
    facts = {"session_id": command.session_id}
    if command.slot_id is not None:
        return SlotTaken(facts=facts)
    if left.others:
        slot = picture.session(command.session_id).slot
        return ShareUsedUp(ruled(picture.book_of(slot), slot, "recycle.time").ref, facts)
    return SlotFull(facts=facts)


def _let_older_choice_go(picture: Picture, owner: str, plan: Plan) -> None:
    for choice in picture.choices.get(owner, ()):
        plan.add("release", choice.hold_id)
        slot = picture.slots[choice.slot_id]
        if slot.state == "held" and slot.hold_id == choice.hold_id:
            plan.add("let-go", choice.slot_id, choice.hold_id)
            plan.events.append(
                HoldReleased(
                    hold_id=choice.hold_id, slot_id=choice.slot_id, session_id=choice.session_id, why="moved"
                )
            )


def _keep(asker: Asker, command: Hold, claimed: Candidate, minutes: int, plan: Plan) -> None:
    hold_id, now = asker.chance.token(), asker.now
    until = now + timedelta(minutes=minutes)
    plan.add("claim", claimed.slot_id, hold_id)
    plan.add(
        "hold", hold_id, claimed.slot_id, claimed.session_id, command.owner, command.reason,
        command.person_id, asker.interaction_id, asker.channel.value, "live", now, until, now,
    )  # fmt: skip
    plan.events.append(
        SlotHeld(
            hold_id=hold_id,
            slot_id=claimed.slot_id,
            session_id=claimed.session_id,
            person_id=command.person_id,
            reason=command.reason,
            until=until,
        )
    )
    plan.outcome = HeldSlot(
        hold_id, claimed.slot_id, claimed.session_id, claimed.period_id, claimed.sequence, until
    )
