"""A quality sheet: reckoned, fair to the operator, and decided by somebody else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.contact import engine as contact
from core.errors import AppealClosed, ChangedMeanwhile, NotAllowed, WrongInput
from core.recordings import engine as recordings
from core.recordings import quality
from core.recordings.rules import TEMPLATES, total
from core.recordings.tables import Recording
from core.staff import engine as staff
from core.values import Actor, ActorKind, system
from core.work import Hotline

TEMPLATE = TEMPLATES["booking"]
FULL = {item.code: item.most for item in TEMPLATE.items}
sheets = st.fixed_dictionaries({item.code: st.integers(0, item.most) for item in TEMPLATE.items})


def test_every_template_gives_a_hundred_points() -> None:
    for template in TEMPLATES.values():
        assert sum(item.most for item in template.items) == 100


@given(sheets, st.sampled_from([None, *TEMPLATE.fatal]))
def test_points_are_the_sum_and_a_fatal_fault_leaves_none(scores: dict[str, int], fatal: str | None) -> None:
    assert total(TEMPLATE, scores, fatal) == (0 if fatal else sum(scores.values()))


@pytest.mark.parametrize(
    ("scores", "fatal"),
    [({}, None), ({**FULL, "opening": 11}, None), (FULL | {"x": 1}, None), (FULL, "late")],
)
def test_an_impossible_sheet_is_refused(scores: dict[str, int], fatal: str | None) -> None:
    with pytest.raises(WrongInput):
        total(TEMPLATE, scores, fatal)


async def test_a_sheet_is_made_once_appealed_once_and_decided_by_another(hotline: Hotline) -> None:
    async with hotline.work(system("test")) as work:
        made = [await staff.create_staff(work, login=name, name=name) for name in ("8001", "9101", "9001")]
        call = (await contact.open_interaction(work, linked_id="1", dnis="1", ani=None)).interaction_id
        await recordings.begin(work, call, made[0])
        recording = (await work.db.get_one(Recording, 1)).id

    def by(place: int, *functions: str) -> Actor:
        return Actor(ActorKind.STAFF, str(place), staff_id=made[place], functions=frozenset(functions))

    operator = by(0, "recordings", "quality", "supervise")
    inspector, boss = by(1, "recordings", "quality", "supervise"), by(2, "recordings", "supervise")

    async def judge(who: Actor, **scores: int) -> int:
        async with hotline.work(who) as work:
            return await quality.score(work, recording, template="booking", scores=FULL | scores)

    with pytest.raises(NotAllowed):
        await judge(operator)
    with pytest.raises(NotAllowed):
        await judge(boss)
    assert await judge(inspector, listening=5) == 85
    with pytest.raises(ChangedMeanwhile):
        await judge(inspector)
    async with hotline.read() as db:
        (sheet,) = await quality.mine(db, made[0])
    with pytest.raises(NotAllowed):
        async with hotline.work(boss) as work:
            await quality.appeal(work, sheet.id, "我没有打断")
    with pytest.raises(AppealClosed):
        async with hotline.work(boss) as work:
            await quality.decide(work, sheet.id, None)
    async with hotline.work(operator) as work:
        await quality.appeal(work, sheet.id, "我没有打断")
    with pytest.raises(AppealClosed):
        async with hotline.work(operator) as work:
            await quality.appeal(work, sheet.id, "真的没有")
    for wrong in (operator, inspector):
        with pytest.raises(NotAllowed):
            async with hotline.work(wrong) as work:
                await quality.decide(work, sheet.id, None)
    async with hotline.work(boss) as work:
        assert await quality.decide(work, sheet.id, FULL | {"listening": 15}) == 95
        assert await quality.averages(work.db, sheet.made_at, work.now.replace(year=2027)) == {
            made[0]: (95.0, 1)
        }
