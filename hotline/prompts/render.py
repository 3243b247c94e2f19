"""hotline prompts render: have everything said now, on as many cores as are given."""

import asyncio
import contextlib
import sys
from collections.abc import Mapping, Sequence

from core.ports import Chance
from hotline.prompts.listing import counted
from hotline.prompts.stock import pieces
from ivr.call import Track
from ivr.rendering import Progress, Renderer
from ivr.speech import TRACKS, Voice
from ivr.words import Clip

WIDTH = 40
LOOK_S = 0.5
# A voice or a disk that is still in trouble after this is somebody's work, not a matter of waiting.
PATIENCE_S = 15.0
# What counts as done, by what was asked for.
DONE: Mapping[str, frozenset[str]] = {
    "missing": frozenset({"recorded", "rendered", "fallback"}),
    "changed": frozenset({"recorded", "rendered"}),
    "all": frozenset({"recorded"}),
}


async def render(voice: Voice, chance: Chance, which: str, names: Sequence[Clip] = ()) -> int:
    """Say pieces, and names, at both speeds; what is there already is not said again.

    which: 'missing' are those without any sound, 'changed' those whose words, reading or voice are
    not what is heard now, 'all' is everything anew. Returns 1 when something has no sound afterwards,
    or not the best one there is.
    """
    said = [*(piece.clip for piece in pieces()), *names]
    wanted = {
        track: [clip for clip in said if voice.state(clip, track) not in DONE[which]] for track in TRACKS
    }
    for track, clips in wanted.items():
        if which == "all":
            voice.forget(clips, track)
        for clip in clips:  # some sound at once: a call may want it while the better voice is at work
            await voice.prepare(clip, track)
    trouble = await _said_well(voice, chance, wanted)
    for track in TRACKS:
        print(counted(voice, track))
    for key, why in (voice.failed | voice.hopeless).items():
        print(f"{key}: has no sound: {why}", file=sys.stderr)
    for key, (_, why) in voice.spoiled.items():
        print(f"{key}: this recording cannot be used: {why}", file=sys.stderr)
    if trouble:
        print(f"{voice.name}: {trouble}", file=sys.stderr)
    missing = any(voice.state(clip, track) == "missing" for track in TRACKS for clip in said)
    return 1 if missing or trouble or voice.hopeless else 0


async def _said_well(voice: Voice, chance: Chance, wanted: Mapping[Track, Sequence[Clip]]) -> str:
    """Have the better voice say what is wanted, with a bar; returns what keeps it from that."""
    renderer = Renderer(voice, chance)
    for track, clips in wanted.items():
        await renderer.want(clips, [track])
    working = asyncio.create_task(renderer.run(), name="rendering")
    finished = asyncio.create_task(renderer.until_done(), name="rendered")
    patience = PATIENCE_S
    try:
        while not finished.done() and patience > 0:
            await asyncio.wait({finished}, timeout=LOOK_S)
            patience = patience - LOOK_S if renderer.trouble else PATIENCE_S
            _show(renderer.progress())
    finally:
        if sys.stderr.isatty():
            print(file=sys.stderr)
        for task in (working, finished):
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
    return renderer.trouble


def _show(at: Progress) -> None:
    """A line that fills up, for people; a log gets none."""
    if not at.wanted or not sys.stderr.isatty():
        return
    done = "#" * (WIDTH * at.rendered // at.wanted)
    left = "" if at.seconds_left is None else f", {-(-int(at.seconds_left) // 60)} min left"
    line = f"{at.voice} [{done:<{WIDTH}}] {at.rendered}/{at.wanted}{left} {at.trouble}"
    print(f"\r{line}\x1b[K", end="", file=sys.stderr, flush=True)
