"""The pages about the voice without a script: every sentence to be read, heard, found and commented on."""

import asyncio
import io
import re
import wave
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from aiohttp.test_utils import TestClient

from core.values import system
from core.wording.engine import comment, comments
from core.work import Hotline
from hotline.listening import AT_ONCE, MOST_WAITING, Listening
from hotline.wording import SLOTS, SpokenWording
from ivr.call import Prompt
from ivr.child import EngineError
from ivr.dialplan import CORE_SOUNDS
from ivr.engines import Engine
from ivr.menus_heard import menus
from ivr.prompts import catalogue
from ivr.rendering import Progress
from ivr.sound import RATE, Samples
from ivr.speech import Voice
from ivr.words import PAUSE, fixed_clips
from tests.clocks import FrozenClock
from tests.entering import form_token
from tests.ivr.sounds import Tones, put, tone
from tests.pages import Open, Rendering
from tests.waiting import until

Client = TestClient[Any, Any]
Speaking = Callable[[Engine], Awaitable[tuple[Client, Listening]]]
AS_A_SCRIPT = {"Accept": "audio/wav, application/json"}
SENTENCES = {one.name: one for one in catalogue().sentences}


async def text(client: Client, path: str, status: int = 200) -> str:
    answer = await client.get(path)
    assert answer.status == status
    return await answer.text()


def shown(page: str) -> list[str]:
    """The names of the sentences that are not hidden."""
    rows = re.findall(r'<li class="sentence" id="s-([^"]+)"([^>]*)>', page)
    return [name for name, rest in rows if " hidden" not in rest]


# --- the list -----------------------------------------------------------------------------------------


async def test_every_sentence_is_on_the_page_in_the_order_of_a_call(open_pages: Open) -> None:
    page = await text(await open_pages(), "/prompts")
    assert shown(page) == [*SENTENCES, *CORE_SOUNDS]
    for dialogue in catalogue().dialogues.values():
        assert f">{dialogue}</h2>" in page
    assert "〔流水号〕" in page
    assert not re.search(r"\{\w+\}", page), "a slot as programmers write it"


def test_every_value_that_fills_a_sentence_has_a_chinese_label() -> None:
    slots = {(slot, kind.__name__) for one in SENTENCES.values() for slot, kind in one.slots.items()}
    assert [pair for pair in slots if not (" ".join(pair) in SLOTS or pair[0] in SLOTS)] == []


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("q=更多按井号键", ["more"]),
        ("q=更多，按", ["more"]),
        ("q=CHOOSE-hos", ["choose-hospital"]),
        ("q=qxzyy", ["choose-hospital"]),
        ("q=没有这样的话", []),
        ("q=goodbye&show=long", []),
        ("q=goodbye&show=silent", ["goodbye"]),
        ("q=goodbye&show=nonsense", ["goodbye"]),
    ],
)
async def test_sentences_are_found_without_a_script(open_pages: Open, query: str, found: list[str]) -> None:
    page = await text(await open_pages(), f"/prompts?{query}")
    assert shown(page) == found
    assert f"显示 {len(found)} 句" in page


async def test_nothing_that_is_searched_for_becomes_markup(open_pages: Open) -> None:
    page = await text(await open_pages(), '/prompts?q="><script>alert(1)</script>')
    assert "<script>alert" not in page


async def test_whose_voice_and_how_long_is_said_in_words(open_pages: Open, voice: Voice) -> None:
    client = await open_pages()
    clip, _ = catalogue().clips(Prompt("greeting"))
    before = await text(client, "/prompts/greeting")
    assert "没有声音" in before
    assert "约" in before
    await voice.file(clip)
    assert "合成语音" in await text(client, "/prompts/greeting")
    put(voice.recordings.folder / f"{clip.key}.wav", tone(300, 9.0, RATE))
    await voice.file(clip)
    after = await text(client, "/prompts/greeting")
    assert "真人录音" in after
    assert re.search(r"9\.2秒 <b>超过上限 1\.2秒</b>", after)
    assert shown(await text(client, "/prompts?show=long")) == ["greeting"]
    assert "greeting" not in shown(await text(client, "/prompts?show=unrecorded"))


async def test_each_menu_is_drawn_against_twenty_seconds(open_pages: Open) -> None:
    page = await text(await open_pages(), "/prompts")
    for menu in menus():
        assert f"<b>{menu.title}</b>" in page
        assert f'href="/menus/{menu.name}.wav"' in page
    assert page.count('<line class="limit" x1="20" x2="20"') == len(menus())


async def test_every_fragment_that_fills_a_slot_is_on_its_page(open_pages: Open) -> None:
    page = await text(await open_pages(), "/fragments")
    keys = [clip.key for clip in fixed_clips() if clip != PAUSE]
    assert sorted(re.findall(r'href="/fragments/([^"]+)\.wav"', page)) == sorted(keys)


# --- the sound ----------------------------------------------------------------------------------------


