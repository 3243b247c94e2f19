"""hotline prompts: list every sentence, render what is missing, name what cannot be said."""

from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from core.settings import Settings
from ivr.prompts import Catalogue, Sentence, catalogue
from ivr.speech import Voice, open_voice
from ivr.words import Clip


async def run(settings: Settings, what: str) -> int:
    """what: 'list', 'render', 'missing'. Exit code 1 when something cannot be said."""
    voice, texts = await open_voice(settings), catalogue()
    try:
        if what == "render":
            await _render(voice)
        lacking = [clip for clip in texts.fixed() if voice.state(clip) == "missing"]
        if what == "list":
            Console().print(_table(voice, texts))
        else:
            for clip in lacking:
                print(f"{clip.key}\t{clip.text}\t{voice.failed.get(clip.key, '')}")
        print(f"{len(texts.sentences)} sentences, {len(lacking)} pieces of sound missing")
        return 1 if what == "render" and lacking else 0
    finally:
        await voice.close()


async def _render(voice: Voice) -> None:
    with Progress(console=Console(stderr=True)) as bar:
        task = bar.add_task("speaking", total=None)
        await voice.warm(lambda done, wanted: bar.update(task, completed=done, total=wanted))


def _table(voice: Voice, texts: Catalogue) -> Table:
    table = Table("name", "text", "at most", "state", title="12320")
    for sentence in texts.sentences:
        table.add_row(sentence.name, sentence.text, f"{sentence.most_s:g} s", _state(voice, sentence))
    return table


def _state(voice: Voice, sentence: Sentence) -> str:
    """The worst of its fixed pieces; what fills its slots is not counted."""
    states = [voice.state(piece) for piece in sentence.pieces if isinstance(piece, Clip)]
    for state in ("missing", "rendered"):
        if state in states:
            return state
    return "recorded" if states else "values only"
