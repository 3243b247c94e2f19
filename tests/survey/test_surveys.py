"""A call or a visit is asked about once, nobody twice in a week, and a score counts once."""

import asyncio
from datetime import date, timedelta

import pytest
import pytest_asyncio
from sqlalchemy import select

from core.booking.visit import attend
from core.contact.tables import Callback
from core.errors import SurveyOver, WrongInput
from core.survey import engine, view
from core.survey.rules import Kind, State, until
from core.survey.tables import Survey
from core.values import local
from core.work import Hotline
from tests.builders import SEED, TEXTER, Clinic
from tests.builders import clinic as open_clinic
from tests.clocks import FrozenClock
from tests.survey.served import LANDLINE, MOBILE, hung_up, operator, talk


@pytest_asyncio.fixture
async def clinic(hotline: Hotline) -> Clinic:
    return await open_clinic(hotline)


async def asked_after_call(hotline: Hotline, interaction_id: int) -> int | None:
    async with hotline.work(SEED) as work:
        return await engine.ask_after_call(work, interaction_id)


async def asked_on_the_line(hotline: Hotline, interaction_id: int) -> int | None:
    async with hotline.work(SEED) as work:
        return await engine.ask_on_the_line(work, interaction_id)


async def attended(clinic: Clinic, phone: str = MOBILE) -> int:
    person = await clinic.person("王秀英", phone=phone)
    made = await clinic.book(await clinic.session(), person, phone=phone)
    async with clinic.hotline.work(SEED) as work:
        await attend(work, made.appointment_id, evidence="his")
    return made.appointment_id


async def asked_after_visit(clinic: Clinic, appointment_id: int) -> int | None:
    async with clinic.hotline.work(SEED) as work:
        return await engine.ask_after_visit(work, appointment_id)


async def score(hotline: Hotline, survey_id: int, given: int) -> engine.Scored:
    async with hotline.work(TEXTER) as work:
        return await engine.answer(work, survey_id, given, "sms")


@pytest.mark.req("R-038", "R-127")
async def test_a_visit_that_took_place_is_asked_about_once(clinic: Clinic, clock: FrozenClock) -> None:
    appointment = await attended(clinic)
    survey = await asked_after_visit(clinic, appointment)
    assert survey is not None
    assert await asked_after_visit(clinic, appointment) is None
    mark = clinic.hotline.sealer.fingerprint(MOBILE, "phone")
    async with clinic.hotline.read() as db:
        seen = await view.open_by_phone(db, mark, clock.now())
    assert seen is not None
    assert (seen.survey_id, seen.kind, seen.to_be_written(clock.now())) == (survey, Kind.VISIT, True)
    assert seen.visit is not None
    assert seen.visit.appointment_id == appointment


async def test_a_visit_that_did_not_take_place_is_not_asked_about(clinic: Clinic) -> None:
    person = await clinic.person("王秀英", phone=MOBILE)
    made = await clinic.book(await clinic.session(), person, phone=MOBILE)
    assert await asked_after_visit(clinic, made.appointment_id) is None


async def test_a_hospital_may_switch_it_off(clinic: Clinic) -> None:
    await clinic.rule("survey.visit", "off")
    assert await asked_after_visit(clinic, await attended(clinic)) is None


async def test_a_call_is_asked_about_on_the_line_or_by_text_but_once(
    hotline: Hotline, clock: FrozenClock
) -> None:
    call = await talk(hotline, clock, [await operator(hotline)])
    first = await asked_on_the_line(hotline, call)
    assert first is not None
    await hung_up(hotline, call)
    clock.advance(days=8)
    assert await asked_after_call(hotline, call) is None
    async with hotline.read() as db:
        row = await db.get_one(Survey, first)
    assert (row.staff_id, row.way, row.interaction_id) == (1, "key", call)


async def test_who_has_hung_up_is_asked_by_text_if_the_number_takes_texts(
    hotline: Hotline, clock: FrozenClock
) -> None:
    me = await operator(hotline)
    for linked_id, ani, asked in (("call-1", MOBILE, True), ("call-2", LANDLINE, False)):
        call = await talk(hotline, clock, [me], ani=ani, linked_id=linked_id)
        await hung_up(hotline, call)
        assert (await asked_after_call(hotline, call) is not None) is asked


@pytest.mark.parametrize("what", ["passed on", "with a third", "a few seconds"])
async def test_whom_one_operator_did_not_serve_to_the_end_is_not_asked(
    hotline: Hotline, clock: FrozenClock, what: str
) -> None:
    staff = [await operator(hotline)]
    if what == "passed on":
        staff.append(await operator(hotline, "8002", "李强"))
    seconds = timedelta(seconds=5) if what == "a few seconds" else timedelta(minutes=2)
    call = await talk(hotline, clock, staff, talked=seconds, third=what == "with a third")
    assert await asked_on_the_line(hotline, call) is None


@pytest.mark.parametrize(("rule", "on_line", "by_text"), [("off", 0, 0), ("key", 1, 0), ("text", 0, 1)])
async def test_calls_are_asked_about_as_the_rule_says(
    clinic: Clinic, clock: FrozenClock, rule: str, on_line: int, by_text: int
) -> None:
    await clinic.rule("survey.call", rule, own=False)
    me = await operator(clinic.hotline)
    call = await talk(clinic.hotline, clock, [me])
    assert (await asked_on_the_line(clinic.hotline, call) is not None) == on_line
    clock.advance(days=8)
    other = await talk(clinic.hotline, clock, [me], linked_id="call-2")
    await hung_up(clinic.hotline, other)
    assert (await asked_after_call(clinic.hotline, other) is not None) == by_text


