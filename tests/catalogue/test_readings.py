"""How names are read: what may be typed, what is saved, who may, and who came first."""

import pytest
from pypinyin.contrib.tone_convert import to_normal, to_tone3
from pypinyin.pinyin_dict import pinyin_dict
from sqlalchemy import select

from core import journal
from core.catalogue.correct import What, correct_reading, one_readable, readable
from core.catalogue.readings import checked, marked
from core.catalogue.tables import Department, Doctor, Hospital
from core.errors import ChangedMeanwhile, NotAllowed, NotFound, WrongInput
from core.events import Event, ReadingCorrected
from core.http.refusals import sentence
from core.values import Actor, ActorKind, Channel
from core.work import Hotline, Work
from tests.builders import Clinic, clinic

KEEPER = Actor(ActorKind.STAFF, "zhang", Channel.WEB, functions=frozenset({"catalogue"}))
OPERATOR = Actor(ActorKind.STAFF, "li", Channel.WEB, functions=frozenset({"book"}))


@pytest.mark.parametrize(
    ("typed", "saved"),
    [
        ("zeng1 xiao3 yu3", "zeng1 xiao3 yu3"),
        ("  Zeng1,XIAO3、yu3 ", "zeng1 xiao3 yu3"),
        ("ｚｅｎｇ１ xiao3 yu3", "zeng1 xiao3 yu3"),
        ("zēng xiǎo yǔ", "zeng1 xiao3 yu3"),
        ("lü3 lv4 lu:2", "lv3 lv4 lv2"),
        ("nǚ lüè ma0", "nv3 lve4 ma5"),
        ("yue4 er2 e4", "yue4 er2 e4"),
    ],
)
def test_a_reading_is_tidied_as_it_is_saved(typed: str, saved: str) -> None:
    assert checked(typed, [3]) == saved


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("zeng1 xiao3", "要3个,您填了2个"),
        ("zeng1 xiao3 yu3 yu3", "要3个,您填了4个"),
        ("zeng1 xiao3 yu", "第3个音节“yu”要以声调结尾"),
        ("zeng1 xiao3 yu6", "第3个音节“yu6”要以声调结尾"),
        ("zeng1 xiao3 yu12", "第3个音节“yu12”要以声调结尾"),
        ("zeng1 jong1 yu3", "第2个音节“jong1”不是普通话的音节"),
        ("zeng1 xiao3 ng2", "第3个音节“ng2”不是普通话的音节"),
        ("zeng1 小 yu3", "第2个音节“小”不是普通话的音节"),
        ("1 2 3", "第1个音节“1”不是普通话的音节"),
        ("<b> xiao3 yu3", "第1个音节“<b>”不是普通话的音节"),
    ],
)
def test_what_cannot_be_said_is_refused_in_chinese(typed: str, said: str) -> None:
    with pytest.raises(WrongInput) as refused:
        checked(typed, [3])
    assert said in sentence(refused.value)


def test_a_hospital_is_read_by_its_short_or_its_long_name() -> None:
    assert checked("shi4 yi1", [2, 4]) == "shi4 yi1"
    assert checked("shi4 yi1 yi1 yuan4", [2, 4]) == "shi4 yi1 yi1 yuan4"


def test_every_reading_of_the_dictionary_may_be_typed() -> None:
    """But for those of interjections, which no voice can say: ng2, hm, ê."""
    readings = {one for known in pinyin_dict.values() for one in known.split(",")}
    refused = set()
    for reading in readings:
        try:
            checked(to_tone3(reading, neutral_tone_with_five=True), [1])
        except WrongInput:
            refused.add(to_normal(reading))
    assert refused == {"ê", "hm", "hng", "m", "n", "ng"}


def test_tone_marks_stand_where_schoolbooks_put_them() -> None:
    assert marked(["zeng1", "xiao3", "liu2", "gui4", "lü3", "sheng5"]) == "zēng xiǎo liú guì lǚ sheng"


@pytest.fixture
async def town(hotline: Hotline) -> Clinic:
    return await clinic(hotline)


async def correct(
    town: Clinic, pinyin: str, before: str, by: Actor = KEEPER, what: What = What.DOCTOR
) -> str:
    async def act(work: Work) -> str:
        return await correct_reading(work, what, town.doctors["kid"], pinyin=pinyin, before=before)

    return await town.hotline.run(act, by)


async def events(hotline: Hotline) -> list[Event]:
    async with hotline.read() as db:
        found = [entry.event for entry in await journal.entries(db, journal.START)]
    return [event for event in found if event.kind.startswith("catalogue.")]


