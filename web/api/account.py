"""Whom an account books for, and what its credit is."""

from datetime import date, timedelta
from typing import Literal

from sqlalchemy.ext.asyncio import AsyncSession

from core.accounts import about as abouts
from core.accounts import people
from core.accounts.credit import BlockView, explained
from core.accounts.people import AttendeeView
from core.errors import AttendeesFull, IdentityConflict, IdentityInvalid, LoginLocked, NotFound
from core.people.register import register
from core.staff import guesses
from core.staff.rules import Budget
from core.values import day_of
from core.work import Work
from web.api.appointments import Kind
from web.api.doing import Outcome, kept, once
from web.api.models import Answer, Asked, Day, Id, IdentityNumber, IdInAddress, Instant, Nothing, Words
from web.api.operation import Auth, Call, Operation

GROUP = "account"
# Whoever tries one identity number after the other under a name is stopped here.
ADDING = Budget("api-attendee", 20, timedelta(hours=1), pushed=False)


class NewAttendee(Asked):
    """Somebody to book for, with their papers. sex and birth_date: where the number does not carry them."""

    name: Words
    relation: Literal["spouse", "child", "parent", "grandparent", "sibling", "other"]
    identity_kind: Kind = "resident"
    identity_number: IdentityNumber
    sex: Literal["female", "male"] | None = None
    birth_date: Day | None = None


class AttendeePath(Asked):
    person_id: IdInAddress


class Attendee(Answer):
    """relation: self for the account's owner. provisional: the identity number is missing."""

    person_id: Id
    name: str
    relation: str
    sex: str | None
    birth_date: date | None
    identity_masked: str
    provisional: bool

    @classmethod
    def of(cls, it: AttendeeView) -> "Attendee":
        return cls(**vars(it))


class Attendees(Answer):
    items: list[Attendee]


class Block(Answer):
    """A rule that keeps somebody from booking. hospital: where; null: everywhere. until: null: for good."""

    rule: str
    hospital: str | None
    since: Instant
    until: Instant | None
    appealed: bool

    @classmethod
    def of(cls, it: BlockView) -> "Block":
        return cls(rule=it.name, hospital=it.hospital, since=it.from_at, until=it.until, appealed=it.appealed)


class Of(Answer):
    """blocks: those that hold now; empty for whoever may book."""

    name: str
    relation: str
    blocks: list[Block]


class Credit(Answer):
    """The owner's first, then those of whom the account books for."""

    items: list[Of]


async def attendees(call: Call[Nothing, Nothing, Nothing]) -> Attendees:
    async with call.hotline.read() as db:
        rows = await people.attendees(db, call.hotline.sealer, call.caller.account_id)
    return Attendees(items=[Attendee.of(one) for one in rows])


async def add(call: Call[Nothing, Nothing, NewAttendee]) -> Attendee:
    """Raises IdentityInvalid, IdentityConflict when the number is known under another name, WrongInput."""
    asked, account_id = call.body, call.caller.account_id

    async def count(work: Work) -> None:
        await guesses.take(work, ADDING, str(account_id))

    await call.hotline.run(count, call.caller.by)
    about = abouts.read(
        name=asked.name, kind=asked.identity_kind, number=asked.identity_number, sex=asked.sex or "",
        birth_date=asked.birth_date.isoformat() if asked.birth_date else "", today=day_of(call.now),
        demo=call.hotline.demo,
    )  # fmt: skip

    async def do(work: Work) -> Outcome:
        person = await register(
            work, name=about.name, identity=about.identity, sex=about.sex, birth_date=about.birth_date
        )
        await people.add(work, account_id, person.id, asked.relation)
        return {"person_id": person.id}

    async def show(work: Work, outcome: Outcome) -> Attendee:
        return await _one(work.db, call, outcome["person_id"])

    return await once(call, do, show)


async def _one(db: AsyncSession, call: Call[Nothing, Nothing, NewAttendee], person_id: int) -> Attendee:
    rows = await people.attendees(db, call.hotline.sealer, call.caller.account_id)
    found = next((one for one in rows if one.person_id == person_id), None)
    if found is None:
        raise NotFound(facts={"what": "attendee"})
    return Attendee.of(found)


async def remove(call: Call[AttendeePath, Nothing, Nothing]) -> None:
    async def act(work: Work) -> None:
        await people.remove(work, call.caller.account_id, call.path.person_id)

    await kept(call, act)


async def credit(call: Call[Nothing, Nothing, Nothing]) -> Credit:
    patient = call.caller.patient
    assert patient
    async with call.hotline.read() as db:
        found = await explained(db, patient.account_id, patient.person_id, now=call.now)
    mine = Of(
        name=patient.name,
        relation=people.SELF,
        blocks=[Block.of(one) for one in found.blocks if one.active],
    )
    others = [
        Of(name=one.name, relation=one.relation, blocks=[Block.of(block) for block in one.blocks])
        for one in found.others
    ]
    return Credit(items=[mine, *others])


OPERATIONS = (
    Operation(
        "list-attendees", "GET", "/attendees", GROUP, "本人和就诊人", "List whom the account books for",
        attendees, Attendees, auth=Auth.PATIENT,
    ),
    Operation(
        "add-attendee", "POST", "/attendees", GROUP, "添加就诊人（实名）", "Add somebody to book for",
        add, Attendee, 201, Auth.PATIENT, body=NewAttendee, repeatable=True,
        refusals=(AttendeesFull, IdentityConflict, IdentityInvalid, LoginLocked, NotFound),
    ),
    Operation(
        "remove-attendee", "DELETE", "/attendees/{person_id}", GROUP, "移除就诊人", "Remove one of them",
        remove, None, 204, Auth.PATIENT, path_=AttendeePath,
    ),
    Operation(
        "get-credit", "GET", "/credit", GROUP, "信用：谁现在不能预约，为什么，到什么时候",
        "Who may not book now, why, and until when", credit, Credit, auth=Auth.PATIENT,
    ),
)  # fmt: skip
