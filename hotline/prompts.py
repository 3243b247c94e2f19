"""hotline prompts: list every sentence, render what has no sound yet, name what nobody has recorded."""

import sys
from collections import Counter
from collections.abc import Sequence
from unicodedata import east_asian_width

from core.settings import Settings
from ivr.dialplan import CORE_SOUNDS
from ivr.prompts import catalogue, reckoned
from ivr.speech import Voice, whole
from ivr.voices import open_voice
from ivr.words import PAUSE, Clip

HEAD = ("name", "text", "reckoned s", "measured s", "limit s", "state")
_BAR = 40


async def run(settings: Settings, what: str) -> int:
    """what: 'list', 'render', 'missing'. Exit code 1 when something cannot be said after rendering."""
    voice = await open_voice(settings)
    own = whole(CORE_SOUNDS)  # the switch's
    pieces = {clip.key: clip for clip in (*catalogue().fixed(), *own) if clip != PAUSE}
    try:
        if what == "render":
            await voice.warm(_bar, own)
        states = {key: voice.state(clip) for key, clip in pieces.items()}
        if what == "list":
            rows = [_row(voice, one.name, one.text, one.pieces, one.most_s) for one in catalogue().sentences]
            rows += [_row(voice, one.key, CORE_SOUNDS[one.key], [one]) for one in own]
            _print_table([HEAD, *rows])
        elif what == "missing":
            for key, state in states.items():
                if state != "recorded":
                    print(f"{key}.wav\t{state}\t{pieces[key].text}")
        _print_wrong(voice)
        counted = Counter(states.values())
        print(
            f"{len(catalogue().sentences) + len(own)} sentences in {len(pieces)} pieces:"
            f" {counted['recorded']} recorded, {counted['rendered']} rendered,"
            f" {counted['missing']} without a sound"
        )
        return 1 if what == "render" and counted["missing"] else 0
    finally:
        await voice.close()


def _row(
    voice: Voice, name: str, text: str, parts: Sequence[Clip | str], most_s: float | None = None
) -> tuple[str, ...]:
    """Its fixed pieces: what fills its slots is neither reckoned, measured nor judged."""
    pieces = [part for part in parts if isinstance(part, Clip)]
    limit = "-" if most_s is None else f"{most_s:g}"
    if not pieces:
        return name, text, "-", "-", limit, "values only"
    lengths = [voice.length(piece) for piece in pieces]
    known = [length for length in lengths if length is not None]
    measured = f"{sum(known):.1f}" if len(known) == len(pieces) else "-"
    state = _worst([voice.state(piece) for piece in pieces])
    return name, text, f"{reckoned(pieces):.1f}", measured, limit, state


def _worst(states: Sequence[str]) -> str:
    return next(state for state in ("missing", "rendered", "recorded") if state in states)


def _print_wrong(voice: Voice) -> None:
    for key, why in voice.failed.items():
        print(f"{key}: has no sound: {why}", file=sys.stderr)
    for key, (_, why) in voice.spoiled.items():
        print(f"{key}.wav: this recording cannot be used: {why}", file=sys.stderr)


def _bar(done: int, wanted: int) -> None:
    """A line that fills up, for people; a log gets its last state only."""
    if not sys.stderr.isatty() and done < wanted:
        return
    filled = _BAR * done // wanted
    end = "\n" if done == wanted else "\r"
    print(f"speaking [{'#' * filled}{' ' * (_BAR - filled)}] {done}/{wanted}", end=end, file=sys.stderr)


def _print_table(rows: Sequence[tuple[str, ...]]) -> None:
    widths = [max(map(_width, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = [cell + " " * (width - _width(cell)) for cell, width in zip(row, widths, strict=True)]
        print("  ".join(cells).rstrip())


def _width(text: str) -> int:
    """Columns on a terminal: a Chinese character takes two."""
    return sum(2 if east_asian_width(character) in "WF" else 1 for character in text)
