"""Recordings on pages: a reason before a sound, any stretch of it, and nothing for who may not."""

import re
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest
from aiohttp import ClientError, web
from aiohttp.test_utils import TestClient
from pytest_aiohttp import AiohttpClient
from sqlalchemy import insert, select, update

from agent_desk import recordings, recordings_sound
from agent_desk.house import AGENT_HOUSE, AGENT_PAGES, AgentHouse
from core import journal
from core.events import RecordingFaulty
from core.health import State
from core.http.files import files
from core.http.pages import environment
from core.recordings import vault
from core.recordings.keeping import Keeper
from core.recordings.rules import TEMPLATES
from core.recordings.tables import Recording, RetentionRule
from core.staff.tables import AuditEntry
from core.values import system
from core.work import Hotline
from hotline.keeping import recordings_probe
from tests.clocks import FrozenClock
from tests.entering import enter
from tests.recordings.test_keeping import recorded
from web.app import make_app
from web.house import WebHouse

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

Client = TestClient[web.Request, web.Application]
HERE = Path(recordings.__file__).parent
SHEET = {f"score-{item.code}": str(item.most) for item in TEMPLATES["booking"].items}


@pytest.fixture
def keeper(hotline: Hotline, tmp_path: Path) -> Keeper:
    (tmp_path / "raw").mkdir()
    return Keeper(hotline, tmp_path / "raw", tmp_path / "kept")


@pytest.fixture
async def client(aiohttp_client: AiohttpClient, house: WebHouse, keeper: Keeper) -> Client:
    app = make_app(house)
    ports = SimpleNamespace(hotline=house.hotline, recordings=keeper.kept)
    app[AGENT_HOUSE] = cast(AgentHouse, ports)
    app[AGENT_PAGES] = environment(HERE / "templates")
    app.add_routes([*recordings.routes, *recordings_sound.routes, files("/desk/static", HERE / "static")])
    await recorded(house.hotline, keeper)
    await keeper.seal_waiting()
    return await aiohttp_client(app)


async def text(client: Client, path: str) -> str:
    answer = await client.get(path)
    assert answer.status == 200, path
    return await answer.text()


async def test_it_is_heard_after_a_reason_and_any_stretch_of_it(client: Client, house: WebHouse) -> None:
    await enter(client, house.hotline, "recordings", "quality")
    assert "没有话务员" in await text(client, "/recordings/1")
    assert "/recordings/1" in await text(client, "/recordings/")
    refused = await client.get("/recordings/1/sound/mixed")
    assert refused.status == 403
    asked = await client.post("/recordings/1/hear", data={"reason": "other"})
    assert (asked.status, "填写的内容有误" in await asked.text()) == (400, True)
    page = await (await client.post("/recordings/1/hear", data={"reason": "complaint"})).text()
    sound = re.search(r'<audio[^>]* src="([^"]+)"', page)
    assert sound
    whole = await (await client.get(sound[1])).read()
    part = await client.get(sound[1], headers={"Range": "bytes=100-299"})
    assert (part.status, await part.read()) == (206, whole[100:300])
    assert part.headers["Content-Range"] == f"bytes 100-299/{len(whole)}"
    beyond = await client.get(sound[1], headers={"Range": f"bytes={len(whole)}-"})
    assert beyond.status == 416
    async with house.hotline.read() as db:
        acts = list((await db.execute(select(AuditEntry.act).order_by(AuditEntry.id))).scalars())
    assert acts.count("recording-played") == 1


async def heard(client: Client, recording: int = 1) -> str:
    """The address of a sound that may be heard from now on."""
    answer = await client.post(f"/recordings/{recording}/hear", data={"reason": "quality"})
    found = re.search(r'<audio[^>]* src="([^"]+)"', await answer.text())
    assert found
    return found[1]


async def faults(client: Client, house: WebHouse) -> list[str]:
    async with house.hotline.read() as db:
        return [one.fault for one in await journal.latest(db, RecordingFaulty, 9)]


