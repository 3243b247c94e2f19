"""What is offered instead of a full or stopped session: near in time and price, with the reason."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.booking.equivalents import equivalents, of_appointment
from core.booking.equivalents_rules import MOST, Candidate, Why, ranked, reason
from core.booking.stopping import stop
from core.errors import AppointmentUnknown, NotFound
from core.work import Hotline
from tests.builders import CALLER, SEED, clinic

AT = datetime(2026, 11, 26, 0, 0, tzinfo=UTC)
WANTED = Candidate(
    1, 1, "市一医院", "三甲", 9, 1, "心内科", "03.04", 1, "陈建国", "主任医师", "expert",
    date(2026, 11, 26), AT, AT + timedelta(hours=3), 3000, 0,
)  # fmt: skip


def offer(session_id: int, days: int = 1, free: int = 5, **other: object) -> Candidate:
    later = timedelta(days=days)
    made = replace(
        WANTED, session_id=session_id, day=WANTED.day + later, starts_at=AT + later, ends_at=AT + later,
        free=free, doctor_id=2, doctor="吴敏",
    )  # fmt: skip
    return replace(made, **other)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("other", "why"),
    [
        ({"doctor_id": 1}, Why.SAME_DOCTOR),
        ({}, Why.SAME_DEPARTMENT_AND_GRADE),
        ({"title": "主治医师"}, Why.SAME_DEPARTMENT),
        ({"department_id": 2}, Why.SAME_DEPARTMENT),
        ({"hospital_id": 2, "department_id": 2}, Why.SISTER_NEARBY),
        ({"hospital_id": 2, "department_id": 2, "region_id": 8}, Why.SISTER),
        ({"hospital_id": 2, "department_id": 2, "grade": "二甲"}, None),
        ({"hospital_id": 2, "department_id": 2, "number_kind": "ordinary"}, None),
        ({"standard_code": "07"}, None),
    ],
)
def test_each_offer_has_its_reason(other: dict[str, object], why: Why | None) -> None:
    assert reason(WANTED, offer(2, **other)) is why  # type: ignore[arg-type]


def test_the_same_doctor_comes_first_then_the_nearest_in_time() -> None:
    found = ranked(
        WANTED,
        [
            offer(5, days=3),
            offer(4, days=1),
            offer(3, days=9, doctor_id=1),
            offer(6, days=2, free=0),
            offer(7, days=5, hospital_id=2, department_id=3, fee_fen=2000),
        ],
    )
    assert [one.offer.session_id for one in found] == [3, 4, 5, 7]
    assert [(one.days, one.dearer_fen) for one in found] == [(9, 0), (1, 0), (3, 0), (5, -1000)]
    assert [one.earliest for one in found] == [False, True, False, False]
    assert found[1].words == "同科室同级 · 最早可约"


def test_the_earliest_is_offered_even_where_nothing_else_speaks_for_it() -> None:
    found = ranked(WANTED, [offer(2, days=4), offer(3, days=1, hospital_id=2, department_id=2, grade="二甲")])
    assert [(one.offer.session_id, one.why) for one in found] == [
        (2, Why.SAME_DEPARTMENT_AND_GRADE), (3, Why.EARLIEST),
    ]  # fmt: skip


@given(
    offers=st.lists(
        st.builds(
            lambda key, days, free, doctor, department, hospital: offer(
                key, days, free, doctor_id=doctor, department_id=department, hospital_id=hospital
            ),
            st.integers(2, 500), st.integers(-3, 30), st.integers(0, 3), st.integers(1, 3), st.integers(1, 3),
            st.integers(1, 3),
        ),
        unique_by=lambda one: one.session_id,
    )
)  # fmt: skip
def test_whatever_is_free_offers_are_few_free_distinct_and_hold_the_earliest(
    offers: list[Candidate],
) -> None:
    found = ranked(WANTED, offers)
    free = [one for one in offers if one.free]
    assert len(found) <= MOST
    assert bool(found) == bool(free)
    assert all(one.offer.free for one in found)
    assert len({one.offer.session_id for one in found}) == len(found)
    assert sum(one.earliest for one in found) == (1 if free else 0)
    if free:
        [first] = [one.offer for one in found if one.earliest]
        assert first.starts_at == min(one.starts_at for one in free)


async def test_across_hospitals_with_what_is_free_at_this_moment(hotline: Hotline) -> None:
    here, there = await clinic(hotline), await clinic(hotline, 2)
    full = await here.session("chen", slots=1)
    later = await here.session("chen", day=date(2026, 11, 27), slots=1)
    wu = await here.session("wu", slots=2)
    sister = await there.session("chen", slots=3)
    await here.session("kid")
    await here.book(full, await here.person("李"))
    async with hotline.read() as db:
        found = await equivalents(db, session_id=full, now=hotline.clock.now())
    assert [(one.offer.session_id, one.offer.free) for one in found] == [(later, 1), (wu, 2), (sister, 3)]
    await here.book(later, await here.person("王"))
    async with hotline.read() as db:
        found = await equivalents(db, session_id=full, now=hotline.clock.now())
        assert [one.offer.session_id for one in found] == [wu, sister]
        with pytest.raises(NotFound):
            await equivalents(db, session_id=999, now=hotline.clock.now())


async def test_a_stopped_appointment_has_them_too(hotline: Hotline) -> None:
    here = await clinic(hotline)
    chen, wu = await here.session("chen"), await here.session("wu")
    made = await here.book(chen, await here.person("李"), by=CALLER)
    async with hotline.work(SEED) as work:
        await stop(work, chen, reason="病假")
    async with hotline.read() as db:
        found = await of_appointment(db, appointment_id=made.appointment_id, now=hotline.clock.now())
        assert [one.offer.session_id for one in found] == [wu]
        with pytest.raises(AppointmentUnknown):
            await of_appointment(db, appointment_id=999, now=hotline.clock.now())