def length(sound: bytes) -> float:
    with wave.open(io.BytesIO(sound)) as wav:
        assert (wav.getframerate(), wav.getsampwidth(), wav.getnchannels()) == (16000, 2, 1)
        return wav.getnframes() / 16000


@pytest.mark.parametrize(
    "path",
    ["/prompts/read-back.wav", "/prompts/core/queue-wait.wav", "/menus/days.wav", "/fragments/month/11.wav"],
)
async def test_a_sentence_is_heard_at_both_speeds(open_pages: Open, path: str) -> None:
    client = await open_pages()
    answers = [await client.get(path), await client.get(f"{path}?track=slow")]
    usual, slow = [length(await answer.read()) for answer in answers]
    assert [answer.content_type for answer in answers] == ["audio/wav"] * 2
    assert 0.4 < usual < slow


async def test_a_browser_that_has_the_sound_is_told_so_until_it_sounds_otherwise(
    open_pages: Open, voice: Voice
) -> None:
    client = await open_pages()
    first = await client.get("/prompts/greeting.wav")
    assert first.headers["Cache-Control"] == "no-cache"
    known = {"If-None-Match": first.headers["ETag"]}
    again = await client.get("/prompts/greeting.wav", headers=known)
    assert (again.status, await again.read()) == (304, b"")
    clip, _ = catalogue().clips(Prompt("greeting"))
    put(voice.recordings.folder / f"{clip.key}.wav", tone(300, 3.0, RATE))
    other = await client.get("/prompts/greeting.wav", headers=known)
    assert other.status == 200
    assert other.headers["ETag"] != first.headers["ETag"]
    assert length(await other.read()) == pytest.approx(3.2, abs=0.1)


@pytest.mark.parametrize(
    "path", ["/prompts/nobody.wav", "/menus/nothing.wav", "/fragments/digit/99.wav", "/prompts/nobody"]
)
async def test_what_does_not_exist_is_said_in_chinese(open_pages: Open, path: str) -> None:
    client = await open_pages()
    answer = await client.get(path, headers=AS_A_SCRIPT)
    assert answer.status == 404
    assert await text(client, path, 404)


class Broken(Tones):
    async def speak(self, spelled: str, *, slow: bool = False) -> tuple[Samples, int]:
        raise EngineError("dead")


class Slow(Tones):
    """Speaks when it is told to."""

    def __init__(self) -> None:
        super().__init__()
        self.go = asyncio.Event()
        self.asked = 0

    async def speak(self, spelled: str, *, slow: bool = False) -> tuple[Samples, int]:
        self.asked += 1
        await self.go.wait()
        return await super().speak(spelled, slow=slow)


@pytest.fixture
def speaking(rendering: Rendering, open_pages: Open, tmp_path: Path, clock: FrozenClock) -> Speaking:
    """Open the pages over another engine."""

    async def start(engine: Engine) -> tuple[Client, Listening]:
        voice = Voice(tmp_path / "none", tmp_path / "nothing", engine)
        listening = Listening(voice, clock)
        wording = SpokenWording(voice, rendering.progress, listening)
        return await open_pages(wording=wording), listening

    return start


async def refused(client: Client, path: str) -> tuple[int, str, str]:
    answer = await client.get(path, headers=AS_A_SCRIPT)
    told = await answer.json()
    return answer.status, told["code"], told["words"]


async def test_without_a_voice_the_page_says_that_there_is_none(speaking: Speaking) -> None:
    client, _ = await speaking(Broken())
    status, code, words = await refused(client, "/prompts/greeting.wav")
    assert (status, code) == (409, "no-sound")
    assert "没有声音" in words
    assert "没有声音" in await text(client, "/prompts/greeting.wav", 409)  # followed as a link, too


async def test_who_comes_when_too_many_listen_is_told_to_come_back(speaking: Speaking) -> None:
    """And two at most stand in the queue of the voice, where the calls stand too."""
    engine = Slow()
    client, listening = await speaking(engine)
    names = list(SENTENCES)
    patient = [asyncio.create_task(client.get(f"/prompts/{name}.wav")) for name in names[:MOST_WAITING]]
    await until(lambda: listening.waiting == MOST_WAITING)
    status, code, words = await refused(client, f"/prompts/{names[MOST_WAITING]}.wav")
    assert (status, code) == (503, "too-many-listen")
    assert "过几秒" in words
    assert engine.asked == AT_ONCE
    engine.go.set()
    assert {answer.status for answer in await asyncio.gather(*patient)} == {200}