async def test_a_sound_that_was_erased_meanwhile_is_gone_and_said_to_be(
    client: Client, house: WebHouse, keeper: Keeper, clock: FrozenClock
) -> None:
    await enter(client, house.hotline, "recordings")
    sound = await heard(client)
    async with house.hotline.work(system("test")) as work:
        await work.db.execute(update(Recording).values(erase_after=work.now))
        await work.db.execute(insert(RetentionRule).values(disposition=None, days=0))
    await keeper.erase_due()
    gone = await client.get(sound)
    assert (gone.status, "按规定销毁" in await gone.text()) == (410, True)
    assert await faults(client, house) == []


async def test_a_sound_whose_file_is_lost_is_gone_and_noted(
    client: Client, house: WebHouse, keeper: Keeper
) -> None:
    await enter(client, house.hotline, "recordings")
    sound = await heard(client)
    for path in keeper.kept.glob("*/*/*/*"):
        path.unlink()
    gone = await client.get(sound, headers={"Accept": "application/json"})
    assert (gone.status, (await gone.json())["code"]) == (410, "sound-gone")
    assert (await faults(client, house), (await keeper.condition()).lost) == (["lost"], 1)


async def test_an_altered_sound_is_refused_and_noted_for_supervisors(
    client: Client, house: WebHouse, keeper: Keeper
) -> None:
    await enter(client, house.hotline, "recordings")
    sound = await heard(client)
    for path in keeper.kept.glob("*/*/*/*"):
        path.write_bytes(path.read_bytes()[:-1])
    for _ in range(2):
        refused = await client.get(sound)
        assert (refused.status, "被改动过" in await refused.text()) == (409, True)
    assert (await faults(client, house), (await keeper.condition()).tampered) == (["tampered"], 1)
    report = await recordings_probe(keeper, recording=True)()
    assert (report.state, "损坏1个" in report.words) == (State.DEGRADED, True)


async def test_a_sound_that_turns_out_altered_further_on_is_cut_off_and_noted(
    client: Client, house: WebHouse, keeper: Keeper, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(vault, "CHUNK", 1024)
    await recorded(house.hotline, keeper, linked_id="2")
    await keeper.seal_waiting()
    await enter(client, house.hotline, "recordings")
    sound = await heard(client, 2)
    for path in keeper.kept.glob("*/*/*/*"):
        path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(ClientError):
        await (await client.get(sound)).read()
    assert await faults(client, house) == ["tampered"]


async def test_a_right_to_hear_is_one_persons_and_one_recordings(client: Client, house: WebHouse) -> None:
    await enter(client, house.hotline, "recordings")
    answer = await client.post("/recordings/1/hear", data={"reason": "quality"}, allow_redirects=False)
    token = answer.headers["Location"].partition("hear=")[2]
    await enter(client, house.hotline, "recordings", login="other")
    for stolen in (token, token[:-2], "", "x" * 60):
        assert (await client.get(f"/recordings/1/sound/mixed?hear={stolen}")).status == 403


@pytest.mark.parametrize(
    ("functions", "hospital"), [(("desk", "book"), None), (("recordings",), 1), (("quality",), None)]
)
async def test_who_may_not_hears_and_sees_nothing(
    client: Client, house: WebHouse, functions: tuple[str, ...], hospital: int | None, one_hospital: None
) -> None:
    await enter(client, house.hotline, *functions, hospital_id=hospital)
    for path in ("/recordings/", "/recordings/1", "/recordings/1/sound/mixed"):
        assert (await client.get(path)).status == 403
    assert (await client.post("/recordings/1/hear", data={"reason": "quality"})).status == 403


@pytest.fixture
async def one_hospital(house: WebHouse) -> None:
    from tests.builders import clinic

    await clinic(house.hotline)


async def test_an_inspector_scores_and_law_holds(client: Client, house: WebHouse) -> None:
    await enter(client, house.hotline, "recordings", "quality")
    made = await client.post(
        "/recordings/1/sheet",
        data={"template": "booking", **SHEET, "score-opening": "4", "comment": "缺工号"},
    )
    assert "94 分" in await made.text()
    again = await client.post("/recordings/1/sheet", data={"template": "booking", **SHEET})
    assert (again.status, "没有覆盖" in await again.text()) == (409, True)
    held = await (await client.post("/recordings/1/hold", data={"on": "1", "reason": "调查"})).text()
    assert "留存期间不销毁" in held
    assert "留存期间不销毁" not in await (await client.post("/recordings/1/hold", data={})).text()