async def test_nobody_is_asked_twice_in_a_week(clinic: Clinic, clock: FrozenClock) -> None:
    me = await operator(clinic.hotline)
    appointment = await attended(clinic)
    calls = [await talk(clinic.hotline, clock, [me], linked_id=f"call-{n}") for n in range(3)]
    for call in calls:
        await hung_up(clinic.hotline, call)
    asked = await asyncio.gather(
        asked_after_visit(clinic, appointment), *(asked_after_call(clinic.hotline, call) for call in calls)
    )
    assert sum(one is not None for one in asked) == 1
    clock.advance(days=6, hours=23)
    assert await asked_after_call(clinic.hotline, calls[0]) is None
    clock.advance(hours=2)
    again = [await asked_after_call(clinic.hotline, call) for call in calls]
    assert sum(one is not None for one in again) == 1


async def test_a_score_counts_once(clinic: Clinic) -> None:
    survey = await asked_after_visit(clinic, await attended(clinic))
    assert survey is not None
    assert await score(clinic.hotline, survey, 5) == engine.Scored(survey, 5, low=False)
    assert await score(clinic.hotline, survey, 5) == engine.Scored(survey, 5, low=False, repeated=True)
    with pytest.raises(SurveyOver):
        await score(clinic.hotline, survey, 1)
    async with clinic.hotline.read() as db:
        assert (await db.get_one(Survey, survey)).score == 5


@pytest.mark.parametrize("given", [0, 6, -1])
async def test_a_score_is_one_to_five(clinic: Clinic, given: int) -> None:
    survey = await asked_after_visit(clinic, await attended(clinic))
    assert survey is not None
    with pytest.raises(WrongInput):
        await score(clinic.hotline, survey, given)


async def test_an_answer_after_a_day_does_not_count(clinic: Clinic, clock: FrozenClock) -> None:
    survey = await asked_after_visit(clinic, await attended(clinic))
    assert survey is not None
    clock.advance(hours=24)
    with pytest.raises(SurveyOver):
        await score(clinic.hotline, survey, 5)
    async with clinic.hotline.work(SEED) as work:
        assert (await engine.lapse_due(work), await engine.lapse_due(work)) == (1, 0)
    async with clinic.hotline.read() as db:
        assert (await db.get_one(Survey, survey)).state == State.LAPSED


def test_what_is_asked_at_night_may_be_answered_all_of_the_next_day() -> None:
    night = FrozenClock.at("2026-11-23 00:10").now()
    assert f"{local(until(night, 24)):%d %H:%M}" == "24 07:00"
    evening = FrozenClock.at("2026-11-23 21:40").now()
    assert f"{local(until(evening, 24)):%d %H:%M}" == "25 07:00"


async def test_a_call_back_is_owed_once_and_only_after_a_low_score(
    hotline: Hotline, clock: FrozenClock
) -> None:
    call = await talk(hotline, clock, [await operator(hotline)])
    survey = await asked_on_the_line(hotline, call)
    assert survey is not None
    due = clock.now() + timedelta(hours=2)
    with pytest.raises(WrongInput):
        async with hotline.work(SEED) as work:
            await engine.call_back(work, survey, due)
    assert (await score(hotline, survey, 2)).low
    async with hotline.work(SEED) as work:
        assert await engine.call_back(work, survey, due) is not None
    async with hotline.work(SEED) as work:
        assert await engine.call_back(work, survey, due) is None
        owed = (await work.db.execute(select(Callback))).scalars().all()
    assert [(one.interaction_id, one.promised_for) for one in owed] == [(call, due)]


@pytest.mark.req("R-136")
async def test_what_the_scores_amount_to(clinic: Clinic, clock: FrozenClock) -> None:
    mei, qiang = await operator(clinic.hotline), await operator(clinic.hotline, "8002", "李强")
    for place, (staff, given) in enumerate([(mei, 5), (mei, 4), (qiang, 1), (qiang, None)]):
        call = await talk(clinic.hotline, clock, [staff], ani=f"1380099000{place}", linked_id=f"call-{place}")
        survey = await asked_on_the_line(clinic.hotline, call)
        assert survey is not None
        if given is not None:
            await score(clinic.hotline, survey, given)
    visit = await asked_after_visit(clinic, await attended(clinic, "13800990099"))
    assert visit is not None
    await score(clinic.hotline, visit, 3)
    today = date(2026, 11, 23)
    async with clinic.hotline.read() as db:
        found = await view.results(db, today, today, None)
        own = await view.results(db, today, today, clinic.hospital_id)
    assert (found.calls.asked, found.calls.answered, found.calls.low) == (4, 3, 1)
    assert found.calls.mean == pytest.approx(10 / 3)
    assert found.scores == {1: 1, 2: 0, 3: 1, 4: 1, 5: 1}
    assert [(name, one.mean) for name, one in found.by_operator] == [("李强", 1.0), ("张晓梅", 4.5)]
    assert [(name, one.answered) for name, one in found.by_hospital] == [("市一医院", 1)]
    assert [(one.score, one.staff) for one in found.lows] == [(1, "李强")]
    assert (own.calls.asked, own.visits.mean, own.lows) == (0, 3.0, [])