# --- how far the voice is -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("at", "words"),
    [
        (
            Progress("kokoro", 400, 100, 20, 280, 1234.0, ""),
            ["还要大约 21 分钟", "<b>25%</b>", "<dd>280</dd>"],
        ),
        (Progress("kokoro", 400, 400, 0, 0, 0.0, ""), ["全部 400 段都已合成，没有要等的"]),
        (
            Progress("kokoro", 400, 9, 0, 391, None, "语音文件写不下去：磁盘已满"),
            ["磁盘已满", "电话照常接听"],
        ),
        (Progress("espeak", 0, 0, 0, 0, 0.0, ""), ["基本语音", "正在使用，没有要等的"]),
    ],
    ids=["under way", "done", "in trouble", "nothing to do"],
)
async def test_the_start_page_and_the_list_say_how_far_the_voice_is(
    open_pages: Open, rendering: Rendering, at: Progress, words: list[str]
) -> None:
    rendering.at = at
    client = await open_pages()
    for path in ("/", "/prompts", "/live/voice"):
        page = await text(client, path)
        assert [word for word in words if word not in page] == []


# --- comments -----------------------------------------------------------------------------------------


async def post(client: Client, path: str, **form: str) -> tuple[int, str]:
    answer = await client.post(path, data={"form-token": form_token(client), **form})
    return answer.status, await answer.text()


async def test_a_comment_is_written_settled_and_taken_up_again(staff_pages: Open) -> None:
    client = await staff_pages()
    status, page = await post(
        client, "/prompts/greeting/comments", author="张敏", text="老人听不清\n<b>挂号</b>"
    )
    assert status == 200
    assert "老人听不清\n&lt;b&gt;挂号&lt;/b&gt;" in page
    assert 'name="author" value="张敏"' in page, "who it was is kept for the next one"
    assert "1 条批注，1 条未处理" in await text(client, "/prompts")
    assert shown(await text(client, "/prompts?show=comments")) == ["greeting"]
    status, page = await post(client, "/comments/1/settle", author="李班长")
    assert "李班长 于" in page
    assert "已处理" in page
    status, page = await post(client, "/comments/1/reopen")
    assert '<span class="chip wait">未处理</span>' in page


async def test_a_comment_keeps_the_words_it_was_made_of(open_pages: Open, hotline: Hotline) -> None:
    async with hotline.work(system("test")) as work:
        await comment(work, "greeting", words="您好，这里是旧的说法。", author="张敏", text="太长")
    page = await text(await open_pages(), "/prompts/greeting")
    assert "当时的文案：您好，这里是旧的说法。" in page


@pytest.mark.parametrize(
    ("form", "words"),
    [
        ({"author": "", "text": "这句话太快"}, "请写下您的姓名"),
        ({"author": "张敏", "text": "快" * 501}, "意见最多500个字,现在有501个字"),
        ({"author": "张敏敏" * 9, "text": "这句话太快"}, "姓名最多20个字"),
    ],
)
async def test_what_was_typed_is_shown_again_when_it_is_refused(
    staff_pages: Open, hotline: Hotline, form: dict[str, str], words: str
) -> None:
    status, page = await post(await staff_pages(), "/prompts/greeting/comments", **form)
    assert status == 400
    assert words in page
    assert f'name="author" value="{form["author"]}"' in page
    assert re.search(rf"<textarea[^>]*>\s*{form['text']}</textarea>", page)
    async with hotline.read() as db:
        assert await comments(db, "greeting") == []


@pytest.mark.parametrize("path", ["/prompts/nobody/comments", "/comments/404/settle", "/comments/404/reopen"])
async def test_nothing_is_said_of_what_is_not_there(staff_pages: Open, path: str) -> None:
    status, _ = await post(await staff_pages(), path, author="张敏", text="这句话太快")
    assert status == 404


@pytest.mark.parametrize("path", ["/prompts/greeting/comments", "/comments/1/settle"])
async def test_another_sites_page_cannot_comment(staff_pages: Open, hotline: Hotline, path: str) -> None:
    client = await staff_pages()
    form = {"author": "张敏", "text": "这句话太快"}
    answer = await client.post(path, data=form, headers={"Origin": "https://elsewhere.example"})
    assert answer.status == 403
    async with hotline.read() as db:
        assert await comments(db, "greeting") == []


# --- who may ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("demo", [True, False])
@pytest.mark.parametrize("path", ["/prompts", "/prompts/greeting", "/names"])
async def test_without_a_login_all_can_be_read_and_nothing_changed_and_the_page_says_why(
    open_pages: Open, path: str, demo: bool
) -> None:
    client = await open_pages(demo=demo)
    page = await text(client, path)
    assert "请先登录" in page
    assert 'method="post"' not in page
    assert (await client.get("/prompts/greeting.wav")).status == 200
    form = {"author": "张敏", "text": "这句话太快"}
    answer = await client.post("/prompts/greeting/comments", data=form, allow_redirects=False)
    assert (answer.status, answer.headers["Location"]) == (303, "/login?next=/me")


async def test_a_comment_from_a_form_that_is_not_ours_is_kept_for_another_try(
    staff_pages: Open, hotline: Hotline
) -> None:
    client = await staff_pages()
    form = {"author": "张敏", "text": "这句话太快", "form-token": "stale"}
    answer = await client.post("/prompts/greeting/comments", data=form)
    assert answer.status == 403
    assert "这句话太快</textarea>" in await answer.text()
    async with hotline.read() as db:
        assert await comments(db, "greeting") == []
