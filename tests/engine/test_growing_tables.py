"""Tables that only grow are never read whole by what is asked all day: an index finds what is wanted.

A part of a table that is always small, those who wait and what is owed, may be read whole by its own index.
"""

import re
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import event

from core.accounts import drafts, login
from core.booking import draft_continue, draft_view, patients
from core.calling import dialling, handed, overdue
from core.calling import view as calls
from core.calling.rules import Outcome, State
from core.contact import callbacks, floor_view, kept, measures, queue_view, queueing, stays, supervision
from core.contact.agent_tables import QueueEntry
from core.database import Base
from core.errors import CallGone, PersonUnknown
from core.money import doubtful, reconcile, stuck
from core.offers import engine as offers
from core.people import look_up
from core.recordings import silences
from core.recordings.keeping import WAITING
from core.reminding import engine as reminding
from core.survey import engine as surveying
from core.survey import view as surveys
from core.values import Actor, ActorKind, Channel, Phone, system
from core.waiting import settling
from core.work import Hotline, Work
from tests.plans import Step, planner

AT = datetime(2026, 11, 23, 2, tzinfo=UTC)
DAY = timedelta(days=1)
HERS = Actor(ActorKind.STAFF, "8001", Channel.PHONE, staff_id=1, hospital_id=1)
PRINT = "a print of 32 characters, or less"
GROWING = (
    "agent_interval", "appointment", "callback", "draft", "hold", "interaction", "kept_place", "offer",
    "outbound_attempt", "outbound_call", "payment", "payment_attempt", "person", "person_phone", "queue_entry",
    "reconciliation", "recording", "recording_gap", "refund", "room_stay", "survey", "visit_card",
    "visit_reminder", "waiting_entry",
)  # fmt: skip
# Nobody waits there yet.
ENTRY = QueueEntry(klass=1, arrived_at=AT, interaction_id=1)


async def _keep(work: Work) -> None:
    with pytest.raises(CallGone):
        await kept.keep(work, 1, Phone("13800990000"), None)


async def _known(work: Work) -> None:
    with pytest.raises(PersonUnknown):
        await patients.must_know(work.db, 1, HERS)


async def _first(work: Work) -> None:
    with pytest.raises(CallGone):
        await supervision.out_of_turn(work, 1, "a reason")


async def _sealed(work: Work) -> None:
    await work.db.execute(WAITING)


ASKED: dict[str, Callable[[Work], Awaitable[object]]] = {
    "the draft of a contact": lambda w: draft_view.of_interaction(w.db, w.sealer, 1),
    "what a number left": lambda w: draft_continue.kept_for(w.db, w.sealer, PRINT, AT),
    "what an account's number left": lambda w: drafts.gone_on(w.db, 1, draft_id=1),
    "the queue": lambda w: queue_view.standing(w.db),
    "who is before a caller": lambda w: queue_view.before(w.db, ENTRY),
    "how a caller waits": lambda w: queue_view.waits(w.db, 1, AT),
    "what a caller waited for": lambda w: queueing.skill_wanted(w.db, 1),
    "a place that is to be kept": _keep,
    "places that are kept": lambda w: kept.follow(w),
    "a caller who is served first": _first,
    "callbacks of an operator": lambda w: callbacks.owed(w.db, 1),
    "callbacks of anybody": lambda w: callbacks.owed(w.db),
    "callbacks on the wall": lambda w: floor_view.owed_calls(w.db),
    "who is in rooms": lambda w: stays.present(w.db),
    "calls that changed": lambda w: measures.calls_of(w.db, [1, 2]),
    "the calls of a day": lambda w: measures.calls_between(w.db, AT, AT + DAY),
    "what operators did in a day": lambda w: measures.intervals_between(w.db, AT, AT + DAY),
    "calls that are being made": lambda w: calls.count(w.db, State.DIALLING),
    "calls that an operator makes": lambda w: handed.waiting(w.db),
    "a call of ours that is answered": lambda w: dialling.answered(w, "out-1"),
    "a call of ours that ends": lambda w: dialling.ended(w, "out-1", Outcome.BUSY),
    "calls of ours under way": lambda w: dialling.legs_under_way(w, DAY),
    "calls of ours to be made": lambda w: dialling.claim(w, 2),
    "calls of ours that are lost or late": lambda w: overdue.settle_due(w),
    "a patient of a hospital": _known,
    "patients of a hospital": lambda w: patients.known(w.db, [1, 2], HERS),
    "a person by phone or card": lambda w: look_up.search(w.db, w.sealer, "13800990000"),
    "a person by identity number": lambda w: look_up.search(w.db, w.sealer, "110101199003070011"),
    "whose login it is": lambda w: login._account(w, "13800990000", "110101199003070011"),
    "offers of the waiting list that ended": lambda w: settling.settle(w),
    "places of the waiting list that are over": lambda w: settling.end_over(w),
    "recordings that wait": _sealed,
    "silences that go on": lambda w: silences.open_silences(w.db),
    "silences that are over": silences.close_over,
    "payments in doubt": lambda w: doubtful.doubtful(w.db, HERS, now=AT),
    "refunds that failed": lambda w: stuck.waiting(w.db),
    "offers that nobody answered": lambda w: offers.lapse_due(w),
    "reminders that are over": lambda w: reminding.end_due(w),
    "surveys that are over": lambda w: surveying.lapse_due(w),
    "days to be settled": lambda w: reconcile._take_due(w),
    "surveys of a week": lambda w: surveys.results(w.db, AT.date(), AT.date(), None),
}


async def heard(hotline: Hotline, ask: Callable[[Work], Awaitable[object]]) -> list[str]:
    """The statements that a question sends."""
    said: list[str] = []

    def hear(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        said.append(statement)

    engine = hotline.database.writer.sync_engine
    event.listen(engine, "before_cursor_execute", hear)
    try:
        async with hotline.work(system("test")) as work:
            await ask(work)
    finally:
        event.remove(engine, "before_cursor_execute", hear)
    return said


# Of rows that are always few: an index of nothing else may be read whole.
SMALL = {
    index.name
    for table in Base.metadata.tables.values()
    for index in table.indexes
    if index.dialect_options["sqlite"]["where"] is not None
}


def read_whole(statement: str, steps: Sequence[Step]) -> list[Step]:
    """Steps of the plan that read all of a growing table."""
    names = {alias: table for table, alias in re.findall(r"\b(\w+) AS (\w+)\b", statement)}
    return [
        step
        for step in steps
        if step.whole and names.get(step.table, step.table) in GROWING and step.index not in SMALL
    ]


@pytest.mark.parametrize("ask", ASKED.values(), ids=ASKED.keys())
async def test_what_is_asked_all_day_reads_no_growing_table_whole(
    hotline: Hotline, ask: Callable[[Work], Awaitable[object]]
) -> None:
    said = [one for one in await heard(hotline, ask) if re.match("SELECT|UPDATE|DELETE|WITH", one)]
    assert said
    async with planner(hotline.database.url, shunned=True) as plans:
        for statement in said:
            assert read_whole(statement, await plans.any_(statement)) == [], statement
