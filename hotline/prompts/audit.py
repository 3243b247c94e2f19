"""hotline prompts audit: what is missing, silent, clipped, too loud, too soft or too long."""

import asyncio
from collections.abc import Iterator

import numpy as np

from hotline.prompts.stock import pieces
from ivr.call import Prompt, Track
from ivr.examples import fullest
from ivr.menus_heard import menus, over_limit
from ivr.prompts import PAUSE_S, catalogue, lasting
from ivr.sound import LINE_RATE, PEAK_DB, SPEECH_DB, Samples, narrowed, read_clip
from ivr.speech import TRACKS, NoVoice, Voice
from ivr.words import PAUSE, Clip

# Around what the chain levels to: more is heard as a change of the loudness.
SILENT_DB, SOFT_DB, LOUD_DB = -50.0, SPEECH_DB - 5, SPEECH_DB + 3
# Above what the chain leaves free: a flat top.
PEAK_MOST_DB = PEAK_DB + 1
# Longer than this for a syllable and it is not that sentence; shorter, and a part of it is gone (speech
# lies between 0.15 and 0.45 s; single syllables are longer).
SYLLABLE_S = (0.08, 0.9)


async def audit(voice: Voice) -> int:
    """Print a line for each fault, then the number of each; returns 1 when there is one."""
    faults: list[tuple[str, str, str]] = []
    for track in TRACKS:
        for piece in pieces():
            for fault in await _faults(voice, piece.clip, track):
                faults.append(("slow" if track.slow else "usual", piece.clip.key, fault))
    faults += [("usual", name, "too long") for name in over_limit(await _lengths(voice))]
    for track_name, key, fault in faults:
        print(f"{track_name}\t{key}\t{fault}")
    kinds = sorted({fault.partition(":")[0] for *_, fault in faults})
    counts = [f"{sum(fault.startswith(kind) for *_, fault in faults)} {kind}" for kind in kinds]
    print(f"{2 * len(pieces())} sounds, {len(faults)} faults{': ' if counts else ''}{', '.join(counts)}")
    return 1 if faults else 0


async def _faults(voice: Voice, clip: Clip, track: Track) -> list[str]:
    """Of the sound that would be heard now; nothing is spoken for it, but recordings are read."""
    state = voice.state(clip, track)
    if state == "missing":
        return ["missing"]
    try:
        stem = await voice.file(clip, track)
    except NoVoice as error:
        return [f"missing: {error}"]
    found = [f"recording: {voice.spoiled[clip.key][1]}"] if clip.key in voice.spoiled else []
    samples = await asyncio.to_thread(read_clip, stem)
    return [*found, *faults_of(samples, len(clip.text))]


def faults_of(samples: Samples, syllables: int) -> Iterator[str]:
    """What is wrong with samples at RATE that say so many syllables."""
    line = narrowed(samples)
    peak = 20 * np.log10(max(float(np.max(np.abs(line), initial=0.0)), 1e-9))
    if peak < SILENT_DB:
        yield f"silent: {peak:.0f} dB"
        return
    spoken = line[np.abs(line) > np.max(np.abs(line)) * 0.01]
    level = 20 * np.log10(float(np.sqrt(np.mean(spoken**2))))
    if peak > PEAK_MOST_DB:
        yield f"clipped: peak {peak:.1f} dB"
    if level > LOUD_DB:
        yield f"too loud: {level:.1f} dB"
    if level < SOFT_DB:
        yield f"too soft: {level:.1f} dB"
    seconds = len(line) / LINE_RATE / max(1, syllables)
    if not SYLLABLE_S[0] < seconds < SYLLABLE_S[1]:
        yield f"wrong length: {seconds:.2f} s a syllable"


async def _lengths(voice: Voice) -> dict[str, tuple[float, float]]:
    """Seconds and limit of sentences and menus at their longest, as they sound now."""
    texts = catalogue()
    wanted: dict[str, tuple[list[Prompt], float]] = {
        one.name: ([fullest(one)], one.most_s) for one in texts.sentences
    }
    wanted |= {f"{menu.dialogue}/{menu.name}": (list(menu.prompts), menu.limit_s) for menu in menus()}
    lengths = {}
    for name, (prompts, limit_s) in wanted.items():
        clips = [clip for prompt in prompts for clip in texts.clips(prompt)]
        lengths[name] = (sum(_seconds(voice, clip) for clip in clips), limit_s)
    return lengths


def _seconds(voice: Voice, clip: Clip) -> float:
    """As it sounds now, or as reckoned: the longest names are nobody's, and have no sound."""
    if clip == PAUSE:
        return PAUSE_S
    length = voice.length(clip)
    return lasting(clip) if length is None else length