async def test_a_correction_is_saved_found_by_and_told(town: Clinic) -> None:
    kid = town.doctors["kid"]
    assert await correct(town, "céng xiǎo yǔ", "曾小雨") == "ceng2 xiao3 yu3"
    async with town.hotline.read() as db:
        row = await one_readable(db, What.DOCTOR, kid)
        (by_initials,) = (await readable(db, What.DOCTOR, search="CXY")).rows
    assert (row.pinyin, row.note) == ("ceng2 xiao3 yu3", "市一医院 主治医师")
    assert by_initials.id == kid
    assert await events(town.hotline) == [ReadingCorrected(what="doctor", id=kid)]


async def test_emptied_it_is_the_dictionarys_again(town: Clinic) -> None:
    await correct(town, "ceng2 xiao3 yu3", "曾小雨")
    assert await correct(town, "  ", "ceng2 xiao3 yu3") == ""
    async with town.hotline.read() as db:
        row = (await db.execute(select(Doctor).where(Doctor.id == town.doctors["kid"]))).scalar_one()
    assert (row.pinyin, row.initials) == ("", "zxy")


async def test_who_comes_second_overwrites_nothing(town: Clinic) -> None:
    await correct(town, "zeng1 xiao3 yu3", "曾小雨")
    with pytest.raises(ChangedMeanwhile):
        await correct(town, "ceng2 xiao3 yu3", "曾小雨")
    async with town.hotline.read() as db:
        assert (await one_readable(db, What.DOCTOR, town.doctors["kid"])).pinyin == "zeng1 xiao3 yu3"
    assert len(await events(town.hotline)) == 1


async def test_saving_what_is_saved_already_tells_nobody(town: Clinic) -> None:
    await correct(town, "zeng1 xiao3 yu3", "曾小雨")
    await correct(town, "zeng1 xiao3 yu3", "zeng1 xiao3 yu3")
    assert len(await events(town.hotline)) == 1


async def test_only_who_keeps_the_catalogue_may(town: Clinic) -> None:
    with pytest.raises(NotAllowed):
        await correct(town, "zeng1 xiao3 yu3", "曾小雨", by=OPERATOR)
    with pytest.raises(NotFound):
        async with town.hotline.work(KEEPER) as work:
            await correct_reading(work, What.HOSPITAL, 404, pinyin="yi1", before="")


@pytest.mark.parametrize(
    ("what", "pinyin", "said", "initials"),
    [
        (What.HOSPITAL, "qing1 shi2 shi4 di4 yi1 ren2 min2 yi1 yuan4", (4, 9), "qssdyrmyy"),
        # The short name's reading does not say how the long one is found.
        (What.HOSPITAL, "shi4 yi1 yi1 yuan4", (4, 9), "qsyy"),
        (What.DEPARTMENT, "xin1 xue4 guan3 nei4 ke1", (), "xxgnk"),
    ],
)
async def test_hospitals_and_departments_are_corrected_alike(
    town: Clinic, what: What, pinyin: str, said: tuple[int, ...], initials: str
) -> None:
    key = town.hospital_id if what is What.HOSPITAL else town.department_id
    async with town.hotline.work(KEEPER) as work:
        before = (await one_readable(work.db, what, key)).pinyin
        assert await correct_reading(work, what, key, pinyin=pinyin, before=before, said=said) == pinyin
    table = Hospital if what is What.HOSPITAL else Department
    async with town.hotline.read() as db:
        assert (await db.execute(select(table.initials).where(table.id == key))).scalar_one() == initials


async def test_a_page_of_the_list_and_what_is_searched_for(town: Clinic) -> None:
    await clinic(town.hotline, 2)
    async with town.hotline.read() as db:
        first = await readable(db, What.DOCTOR, most=4)
        rest = await readable(db, What.DOCTOR, first=4, most=4)
        found = await readable(db, What.DOCTOR, search="曾")
        wild = await readable(db, What.DOCTOR, search="%")
        short = await readable(db, What.HOSPITAL, search="市一")
    assert (len(first.rows), len(rest.rows), first.found) == (4, 2, 6)
    assert not {row.id for row in first.rows} & {row.id for row in rest.rows}
    assert [row.name for row in found.rows] == ["曾小雨"] * 2
    assert wild.found == 0
    assert short.found == 2


async def test_a_reading_that_the_column_cannot_hold_is_refused(town: Clinic) -> None:
    async with town.hotline.work(KEEPER) as work:
        with pytest.raises(WrongInput) as refused:
            await correct_reading(
                work, What.DOCTOR, town.doctors["kid"],
                pinyin="zhuang4 " * 12, before="曾小雨", said=[12],
            )  # fmt: skip
    assert refused.value.facts["why"] == "long"
