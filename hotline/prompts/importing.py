"""hotline prompts import: take in what people have recorded; from then on it is what callers hear."""

import asyncio
import difflib
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from hotline.prompts.stock import pieces
from ivr.call import Track
from ivr.recordings import ENDINGS
from ivr.sound import NotSpeech, for_the_line, put, read_sound
from ivr.speech import Voice
from ivr.words import PAUSE


def names() -> Mapping[str, str]:
    """Each piece's text, by every name that its file may have.

    That is 'prompt/greeting.0', the same without the folder where it is nobody else's, and
    'greeting' for a sentence of one piece.
    """
    known = {piece.clip.key: piece.clip.key for piece in pieces()}
    short: dict[str, list[str]] = {}
    for piece in pieces():
        tail = piece.clip.key.rpartition("/")[2]
        short.setdefault(tail, []).append(piece.clip.key)
        if piece.sentence and set(piece.sentence.pieces) <= {piece.clip, PAUSE}:
            short.setdefault(piece.sentence.name, []).append(piece.clip.key)
    return known | {name: keys[0] for name, keys in short.items() if len(keys) == 1 and name not in known}


async def take_in(voice: Voice, folder: Path, track: Track) -> int:
    """Check every sound below a folder and keep what can be used, by name; returns 1 when one cannot.

    Nothing of `folder` is changed. A recording replaces an older one of the same piece.
    """
    if not await asyncio.to_thread(folder.is_dir):
        print(f"{folder} is no folder", file=sys.stderr)
        return 1
    known = names()
    texts = {piece.clip.key: piece.clip.text for piece in pieces()}
    taken: dict[str, str] = {}
    refused = 0
    for path in await asyncio.to_thread(lambda: sorted(_sounds(folder))):
        key = known.get(path.relative_to(folder).with_suffix("").as_posix())
        try:
            if key is None:
                raise NotSpeech(_unknown(path.relative_to(folder).with_suffix("").as_posix(), known))
            place = voice.recordings.place(key, track)
            await asyncio.to_thread(_keep, path, voice.recordings.folder, place)
        except (NotSpeech, OSError) as error:
            refused += 1
            print(f"refused {path}: {error}", file=sys.stderr)
        else:
            taken[place] = texts[key]
            print(f"taken   {place}  {texts[key]}")
    voice.recordings.note(taken)
    here = sum(voice.recordings.find(key, track) is not None for key in texts)
    print(f"{len(taken)} taken, {refused} refused; {here} of {len(texts)} pieces are recorded now")
    return 1 if refused else 0


def _sounds(folder: Path) -> Iterator[Path]:
    for path in folder.rglob("*"):
        if path.suffix.lower() in ENDINGS:
            yield path


def _unknown(name: str, known: Mapping[str, str]) -> str:
    near = difflib.get_close_matches(name, known, n=1)
    return f"no piece is called {name}" + (f"; is it {near[0]}?" if near else "")


def _keep(path: Path, folder: Path, place: str) -> None:
    """Raises NotSpeech, OSError. One of another kind with the same name would be found before it."""
    data = path.read_bytes()
    samples, rate = read_sound(data)
    for_the_line(samples, rate)
    target = folder / (place + path.suffix.lower())
    target.parent.mkdir(parents=True, exist_ok=True)
    put(target, data)
    for ending in ENDINGS:
        other = folder / (place + ending)
        if other != target:
            other.unlink(missing_ok=True)
